# SPDX-License-Identifier: EUPL-1.2
"""A simulated day of vehicles, judged: what was told of each vehicle's load beside what was true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

from stadttakt_messages.base import VehicleId
from stadttakt_simulators.transit.delivery import Delivered
from stadttakt_simulators.transit.reports import (
    AssignmentReport,
    AxleReport,
    DoorReport,
    PresenceReport,
    StopTruth,
)
from stadttakt_simulators.transit.timetable import load_timetable
from stadttakt_simulators.transit.town import Service, TransitDay
from stadttakt_simulators.transit.vehicles import Kind, Vehicle
from vehicle_occupancy.domain.load.counter import Finding
from vehicle_occupancy.domain.load.estimate import estimate
from vehicle_occupancy.domain.load.level import LevelRules, level_of
from vehicle_occupancy.domain.load.log import ReadingLog
from vehicle_occupancy.domain.load.reading import (
    AxleLoad,
    DoorCount,
    KnownEmpty,
    Passed,
    PresenceCount,
    Quality,
    Reading,
)
from vehicle_occupancy.domain.load.vehicle import Axles, Door, VehicleRules
from vehicle_occupancy.domain.presence import PresenceCalibration

TIMETABLE = Path(__file__).parents[2] / "deploy/cities/halle/transit/demo-gtfs"
ZONE = ZoneInfo("Europe/Berlin")
LEVELS = LevelRules()
TOLD_AFTER = timedelta(seconds=15)
"""What is told is judged so long after a departure, with whatever arrived until then."""

TERMINAL = 0.98
"""How likely a vehicle that gets a new trip is empty, as the service is told."""

EVENING_H = 18
UNLEARNED = PresenceCalibration()


@dataclass(frozen=True, slots=True)
class Judged:
    """A vehicle's load after a departure: told and true, in persons; `plain` is the uncorrected sum."""

    vehicle_id: str
    hour: int
    places: int
    true: int
    plain: int
    load: int | None
    within: bool
    level_right: bool
    confidence: float


@dataclass(slots=True)
class Day:
    """All that was judged of a day, and the doors said to be dead."""

    judged: list[Judged] = field(default_factory=list)
    dead: set[tuple[str, str]] = field(default_factory=set)
    readings: int = 0

    @property
    def told(self) -> list[Judged]:
        """Those departures of whose load something was told."""
        return [each for each in self.judged if each.load is not None]

    def error(self) -> float:
        """Return the mean absolute error of what was told, as a share of all places."""
        return fmean(abs((each.load or 0) - each.true) / each.places for each in self.told)

    def plain_error(self, from_hour: int = 0) -> float:
        """Return the same of plain sums, from a local hour on."""
        late = [each for each in self.judged if each.hour >= from_hour]
        return fmean(abs(each.plain - each.true) / each.places for each in late)

    def coverage(self) -> float:
        """Return how often the truth was within the interval."""
        return fmean(each.within for each in self.told)

    def level_accuracy(self) -> float:
        """Return how often the level was that of the true load."""
        return fmean(each.level_right for each in self.told)

    def confidence(self) -> float:
        """Return the mean confidence told."""
        return fmean(each.confidence for each in self.told)


def town(
    service: Service, day: date = date(2026, 3, 3), fleet: Sequence[tuple[str, Kind]] = ()
) -> TransitDay:
    """Return a day of the demonstration's timetable, a Tuesday unless told."""
    return TransitDay(load_timetable(TIMETABLE, day, ZONE), service, fleet)


def rules_of(vehicle: Vehicle, presence: PresenceCalibration = UNLEARNED) -> VehicleRules:
    """Return what the service would know of a simulated vehicle: nothing of its errors."""
    doors = tuple(Door(door.name, counter_bits=32) for door in vehicle.doors)
    return VehicleRules(
        vehicle.kind.seats,
        vehicle.kind.standing,
        doors if vehicle.counts_doors else (),
        axles=None if vehicle.axles is None else Axles(vehicle.axles.tare_kg),
        presence=presence,
    )


def reading_of(each: Delivered, *, presence: bool, line: str | None) -> Reading | None:
    """Return what the service takes from an event; a new trip means that the vehicle is empty."""
    event = each.event
    vehicle_id = VehicleId(event.vehicle_id)
    match event:
        case DoorReport():
            return DoorCount(
                each.event_id,
                vehicle_id,
                event.door,
                event.at,
                event.mode,
                Passed(event.boarded, event.alighted),
                Quality(event.quality),
            )
        case AxleReport():
            return AxleLoad(each.event_id, vehicle_id, event.at, event.mass_kg)
        case AssignmentReport():
            return KnownEmpty(each.event_id, vehicle_id, event.at, TERMINAL)
        case PresenceReport() if presence:
            hour = event.at.astimezone(ZONE).hour
            return PresenceCount(
                each.event_id, vehicle_id, event.at, event.wifi, event.ble, line, hour
            )
        case _:
            return None


def judge(
    driven: TransitDay,
    *,
    presence: bool = False,
    calibration: PresenceCalibration = UNLEARNED,
    only: Sequence[int] | None = None,
) -> Day:
    """Feed a day to the filter in the order of arrival and judge each departure but the last of a trip."""
    day = Day()
    for rules, moments in judgeable(driven, presence=presence, calibration=calibration, only=only):
        log = ReadingLog(rules, LEVELS)
        for each in moments:
            if isinstance(each, StopTruth):
                day.judged.append(_judged(rules, log, each))
                continue
            day.readings += 1
            day.dead |= {
                (each.vehicle_id, finding.door)
                for finding in log.add([each]).findings
                if finding.finding is Finding.DEAD
            }
    return day


def judgeable(
    driven: TransitDay,
    *,
    presence: bool = False,
    calibration: PresenceCalibration = UNLEARNED,
    only: Sequence[int] | None = None,
) -> Iterator[tuple[VehicleRules, list[Reading | StopTruth]]]:
    """Yield each vehicle's readings in the order of arrival, and truths when they are to be judged.

    The last stop of a trip is none: who judges that all have left knows what is to be found out.
    """
    for number, (vehicle, block) in enumerate(driven.rides):
        if only is not None and number not in only:
            continue
        last_calls = {(trip.trip_id, len(trip.calls)) for trip in block}
        moments: list[Reading | StopTruth] = []
        for each in _with_moments(driven.of_vehicle(number)):
            if isinstance(each, StopTruth):
                if (each.trip_id, each.sequence) not in last_calls:
                    moments.append(each)
                continue
            reading = reading_of(each, presence=presence, line=block[0].line)
            if reading is not None:
                moments.append(reading)
        yield rules_of(vehicle, calibration), moments


def _with_moments(delivered: list[Delivered]) -> Iterator[Delivered | StopTruth]:
    """Yield deliveries in their order, and truths when what is told is to be judged."""
    moments = [
        (each.arrives_at + TOLD_AFTER, 1, number, each.event)
        if isinstance(each.event, StopTruth)
        else (each.arrives_at, 0, number, each)
        for number, each in enumerate(delivered)
    ]
    for _, _, _, each in sorted(moments, key=lambda moment: moment[:3]):
        yield each


def _judged(rules: VehicleRules, log: ReadingLog, truth: StopTruth) -> Judged:
    told = estimate(rules, log.track, truth.at + TOLD_AFTER, LEVELS)
    within = (
        told.load_min is not None
        and told.load_max is not None
        and told.load_min <= truth.load <= told.load_max
    )
    return Judged(
        truth.vehicle_id,
        truth.at.astimezone(ZONE).hour,
        rules.places,
        truth.load,
        log.track.plain,
        told.load,
        within,
        told.level is level_of(LEVELS, rules, truth.load),
        told.confidence or 0.0,
    )
