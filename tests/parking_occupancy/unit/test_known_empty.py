# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from parking_occupancy.board import Board
from parking_occupancy.counting import anchors_of, refusal_of
from parking_occupancy.domain.balance import Cause, unknown_balance
from parking_occupancy.domain.city import City
from parking_occupancy.domain.known_empty import KnownEmpty, known_times, next_known

from .building import LOT, make_lot
from .counted import counted, make_gate, make_rules

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = KnownEmpty(time(2), time(5), BERLIN)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def times(window: KnownEmpty, begin: datetime, hours: float) -> list[str]:
    found = known_times([window], begin, begin + timedelta(hours=hours))
    return [f"{known.at:%a %H:%M}" for known in found]


def test_hours_are_told_by_the_citys_clock() -> None:
    assert times(NIGHT, MONDAY, 24) == ["Mon 01:00", "Mon 04:00"]
    assert times(NIGHT, datetime(2026, 7, 5, 23, tzinfo=UTC), 24) == ["Mon 00:00", "Mon 03:00"]


def test_the_night_in_which_clocks_change_is_known_twice_all_the_same() -> None:
    assert times(NIGHT, datetime(2026, 10, 24, 12, tzinfo=UTC), 24) == ["Sun 00:00", "Sun 04:00"]
    assert len(times(NIGHT, datetime(2026, 3, 28, 12, tzinfo=UTC), 24)) == 2


def test_an_earlier_end_lies_on_the_next_day() -> None:
    late = KnownEmpty(time(23), time(4), BERLIN, frozenset({"su"}))
    assert times(late, datetime(2026, 10, 31, tzinfo=UTC), 72) == ["Sun 22:00", "Mon 03:00"]


def test_the_beginning_is_left_out_and_the_end_taken() -> None:
    one = datetime(2026, 11, 2, 1, tzinfo=UTC)
    assert known_times([NIGHT], one, one) == []
    assert [k.at for k in known_times([NIGHT], one - timedelta(seconds=1), one)] == [one]
    assert next_known([NIGHT], one) == datetime(2026, 11, 2, 4, tzinfo=UTC)


def board() -> Board:
    rules = make_rules(20, make_gate(bits=16), known_empty=(replace(NIGHT, inside=2),))
    found = Board()
    found.replace_city(City.of([], [replace(make_lot(20), balancing=rules)], []))
    found.balances[LOT] = unknown_balance(rules, MONDAY)
    return found


def test_hours_that_passed_while_nobody_looked_are_made_up_for() -> None:
    anchors = list(anchors_of(board(), LOT, MONDAY + timedelta(hours=30)))
    assert [(a.at.hour, a.cause, a.lowest) for a in anchors] == [
        (1, Cause.KNOWN_EMPTY, 2),
        (4, Cause.KNOWN_EMPTY, 2),
        (1, Cause.KNOWN_EMPTY, 2),
        (4, Cause.KNOWN_EMPTY, 2),
    ]
    assert len({anchor.anchor_id for anchor in anchors}) == 4


def test_hours_are_made_up_for_no_longer_than_a_month() -> None:
    anchors = list(anchors_of(board(), LOT, MONDAY + timedelta(days=400)))
    assert len(anchors) == 62


def test_counts_that_cannot_be_are_refused_with_a_reason() -> None:
    city = board().city
    assert refusal_of(city, counted(0, 3, 1)) is None
    assert refusal_of(city, counted(0, 3, 1, gate="weg")) == ("unknown_gate", "platz/weg")
    for slipped in (-1, 21, 40):
        assert refusal_of(city, counted(0, 1, 0, inside=slipped)) is None
    far = counted(0, 70_000, 1, mode="cumulative")
    for absurd in (
        counted(0, 90_000, 0),
        far,
        counted(0, 0, 0, inside=2**32 - 1),
        counted(0, 0, 0, inside=-(2**31)),
    ):
        refusal = refusal_of(city, absurd)
        assert refusal is not None
        assert refusal[0] == "absurd_count"
