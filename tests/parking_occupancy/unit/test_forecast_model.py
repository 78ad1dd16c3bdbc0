# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import date
from functools import cache
from io import BytesIO
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_occupancy.domain.forecast.adapting import next_reach, stretched
from parking_occupancy.domain.forecast.boosting import Plan, learn
from parking_occupancy.domain.forecast.calendar import Calendar, Days, days_of
from parking_occupancy.domain.forecast.features import NAMES, Asked, features, past_of
from parking_occupancy.domain.forecast.model import (
    Forecasts,
    Learning,
    Model,
    NothingMovesError,
    fit,
    forecast,
)
from parking_occupancy.domain.forecast.panel import Floats, Panel
from parking_occupancy.domain.forecast.weather import Measured, weather_at
from parking_occupancy.forecasting.model_file import OtherFormError, from_bytes, to_bytes
from stadttakt_runtime.public_holidays import UnknownRegionError, public_holidays

from .lots_of_a_town import town

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
QUICK = Learning(20_000, Plan(trees=40, depth=5, rate=0.2), Plan(trees=15, depth=4, rate=0.3))
HORIZONS = (15, 60, 240)


def days(panel: Panel) -> Days:
    return days_of(panel, BERLIN, further=panel.steps(240))


@cache
def learned() -> tuple[Panel, Model]:
    panel = town(9)
    return panel, fit(panel.until(8 * 7 * 96), days(panel), HORIZONS, QUICK)


def issue(panel: Panel, model: Model, first: int, last: int) -> Forecasts:
    lots = np.repeat(np.arange(len(panel.lot_ids)), last - first)
    ticks = np.tile(np.arange(first, last), len(panel.lot_ids))
    return forecast(model, panel, days(panel), lots=lots, ticks=ticks)


def test_forecast_of_a_regular_town_is_much_better_than_persistence() -> None:
    panel, model = learned()
    first, last, ahead = 8 * 7 * 96, panel.ticks - 16, 16
    found = issue(panel, model, first, last)
    truth = panel.free[:, first + ahead : last + ahead].reshape(-1)
    present = panel.free[:, first:last].reshape(-1)
    error, persists = np.abs(found.free[:, 2] - truth), np.abs(present - truth)
    assert error.mean() < 0.4 * persists.mean()
    assert 0.6 < np.mean((found.low[:, 2] <= truth) & (truth <= found.high[:, 2])) < 0.95


@given(
    values=st.lists(st.one_of(st.none(), st.integers(0, 500)), min_size=200, max_size=200),
    lot=st.integers(0, 2),
)
@settings(max_examples=20)
def test_forecasts_stay_within_the_lot_and_in_order(values: list[int | None], lot: int) -> None:
    panel, model = learned()
    free = panel.free.copy()
    free[lot, 5000:5200] = [np.nan if value is None else value for value in values]
    panel = Panel(panel.lot_ids, panel.start, panel.step, free, panel.capacity)
    found = issue(panel, model, 5150, 5200)
    capacity = np.repeat(panel.capacity, 50)[:, None]
    known = ~np.isnan(free[:, 5150:5200].reshape(-1))
    assert np.isnan(found.free[~known]).all()
    for part in (found.low, found.free, found.high):
        assert np.all(part[known] >= 0)
        assert np.all(part[known] <= capacity[known] + 0.01)
    assert np.all(found.low[known] <= found.free[known] + 0.01)
    assert np.all(found.free[known] <= found.high[known] + 0.01)


def test_features_see_nothing_that_comes_later() -> None:
    panel = town(8)
    tick = 7 * 7 * 96 + 40
    later = panel.free.copy()
    later[:, tick + 1 :] = 1
    changed = Panel(panel.lot_ids, panel.start, panel.step, later, panel.capacity)
    asked = Asked(
        np.repeat(np.arange(3), 16),
        np.full(48, tick),
        np.tile(np.arange(1, 17), 3),
        np.full(48, 0.1, np.float32),
    )
    seen, seen_changed = (features(past_of(each, days(each)), asked) for each in (panel, changed))
    assert seen.shape == (48, len(NAMES))
    assert not np.isnan(seen[:, : NAMES.index("temperature")]).any()
    np.testing.assert_array_equal(seen, seen_changed)


def test_what_is_learned_does_not_depend_on_what_comes_after_the_split() -> None:
    panel = town(6)
    free = panel.free.copy()
    split = 5 * 7 * 96
    free[:, split:] = 0
    other = Panel(panel.lot_ids, panel.start, panel.step, free, panel.capacity)
    models = [fit(each.until(split), days(each), (60,), QUICK) for each in (panel, other)]
    found = [issue(panel, model, split, split + 20).free for model in models]
    np.testing.assert_array_equal(found[0], found[1])


def test_lot_that_the_model_never_saw_gets_a_forecast_too() -> None:
    panel, model = learned()
    renamed = Panel(
        ("new", *panel.lot_ids[1:]), panel.start, panel.step, panel.free, panel.capacity
    )
    assert not np.isnan(issue(renamed, model, 5400, 5410).free).any()


def test_model_read_back_from_bytes_forecasts_the_same() -> None:
    panel, model = learned()
    again = from_bytes(to_bytes(model))
    assert again.lot_ids == model.lot_ids
    for part in ("free", "low", "high"):
        before, after = (getattr(issue(panel, each, 5400, 5440), part) for each in (model, again))
        np.testing.assert_array_equal(before, after)


def test_model_of_other_features_is_refused() -> None:
    content = to_bytes(learned()[1])
    with np.load(BytesIO(content)) as arrays:
        changed = dict(arrays)
    changed["names"] = changed["names"][:-1]
    stream = BytesIO()
    np.savez(stream, **changed)
    with pytest.raises(OtherFormError):
        from_bytes(stream.getvalue())


def test_weather_that_matters_is_learned() -> None:
    panel = town(8)
    dice = np.random.default_rng(4)
    rain = np.repeat(dice.random(panel.ticks // 8) < 0.3, 8)
    # When it rains, half of what is free is gone a quarter of an hour later, and comes back.
    free = np.where(np.append(False, rain[:-1]), panel.free / 2, panel.free)
    wet = Panel(panel.lot_ids, panel.start, panel.step, free.astype("f4"), panel.capacity)
    measured = [
        Measured(panel.at(tick), 10, float(rain[tick])) for tick in range(0, panel.ticks, 4)
    ]
    split, errors = 7 * 7 * 96, []
    lots, ticks = np.repeat(np.arange(3), 600), np.tile(np.arange(split, split + 600), 3)
    for known in (measured, []):
        each = days_of(wet, BERLIN, further=1, measured=known)
        model = fit(wet.until(split), each, (15,), QUICK)
        found = forecast(model, wet, each, lots=lots, ticks=ticks)
        errors.append(np.abs(found.free[:, 0] - wet.free[lots, ticks + 1]).mean())
    assert errors[0] < 0.8 * errors[1]


def test_weather_holds_for_three_hours() -> None:
    panel = town(1)
    nan = float("nan")
    measured = [
        Measured(panel.at(4), 5, 1), Measured(panel.at(5), nan, 2), Measured(panel.at(7), 6, nan)
    ]  # fmt: skip
    temperature, precipitation = weather_at(panel, measured)
    np.testing.assert_array_equal(temperature[2:9], [nan, nan, 5, 5, 5, 6, 6])
    np.testing.assert_array_equal(precipitation[3:7], [nan, 1, 2, 2])
    np.testing.assert_array_equal(temperature[18:21], [6, 6, nan])
    np.testing.assert_array_equal(precipitation[16:19], [2, 2, nan])


def test_city_in_which_nothing_moves_teaches_nothing() -> None:
    panel = town(5)
    still = Panel(
        panel.lot_ids, panel.start, panel.step, np.full_like(panel.free, 7), panel.capacity
    )
    with pytest.raises(ValueError, match="movement"):
        fit(still, days(still), HORIZONS, QUICK)


@pytest.mark.parametrize("quantile", [0.5, 0.8])
def test_trees_learn_the_quantile_of_each_group(quantile: float) -> None:
    dice = np.random.default_rng(3)
    rows = dice.random((6000, 2)).astype(np.float32)
    rows[::10, 1] = np.nan
    level = np.where(np.isnan(rows[:, 1]), 30, np.where(rows[:, 0] > 0.5, 10, 0))
    noise = dice.random(6000)
    plan = Plan(trees=150, rate=0.1, columns_share=1)
    trees = learn(rows, (level + noise).astype(np.float32), quantile=quantile, plan=plan)
    for value, row in ((0, [0.2, 0.5]), (10, [0.8, 0.5]), (30, [0.3, np.nan])):
        found = trees.predict(np.array([row], np.float32))[0]
        assert found == pytest.approx(value + quantile, abs=0.5)


def test_history_of_a_day_is_too_short() -> None:
    panel = town(1).until(96)
    with pytest.raises(NothingMovesError):
        fit(panel, days(panel), (60,), QUICK)


def test_same_rows_teach_the_same_trees() -> None:
    dice = np.random.default_rng(3)
    rows, target = dice.random((500, 3)).astype("f4"), dice.random(500).astype("f4")
    plan = Plan(trees=10, rows_per_tree=200)
    once, again = (learn(rows, target, quantile=0.5, plan=plan).predict(rows) for _ in range(2))
    np.testing.assert_array_equal(once, again)


@given(st.floats(0.5, 2), st.floats(0, 1))
def test_intervals_widen_after_days_on_which_they_failed(reach: float, coverage: float) -> None:
    (following,) = next_reach(np.array([reach], "f4"), np.array([coverage], "f4"))
    if coverage < 0.79:
        assert following > reach
    if coverage > 0.81:
        assert following < reach


def test_day_without_news_changes_no_interval() -> None:
    reach = np.array([1.3], np.float32)
    assert next_reach(reach, np.array([np.nan], np.float32)) == pytest.approx(1.3)


def test_stretched_interval_stays_within_the_lot() -> None:
    def row(value: float) -> Floats:
        return np.array([[value]], np.float32)

    found = stretched(Forecasts(row(5), row(2), row(9)), np.array([2], "f4"), np.array([10], "f4"))
    assert (found.low[0, 0], found.free[0, 0], found.high[0, 0]) == (0, 5, 10)


def test_holidays_are_those_of_the_configured_part() -> None:
    reformation, epiphany = date(2026, 10, 31), date(2026, 1, 6)
    assert {reformation, epiphany} <= public_holidays("DE-ST", [2026])
    assert reformation not in public_holidays("DE-BW", [2026])
    assert date(2026, 12, 25) in public_holidays("DE", [2026])


@pytest.mark.parametrize(
    "region", ["DE-XX", "XX", "DE-", "de-st", "NYSE", "utils", "HolidayBase", ""]
)
def test_a_place_that_nobody_knows_has_no_holidays(region: str) -> None:
    with pytest.raises(UnknownRegionError):
        public_holidays(region, [2026])
