# SPDX-License-Identifier: EUPL-1.2
"""What a count is corrected by where its vehicle was empty, as a metric, computed by hand."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.clock import utc_now
from vehicle_occupancy import metrics
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.domain.load.drift import Drift
from vehicle_occupancy.storage import drift

from .harness import Running, Wire, World, ago, until

TERMINAL_EMPTY, GROSS = 0.999, 0.01
CITY = f"""\
kinds:
  - kind: tram
    name: Tram
    mode: tram
    seats: 60
    standing: 90
    doors: ["1", "2"]
    counting: {{miss_rate: 0}}
    terminal_empty: {TERMINAL_EMPTY}
vehicles:
  - {{vehicle_id: tram-1, kind: tram}}
"""


@pytest.fixture
async def world(database_url: str, mqtt_url: str, tmp_path: Path) -> World:
    (tmp_path / "transit").mkdir()
    (tmp_path / "transit/vehicles.yaml").write_text(CITY)
    (tmp_path / "city.yaml").write_text("timezone: Europe/Berlin\nbbox: [11.8, 51.4, 12.1, 51.6]\n")
    await asyncio.to_thread(apply_city, tmp_path, database_url)
    return World(database_url, mqtt_url)


def observed(direction: str) -> tuple[float, float]:
    """How many corrections there were at terminals, and of how many persons together."""
    found = {
        sample.name.rpartition("_")[2]: sample.value
        for metric in metrics.DRIFT.collect()
        for sample in metric.samples
        if sample.labels.get("cause") == "terminal" and sample.labels["direction"] == direction
    }
    return found.get("count", 0.0), found.get("sum", 0.0)


async def serve(wire: Wire, trip: str, seconds_ago: float) -> None:
    data = {"line": "7", "direction": 0, "trip_id": trip, "start_date": "20260303"}
    await wire.assign("tram-1", data, at=ago(seconds_ago))


async def counts(wire: Wire, seconds_ago: float, *passed: tuple[int, int]) -> None:
    for door, (inwards, outwards) in enumerate(passed, start=1):
        await wire.count("tram-1", str(door), inwards, outwards, at=ago(seconds_ago))


async def kept(service: Running) -> tuple[int, float]:
    """How many corrections of the tram are kept, and of how many persons together."""
    async with service.database.connection() as connection:
        found = await drift.since(connection, utc_now() - timedelta(days=1))
    return found.get(VehicleId("tram-1"), Drift())


async def test_correction_at_a_terminal_is_observed_with_its_size_and_direction(
    world: World,
) -> None:
    async with world.service() as service, world.wire() as wire:

        async def folded(stops: int) -> None:
            await until(
                lambda: service.fetch("select count(*) as n from reading"),
                lambda rows: rows[0]["n"] == 2 * stops,
            )

        await serve(wire, "t0", 3000)
        await serve(wire, "t1", 2700)
        await counts(wire, 2400, (6, 0), (4, 0))
        await folded(1)
        before = {each: observed(each) for each in ("too_many", "too_few")}
        earlier = await kept(service)
        await counts(wire, 2100, (0, 5), (0, 2))
        await serve(wire, "t2", 1800)
        # the stop at the terminal is over when the next one begins
        await counts(wire, 1500, (2, 0), (0, 0))
        await folded(3)
        await until(
            lambda: asyncio.sleep(0, observed("too_many")), lambda now: now != before["too_many"]
        )
        number, persons = observed("too_many")
        # ten boarded and seven alighted: three too many, if the vehicle was empty; it was so with
        # its own probability against what a count that is worth nothing says
        empty = TERMINAL_EMPTY * GROSS / (TERMINAL_EMPTY * GROSS + 1 - TERMINAL_EMPTY)
        assert number - before["too_many"][0] == 1
        assert persons - before["too_many"][1] == pytest.approx(3 * empty, abs=0.1)
        assert observed("too_few") == before["too_few"]
        after = await kept(service)
        assert after[0] - earlier[0] == 1
        assert after[1] - earlier[1] == pytest.approx(3 * empty, abs=0.1)
