# SPDX-License-Identifier: EUPL-1.2
"""Vehicles with their doors and sensors, and how wrong those are."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Mode = Literal["delta", "cumulative"]
Quality = Literal["regular", "defect", "sabotage"]
"""As VDV 301-2 tells it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of vehicle."""

    name: str
    seats: int
    standing: int
    doors: int
    tare_kg: float | None = None
    """of vehicles whose axles are weighed"""


TRAM = Kind("tram", 71, 90, 4)
BUS = Kind("bus", 35, 50, 3)


@dataclass(frozen=True, slots=True)
class Errors:
    """How wrong sensors are: shares of persons, doors, messages; drift adds to the misses each hour.

    Each door's own rates scatter about these by a quarter.
    """

    miss_in: float = 0.03
    miss_out: float = 0.06
    double: float = 0.005
    drift_per_hour: float = 0.0
    dead_doors: float = 0.05
    loss: float = 0.02
    duplicate: float = 0.01
    late: float = 0.01
    late_s: float = 300.0
    lost_trips: float = 0.005
    broken_doors: float = 0.0


@dataclass(frozen=True, slots=True)
class Broken:
    """From when to when, in seconds of the service day, a door counts by dice and says why."""

    from_s: float
    until_s: float
    quality: Quality


@dataclass(frozen=True, slots=True)
class AxleSensor:
    """A scale under a vehicle: its mass with all on board, too heavy by a factor and noise."""

    tare_kg: float
    scale: float
    noise_kg: float = 300.0


@dataclass(frozen=True, slots=True)
class DoorSensor:
    """A counter over a door: the part of passengers who use it, and its errors.

    From `dead_from_s` of the service day on it counts nobody; if `dead_silent` it says nothing at
    all, else that nobody passed.
    """

    name: str
    share: float
    miss_in: float
    miss_out: float
    double: float
    dead_from_s: float | None = None
    dead_silent: bool = False
    broken: Broken | None = None


@dataclass(frozen=True, slots=True)
class PresenceSensor:
    """A receiver of WLAN and Bluetooth: devices per passenger, and those outside."""

    wifi_rate: float
    ble_rate: float
    outside: float
    every_s: int = 60


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle as it is built and equipped; without doors it has a presence sensor alone."""

    vehicle_id: str
    kind: Kind
    mode: Mode
    doors: tuple[DoorSensor, ...]
    counts_doors: bool
    presence: PresenceSensor | None
    axles: AxleSensor | None = None


def equip(
    vehicle_ids: Sequence[tuple[str, Kind]],
    errors: Errors,
    *,
    seed: int,
    mode: Mode = "delta",
    counted_share: float = 1.0,
    devices: float = 1.0,
) -> list[Vehicle]:
    """This function equips vehicles; one door of each so many'th vehicle dies, or breaks, during the day.

    `counted_share` of them have counters at their doors, the others presence sensors alone, which
    see `devices` times the usual devices a person.
    """
    rng = random.Random(f"{seed}/fleet")
    ailing = round(len(vehicle_ids) * errors.dead_doors)
    dying = set(rng.sample(range(len(vehicle_ids)), ailing))
    broken = round(len(vehicle_ids) * errors.broken_doors)
    whole = [index for index in range(len(vehicle_ids)) if index not in dying]
    breaking = set(random.Random(f"{seed}/broken").sample(whole, min(broken, len(whole))))
    found = []
    for index, (vehicle_id, kind) in enumerate(vehicle_ids):
        vehicle = _vehicle(
            vehicle_id,
            kind,
            errors,
            random.Random(f"{seed}/{vehicle_id}"),
            mode=mode,
            dies=index in dying,
            counted=(index * counted_share) % 1 + counted_share >= 1,
            devices=devices,
        )
        # dice of their own: what a seed gave before it gives still
        dice = random.Random(f"{seed}/{vehicle_id}/more")
        if kind.tare_kg is not None:
            vehicle = replace(vehicle, axles=AxleSensor(kind.tare_kg, dice.gauss(1, 0.02)))
        found.append(_with_broken_door(vehicle, dice) if index in breaking else vehicle)
    return found


def _with_broken_door(vehicle: Vehicle, dice: random.Random) -> Vehicle:
    """This function breaks one door for two to six hours of the day."""
    begin = dice.uniform(6, 14) * 3600
    end = begin + dice.uniform(2, 6) * 3600
    broken = Broken(begin, end, dice.choice(("defect", "sabotage")))
    number = dice.randrange(len(vehicle.doors))
    doors = tuple(
        replace(door, broken=broken) if each == number else door
        for each, door in enumerate(vehicle.doors)
    )
    return replace(vehicle, doors=doors)


def _vehicle(  # noqa: PLR0913 - what a vehicle is made of
    vehicle_id: str,
    kind: Kind,
    errors: Errors,
    rng: random.Random,
    *,
    mode: Mode,
    dies: bool,
    counted: bool,
    devices: float,
) -> Vehicle:
    weights = [rng.uniform(0.6, 1.4) for _ in range(kind.doors)]
    dead = rng.randrange(kind.doors) if dies else -1
    doors = tuple(
        DoorSensor(
            str(number + 1),
            weight / sum(weights),
            _scattered(errors.miss_in, rng),
            _scattered(errors.miss_out, rng),
            errors.double,
            rng.uniform(5, 12) * 3600 if number == dead else None,
            rng.random() < 0.5,
        )
        for number, weight in enumerate(weights)
    )
    presence = PresenceSensor(
        devices * rng.gauss(0.55, 0.07), devices * rng.gauss(0.35, 0.06), rng.uniform(1, 4)
    )
    return Vehicle(vehicle_id, kind, mode, doors, counted, presence)


def _scattered(rate: float, rng: random.Random) -> float:
    return max(rng.gauss(rate, rate / 4), 0.0)
