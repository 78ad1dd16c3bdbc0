import pytest

from vehicle_occupancy.domain.levels import (
    WORDS,
    Words,
    level_of_status,
    public_status,
    public_words,
)
from vehicle_occupancy.domain.load.level import Level, OccupancyStatus

ROWS = [
    ("EMPTY", "empty", "seatsAvailable", "Schwachbesetzt", Level.LOW),
    ("MANY_SEATS_AVAILABLE", "manySeatsAvailable", "seatsAvailable", "Schwachbesetzt", Level.LOW),
    ("FEW_SEATS_AVAILABLE", "fewSeatsAvailable", "seatsAvailable", "Starkbesetzt", Level.MEDIUM),
    ("STANDING_ROOM_ONLY", "standingRoomOnly", "standingAvailable", "Starkbesetzt", Level.HIGH),
    ("CRUSHED_STANDING_ROOM_ONLY", "crushedStandingRoomOnly", "full", "Ueberfuellt", Level.HIGH),
    ("FULL", "full", "full", "Ueberfuellt", Level.HIGH),
    ("NOT_ACCEPTING_PASSENGERS", "notAcceptingPassengers", None, None, None),
    ("NO_DATA_AVAILABLE", "unknown", None, "Unbekannt", None),
]


@pytest.mark.parametrize(("gtfs", "siri_21", "siri_20", "vdv_454", "level"), ROWS)
def test_each_status_has_its_word_in_each_standard(
    gtfs: str, siri_21: str, siri_20: str | None, vdv_454: str | None, level: Level | None
) -> None:
    assert WORDS[gtfs] == Words(gtfs, siri_21, siri_20, vdv_454)
    assert level_of_status(gtfs) is level


def test_no_status_that_a_load_may_have_lacks_its_words() -> None:
    assert {status.value for status in OccupancyStatus} <= set(WORDS)


@pytest.mark.parametrize("level", [None, *Level])
def test_published_level_is_the_same_in_every_feed(level: Level | None) -> None:
    words = public_words(level)
    assert words.gtfs == public_status(level).value
    assert level_of_status(words.gtfs) is level


def test_three_levels_are_three_statuses_and_none_of_them_tells_of_empty_vehicles() -> None:
    assert [public_status(level).value for level in Level] == [
        "MANY_SEATS_AVAILABLE",
        "FEW_SEATS_AVAILABLE",
        "STANDING_ROOM_ONLY",
    ]
