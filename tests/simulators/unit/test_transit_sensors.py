# SPDX-License-Identifier: EUPL-1.2
"""Sensors that get worse, weigh, or break and say so."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest

from simulators.simulated_city import HALLE
from stadttakt_messages.envelope import CloudEvent
from stadttakt_messages.observations import AxleLoad, PassengerCount
from stadttakt_simulators.transit.config import read_fleet
from stadttakt_simulators.transit.delivery import Delivered
from stadttakt_simulators.transit.messages import message_of
from stadttakt_simulators.transit.reports import AxleReport, DoorReport, DoorTruth, StopTruth
from stadttakt_simulators.transit.timetable import Timetable, load_timetable
from stadttakt_simulators.transit.town import Service, TransitDay
from stadttakt_simulators.transit.vehicles import TRAM, Errors

ZONE = ZoneInfo("Europe/Berlin")
PERFECT = Errors(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
SCALED = replace(TRAM, tare_kg=40_000.0)
FLEET = [(f"tram-{number}", SCALED) for number in range(20)]


@pytest.fixture(scope="module")
def timetable() -> Timetable:
    return load_timetable(HALLE / "transit/demo-gtfs", date(2026, 3, 3), ZONE)


T = TypeVar("T")


def of_kind(delivered: list[Delivered], kind: type[T]) -> list[T]:
    return [each.event for each in delivered if isinstance(each.event, kind)]


def test_doors_miss_more_each_hour_by_the_drift_that_was_asked_for(timetable: Timetable) -> None:
    errors = replace(PERFECT, drift_per_hour=0.01)
    day = TransitDay(timetable, Service(3, errors, most_vehicles=12))
    true: dict[int, int] = defaultdict(int)
    counted: dict[int, int] = defaultdict(int)
    for each in day.all():
        if isinstance(each.event, StopTruth):
            true[each.event.at.astimezone(ZONE).hour] += each.event.boarded + each.event.alighted
        elif isinstance(each.event, DoorReport):
            counted[each.event.at.astimezone(ZONE).hour] += each.event.boarded + each.event.alighted
    for hour in range(6, 22):
        # from four o'clock on, one percent an hour; half an hour on at the hour's middle
        expected = 0.01 * (hour + 0.5 - 4)
        chance = 4 * (expected / true[hour]) ** 0.5
        assert 1 - counted[hour] / true[hour] == pytest.approx(expected, abs=0.01 + chance)
    share = {hour: 1 - counted[hour] / true[hour] for hour in (8, 18)}
    assert share[18] - share[8] == pytest.approx(0.10, abs=0.03)


def test_axles_carry_the_vehicle_and_who_is_on_board(timetable: Timetable) -> None:
    day = TransitDay(timetable, Service(3, PERFECT, most_vehicles=20), FLEET)
    number = next(n for n, (vehicle, _) in enumerate(day.rides) if vehicle.axles is not None)
    delivered = day.of_vehicle(number)
    stops, weighed = of_kind(delivered, StopTruth), of_kind(delivered, AxleReport)
    assert len(weighed) == len(stops)
    loads = np.array([stop.load for stop in stops])
    persons_kg, tare_kg = np.polyfit(loads, [each.mass_kg for each in weighed], 1)
    vehicle, _ = day.rides[number]
    assert vehicle.axles is not None
    assert tare_kg == pytest.approx(40_000, abs=60)
    assert persons_kg == pytest.approx(75 * vehicle.axles.scale, abs=4)
    message = message_of(next(each for each in delivered if isinstance(each.event, AxleReport)))
    assert message is not None
    assert message.topic == f"takt/v1/observation/axle-load/{vehicle.vehicle_id}"
    said = CloudEvent[AxleLoad].model_validate_json(message.payload)
    assert (said.data.mass_kg, said.data.gross) == (weighed[0].mass_kg, True)


def test_who_rides_does_not_depend_on_what_weighs_them_or_on_broken_doors(
    timetable: Timetable,
) -> None:
    plain = TransitDay(timetable, Service(3, PERFECT, most_vehicles=20))
    more = TransitDay(timetable, Service(3, replace(PERFECT, broken_doors=0.5), most_vehicles=20))
    scaled = TransitDay(
        timetable,
        Service(3, PERFECT, most_vehicles=20),
        [(vehicle.vehicle_id, SCALED) for vehicle, _ in plain.rides if vehicle.kind == TRAM],
    )
    for number in (3, 19):
        truth = list(plain.truth_of(number))
        assert truth
        assert list(more.truth_of(number)) == truth
        assert list(scaled.truth_of(number)) == truth


def test_a_broken_door_counts_by_dice_and_says_so_and_the_truth_says_since_when(
    timetable: Timetable,
) -> None:
    errors = replace(PERFECT, broken_doors=0.1)
    day = TransitDay(timetable, Service(3, errors, most_vehicles=20))
    broken = [
        (number, door)
        for number, (vehicle, _) in enumerate(day.rides)
        for door in vehicle.doors
        if door.broken is not None
    ]
    assert len(broken) == 2
    for number, door in broken:
        delivered = day.of_vehicle(number)
        began, ended = of_kind(delivered, DoorTruth)
        assert began.quality in {"defect", "sabotage"}
        assert (began.door, ended.door, ended.quality) == (door.name, door.name, "regular")
        said = of_kind(delivered, DoorReport)
        within = [each for each in said if began.at < each.at < ended.at]
        assert {each.quality for each in within if each.door == door.name} == {began.quality}
        others = [each for each in said if each not in within or each.door != door.name]
        assert {each.quality for each in others} == {"regular"}
        counted = [each.boarded for each in within if each.door == door.name]
        assert sum(counted) / len(counted) == pytest.approx(5.5, abs=2)
    message = message_of(
        next(e for e in delivered if isinstance(e.event, DoorReport) and e.event == within[0])
    )
    assert message is not None
    said_of = CloudEvent[PassengerCount].model_validate_json(message.payload)
    assert said_of.data.quality == orjson.loads(message.payload)["data"]["quality"]


def test_kinds_whose_axles_are_weighed_are_those_of_the_city() -> None:
    weighed = {kind.tare_kg for _, kind in read_fleet(HALLE)}
    assert weighed == {None, 41_500.0}
