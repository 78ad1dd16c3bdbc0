# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from typer.testing import CliRunner

from parking_occupancy.commands import app
from parking_occupancy.forecasting.csv_series import SeriesError, read_series, spacing
from parking_occupancy.forecasting.gridding import to_panel
from parking_occupancy.forecasting.weather_file import measured_weather, read_weather

from .lots_of_a_town import town

BERLIN = ZoneInfo("Europe/Berlin")
QUARTER = timedelta(minutes=15)
SOON = datetime(2027, 1, 1, tzinfo=UTC)


def panel_row(
    text: str, lot: int = 0, stated: dict[str, float] | None = None
) -> list[float | None]:
    series = read_series(StringIO(text), "x.csv", BERLIN)
    row = to_panel(series, QUARTER, SOON, stated or {}).free[lot]
    return [None if np.isnan(value) else float(value) for value in row]


def long_form(*rows: str) -> str:
    return "\n".join(["time,lot_id,free,capacity", *rows])


def test_value_at_a_tick_is_the_newest_reading() -> None:
    text = long_form(
        "2026-03-02T10:01:00Z,a,50,100", "2026-03-02T10:14:00Z,a,40,100",
        "2026-03-02T10:20:00Z,a,30,100",
    )  # fmt: skip
    assert panel_row(text) == [None, 40, 30]


def test_gap_of_more_than_an_hour_stays_open() -> None:
    text = long_form(
        "2026-03-02T10:00:00Z,a,50,100", "2026-03-02T11:00:00Z,a,40,100",
        "2026-03-02T12:01:00Z,a,30,100",
    )  # fmt: skip
    assert panel_row(text) == [50, 50, 50, 50, 40, None, None, None, None, 30]


def test_last_of_several_readings_at_one_time_counts_in_whatever_order_they_stand() -> None:
    text = long_form(
        "2026-03-02T10:15:00Z,a,30,100", "2026-03-02T10:00:00Z,a,1,100",
        "2026-03-02T10:00:00Z,a,50,100",
    )  # fmt: skip
    assert panel_row(text)[:2] == [50, 30]


def test_more_free_than_places_or_less_than_none_is_cut() -> None:
    begin, values = datetime(2026, 3, 2, tzinfo=UTC), [*[50] * 500, -3, 140]
    rows = (f"{begin + n * QUARTER},a,{value},100" for n, value in enumerate(values))
    assert panel_row(long_form(*rows))[499:502] == [50, 0, 100]


def test_stated_capacity_that_is_often_exceeded_is_outdated() -> None:
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    rows = (f"{begin + n * QUARTER},a,{100 + n % 50},100" for n in range(500))
    assert max(value or 0 for value in panel_row(long_form(*rows))) == 149


def test_taken_places_do_as_well() -> None:
    text = "time,lot_id,occupied,capacity\n2026-03-02 11:00:00,a,30,100\n"
    assert panel_row(text)[0] == 70


def test_local_times_are_of_the_time_zone_given() -> None:
    text = "time,lot_id,free\n2026-07-01 12:00:00,a,5\n"
    series = read_series(StringIO(text), "x.csv", BERLIN)
    assert series.readings["a"] == [(datetime(2026, 7, 1, 10, tzinfo=UTC), 5)]


def wide(cells: list[tuple[str, str, str]]) -> str:
    return "\n".join(["timestamp,a,b", *(",".join(cell) for cell in cells)])


def test_empty_cell_says_the_last_value_again() -> None:
    text = wide([("2026-03-02T10:00:00Z", "9", "1"), ("2026-03-02T10:15:00Z", "", "2"),
                 ("2026-03-02T10:30:00Z", "7", "")])  # fmt: skip
    assert panel_row(text, 0)[:3] == [9, 9, 7]
    assert panel_row(text, 1)[:3] == [1, 2, 2]


def test_cell_that_stays_empty_for_eight_hours_says_nothing() -> None:
    times = [f"2026-03-02T{hour:02}:{minute:02}:00Z" for hour in range(12) for minute in (0, 30)]
    silent = [(at, "5" if at[11:16] in {"00:00", "09:00"} else "", "1") for at in times]
    row = panel_row(wide(silent), 0)
    assert row[0] == 5
    assert row[1:36] == [None] * 35
    assert row[36:44] == [5] * 8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "header"),
        ("a,b\n1,2\n", "header"),
        ("time,lot_id\n2026-03-02T10:00:00Z,a\n", "free, or occupied"),
        ("time,lot_id,free\nyesterday,a,5\n", "x.csv:2"),
        ("time,lot_id,free\n2026-03-02T10:00:00Z,a,many\n", "many"),
        ("time,lot_id,free\n2026-03-02T10:00:00Z,a,inf\n", "inf"),
        ("time,lot_id,occupied,capacity\n2026-03-02T10:00:00Z,a,5,\n", "capacity"),
        ("timestamp,a,b\n2026-03-02T10:00:00Z,1\n", "fields"),
        ("time,lot_id,free\n2026-03-02T10:00:00Z,a\x00,5\n", "a NUL character"),
        ("timestamp,a,\x00\n2026-03-02T10:00:00Z,1,2\n", "a NUL character"),
    ],
)
def test_what_is_no_series_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(SeriesError, match=words):
        read_series(StringIO(text), "x.csv", BERLIN)


def test_step_follows_the_readings() -> None:
    for minutes, step in ((5, 15), (15, 15), (26, 30), (33, 30), (60, 60)):
        times = [
            datetime(2026, 3, 2, tzinfo=UTC) + n * timedelta(minutes=minutes) for n in range(5)
        ]
        text = long_form(*(f"{at.isoformat()},a,5,9" for at in times))
        assert spacing(read_series(StringIO(text), "x", BERLIN)) == timedelta(minutes=step)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    panel, path = town(6, lots=2, step=timedelta(minutes=30)), tmp_path / "town.csv"
    with path.open("w") as stream:
        stream.write("time,lot_id,free,capacity\n")
        for lot, lot_id in enumerate(panel.lot_ids):
            for tick in range(panel.ticks):
                free = int(panel.free[lot, tick])
                capacity = int(panel.capacity[lot])
                stream.write(f"{panel.at(tick).isoformat()},{lot_id},{free},{capacity}\n")
        stream.write("2026-03-02T00:00:00Z,dead,5,10\n2026-03-29T00:00:00Z,dead,5,10\n")
    return path


def run(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["backtest", *arguments], catch_exceptions=False)
    return found.exit_code, found.output


def test_backtest_prints_scores_and_writes_its_report(file: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    code, output = run(str(file), "--test-from", "2026-04-06", "--report", str(report), "--json")
    assert code == 0, output
    document = json.loads(output)
    assert [each["horizon_min"] for each in document["mean"]] == list(range(30, 241, 30))
    standing = {lot["lot_id"]: lot["standing"] for lot in document["lots"]}
    assert standing["lot-0"] == standing["lot-1"] == "scored"
    assert standing["dead"] == "no real movement"
    hour = document["mean"][1]
    assert hour["relative"] < min(1, hour["seasonal_relative"])
    lines = (report / "scores.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * 8
    assert lines[0].startswith("lot_id,standing,horizon_min,forecasts,mae,")
    ET.parse(report / "plot.svg")
    assert json.loads((report / "scores.json").read_text()) == document


def test_weather_is_read_in_order_with_what_is_missing(tmp_path: Path) -> None:
    weather = tmp_path / "weather.csv"
    weather.write_text("time,temperature_c\n2026-03-02 12:00,7.5\n2026-03-02T10:00:00Z,\n")
    first, second = read_weather(weather, BERLIN)
    assert first.at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert math.isnan(first.temperature_c)
    assert (second.at, second.temperature_c) == (datetime(2026, 3, 2, 11, tzinfo=UTC), 7.5)
    assert math.isnan(second.precipitation_mm_h)


def test_weather_that_cannot_be_read_is_no_weather(tmp_path: Path) -> None:
    broken = tmp_path / "weather.csv"
    broken.write_text("time,temperature_c\n2026-03-02T10:00:00Z,warm\n")
    with pytest.raises(SeriesError, match=r"weather\.csv:2"):
        read_weather(broken, BERLIN)
    assert measured_weather(broken, BERLIN) == []
    broken.write_bytes(b"\xff\xfe\x00time")
    assert measured_weather(broken, BERLIN) == []
    assert measured_weather(tmp_path / "none.csv", BERLIN) == []
    assert measured_weather(None, BERLIN) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--test-from", "soon"], "soon"),
        (["--test-from", "2020-01-01"], "within the series"),
        (["--test-from", "2026-04-06", "--timezone", "Mars/Phobos"], "time zone"),
        (["--test-from", "2026-04-06", "--holidays", "DE-XX"], "holidays"),
        (["--test-from", "2026-04-06", "--weather", __file__], "header"),
    ],
)
def test_impossible_backtest_is_one_line(file: Path, options: list[str], words: str) -> None:
    code, output = run(str(file), *options)
    assert code == 1
    assert words in output
    assert "Traceback" not in output
