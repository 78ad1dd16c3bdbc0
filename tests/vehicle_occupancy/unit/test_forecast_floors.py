# SPDX-License-Identifier: EUPL-1.2
"""The floors of the forecast on real counts: four counting lines here, all eight beside the checkout."""

from __future__ import annotations

import csv
import gzip
from datetime import date, timedelta
from io import StringIO
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from stadttakt_runtime.public_holidays import public_holidays
from vehicle_occupancy.domain.forecast.calendar import Calendar
from vehicle_occupancy.domain.forecast.levels import borders
from vehicle_occupancy.forecasting.backtest import DAY_AHEAD, STEPS, Result, backtest, capacities
from vehicle_occupancy.forecasting.csv_series import Series, read_series
from vehicle_occupancy.forecasting.resampling import Columns, resampled

DATA = Path(__file__).parents[4] / "shared" / "data"
HARDBRUECKE = DATA / "passenger_hardbruecke" / "dev" / "hardbruecke_2020-01_2020-02.csv.gz"
WESTERN_SIDE = Path(__file__).parents[1] / "data" / "hardbruecke_west_2020.csv.gz"
TEST_FROM = date(2020, 2, 16)
NO_SCHOOL = frozenset(date(2020, 2, 10) + timedelta(days=n) for n in range(14))


def quarters() -> Series:
    text = StringIO()
    with gzip.open(HARDBRUECKE, "rt") as stream:
        columns = Columns("Timestamp", "Name", ("In", "Out"))
        found = resampled(stream, columns, every_min=5, into_min=15)
        csv.writer(text).writerows([("time", "place", "count"), *found])
    text.seek(0)
    return read_series(text, HARDBRUECKE.name, ZoneInfo("Europe/Zurich"))


def scored(series: Series, no_school: frozenset[date]) -> Result:
    panel = series.panel
    capacity = capacities(panel, series.capacity, (TEST_FROM - panel.first).days)
    calendar = Calendar(public_holidays("CH-ZH", [2020]), no_school)
    return backtest(panel, calendar, borders(capacity, 0.3, 0.6), test_from=TEST_FROM)


def test_the_flow_on_the_western_side_of_hardbruecke_is_forecast_below_both_floors_the_day_before() -> (
    None
):
    with gzip.open(WESTERN_SIDE, "rt") as stream:
        series = read_series(stream, WESTERN_SIDE.name, ZoneInfo("Europe/Zurich"))
    assert series.groups == ("West-Nord", "West-SBB", "West-Süd", "West-VBZ")
    result = scored(series, NO_SCHOOL)
    score = result.overall[DAY_AHEAD]
    assert score.forecasts > 4_000
    assert score.relative_to_last_week <= 0.85
    assert score.relative_to_mean <= 0.95
    assert 0.75 <= score.coverage <= 0.87
    assert score.level_accuracy > score.level_accuracy_historical_mean
    assert result.overall[STEPS[0]].relative_to_mean <= 0.9


@pytest.mark.skipif(not HARDBRUECKE.exists(), reason="../shared/data is not there")
def test_quarters_with_a_missing_part_are_no_quarters() -> None:
    series = quarters()
    assert series.step_min == 15
    assert len(series.groups) == 8
    assert int(series.panel.known.sum()) == 37_147


@pytest.mark.skipif(not HARDBRUECKE.exists(), reason="../shared/data is not there")
def test_the_flow_at_hardbruecke_is_forecast_well_below_both_baselines_the_day_before() -> None:
    series = quarters()
    for no_school in (NO_SCHOOL, frozenset[date]()):
        result = scored(series, no_school)
        score = result.overall[DAY_AHEAD]
        assert result.days == 14
        assert score.forecasts > 8_000
        assert score.relative_to_last_week <= 0.85
        assert score.relative_to_mean <= 0.95
        assert 0.75 <= score.coverage <= 0.87
        assert score.level_accuracy > score.level_accuracy_historical_mean


@pytest.mark.skipif(not HARDBRUECKE.exists(), reason="../shared/data is not there")
def test_what_was_counted_an_hour_ago_helps_and_less_the_longer_ago_it_was() -> None:
    result = scored(quarters(), NO_SCHOOL)
    errors = [result.overall[step].relative_to_mean for step in STEPS]
    # of a quarter and of half an hour ago alike, to a thousandth
    assert all(after > before - 0.002 for before, after in pairwise(errors))
    assert errors[0] < errors[-1] - 0.02
    assert errors[-1] < result.overall[DAY_AHEAD].relative_to_mean
    assert errors[0] <= 0.9


@pytest.mark.skipif(not HARDBRUECKE.exists(), reason="../shared/data is not there")
def test_a_probability_of_the_highest_level_is_about_how_often_it_comes() -> None:
    result = scored(quarters(), NO_SCHOOL)
    tenths = result.reliability[DAY_AHEAD]
    off = sum(abs(each.said - each.came) * each.forecasts for each in tenths)
    assert off / sum(each.forecasts for each in tenths) <= 0.015
    # January, from which probabilities are learned, was less busy than the end of February
    assert all(abs(each.said - each.came) <= 0.16 for each in tenths)
