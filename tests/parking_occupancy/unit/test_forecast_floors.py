# SPDX-License-Identifier: EUPL-1.2
"""The floors of the forecast on real series, which are kept beside the checkout only."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from parking_occupancy.domain.forecast.boosting import Plan
from parking_occupancy.domain.forecast.calendar import Calendar
from parking_occupancy.domain.forecast.model import Learning
from parking_occupancy.domain.forecast.scoring import Standing
from parking_occupancy.forecasting.backtest import Result, backtest
from parking_occupancy.forecasting.csv_series import Series, read_series, spacing
from parking_occupancy.forecasting.gridding import to_panel
from stadttakt_runtime.public_holidays import public_holidays

DATA = Path(__file__).parents[4] / "shared" / "data"
GERMAN = DATA / "parking_lots_de_archive" / "dev" / "jena_konstanz_2025-09_2025-12.csv.gz"
BIRMINGHAM = DATA / "parking_lots_birmingham" / "dataset.csv.gz"
# Less than the command learns with, so that it is quick; what is lost is about a hundredth.
QUICK = Learning(60_000, Plan(trees=150, rate=0.14, rows_per_tree=12_000))


def scored_series(
    series: Series, zone: str, region: str, test_from: str, horizons: list[int]
) -> Result:
    timezone = ZoneInfo(zone)
    begin = datetime.fromisoformat(test_from).replace(tzinfo=timezone)
    panel = to_panel(series, spacing(series), begin, {})
    calendar = Calendar(timezone, public_holidays(region, [begin.year]))
    return backtest(panel, calendar, begin, horizons_min=horizons, learning=QUICK)


@pytest.mark.skipif(not GERMAN.exists(), reason="../shared/data is not there")
def test_jena_and_konstanz_are_forecast_well_below_persistence() -> None:
    with gzip.open(GERMAN, "rt") as stream:
        series = read_series(stream, GERMAN.name, ZoneInfo("Europe/Berlin"))
    horizons = [15, 30, 60, 120, 240]
    result = scored_series(series, "Europe/Berlin", "DE-BW", "2025-12-01", horizons)
    assert sum(each is Standing.SCORED for each in result.standing.values()) == 6
    found = [result.mean(index, "relative") for index in range(5)]
    assert found[1] < 0.72
    assert found[2] < 0.66
    assert found[4] < 0.5
    for index in range(5):
        assert found[index] < result.mean(index, "seasonal_relative")
        assert 0.75 <= result.mean(index, "coverage") <= 0.85


@pytest.mark.skipif(not BIRMINGHAM.exists(), reason="../shared/data is not there")
def test_birmingham_is_forecast_below_both_baselines() -> None:
    with gzip.open(BIRMINGHAM, "rt") as stream:
        rows = [
            (time.strip(), lot_id, occupied, capacity)
            for lot_id, capacity, occupied, time in csv.reader(stream)
        ]
    text = StringIO()
    csv.writer(text).writerows([("time", "lot_id", "occupied", "capacity"), *rows])
    text.seek(0)
    series = read_series(text, BIRMINGHAM.name, ZoneInfo("Europe/London"))
    result = scored_series(series, "Europe/London", "GB-ENG", "2016-11-28", [30, 60, 120, 240])
    for index in range(4):
        relative = result.mean(index, "relative")
        assert relative < 0.8 * min(1, result.mean(index, "seasonal_relative"))
