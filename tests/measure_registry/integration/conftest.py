# SPDX-License-Identifier: EUPL-1.2
"""A registry in the city of Halle, and who asks it with a key of any scope."""

from collections.abc import AsyncIterator

import httpx
import pytest

from measure_registry.city.apply import apply_city
from support.asking import Ask, asker
from support.ideas import HALLE, registry


@pytest.fixture(scope="module")
def city_database_url(shared_database_url: str) -> str:
    """One database with the city, for modules whose tests each ask for their own ideas only."""
    apply_city(HALLE, shared_database_url)
    return shared_database_url


@pytest.fixture
async def http(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with registry(database_url) as (client, _):
        yield client


@pytest.fixture
def ask(http: httpx.AsyncClient, database_url: str) -> Ask:
    return asker(http, database_url)
