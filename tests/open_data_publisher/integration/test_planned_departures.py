# SPDX-License-Identifier: EUPL-1.2
"""When a vehicle really left a stop is in no file, page or feed."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.open_data_rows import LATE, Rows
from support.open_data_world import NOON, World, until

from .test_datasets import DAY, LEAST, QUARTER, everything, items, publisher


@pytest.fixture
def rows(database_url: str) -> Rows:
    return Rows(database_url)


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> World:
    return World(tmp_path, database_url, mqtt_url)


def test_open_data_tell_the_planned_time_of_a_departure_and_not_the_real_one(
    world: World, rows: Rows
) -> None:
    rows.departure("planned", NOON + QUARTER, "low")
    rows.departure("forgotten", NOON + 2 * QUARTER, "high", known=False)
    with publisher(world, LEAST) as client:
        until(lambda: len(items(client, "departures", day=DAY)) == 2)
        told = {row["trip_id"]: row["planned_departure"] for row in items(client, "departures")}
        outside = dict(everything(client, ["departures"]))
    assert told == {
        "planned": (NOON + QUARTER).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "forgotten": NOON.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    for path, body in outside.items():
        for at in (NOON + QUARTER, NOON + 2 * QUARTER):
            assert (at + LATE).strftime("%H:%M:%S").encode() not in body, path
