# SPDX-License-Identifier: EUPL-1.2
"""A vehicle's day: it drives its trips, people board and alight, its sensors notice. Pure."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from stadttakt_simulators.transit.blocks import Block
from stadttakt_simulators.transit.demand import Demand, Wish
from stadttakt_simulators.transit.reports import (
    AssignmentReport,
    AxleReport,
    DoorReport,
    DoorTruth,
    Event,
    PositionReport,
    PresenceReport,
    StopTruth,
)
from stadttakt_simulators.transit.timetable import Timetable, Trip
from stadttakt_simulators.transit.vehicles import AxleSensor, DoorSensor, Errors, Quality, Vehicle

CRUSH = 1.25
"""So many times its places, nobody else gets in."""

STAYS_ON = 0.001
"""The share of passengers who do not leave at the terminal."""

DOORS_CLOSE_S, COUNTS_TOLD_S = 1.0, 4.0
WEIGHED_AFTER_S = 12.0
PERSON_KG, PERSON_SD_KG = 75.0, 18.0
"""A passenger with hand luggage, as vehicles are designed for."""

MOST_BY_DICE = 12
ASSIGNED_BEFORE_S = 45

Person = tuple[int, bool, bool]
"""The call at which somebody alights, and whether a phone with WLAN or Bluetooth comes along."""


class Ride:
    """One vehicle on one day; `events` yields what happens, in order of time for each sensor."""

    def __init__(
        self, vehicle: Vehicle, block: Block, timetable: Timetable, demand: Demand, errors: Errors
    ) -> None:
        self._vehicle, self._block, self._timetable = vehicle, block, timetable
        self._demand, self._errors = demand, errors
        self._rng = random.Random(f"{vehicle.vehicle_id}/{timetable.day}/{block[0].trip_id}")
        self._aboard: list[Person] = []
        self._totals = {
            door.name: [self._rng.randrange(5000), self._rng.randrange(5000)]
            for door in vehicle.doors
        }
        # dice of their own: who rides does not depend on what weighs them, or on broken doors
        self._other_dice = random.Random(
            f"{vehicle.vehicle_id}/{timetable.day}/{block[0].trip_id}/more"
        )
        self._quality: dict[str, Quality] = {door.name: "regular" for door in vehicle.doors}
        self._delay_s = 0.0
        self._day = timetable.day.strftime("%Y%m%d")

    def events(self, position_every_s: float | None = None) -> Iterator[Event]:
        """This function yields the day's events; positions as often as asked for."""
        last: Trip | None = None
        for trip in self._block:
            if self._rng.random() < self._errors.lost_trips:
                continue
            yield self._assignment(trip, last)
            yield from self._drive(trip, position_every_s)
            last = trip
        if last is not None:
            end = self._timetable.at(last.ends_s + self._delay_s + 120)
            yield AssignmentReport(
                end, self._vehicle.vehicle_id, None, None, None, None, None, None
            )

    def _assignment(self, trip: Trip, last: Trip | None) -> AssignmentReport:
        earliest = trip.begins_s - 600.0 if last is None else last.ends_s + self._delay_s + 20
        at = max(earliest, trip.begins_s - ASSIGNED_BEFORE_S * 2)
        # Who comes late leaves late, but not later than need be.
        self._delay_s = max(0.0, at + ASSIGNED_BEFORE_S - trip.begins_s)
        return AssignmentReport(
            self._timetable.at(at),
            self._vehicle.vehicle_id,
            trip.line,
            trip.direction,
            trip.trip_id,
            self._day,
            trip.calls[0].stop_id,
            self._timetable.at(trip.ends_s + self._delay_s + 1800),
        )

    def _drive(self, trip: Trip, position_every_s: float | None) -> Iterator[Event]:
        wishes = self._demand.of_trip(trip)
        # Who stayed on from the last trip gets off somewhere on this one.
        self._aboard = [
            (self._rng.randrange(1, len(trip.calls)), wifi, ble) for _, wifi, ble in self._aboard
        ]
        for index, call in enumerate(trip.calls):
            leaves_s = call.departure_s + self._delay_s
            yield from self._halt(trip, index, wishes[index], leaves_s)
            if index + 1 == len(trip.calls):
                break
            drift = self._rng.gauss(4, 18)
            after = min(max(self._delay_s + drift, 0.0), 600.0)
            arrives_s = trip.calls[index + 1].arrival_s + after
            yield from self._run(
                trip, index, (leaves_s, max(arrives_s, leaves_s + 30)), position_every_s
            )
            self._delay_s = max(after, leaves_s + 30 - trip.calls[index + 1].arrival_s)

    def _halt(self, trip: Trip, index: int, wish: Wish, leaves_s: float) -> Iterator[Event]:
        last = index + 1 == len(trip.calls)
        leaving: list[Person] = []
        staying: list[Person] = []
        for person in self._aboard:
            # Who does not notice the terminal stays for the next trip.
            leaves = person[0] == index and not (last and self._rng.random() < STAYS_ON)
            (leaving if leaves else staying).append(person)
        room = round(self._vehicle.kind.seats * CRUSH + self._vehicle.kind.standing * CRUSH)
        boarding = wish.destinations[: max(room - len(staying), 0)]
        sensor = self._vehicle.presence
        rates = (sensor.wifi_rate, sensor.ble_rate) if sensor else (0.0, 0.0)
        self._aboard = staying + [
            (ahead, self._rng.random() < rates[0], self._rng.random() < rates[1])
            for ahead in boarding
        ]
        at = self._timetable.at(leaves_s)
        yield StopTruth(
            at,
            self._vehicle.vehicle_id,
            trip.line,
            trip.direction,
            trip.trip_id,
            self._day,
            trip.calls[index].stop_id,
            index + 1,
            len(boarding),
            len(leaving),
            len(self._aboard),
            len(wish.destinations) - len(boarding),
            self._vehicle.kind.seats + self._vehicle.kind.standing,
        )
        if self._vehicle.counts_doors:
            yield from self._count(at, leaves_s, len(boarding), len(leaving))
        if self._vehicle.axles is not None:
            yield self._weigh(leaves_s, self._vehicle.axles)

    def _count(
        self, at: datetime, seconds: float, boarding: int, leaving: int
    ) -> Iterator[DoorReport | DoorTruth]:
        doors = self._vehicle.doors
        shares = [door.share for door in doors]
        used_in = self._rng.choices(range(len(doors)), shares, k=boarding)
        used_out = self._rng.choices(range(len(doors)), shares, k=leaving)
        for index, door in enumerate(doors):
            dead = door.dead_from_s is not None and seconds >= door.dead_from_s
            if dead and door.dead_silent:
                continue
            seen_in = 0 if dead else self._seen(door, door.miss_in, used_in.count(index), seconds)
            seen_out = (
                0 if dead else self._seen(door, door.miss_out, used_out.count(index), seconds)
            )
            quality = self._quality_of(door, seconds)
            if quality != self._quality[door.name]:
                self._quality[door.name] = quality
                yield DoorTruth(at, self._vehicle.vehicle_id, door.name, quality)
            if quality != "regular":
                seen_in, seen_out = (self._other_dice.randrange(MOST_BY_DICE) for _ in range(2))
            if self._vehicle.mode == "cumulative":
                totals = self._totals[door.name]
                totals[0], totals[1] = totals[0] + seen_in, totals[1] + seen_out
                seen_in, seen_out = totals
            told = at + timedelta(seconds=DOORS_CLOSE_S + self._rng.random() * COUNTS_TOLD_S)
            yield DoorReport(
                told,
                self._vehicle.vehicle_id,
                door.name,
                self._vehicle.mode,
                seen_in,
                seen_out,
                quality,
            )

    @staticmethod
    def _quality_of(door: DoorSensor, seconds: float) -> Quality:
        broken = door.broken
        if broken is None or not broken.from_s <= seconds < broken.until_s:
            return "regular"
        return broken.quality

    def _weigh(self, leaves_s: float, axles: AxleSensor) -> AxleReport:
        """This function weighs a vehicle shortly after it left; who rides weighs more or less."""
        aboard, dice = len(self._aboard), self._other_dice
        persons_kg = dice.gauss(PERSON_KG * aboard, PERSON_SD_KG * math.sqrt(aboard))
        mass_kg = axles.tare_kg + axles.scale * persons_kg + dice.gauss(0, axles.noise_kg)
        at = self._timetable.at(leaves_s + WEIGHED_AFTER_S)
        return AxleReport(at, self._vehicle.vehicle_id, round(mass_kg, -1))

    def _seen(self, door: DoorSensor, miss: float, persons: int, seconds: float) -> int:
        rate = miss + self._errors.drift_per_hour * max(seconds / 3600 - 4, 0)
        seen = sum(self._rng.random() >= rate for _ in range(persons))
        return seen + sum(self._rng.random() < door.double for _ in range(persons))

    def _run(
        self, trip: Trip, index: int, times_s: tuple[float, float], position_every_s: float | None
    ) -> Iterator[Event]:
        """This function lets a vehicle roll to its next stop; sensors speak on the way."""
        leaves_s, arrives_s = times_s
        sensor = self._vehicle.presence
        if sensor is not None:
            first = math.ceil((leaves_s + 8) / sensor.every_s) * sensor.every_s
            for seconds in range(first, int(arrives_s), sensor.every_s):
                yield self._presence(seconds)
        if position_every_s is None:
            return
        here, there = (
            self._timetable.stops.get(call.stop_id) for call in trip.calls[index : index + 2]
        )
        if here is None or there is None:
            return
        seconds_along = leaves_s
        while seconds_along < arrives_s:
            part = (seconds_along - leaves_s) / (arrives_s - leaves_s)
            yield PositionReport(
                self._timetable.at(seconds_along),
                self._vehicle.vehicle_id,
                round(here.lat + part * (there.lat - here.lat), 6),
                round(here.lon + part * (there.lon - here.lon), 6),
            )
            seconds_along += position_every_s

    def _presence(self, seconds: float) -> PresenceReport:
        sensor = self._vehicle.presence
        outside = sensor.outside if sensor else 0.0
        wifi = sum(person[1] and self._rng.random() < 0.9 for person in self._aboard)
        ble = sum(person[2] and self._rng.random() < 0.85 for person in self._aboard)
        passers_by = [int(self._rng.expovariate(1 / outside)) if outside else 0 for _ in range(2)]
        return PresenceReport(
            self._timetable.at(seconds),
            self._vehicle.vehicle_id,
            wifi + passers_by[0],
            ble + passers_by[1],
        )
