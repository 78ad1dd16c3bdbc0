# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from parking_occupancy.domain.forecast.baselines import persistence, seasonal_mean
from parking_occupancy.domain.forecast.calendar import Calendar, days_of
from parking_occupancy.domain.forecast.model import Forecasts
from parking_occupancy.domain.forecast.panel import Floats, Panel
from parking_occupancy.domain.forecast.scoring import (
    Issued,
    Standing,
    score,
    standings,
    truth_of,
    unbroken,
)

from .lots_of_a_town import town

STEP = timedelta(minutes=15)
BERLIN = Calendar(ZoneInfo("Europe/Berlin"))


def floats(*values: float) -> Floats:
    return np.array(values, np.float32)[:, None]


def panel_of(*free: float, capacity: float = 100) -> Panel:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    return Panel(("a",), start, STEP, np.array([free], np.float32), np.array([capacity], "f4"))


def test_scores_are_those_computed_by_hand() -> None:
    # Four forecasts; the third cannot be compared since the seasonal mean is not known.
    issued = Issued(
        truth=floats(10, 20, 30, 40),
        persistence=floats(12, 14, 30, 50),
        seasonal_mean=floats(13, 20, np.nan, 49),
        told=Forecasts(floats(11, 17, 0, 42), floats(10, 18, 0, 35), floats(14, 25, 99, 41)),
    )
    (found,) = score(issued)
    assert found is not None
    assert found.forecasts == 3
    assert found.mae == pytest.approx((1 + 3 + 2) / 3)
    assert found.mae_persistence == pytest.approx((2 + 6 + 10) / 3)
    assert found.mae_seasonal_mean == pytest.approx((3 + 0 + 9) / 3)
    assert found.relative == pytest.approx(6 / 18)
    assert found.seasonal_relative == pytest.approx(12 / 18)
    # 10 in [10, 14] and 20 in [18, 25] and 40 in [35, 41]: borders belong to the interval.
    assert found.coverage == 1
    assert found.width == pytest.approx((4 + 7 + 6) / 3)


def test_interval_that_misses_is_counted() -> None:
    same = floats(5, 5, 5, 5)
    told = Forecasts(same, floats(5, 4, 6, 1), floats(5, 6, 9, 4))
    (found,) = score(Issued(same, same, same, told))
    assert found is not None
    assert found.coverage == 0.5


def test_nothing_to_compare_is_no_score() -> None:
    nothing = floats(np.nan)
    assert score(Issued(nothing, nothing, nothing, Forecasts(nothing, nothing, nothing))) == [None]


def test_forecast_across_a_gap_of_more_than_an_hour_does_not_count() -> None:
    nan = float("nan")
    # Ticks 2 to 4 unknown: 60 minutes from 1 to 5. Ticks 7 to 10 unknown: 75 minutes from 6 to 11.
    panel = panel_of(1, 2, nan, nan, nan, 6, 7, nan, nan, nan, nan, 12)
    truth = truth_of(
        panel, unbroken(panel), lot=0, ticks=np.array([1, 5, 6]), ahead=np.array([4, 5, 6])
    )
    np.testing.assert_array_equal(truth, [[6, 7, nan], [nan, nan, nan], [nan, nan, nan]])


def test_persistence_is_the_present_and_the_seasonal_mean_that_of_four_weeks() -> None:
    panel = town(6)
    days, lots, week = days_of(panel, BERLIN), np.array([1]), 7 * 96
    # Before the change of the clock of 29 March 2026.
    target = np.array([3 * week + 50])
    assert persistence(panel, lots, target)[0] == panel.free[1, target[0]]
    past = [panel.free[1, target[0] - back * week] for back in (1, 2, 3)]
    assert seasonal_mean(panel, days, lots, target)[0] == pytest.approx(np.mean(past))


def test_weeks_are_compared_at_the_same_local_time() -> None:
    panel = town(5)
    days, week = days_of(panel, BERLIN), 7 * 96
    # 30 March 2026, in summer time: an hour earlier in UTC than the Mondays before.
    monday = panel.tick_of(datetime(2026, 3, 30, 10, tzinfo=UTC))
    before = days.same_time(np.array([monday]), np.array([7]), 96)[0]
    assert before == monday - week + 4
    assert days.minute[monday] == days.minute[before] == 12 * 60


def _standing(train: Floats, test: Floats) -> Standing:
    other = np.ones(len(train) + len(test), np.float32)
    panel = Panel(
        ("a", "always there"),
        datetime(2026, 3, 2, tzinfo=UTC),
        STEP,
        np.stack([np.concatenate([train, test]), other]),
        np.array([100, 100], np.float32),
    )
    return standings(panel, len(train))[0]


def test_lots_count_that_are_known_and_move_before_and_in_the_test() -> None:
    moving = np.tile(np.array([10, 30, 50, 70], np.float32), 50)
    resting = np.full(200, 40, np.float32)
    thin = moving.copy()
    thin[::5] = np.nan
    assert _standing(moving, moving) is Standing.SCORED
    assert _standing(resting, moving) is Standing.NEW
    assert _standing(moving, resting) is Standing.NO_MOVEMENT
    assert _standing(thin, moving) is Standing.TOO_FEW_TICKS
    assert _standing(moving, thin) is Standing.TOO_FEW_TICKS
