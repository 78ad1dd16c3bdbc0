# SPDX-License-Identifier: EUPL-1.2
"""Workers that read while the database is away wait for it: one that ended would end the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.reporting.archive import archive_due
from kpi_aggregator.watch import look
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from support.indicators import LOTS, indicator, write_city
from support.links import Link, Network, done_after_a_cut


@pytest.fixture
async def far(far_url: str, database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """The database of a city, behind the link."""
    city = write_city(tmp_path, [LOTS], [indicator("x", "lots")])
    await asyncio.to_thread(apply_city, city, database_url)
    async with Database.open(far_url, schema="kpi") as database:
        yield database


async def test_metrics_are_told_once_it_is_back(
    far: Database, network: Network, link: Link
) -> None:
    await done_after_a_cut(network, link, look(far))


async def test_reports_that_are_due_are_made_once_it_is_back(
    far: Database, network: Network, link: Link
) -> None:
    due = archive_due(far, utc_now() - timedelta(days=400))
    assert await done_after_a_cut(network, link, due) == []
