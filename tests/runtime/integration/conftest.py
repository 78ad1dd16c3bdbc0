# SPDX-License-Identifier: EUPL-1.2
from collections.abc import Iterator

import pytest

from support.database import empty_database
from support.stack import Stack


@pytest.fixture
def empty_database_url(stack: Stack) -> Iterator[str]:
    with empty_database(stack) as url:
        yield url
