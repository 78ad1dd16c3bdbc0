"""What a level is called in each feed: one table, so that all feeds say the same.

GTFS-RT `OccupancyStatus`; SIRI 2.1 and 2.0 `OccupancyEnumeration`; VDV 454 `Besetztgrad`. A level has
one status in public: a finer status would tell more than the level does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vehicle_occupancy.domain.load.level import Level, OccupancyStatus


@dataclass(frozen=True, slots=True)
class Words:
    """One occupancy in four standards; None where a standard leaves the element out."""

    gtfs: str
    siri_21: str
    siri_20: str | None
    vdv_454: str | None


_TABLE = (
    Words("EMPTY", "empty", "seatsAvailable", "Schwachbesetzt"),
    Words("MANY_SEATS_AVAILABLE", "manySeatsAvailable", "seatsAvailable", "Schwachbesetzt"),
    Words("FEW_SEATS_AVAILABLE", "fewSeatsAvailable", "seatsAvailable", "Starkbesetzt"),
    Words("STANDING_ROOM_ONLY", "standingRoomOnly", "standingAvailable", "Starkbesetzt"),
    Words("CRUSHED_STANDING_ROOM_ONLY", "crushedStandingRoomOnly", "full", "Ueberfuellt"),
    Words("FULL", "full", "full", "Ueberfuellt"),
    Words("NOT_ACCEPTING_PASSENGERS", "notAcceptingPassengers", None, None),
    Words("NO_DATA_AVAILABLE", "unknown", None, "Unbekannt"),
)
WORDS: Mapping[str, Words] = {words.gtfs: words for words in _TABLE}
"""The words of a status by its name in GTFS-RT."""

_PUBLIC: Mapping[Level, OccupancyStatus] = {
    Level.LOW: OccupancyStatus.MANY_SEATS_AVAILABLE,
    Level.MEDIUM: OccupancyStatus.FEW_SEATS_AVAILABLE,
    Level.HIGH: OccupancyStatus.STANDING_ROOM_ONLY,
}


def public_status(level: Level | None) -> OccupancyStatus:
    """Return the one status that goes with a published level; none is no data."""
    return OccupancyStatus.NO_DATA_AVAILABLE if level is None else _PUBLIC[level]


def public_words(level: Level | None) -> Words:
    """Return what each feed says of a published level."""
    return WORDS[public_status(level).value]


def level_of_status(status: str) -> Level | None:
    """Return the level that a status belongs to, none where it tells of none."""
    match status:
        case "EMPTY" | "MANY_SEATS_AVAILABLE":
            return Level.LOW
        case "FEW_SEATS_AVAILABLE":
            return Level.MEDIUM
        case "STANDING_ROOM_ONLY" | "CRUSHED_STANDING_ROOM_ONLY" | "FULL":
            return Level.HIGH
        case _:
            return None
