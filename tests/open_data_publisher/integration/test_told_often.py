# SPDX-License-Identifier: EUPL-1.2
"""What is told with nearly every message leaves no more behind than the state that it replaces."""

from datetime import UTC, datetime, timedelta

import asyncpg
from sqlalchemy.engine import make_url

from open_data_publisher.domain.states import Change, Entry
from open_data_publisher.storage import states
from support.open_data import bay

NOW = datetime(2026, 11, 27, tzinfo=UTC)
COUNT = 1000
SIZE = "select pg_relation_size('live')"


def changes(minute: int) -> list[Change]:
    at = NOW + timedelta(minutes=minute)
    state = bay("west-1")
    return [Change("bay", f"west-{n}", Entry(state, NOW, at, at), at) for n in range(COUNT)]


async def test_states_that_change_again_and_again_make_their_table_no_larger(
    database_url: str,
) -> None:
    plain = (
        make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    connection = await asyncpg.connect(plain, server_settings={"search_path": "opendata,public"})
    try:
        await states.keep(connection, changes(0))
        await states.keep(connection, changes(1))
        before = await connection.fetchval(SIZE)
        for minute in range(2, 10):
            await states.keep(connection, changes(minute))
        assert await connection.fetchval("select count(*) from live") == COUNT
        assert await connection.fetchval(SIZE) <= before * 1.1
    finally:
        await connection.close()
