# SPDX-License-Identifier: EUPL-1.2
"""A simulated day of five vehicles through the running service, which nobody tells their trips.

Over the broker come doors' messages and positions, as fast as they are taken; what the service says
of each departure is judged by what was true. The service follows vehicles by the clock of today, so
the day's own moments are given to a follower of its parts here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from stadttakt_runtime.mqtt import Outgoing
from stadttakt_simulators.transit.delivery import Delivered
from stadttakt_simulators.transit.messages import message_of
from stadttakt_simulators.transit.reports import DoorReport, PositionReport, StopTruth
from stadttakt_simulators.transit.timetable import load_timetable
from stadttakt_simulators.transit.town import Service, TransitDay
from stadttakt_simulators.transit.vehicles import Errors, Vehicle
from support.driven_day import EVENING_H, TIMETABLE, TOLD_AFTER, ZONE
from support.stack import Stack
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.city.timetable import apply_timetable
from vehicle_occupancy.follower import Follower
from vehicle_occupancy.timetables import Timetables

from .harness import Running, Wire, World, eventually, until

TUESDAY = date(2026, 3, 3)
ERRORS = Errors(miss_in=0.03, miss_out=0.06, dead_doors=0.05, loss=0.02)
FLEET, DRIVEN = 20, 5
AT_ONCE = timedelta(minutes=5)
PATIENCE_S = 300.0

# It takes 40 s of CPU: drift shows after a whole day only.
pytestmark = pytest.mark.timeout(900)


@dataclass
class Told:
    """Of each departure but the last of a trip: how wrong the service and plain sums were."""

    errors: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    plain_in_the_evening: list[float] = field(default_factory=list)
    unknown: int = 0
    driven: set[str] = field(default_factory=set)
    found: set[str] = field(default_factory=set)


def chosen(town: TransitDay) -> list[int]:
    """The vehicle of twenty that has a dying door, and four others."""
    dying = [
        number
        for number, (vehicle, _) in enumerate(town.rides)
        if any(door.dead_from_s is not None for door in vehicle.doors)
    ]
    assert len(dying) == 1
    others = [number for number in range(0, FLEET, 4) if number not in dying]
    return [*dying, *others][:DRIVEN]


def city_of(folder: Path, vehicles: Sequence[Vehicle]) -> Path:
    (folder / "transit").mkdir(parents=True)
    kinds = {vehicle.kind.name: vehicle.kind for vehicle in vehicles}
    text = "kinds:\n"
    for kind in kinds.values():
        doors = ", ".join(f'"{number + 1}"' for number in range(kind.doors))
        text += f"  - {{kind: {kind.name}, name: {kind.name}, mode: {kind.name}, "
        text += f"seats: {kind.seats}, standing: {kind.standing}, doors: [{doors}]}}\n"
    text += "vehicles:\n"
    for vehicle in vehicles:
        text += f"  - {{vehicle_id: {vehicle.vehicle_id}, kind: {vehicle.kind.name}}}\n"
    (folder / "transit/vehicles.yaml").write_text(text)
    (folder / "city.yaml").write_text("timezone: Europe/Berlin\nbbox: [11.8, 51.3, 12.2, 51.6]\n")
    return folder


def windows(delivered: Sequence[Delivered]) -> Iterator[tuple[datetime, list[Delivered]]]:
    """What arrives of doors and positions, some minutes at a time."""
    now, some = delivered[0].arrives_at + AT_ONCE, list[Delivered]()
    for each in delivered:
        if each.arrives_at > now:
            yield now, some
            now, some = max(now + AT_ONCE, each.arrives_at), []
        if isinstance(each.event, DoorReport | PositionReport):
            some.append(each)
    yield now, some


async def say(running: Running, wire: Wire, root: str, some: Sequence[Delivered]) -> None:
    """Publish what arrived, and wait until the service knows it."""
    said = [message for each in some if (message := message_of(each, root)) is not None]
    await wire.mqtt.publish_all([Outgoing(each.topic, each.payload) for each in said])
    newest = {e.event.vehicle_id: e.event.at for e in some if isinstance(e.event, PositionReport)}
    known = running.app.state.board.positions
    await eventually(
        lambda: all(
            vehicle_id in known and at - known[vehicle_id].observed_at < timedelta(seconds=1)
            for vehicle_id, at in newest.items()
        ),
        within_s=PATIENCE_S,
    )


async def drive(world: World, delivered: Sequence[Delivered]) -> list[Any]:
    """Let the service live through the day; returns the stops that it counted."""
    async with world.service() as running, world.wire() as wire:
        state = running.app.state
        follower = Follower(running.database, state.board, state.keeper, Timetables())
        for now, some in windows(delivered):
            await say(running, wire, world.root, some)
            await follower.look(now)
        await until(
            lambda: running.fetch("select count(*) as waiting from visit_dirty"),
            lambda rows: rows[0]["waiting"] == 0,
            within_s=PATIENCE_S,
        )
        return await running.fetch("select * from stop_visit")


def judged(town: TransitDay, numbers: Sequence[int], rows: Sequence[Any]) -> Told:
    told = Told(found={row["trip_id"] for row in rows})
    loads = {(row["trip_id"], row["call_index"] + 1): row["load"] for row in rows}
    for number in numbers:
        vehicle, block = town.rides[number]
        calls = {trip.trip_id: len(trip.calls) for trip in block}
        plain, counted = Counter[str](), set[str]()
        for each in sorted(town.of_vehicle(number), key=_judged_at):
            event = each.event
            if isinstance(event, DoorReport) and each.event_id not in counted:
                counted.add(each.event_id)
                plain[vehicle.vehicle_id] += event.boarded - event.alighted
            if not isinstance(event, StopTruth) or event.sequence == calls[event.trip_id]:
                continue
            told.driven.add(event.trip_id)
            off = abs(plain[vehicle.vehicle_id] - event.load) / event.places
            told.plain.append(off)
            if event.at.astimezone(ZONE).hour >= EVENING_H:
                told.plain_in_the_evening.append(off)
            load = loads.get((event.trip_id, event.sequence))
            if load is None:
                told.unknown += 1
            else:
                told.errors.append(abs(load - event.load) / event.places)
    return told


def _judged_at(each: Delivered) -> datetime:
    return each.arrives_at + (TOLD_AFTER if isinstance(each.event, StopTruth) else timedelta())


@pytest.fixture(scope="module")
def told(shared_database_url: str, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Told:
    service = Service(11, ERRORS, position_every_s=60, most_vehicles=FLEET)
    town = TransitDay(load_timetable(TIMETABLE, TUESDAY, ZONE), service)
    numbers = chosen(town)
    folder = tmp_path_factory.mktemp("driven")
    apply_city(city_of(folder, [town.rides[each][0] for each in numbers]), shared_database_url)
    apply_timetable(TIMETABLE.parents[1], shared_database_url)
    delivered = sorted(
        (each for number in numbers for each in town.of_vehicle(number)),
        key=lambda each: each.arrives_at,
    )
    rows = asyncio.run(drive(World(shared_database_url, stack.mosquitto.url), delivered))
    return judged(town, numbers, rows)


def test_the_service_stays_within_5_percent_of_capacity_where_plain_sums_pass_15_by_the_evening(
    told: Told,
) -> None:
    assert len(told.errors) > 1_000
    assert fmean(told.errors) < 0.05
    assert fmean(told.plain_in_the_evening) > 0.15


def test_where_nobody_tells_terminals_positions_do_and_nearly_all_departures_have_a_load(
    told: Told,
) -> None:
    assert told.unknown / len(told.plain) < 0.06


def test_trips_are_found_from_positions_alone(told: Told) -> None:
    assert told.found <= told.driven
    assert len(told.found) >= 0.98 * len(told.driven)
