# SPDX-License-Identifier: EUPL-1.2
"""Who judges trips counts doors by stops, leaves out what is not known, and sees what is told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crash.campaign.line import STOPS, TRIPS, Call, Roster, write_timetable
from crash.campaign.reckoning import Truth
from crash.campaign.town import BUSES
from crash.campaign.traffic import Told, Traffic
from crash.campaign.trips import (
    AT_STOP,
    LAST,
    Stop,
    compared,
    differing_serving,
    newest_calls,
    reckoned,
)
from stadttakt_simulators.clock import EpochNs
from vehicle_occupancy.importing import ImportOptions, Outcome, check_feed

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = "20261128"
TRIP = (DAY, "trip-1")
Says = tuple[Any, ...]


def _told(at_s: float, kind: str, place: str, says: Says) -> Told:
    name = f"{kind}-{place}-{at_s}"
    return Told(b"", b"", name, name, NOON + timedelta(seconds=at_s), kind, place, says)


def _calls(trip: int, begin_s: float, indices: range = range(len(STOPS))) -> list[Told]:
    """Ten seconds from stop to stop."""
    return [
        _told(begin_s + 10 * index, "trip", "bus-1", (Call(f"trip-{trip}", DAY, index),))
        for index in indices
    ]


def _door(at_s: float, came: int, went: int) -> Told:
    return _told(at_s, "door", "bus-1/2", ("delta", came, went))


def _total(at_s: float, came: int, went: int) -> Told:
    return _told(at_s, "door", "bus-1", ("cumulative", came, went))


DOORS = [
    _total(-200, 100, 90),
    # between the end of the trip before, at 0 s, and the begin of this one: out of the former, into the latter
    _door(5, 4, 3),
    # at the second stop, where who alights is still told of the first one
    _door(31, 2, 1),
    # at the fifth stop, as a difference of totals, the last second before the sixth
    _total(69, 107, 92),
    # at the sixth one and last, into the next trip
    _door(75, 6, 5),
]
"""Around the trip that is told of from 20 s to 70 s; it has left its first stop at 20.5 s, and alights from 50.5 s on."""


def _truth(*more: Told, without: Callable[[Told], bool] = lambda _: False) -> Truth:
    truth = Truth()
    told = [*_calls(0, -50), *_calls(1, 20), *_calls(2, 90, range(2)), *DOORS, *more]
    truth.add(each for each in told if not without(each))
    return truth


def test_doors_are_counted_by_stops_and_at_terminals_by_both_trips() -> None:
    stops = reckoned(_truth())[TRIP]
    assert [(each.boarded, each.alighted) for each in stops] == [
        (4, 0),
        (2, 0),
        (None, None),
        (None, None),
        (7, 2),
        (0, 5),
    ]
    late = timedelta(seconds=10 * AT_STOP)
    assert stops[0].arrived_at == NOON + timedelta(seconds=20)
    assert stops[0].departed_at == NOON + timedelta(seconds=20) + late
    assert stops[LAST].arrived_at == NOON + timedelta(seconds=70) - late
    assert stops[LAST].departed_at == NOON + timedelta(seconds=70)


@pytest.mark.parametrize(
    "gone",
    [
        lambda each: each.says == (Call("trip-1", DAY, 3),),
        lambda each: each.says == (Call("trip-0", DAY, LAST),),
        lambda each: each.says == (Call("trip-2", DAY, 1),),
    ],
    ids=["of itself", "of the one before", "of the one after"],
)
def test_trip_of_which_not_all_is_known_is_not_reckoned(gone: Callable[[Told], bool]) -> None:
    assert TRIP not in reckoned(_truth(without=gone))


def test_trip_with_a_door_at_the_edge_of_a_stop_is_not_reckoned() -> None:
    edge_s = 30 - 10 * AT_STOP
    assert TRIP not in reckoned(_truth(_door(edge_s + 0.0005, 1, 0)))
    assert TRIP in reckoned(_truth(_door(edge_s + 0.005, 1, 0)))


def test_each_trip_that_differs_is_one_offence() -> None:
    wanted = reckoned(_truth())
    stops = wanted[TRIP]
    assert list(compared("http", wanted, wanted)) == []
    soon = stops[0]._replace(arrived_at=stops[0].arrived_at + timedelta(microseconds=900))
    assert list(compared("http", wanted, {**wanted, TRIP: [soon, *stops[1:]]})) == []
    others: list[list[Stop]] = [
        [],
        stops[:-1],
        [stops[0]._replace(boarded=5), *stops[1:]],
        [stops[0]._replace(alighted=None), *stops[1:]],
        [stops[0]._replace(vehicle_id="bus-2"), *stops[1:]],
        [*stops[:-1], stops[LAST]._replace(departed_at=NOON)],
    ]
    for other in others:
        (offence,) = compared("http", wanted, {**wanted, TRIP: other})
        assert "trip-1" in offence


def test_bus_that_is_told_to_serve_another_trip_is_one_offence() -> None:
    right = {"line": "1", "direction": 0, "start_date": DAY, "trip_id": "trip-2"}
    truth = _truth()
    assert newest_calls(truth) == {"bus-1": Call("trip-2", DAY, 1)}
    assert list(differing_serving("http", truth, {"bus-1": right})) == []
    for other in ({}, {**right, "trip_id": "trip-1"}, {**right, "line": None}):
        (offence,) = differing_serving("http", truth, {"bus-1": other})
        assert "bus-1 serves" in offence


def test_buses_are_told_of_all_stops_of_one_trip_after_the_other() -> None:
    roster = Roster()
    at = [NOON + timedelta(seconds=number) for number in range(20)]
    calls = [roster.next("bus-1", each) for each in at]
    assert [each.number for each in calls[:8]] == [0, 1, 2, 3, 4, 5, 0, 1]
    assert len({each.trip_id for each in calls}) == 4
    assert roster.next("bus-2", NOON).trip_id not in {each.trip_id for each in calls}
    assert roster.idle(("bus-1", "bus-2"), at[-1]) == "bus-2"
    assert roster.idle(("bus-1",), at[-1] + timedelta(seconds=2.9)) is None


def test_trips_of_traffic_are_reckoned() -> None:
    traffic, truth = Traffic("root", Random("trips")), Truth()
    begin = EpochNs(int(NOON.timestamp()) * 10**9)
    truth.add(traffic.first(EpochNs(begin - 10**10), 10**7))
    truth.add(traffic.make(9000, begin, 2 * 10**7))
    stops = [stop for trip in reckoned(truth).values() for stop in trip]
    assert {stop.vehicle_id for stop in stops} == set(BUSES)
    assert any(stop.boarded for stop in stops)
    assert any(stop.alighted for trip in reckoned(truth).values() for stop in trip[1:LAST])


def test_timetable_is_a_right_feed(tmp_path: Path) -> None:
    write_timetable(tmp_path, NOON)
    done = check_feed(tmp_path / "feed", ImportOptions(), lambda _: lambda _: None)
    assert done.outcome is Outcome.DRY_RUN
    assert (done.report.errors, done.report.warnings) == (0, 0)
    assert done.summary is not None
    assert (done.summary["trips"], done.summary["stops"]) == (TRIPS, len(STOPS))
