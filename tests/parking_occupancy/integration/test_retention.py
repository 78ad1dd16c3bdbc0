# SPDX-License-Identifier: EUPL-1.2
"""What is older than its setting keeps it is forgotten; what a recount starts from is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from parking_occupancy.retention import Retention
from parking_occupancy.settings import ParkingSettings
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database

from .harness import World

GATE = """
insert into gate_event (observed_at, event_id, lot_id, gate, mode, count_in, count_out, simulated,
                        source, received_at)
values ($1, 'e', 'platz', 'nord', 'delta', 1, 0, false, '/test', $1)
"""
CHECKPOINT = "insert into count_checkpoint (lot_id, until, balance) values ($2, $1, '{}')"
ANCHOR = """
insert into count_anchor (lot_id, at, anchor_id, cause, lowest, highest)
values ('platz', $1, 'a', 'reset', 0, 0)
"""
CORRECTION = """
insert into count_correction (lot_id, at, ref, cause, amount, simulated)
values ('platz', $1, 'r', 'reset', 1, false)
"""
REJECTED = """
insert into rejected (digest, topic, payload, reason, detail, received_at, last_received_at)
values (sha256($1::timestamptz::text::bytea), 't', '', 'wrong_form', '', $1, $1)
"""
AGES = (100, 60, 51, 40, 1)


async def write_past(database: Database, now: datetime) -> None:
    async with database.transaction() as connection:
        for days in AGES:
            at = now - timedelta(days=days)
            for sql in (GATE, ANCHOR, CORRECTION, REJECTED):
                await connection.execute(sql, at)
            await connection.execute(CHECKPOINT, at, "platz")
        await connection.execute(CHECKPOINT, now - timedelta(days=300), "quiet")


async def ages(database: Database, now: datetime, table: str, column: str) -> list[int]:
    async with database.connection() as connection:
        rows: list[Any] = await connection.fetch(f"select {column} from {table} order by 1")
    return [(now - row[0]).days for row in rows]


@pytest.mark.parametrize("days", [None, 50])
async def test_counts_and_rejected_messages_are_forgotten_as_set(
    world: World, days: int | None
) -> None:
    now = utc_now()
    changed = {"gate_event_days": days, "rejected_days": 45}
    settings = ParkingSettings.model_validate({**world.settings.model_dump(), **changed})
    async with Database.open(world.database_url, schema="parking", size=1) as database:
        await write_past(database, now)
        await Retention(settings, database).forget(now)
        assert await ages(database, now, "rejected", "last_received_at") == [40, 1]
        events = await ages(database, now, "gate_event", "observed_at")
        checkpoints = await ages(database, now, "count_checkpoint", "until")
        anchors = await ages(database, now, "count_anchor", "at")
        corrections = await ages(database, now, "count_correction", "at")
    if days is None:
        assert events == anchors == corrections == list(AGES)
        assert checkpoints == [300, *AGES]
        return
    # Whole chunks of a week: one that reaches into what is kept stays.
    assert events[-2:] == [40, 1]
    assert 100 not in events
    assert 60 not in events
    # The last of each lot before the border stays, to count late messages from.
    assert checkpoints == [300, 51, 40, 1]
    assert anchors == [51, 40, 1]
    assert corrections == [40, 1]
