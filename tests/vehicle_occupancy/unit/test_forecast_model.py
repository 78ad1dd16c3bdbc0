# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from vehicle_occupancy.domain.forecast.baselines import historical_mean, last_week
from vehicle_occupancy.domain.forecast.calendar import Calendar, Days, DayType, days_of
from vehicle_occupancy.domain.forecast.expecting import expected
from vehicle_occupancy.domain.forecast.levels import Borders, borders
from vehicle_occupancy.domain.forecast.model import (
    Model,
    TooLittleHistoryError,
    ahead,
    fit,
    live,
)
from vehicle_occupancy.domain.forecast.scoring import Came, compared, score
from vehicle_occupancy.domain.forecast.series import Panel
from vehicle_occupancy.domain.forecast.upstream import last_seen, move_before, move_by
from vehicle_occupancy.forecasting.backtest import DAY_AHEAD, backtest

from .lines_of_a_town import FIRST, STOPS, panel

DAYS = 42


def setting(history: Panel) -> tuple[Model, Days, Borders]:
    days = days_of(history.first, history.days + 7, Calendar())
    return fit(history, days), days, levels_of(history)


def levels_of(history: Panel) -> Borders:
    return borders(np.full(len(history.cells), 100, np.float32), 0.3, 0.6)


def test_a_public_holiday_is_one_on_any_weekday() -> None:
    calendar = Calendar(frozenset({date(2026, 9, 9)}))
    assert [calendar.day_type(date(2026, 9, 7) + timedelta(days=n)) for n in (0, 2, 5, 6)] == [
        DayType.WEEKDAY, DayType.HOLIDAY, DayType.SATURDAY, DayType.SUNDAY,
    ]  # fmt: skip


def test_a_forecast_of_the_day_before_sees_nothing_of_the_day_or_later() -> None:
    history = panel(DAYS)
    days = days_of(FIRST, DAYS, Calendar())
    changed = history.value.copy()
    changed[:, 30:] = 999
    before = expected(history, days, 30)
    after = expected(Panel(history.cells, FIRST, changed), days, 30)
    np.testing.assert_array_equal(before.mean, after.mean)
    np.testing.assert_array_equal(before.deviation, after.deviation)


@pytest.mark.parametrize("lag", [1, 3])
def test_a_live_forecast_sees_nothing_that_came_after_it_was_made(lag: int) -> None:
    history = panel(DAYS)
    model, days, _ = setting(history)
    today = expected(history, days, DAYS - 1)
    value = history.value[:, DAYS - 1]
    later, moved = move_by(model.update, history.cells, today, value, lag)
    asked = int(np.flatnonzero(later == 8 * STOPS + 4)[0])
    made_at = history.cells.minute[8 * STOPS + 4 - lag]
    changed = np.where(history.cells.minute > made_at, 999, value).astype(np.float32)
    # a later stop of the same trip is after it too, whatever its minute
    _, again = move_by(model.update, history.cells, today, changed, lag)
    assert again.expectation.mean[asked] == moved.expectation.mean[asked]


@pytest.mark.parametrize("minutes", [3, 15, 60])
def test_a_forecast_of_minutes_before_sees_all_that_had_left_by_then_and_nothing_later(
    minutes: int,
) -> None:
    history = panel(DAYS)
    model, days, _ = setting(history)
    cells, value = history.cells, history.value[:, DAYS - 1]
    today = expected(history, days, DAYS - 1)
    moved = move_before(model.update, cells, today, value, minutes)
    for asked in (8 * STOPS + 4, 8 * STOPS, 0, len(cells) - 1):
        now = int(cells.minute[asked]) - minutes
        known = np.where(cells.minute <= now, value, np.nan).astype(np.float32)
        alone = live(model, cells, today, levels_of(history), value=known, now_min=now)
        assert moved.expectation.mean[asked] == pytest.approx(alone.expectation.mean[asked])


def test_what_upstream_shows_makes_the_forecast_better() -> None:
    whole = panel(DAYS)
    result = backtest(
        whole, Calendar(), borders(np.full(len(whole.cells), 100, np.float32), 0.3, 0.6),
        test_from=whole.day(35),
    )  # fmt: skip
    assert result.overall[1].mae < 0.8 * result.overall[DAY_AHEAD].mae
    assert result.overall[1].mae < result.overall[4].mae


def test_intervals_hold_about_as_often_as_they_say() -> None:
    whole = panel(56)
    levels = borders(np.full(len(whole.cells), 100, np.float32), 0.3, 0.6)
    result = backtest(whole, Calendar(), levels, test_from=whole.day(42))
    for step in (DAY_AHEAD, 1, 4):
        assert 0.74 <= result.overall[step].coverage <= 0.87


def test_low_expected_and_high_stand_in_order_and_chances_are_probabilities() -> None:
    history = panel(DAYS)
    model, days, levels = setting(history)
    found = ahead(model, history, days, DAYS + 1, levels)
    assert np.all(found.low >= 0)
    assert np.all(np.round(found.load) >= found.low)
    assert np.all(np.round(found.load) <= found.high)
    assert np.all((found.at_least_high >= 0) & (found.at_least_high <= found.at_least_medium))
    assert np.all(found.at_least_medium <= 1)


def test_a_trip_that_is_fuller_than_expected_upstream_is_expected_fuller_downstream() -> None:
    history = panel(DAYS)
    model, days, levels = setting(history)
    today = expected(history, days, DAYS)
    value = np.full(len(history.cells), np.nan, np.float32)
    value[8 * STOPS] = 3 * today.mean[8 * STOPS]
    now = int(history.cells.minute[8 * STOPS])
    found = live(model, history.cells, today, levels, value=value, now_min=now)
    of_trip = slice(8 * STOPS + 1, 9 * STOPS)
    assert np.all(found.expectation.mean[of_trip] > 1.1 * today.mean[of_trip])
    assert last_seen(history.cells, value, now)[8 * STOPS + 3] == 8 * STOPS
    assert last_seen(history.cells, value, now)[9 * STOPS] == -1


def test_a_new_departure_is_expected_like_its_neighbours() -> None:
    history = panel(DAYS)
    value = history.value.copy()
    value[8 * STOPS : 9 * STOPS] = np.nan
    days = days_of(FIRST, DAYS + 1, Calendar())
    known = expected(history, days, DAYS).mean
    found = expected(Panel(history.cells, FIRST, value), days, DAYS).mean
    assert np.all(np.isfinite(found))
    assert found[8 * STOPS] == pytest.approx(known[8 * STOPS], rel=0.35)


def test_nothing_is_expected_where_nothing_is_known() -> None:
    history = panel(DAYS)
    empty = Panel(history.cells, FIRST, np.full_like(history.value, np.nan))
    days = days_of(FIRST, DAYS + 1, Calendar())
    assert np.all(np.isnan(expected(empty, days, DAYS).mean))


def test_a_week_of_history_is_too_little_to_learn_from() -> None:
    history = panel(DAYS).until(7)
    with pytest.raises(TooLittleHistoryError, match="at least 8 days"):
        fit(history, days_of(FIRST, 8, Calendar()))


def test_a_forecast_is_scored_only_where_both_baselines_are_known() -> None:
    history = panel(DAYS)
    model, days, levels = setting(history)
    truth = history.value[:, 20].copy()
    truth[0] = np.nan
    week = last_week(history, 20).copy()
    week[1] = np.nan
    came = Came(truth, week, historical_mean(history, days, 20), levels, history.cells.group)
    found = score(compared(ahead(model, history, days, 20, levels), slice(None), came))
    assert found is not None
    assert found.forecasts == len(history.cells) - 2
