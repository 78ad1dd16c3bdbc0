# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.departures import Leg, departure_of, next_stop
from vehicle_occupancy.domain.load.level import Level
from vehicle_occupancy.domain.publication import Departure
from vehicle_occupancy.domain.reading import Assignment

BEGIN = datetime(2026, 11, 3, 7, 1, tzinfo=UTC)
DAY = "20261103"


def after(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def assigned(stop: str | None, minutes: float = 0, trip: str | None = "t1") -> Assignment:
    return Assignment(
        event_id=f"{trip}{stop}{minutes}",
        vehicle_id=VehicleId("w"),
        observed_at=after(minutes),
        line="7",
        direction=0,
        trip_id=trip,
        start_date=DAY,
        stop_id=stop,
    )


def leg(stop: str, minutes: float, *behind: str, trip: str = "t1") -> Leg:
    return Leg(trip, DAY, stop, after(minutes), frozenset(behind))


def told(stop: str, minutes: float, trip: str = "t1") -> Departure:
    return Departure("w", trip, DAY, stop, after(minutes))


@pytest.mark.parametrize(
    ("named", "seen", "stop", "since"),
    [
        (assigned("a"), None, "a", 0),
        (assigned("a"), leg("b", 2, "a"), "b", 2),
        (assigned(None), leg("b", 2, "a"), "b", 2),
        (assigned("b", 2.1), leg("b", 2, "a"), "b", 2),
        (assigned("c", 4), leg("b", 2, "a"), "c", 4),
        (assigned("c", 4), leg("d", 6, "a", "b", "c"), "d", 6),
        # named again and again, as the trip began
        (assigned("a", 5), leg("b", 2, "a"), "b", 2),
        (assigned("a"), leg("x", 2, trip="another"), "a", 0),
    ],
)
def test_next_stop_is_the_latest_that_was_named_or_seen(
    named: Assignment, seen: Leg | None, stop: str, since: float
) -> None:
    assert next_stop(named, seen) == (stop, after(since))


def test_a_trip_that_is_named_once_is_told_of_at_each_stop_that_the_vehicle_leaves() -> None:
    stops, before, found = ("a", "b", "c", "d"), None, []
    for minute in range(8):
        passed = minute // 2
        seen = leg(stops[passed], 2 * passed, *stops[:passed]) if passed else None
        before = departure_of("w", assigned("a"), seen, after(minute), before=before)
        found.append(before.stop)
    assert found == ["a", "a", "b", "b", "c", "c", "d", "d"]


def test_what_is_named_and_what_is_seen_of_one_departure_are_one() -> None:
    named = departure_of("w", assigned("b", 2.2), leg("a", 0), after(2.3), before=told("a", 0))
    assert (named.stop, named.at) == ("b", after(2.2))
    seen = departure_of("w", assigned("b", 2.2), leg("b", 2, "a"), after(2.5), before=named)
    assert seen == named


def test_nothing_is_told_of_what_was_earlier() -> None:
    late = departure_of("w", assigned("a"), leg("b", 2, "a"), after(5), before=told("c", 4))
    assert late == told("c", 4)


def test_a_vehicle_that_is_not_known_to_have_left_is_told_of_by_slots_of_its_trip() -> None:
    first = departure_of("w", assigned("a"), None, after(8), before=None)
    slot = departure_of("w", assigned("a"), None, after(13), before=first)
    assert (first.stop, slot.at) == ("a", after(9))
    assert slot.draw == first.draw, "boundaries are those of the trip"
    assert departure_of("w", assigned("a"), None, after(18), before=slot) == slot
    assert departure_of("w", assigned("a"), leg("b", 17, "a"), after(18), before=slot).stop == "b"


def test_a_slot_goes_on_after_a_restart_that_knows_of_no_earlier_departure() -> None:
    slot = departure_of("w", assigned("a"), None, after(13))
    stored = leg("b", 9)
    assert stored.since == slot.at
    assert departure_of("w", assigned("a"), stored, after(14), before=slot) == slot


def test_without_a_trip_slots_of_time_stand_for_departures() -> None:
    assert departure_of("w", None, leg("b", 2), after(3)).trip_id is None
    assert departure_of("w", assigned("a", trip=None), None, after(3)).trip_id is None


def test_a_leg_is_news_where_it_is_later_or_its_level_was_not_known() -> None:
    known = leg("b", 2, "a")
    assert leg("c", 4).is_news_after(known)
    assert leg("x", 1, trip="t2").is_news_after(known)
    assert known.is_news_after(None)
    assert Leg("t1", DAY, "b", after(2), level=Level.LOW).is_news_after(known)
    assert not leg("a", 0).is_news_after(known)
    assert not leg("b", 2).is_news_after(Leg("t1", DAY, "b", after(2), level=Level.LOW))
