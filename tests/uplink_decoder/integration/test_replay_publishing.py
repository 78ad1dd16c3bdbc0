# SPDX-License-Identifier: EUPL-1.2
"""What replays wrote stays marked until it is published, whatever is written meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from uplink_decoder.domain.selection import Selection
from uplink_decoder.storage import replays

WRITE = """
insert into observation (observed_at, seq, event_id, uplink_id, kind, topic, source_id, subject,
    asset_id, dev_eui, received_at, simulated, writer, data)
values ($1, $2, 'e:0', gen_random_uuid(), 'bay-occupancy', 't', 's', 'bay/b', 'b', 'd', $1, false,
    'replay-1', '{}')
"""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url, schema="uplink", size=2) as opened:
        yield opened


async def write_window(database: Database, replay_id: int, seq: int) -> None:
    async with database.transaction() as connection:
        await connection.execute(WRITE, utc_now(), seq)
        progress = replays.Progress("running", {}, {}, 0, unpublished_from=seq)
        await replays.advance(connection, replay_id, progress)


async def note(database: Database, replay_id: int, until: int) -> tuple[int, int] | None:
    async with database.transaction() as connection:
        await replays.note_published(connection, replay_id, writer="replay-1", until=until)
        return await replays.unpublished(connection)


async def test_window_that_was_written_while_another_was_published_stays_marked(
    database: Database,
) -> None:
    async with database.transaction() as connection:
        request = replays.Request("manual", Selection(), "test")
        replay_id = (await replays.create(connection, request))["replay_id"]
    await write_window(database, replay_id, 5)
    await write_window(database, replay_id, 9)
    assert await note(database, replay_id, until=5) == (replay_id, 9)
    # A slower decoder that published less takes nothing back.
    assert await note(database, replay_id, until=5) == (replay_id, 9)
    assert await note(database, replay_id, until=9) is None
