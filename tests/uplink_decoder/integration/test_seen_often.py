# SPDX-License-Identifier: EUPL-1.2
"""What is written with nearly every uplink leaves no more behind than the row that it replaces."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from uplink_decoder.storage import devices

NOW = datetime(2026, 11, 27, tzinfo=UTC)
COUNT = 2000
SIZE = "select pg_indexes_size('device')"
ADD = """
insert into device (dev_eui, name, origin, tags)
select lpad(to_hex(n), 16, '0'), 'Bay', 'api', '{"network": "chirpstack"}' from generate_series(1, $1) n
returning dev_eui
"""


@pytest.fixture
async def connection(database_url: str) -> Any:
    plain = (
        make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    opened = await asyncpg.connect(plain, server_settings={"search_path": "uplink,public"})
    yield opened
    await opened.close()


async def test_devices_that_are_seen_again_and_again_make_their_indexes_no_larger(
    connection: Any,
) -> None:
    euis = [row["dev_eui"] for row in await connection.fetch(ADD, COUNT)]
    before = await connection.fetchval(SIZE)
    for minute in range(10):
        seen = NOW + timedelta(minutes=minute)
        await devices.touch(connection, [(each, seen, "cs", 3600, None) for each in euis])
    assert await connection.fetchval("select min(last_seen) from device") == seen
    # A row is a little longer once something was seen.
    assert await connection.fetchval(SIZE) <= before * 1.1
