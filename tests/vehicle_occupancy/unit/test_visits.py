# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.matching import TripKey
from vehicle_occupancy.domain.reading import Assignment
from vehicle_occupancy.domain.visits.progress import Anchor, Progress, Timing
from vehicle_occupancy.domain.visits.served import (
    Served,
    ServedBy,
    Sighting,
    assigned,
    joined,
    leaves_room,
    merged,
    sighted,
)

from .towns import a_day

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
ONE, OTHER = TripKey("20261126", "one"), TripKey("20261126", "other")


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def told(
    at: float, trip: TripKey | None, *, holds: float | None = None, event_id: str = "", **said: bool
) -> Assignment:
    return Assignment(
        event_id=event_id or f"e{at}",
        vehicle_id=VehicleId("tram"),
        observed_at=minutes(at),
        trip_id=trip.trip_id if trip else None,
        start_date=trip.start_date if trip else None,
        valid_until=None if holds is None else minutes(holds),
        **said,
    )


def spans(served: list[Served]) -> list[tuple[str, float, float]]:
    return [
        (
            each.trip.trip_id,
            (each.begun_at - NOON) / timedelta(minutes=1),
            (each.ended_at - NOON) / timedelta(minutes=1),
        )
        for each in served
    ]


def test_a_trip_lasts_until_another_is_told_or_it_is_over() -> None:
    said = [told(0, ONE), told(5, ONE), told(30, OTHER, holds=50), told(90, None)]
    assert spans(assigned(said, minutes(200))) == [("one", 0, 30), ("other", 30, 50)]
    assert spans(assigned([told(0, ONE)], minutes(20))) == [("one", 0, 20)]
    assert spans(assigned([told(0, ONE)], minutes(2000))) == [("one", 0, 360)]


def test_simulated_assignments_end_with_the_first_real_one_and_found_ones_are_none() -> None:
    said = [told(0, ONE, simulated=True), told(5, OTHER)]
    assert spans(assigned(said, minutes(10))) == [("other", 5, 10)]
    assert not assigned([told(0, ONE, event_id="followed:x")], minutes(10))


def test_what_positions_tell_for_a_moment_is_no_trip() -> None:
    seen = [Sighting(minutes(n / 4), ONE) for n in range(40)]
    seen[20] = Sighting(minutes(5), OTHER)
    seen[30] = Sighting(minutes(7.5), None)
    assert spans(joined(sighted(seen, simulated=False))) == [("one", 0, 9.75)]


def test_positions_fill_what_assignments_leave_open() -> None:
    known = [Served(ONE, minutes(10), minutes(20), ServedBy.ASSIGNMENT)]
    seen = [Served(OTHER, minutes(0), minutes(21), ServedBy.POSITION)]
    assert spans(merged(known, seen)) == [("other", 0, 10), ("one", 10, 20)]
    late = [Served(OTHER, minutes(12), minutes(40), ServedBy.POSITION)]
    assert spans(merged(known, late)) == [("one", 10, 20), ("other", 20, 40)]


def progress(*anchors: tuple[float, float], by: Timing = Timing.POSITION) -> Progress:
    """Of a trip that leaves at 8:20, with anchors in seconds after that and shares of its way."""
    day = a_day()
    trip = day.trips["0-2"]  # type: ignore[index]
    stops_m = day.patterns[trip.pattern_id].distances_m
    begin = day.at(trip.begin_s)
    seen = [Anchor(begin + timedelta(seconds=s), share * stops_m[-1], by) for s, share in anchors]
    return Progress(trip, stops_m, day.service_day, seen)


def at(seconds: float) -> datetime:
    day = a_day()
    trip = day.trips["0-2"]  # type: ignore[index]
    return day.at(trip.begin_s) + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("begin", "end", "room"),
    [
        (0, 40, False),
        (10, 19, False),
        (-1, 40, False),
        (-3, 40, True),
        (0, 43, True),
        (60, 90, True),
    ],
)
def test_where_trips_were_told_without_a_gap_there_is_no_room_for_another(
    begin: float, end: float, *, room: bool
) -> None:
    known = assigned([told(0, ONE), told(20, OTHER), told(40, None)], minutes(90))
    assert leaves_room(known, minutes(begin), minutes(end)) is room


def test_without_anchors_a_vehicle_is_where_it_is_planned() -> None:
    planned = progress()
    assert planned.timing is Timing.PLANNED
    assert [planned.index_at(at(s)) for s in (-60, 30, 290, 400, 700)] == [0, 0, 1, 1, 2]
    assert planned.reached(1) == pytest.approx(at(270), abs=timedelta(seconds=15))
    assert planned.left(1) == pytest.approx(at(300), abs=timedelta(seconds=15))


def test_after_its_last_position_a_vehicle_goes_on_as_late_as_it_was() -> None:
    late = progress((0, 0), (200, 0.2))
    due = progress((0, 0), (120, 0.2))
    assert late.timing is Timing.POSITION
    assert (late.reached(2) - due.reached(2)) == pytest.approx(
        timedelta(seconds=80), abs=timedelta(seconds=2)
    )
    assert late.known_until == at(290)


SEEN = st.lists(
    st.tuples(st.floats(-100, 900, allow_nan=False), st.floats(0, 1, allow_nan=False)), max_size=12
)


@settings(deadline=None)
@given(SEEN)
def test_a_vehicle_never_goes_back_and_reaches_its_stops_in_order(
    anchors: list[tuple[float, float]],
) -> None:
    course = progress(*anchors)
    along = [course.along_m(at(s)) for s in range(-300, 1200, 20)]
    assert along == sorted(along)
    reached = [course.reached(index) for index in range(3)]
    assert reached == sorted(reached)
    assert all(course.left(index) >= course.reached(index) for index in range(3))
