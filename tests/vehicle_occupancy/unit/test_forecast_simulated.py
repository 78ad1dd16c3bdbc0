"""The forecast on the simulator's truth: passengers on board, as no sensor saw them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from stadttakt_simulators.transit.demand import Demand
from stadttakt_simulators.transit.timetable import Trip, load_timetable
from vehicle_occupancy.domain.forecast.calendar import Calendar
from vehicle_occupancy.domain.forecast.levels import borders
from vehicle_occupancy.domain.forecast.past import TripLoad, past_of
from vehicle_occupancy.forecasting.backtest import DAY_AHEAD, Result, backtest

DEMO = Path(__file__).parents[3] / "deploy/cities/halle/transit/demo-gtfs"
FIRST, DAYS, TEST_DAYS = date(2026, 9, 7), 28, 7


def on_board(demand: Demand, trip: Trip) -> list[float]:
    """Everybody who wants to ride gets on, and off where they want to."""
    change = [0] * len(trip.calls)
    for index, wish in enumerate(demand.of_trip(trip)):
        change[index] += len(wish.destinations)
        for destination in wish.destinations:
            change[destination] -= 1
    return [float(load) for load in accumulate(change)][:-1]


def loads() -> Iterator[TripLoad]:
    for n in range(DAYS):
        timetable = load_timetable(DEMO, FIRST + timedelta(days=n), ZoneInfo("Europe/Berlin"))
        demand = Demand(timetable, seed=2026, passengers_per_trip=100)
        for trip in timetable.trips:
            calls = trip.calls[:-1]
            yield TripLoad(
                day=timetable.day,
                trip_id=trip.trip_id,
                line=trip.line,
                direction=trip.direction,
                stop_ids=tuple(call.stop_id for call in calls),
                departures_s=tuple(call.departure_s for call in calls),
                to_next_m=(500.0,) * len(calls),
                last_stop_id=trip.calls[-1].stop_id,
                loads=tuple(on_board(demand, trip)),
                simulated=True,
            )


@pytest.fixture(scope="module")
def result() -> Result:
    past = past_of(loads(), [], first=FIRST, days=DAYS)
    levels = borders(np.full(len(past.panel.cells), 130, np.float32), 0.25, 0.45)
    test_from = FIRST + timedelta(days=DAYS - TEST_DAYS)
    return backtest(past.panel, Calendar(), levels, test_from=test_from)


def test_with_what_upstream_shows_simulated_passengers_are_forecast_below_both_floors(
    result: Result,
) -> None:
    for stops in (1, 2, 4):
        score = result.overall[stops]
        assert score.relative_to_last_week <= 0.85
        assert score.relative_to_mean <= 0.95
        assert score.level_accuracy >= score.level_accuracy_historical_mean


def test_the_day_before_simulated_passengers_are_forecast_better_than_by_both_baselines(
    result: Result,
) -> None:
    # who knew the simulator's law and yesterday's effect would reach 0.94 of the mean's error
    score = result.overall[DAY_AHEAD]
    assert score.relative_to_last_week <= 0.85
    assert score.relative_to_mean <= 0.99
