# SPDX-License-Identifier: EUPL-1.2
"""What everybody may know of a vehicle: a level whose boundaries are secret, one per departure.

The adversary knows the policy, every passenger but one, and all that is published of all vehicles on a
day; not the key. Boundaries lie in windows of `width` loads, each place equally likely, drawn once per
vehicle and trip. So one departure whose load differs by one shows another level with a
probability of 1 / width at most, and a ride with one of n / width, n being the different loads it
meets. Drawn at each departure instead, boundaries would be averaged out of departures of one load.

After the anonymisation plan of Waltti-APC (Finland's national passenger counting): categories only,
boundaries by chance from a secret seed, one sample per departure, the same in every interface.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from math import ceil

from vehicle_occupancy.domain.load.level import Level, LevelRules
from vehicle_occupancy.domain.load.vehicle import VehicleRules

KEY_BYTES = 32
SLOT_MIN = 10
"""A vehicle of which no departure is known is told of once in so many minutes."""


@dataclass(frozen=True, slots=True)
class PublicationPolicy:
    """How small counts are protected; a city's decision.

    Boundaries move by up to `spread` of all places, at least as far as `least_width` loads take.
    No boundary lies at `least_load` or below. Of a vehicle too small for that nothing is told.
    What is usual is told of `least_trips` trips or more.
    """

    spread: float = 0.06
    least_width: int = 11
    least_load: int = 5
    least_trips: int = 5


@dataclass(frozen=True, slots=True)
class Window:
    """The loads, first and last, at which a level may begin."""

    first: int
    last: int

    @property
    def width(self) -> int:
        """Return how many loads it holds."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The least loads of the levels medium and high."""

    medium: int
    high: int

    def level_of(self, load: int) -> Level:
        """Return the level of a load."""
        if load >= self.high:
            return Level.HIGH
        return Level.MEDIUM if load >= self.medium else Level.LOW


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a vehicle left from; `stop` tells two departures of a trip apart."""

    vehicle_id: str
    trip_id: str | None
    start_date: str | None
    stop: str
    at: datetime

    @property
    def draw(self) -> str:
        """Return for what boundaries are drawn once: the trip, else the vehicle's hour."""
        if self.trip_id is None:
            return self.at.astimezone(UTC).strftime("%Y-%m-%dT%H")
        return f"{self.trip_id}\0{self.start_date or ''}"


@dataclass(frozen=True, slots=True)
class Published:
    """What was told at a departure, until the next one; no level where nothing may be told."""

    departure: Departure
    level: Level | None


def windows(
    policy: PublicationPolicy, levels: LevelRules, rules: VehicleRules
) -> tuple[Window, Window] | None:
    """Return where medium and high may begin, none for a vehicle that is too small.

    The windows do not meet, so that a load is in one of them at most.
    """
    medium, high = levels.boundaries(rules)
    wanted = max(policy.least_width // 2, ceil(policy.spread * rules.places))
    reach = min(wanted, (high - medium - 1) // 2, medium - policy.least_load - 1)
    if 2 * reach + 1 < policy.least_width:
        return None
    return Window(medium - reach, medium + reach), Window(high - reach, high + reach)


def boundaries(key: bytes, departure: Departure, where: tuple[Window, Window]) -> Boundaries:
    """Draw the boundaries of a departure's trip; the same key and trip give the same.

    Raises ValueError for a key of zero bytes, with which anybody could draw them.
    """
    medium, high = where
    first, second = draw(key, f"{departure.vehicle_id}\0{departure.draw}")
    return Boundaries(medium.first + first % medium.width, high.first + second % high.width)


def draw(key: bytes, name: str) -> tuple[int, int]:
    """Return two numbers of 64 bits that only the key tells; the same key and name give the same.

    What is left of an even share of them is below 1e-17. Raises ValueError for a key of zero bytes.
    """
    if not any(key):
        raise ValueError("levels are published with a secret key only")
    digest = hmac.digest(key, name.encode(), sha256)
    return int.from_bytes(digest[:8]), int.from_bytes(digest[8:16])


def publish(  # noqa: PLR0913  # what a level depends on
    key: bytes,
    policy: PublicationPolicy,
    levels: LevelRules,
    rules: VehicleRules,
    *,
    before: Published | None,
    departure: Departure,
    load: int | None,
    said: Level | None = None,
) -> Published:
    """Return what is told from a departure on: what was told of it already, else a level of its load.

    The first word holds: what is learned of a departure later would be a second sample of it.
    `said` is the first word where it was told elsewhere.
    """
    if before is not None and _same(before.departure, departure):
        return before
    if said is not None:
        return Published(departure, said)
    where = windows(policy, levels, rules)
    if load is None or where is None:
        return Published(departure, None)
    return Published(departure, boundaries(key, departure, where).level_of(load))


def _same(one: Departure, other: Departure) -> bool:
    return (one.trip_id, one.start_date, one.stop) == (other.trip_id, other.start_date, other.stop)


def slot_of(vehicle_id: str, at: datetime) -> Departure:
    """Return what stands for a departure where none is known: a slot of time."""
    begun = at.astimezone(UTC).replace(
        minute=at.minute - at.minute % SLOT_MIN, second=0, microsecond=0
    )
    return Departure(vehicle_id, None, None, f"slot:{begun:%Y-%m-%dT%H:%M}", begun)
