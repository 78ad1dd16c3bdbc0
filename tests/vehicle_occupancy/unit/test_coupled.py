# SPDX-License-Identifier: EUPL-1.2
"""Vehicles that leave a stop together are one departure: summed up, or not known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vehicle_occupancy.domain.coupled import LEVELS, Part, level_of, together, total
from vehicle_occupancy.domain.forecast.past import PlannedTrip, TripLoad
from vehicle_occupancy.forecasting.gathering import trip_loads
from vehicle_occupancy.storage.forecast_visits import Counted

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLAN = PlannedTrip("t", "5", 0, ("a", "b", "c"), (0, 180, 360), (1.0, 1.0, 1.0), "d")


def part(vehicle_id: str, left_s: int, *, known: bool = True, simulated: bool = False) -> Part:
    return Part(vehicle_id, NOON + timedelta(seconds=left_s), simulated, known)


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([part("b", 4), part("a", 0)], "ab"),
        # taking turns: the first by its id, unless only the other's load is known
        ([part("a", 0), part("b", 121)], "a"),
        ([part("a", 0, known=False), part("b", 121)], "b"),
        # one half that was not counted belongs to the departure all the same
        ([part("a", 0, known=False), part("b", 4)], "ab"),
        ([part("a", 0, simulated=True), part("b", 4)], "b"),
        ([part("a", 0, simulated=True)], "a"),
    ],
)
def test_vehicles_that_leave_within_two_minutes_are_one_departure(
    parts: Sequence[Part], found: str
) -> None:
    assert "".join(together((each, each.vehicle_id) for each in parts)) == found


def test_what_is_not_known_of_one_half_is_not_known_of_the_whole() -> None:
    assert total([40, 12]) == 52
    assert total([40, None]) is None
    assert level_of([("low", 150), (None, 150)]) is None


@pytest.mark.parametrize(
    ("parts", "level"),
    [
        ([("low", 150), ("high", 150)], "medium"),
        ([("low", 150), ("medium", 150)], "medium"),
        ([("medium", 150), ("high", 150)], "high"),
        ([("low", 200), ("medium", 100)], "low"),
        ([("high", 200), ("low", 100)], "medium"),
        ([("high", 0), ("low", 0)], "high"),
    ],
)
def test_the_level_of_several_is_the_mean_by_places(
    parts: list[tuple[str, int]], level: str
) -> None:
    assert level_of(parts) == level


@given(st.lists(st.tuples(st.sampled_from(LEVELS), st.integers(0, 300)), min_size=1))
def test_the_level_of_several_lies_between_theirs(parts: list[tuple[str, int]]) -> None:
    ranks = [LEVELS.index(level) for level, _ in parts]
    assert min(ranks) <= LEVELS.index(str(level_of(parts))) <= max(ranks)


def gathered(*stops: tuple[str, int, float | None], unplaced: str = "") -> TripLoad:
    """Of each stop the vehicle, its place in the trip, and who was on board."""
    counted = [
        Counted(
            "t", index, load, vehicle_id, simulated=False,
            seats=None if vehicle_id == unplaced else 60, standing=90,
            departed_at=NOON + timedelta(seconds=180 * index + (5 if vehicle_id == "b" else 0)),
        )
        for vehicle_id, index, load in stops
    ]  # fmt: skip
    (found,) = trip_loads(date(2026, 11, 24), counted, {"t": PLAN})
    return found


def test_loads_and_places_of_a_coupled_set_are_summed() -> None:
    halves = [("a", 0, 40), ("b", 0, 10), ("a", 1, 50), ("b", 1, 12), ("a", 2, 30), ("b", 2, 5)]
    found = gathered(*halves)
    assert (found.loads, found.holds, found.vehicle_id) == ((50, 62, 35), (120, 180), None)
    alone = gathered(*halves[::2])
    assert (alone.loads, alone.holds, alone.vehicle_id) == ((40, 50, 30), (60, 90), "a")


def test_where_one_half_was_not_counted_the_load_is_not_known() -> None:
    found = gathered(
        ("a", 0, 40), ("b", 0, 10), ("a", 1, 50), ("b", 1, None), ("a", 2, 3), ("b", 2, 4)
    )
    assert found.loads == (50, None, 7)
    assert gathered(("a", 0, 40), ("b", 0, 10), unplaced="b").holds is None


def test_the_newest_stop_of_a_set_waits_for_all_of_it() -> None:
    assert gathered(("a", 0, 40), ("b", 0, 10), ("a", 1, 50)).loads == (50, None, None)
    # the set was split: the next stop shows it
    split = gathered(("a", 0, 40), ("b", 0, 10), ("a", 1, 50), ("a", 2, 30))
    assert split.loads == (50, 50, 30)
