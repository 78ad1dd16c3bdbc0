# SPDX-License-Identifier: EUPL-1.2
"""The words for a load: three levels with hysteresis, GTFS-RT's occupancy status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from vehicle_occupancy.domain.load import grid
from vehicle_occupancy.domain.load.grid import Grid
from vehicle_occupancy.domain.load.vehicle import VehicleRules


class Level(StrEnum):
    """How full a vehicle is, in a passenger's eyes."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class OccupancyStatus(StrEnum):
    """GTFS-RT `VehiclePosition.OccupancyStatus`, as far as a load tells it."""

    EMPTY = "EMPTY"
    MANY_SEATS_AVAILABLE = "MANY_SEATS_AVAILABLE"
    FEW_SEATS_AVAILABLE = "FEW_SEATS_AVAILABLE"
    STANDING_ROOM_ONLY = "STANDING_ROOM_ONLY"
    CRUSHED_STANDING_ROOM_ONLY = "CRUSHED_STANDING_ROOM_ONLY"
    FULL = "FULL"
    NO_DATA_AVAILABLE = "NO_DATA_AVAILABLE"


@dataclass(frozen=True, slots=True)
class LevelRules:
    """Where levels begin, as shares of the seats, and by how many places a level is left later.

    The defaults are GTFS-RT's hints: more than half of the seats free is many, less than a tenth
    of them free is standing. A vehicle without seats is judged by its standing places.
    """

    medium_from: float = 0.5
    high_from: float = 0.9
    margin: float = 0.02

    def boundaries(self, rules: VehicleRules) -> tuple[int, int]:
        """Return the least loads of the levels medium and high."""
        seats = rules.seats or rules.places
        medium = max(ceil(self.medium_from * seats), 1)
        return medium, max(ceil(self.high_from * seats), medium + 1)


def level_of(levels: LevelRules, rules: VehicleRules, load: float) -> Level:
    """Return the level of a load."""
    medium, high = levels.boundaries(rules)
    if load >= high:
        return Level.HIGH
    return Level.MEDIUM if load >= medium else Level.LOW


def next_level(levels: LevelRules, rules: VehicleRules, before: Level | None, load: Grid) -> Level:
    """Return the level after a load, which must pass a boundary by a margin to change the level."""
    middle = max(grid.quantiles(load, 0.5)[0], 0.0)
    plain = level_of(levels, rules, round(middle))
    if before is None or plain is before:
        return plain
    margin = max(1.0, levels.margin * rules.places)
    order = list(Level)
    towards = margin if order.index(plain) > order.index(before) else -margin
    kept = level_of(levels, rules, round(max(middle - towards, 0.0)))
    # A jump over two boundaries takes at least the one that is surely passed.
    return kept if order.index(kept) != order.index(before) else before


def probability_of(levels: LevelRules, rules: VehicleRules, load: Grid, level: Level) -> float:
    """Return the probability that a load is within a level."""
    medium, high = levels.boundaries(rules)
    match level:
        case Level.LOW:
            return grid.mass(load, 0, medium - 1)
        case Level.MEDIUM:
            return grid.mass(load, medium, high - 1)
        case Level.HIGH:
            return grid.mass(load, high, len(load) - 1)


def status_of(rules: VehicleRules, load: int) -> OccupancyStatus:
    """Return GTFS-RT's word for a load, after the shares of free seats that its reference hints at."""
    seats = rules.seats
    if load <= max(1, seats // 20):
        return OccupancyStatus.EMPTY
    if load < seats * 0.5:
        return OccupancyStatus.MANY_SEATS_AVAILABLE
    if load < seats * 0.9:
        return OccupancyStatus.FEW_SEATS_AVAILABLE
    standing = load - seats
    if standing < rules.standing * 0.7:
        return OccupancyStatus.STANDING_ROOM_ONLY
    if load < rules.places:
        return OccupancyStatus.CRUSHED_STANDING_ROOM_ONLY
    return OccupancyStatus.FULL
