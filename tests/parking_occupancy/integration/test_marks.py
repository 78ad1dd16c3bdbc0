# SPDX-License-Identifier: EUPL-1.2
"""Marks of what must be counted anew: live traffic sets them while they are being worked off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from parking_occupancy.storage import history, stretches
from parking_occupancy.storage.history import Marked
from stadttakt_messages.base import LotId
from stadttakt_runtime.database import Database

from .harness import World

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
NOT_WAITING = "set local lock_timeout = '500ms'"
OLD_BAY = """
insert into bay_event (observed_at, event_id, bay_id, reading, source, received_at)
values ($1, 'e', 'platz-1', 'free', '/test', $1)
"""


async def test_marking_a_bucket_that_is_being_counted_does_not_wait_and_is_not_forgotten(
    world: World,
) -> None:
    marked = [Marked(LotId("platz"), START)]
    async with Database.open(world.database_url, schema="parking", size=3) as database:
        await database.persist(lambda c: history.mark(c, marked))
        async with database.transaction() as counting:
            (taken,) = await history.take(counting, 10)
            async with database.transaction() as live:
                await live.execute(NOT_WAITING)
                await history.mark(live, marked)
            await history.unmark(counting, [taken])
        left = await database.persist(lambda c: history.take(c, 10))
        assert [(each.lot_id, each.start) for each in left] == marked
        await database.persist(lambda c: history.unmark(c, left))
        assert await database.persist(lambda c: history.take(c, 10)) == []


async def test_marking_a_bay_whose_stays_are_being_made_does_not_wait_and_is_not_forgotten(
    world: World,
) -> None:
    async def mark(connection: Any) -> None:
        await stretches.close(connection, START, datetime(2026, 11, 1, 8, 5, tzinfo=UTC))

    async with Database.open(world.database_url, schema="parking", size=3) as database:
        await database.persist(lambda c: c.execute(OLD_BAY, START))
        await database.persist(mark)
        async with database.transaction() as counting:
            (taken,) = await stretches.take(counting, 10)
            async with database.transaction() as live:
                await live.execute(NOT_WAITING)
                await mark(live)
            await stretches.unmark(counting, [taken])
        left = await database.persist(lambda c: stretches.take(c, 10))
        assert [each.bay_id for each in left] == ["platz-1"]
        await database.persist(lambda c: stretches.unmark(c, left))
        assert await database.persist(lambda c: stretches.take(c, 10)) == []
