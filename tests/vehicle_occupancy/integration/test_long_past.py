# SPDX-License-Identifier: EUPL-1.2
"""Stops of a past that takes longer to count than a session at the database may be silent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from stadttakt_runtime.database import SERVER_LETS_GO, Database

from .test_stop_visits import DOORS, PLACES, TRIPS, Driven, driven

__all__ = ["driven"]


DENSER = 40


def denser(values: Sequence[float]) -> list[float]:
    """Return the coordinates of a way with points in between."""
    return [
        one + (other - one) * part / DENSER
        for one, other in pairwise(values)
        for part in range(DENSER)
    ] + [values[-1]]


async def make_denser(connection: Any) -> None:
    for row in await connection.fetch("select * from timetable_pattern"):
        await connection.execute(
            "update timetable_pattern set way_lats = $3, way_lons = $4"
            " where (version_id, pattern_id) = ($1, $2)",
            *(row["version_id"], row["pattern_id"]),
            *(denser(row["way_lats"]), denser(row["way_lons"])),
        )


async def test_stops_of_many_trips_are_counted_in_one_go(
    driven: Driven,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await driven.say(DOORS + TRIPS + PLACES)
    await driven.database.persist(make_denser)
    monkeypatch.setitem(SERVER_LETS_GO, "idle_in_transaction_session_timeout", "1s")
    monkeypatch.setattr("stadttakt_runtime.awake.SPEAK_EVERY_S", 0.05)
    # Where each stop may lie anywhere on the way, finding its place takes long.
    monkeypatch.setattr("vehicle_occupancy.domain.along.FAR_FROM_WAY_M", 1e7)
    async with Database.open(driven.url, schema="transit", size=2) as short, asyncio.timeout(200):
        await replace(driven, database=short).count()
    assert await driven.visits()
