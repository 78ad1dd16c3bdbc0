# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from vehicle_occupancy.commands import app
from vehicle_occupancy.forecasting.csv_series import SeriesError, read_series
from vehicle_occupancy.forecasting.resampling import Columns, resampled

from .lines_of_a_town import STOPS, panel

BERLIN = ZoneInfo("Europe/Berlin")
SOME_TRIPS = """date,line,direction,trip_id,stop_sequence,departure,load,capacity
2026-09-07,5,0,a,2,07:03,14,120
2026-09-07,5,0,a,1,07:00,8,120
2026-09-08,5,0,a,1,07:00,,120
2026-09-08,5,0,b,1,25:10:30,3,
"""


def test_a_file_has_one_row_per_trip_stop_and_day() -> None:
    series = read_series(StringIO(SOME_TRIPS), "f", BERLIN)
    assert series.step_min is None
    assert series.groups == ("5 0",)
    assert series.panel.cells.minute.tolist() == [420, 423, 1510]
    assert series.panel.cells.position.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(series.capacity, [120, 120, np.nan])
    np.testing.assert_array_equal(series.panel.value, [[8, np.nan], [14, np.nan], [np.nan, 3]])


def test_a_file_has_one_row_per_interval_and_place() -> None:
    text = "time,place,count\n2026-09-07T22:15Z,A,4\n2026-09-08T00:30,A,5\n2026-09-08T00:45,A,6\n"
    series = read_series(StringIO(text), "f", BERLIN)
    assert series.step_min == 15
    # the first is a quarter past midnight in the city
    assert series.panel.cells.minute.tolist() == [30, 45, 60]
    assert series.panel.days == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "f:1: the header must hold"),
        ("time,place,count\n2026-09-07T00:00,A,-1\n", "f:2: -1 is no count"),
        ("time,place,count\n2026-09-07T00:00,A,nan\n", "f:2: nan is no count"),
        ("time,place,count\nyesterday,A,1\n", "f:2: Invalid isoformat string"),
        ("time,place,count\n2026-09-07T00:00,A\n", "f:2: not as many fields"),
        ("time,place,count\n2026-09-07T00:01,A,1\n", "whole steps"),
        ("date,trip_id,departure,load\n2026-09-07,a,31:00,1\n", "f:2: 31:00 is no time"),
        ("date,trip_id,departure,load\n2026-09-07,a,07:00,\n", "holds no values"),
        ("time,place,count\n2026-09-07T00:00,\x00,1\n", "a NUL character"),
        (
            "time,place,count\n2026-09-07T00:00,A,1\n0026-09-07T00:00,A,1\n",
            "f:3: from 0026-09-07 to 2026-09-07 are more than a hundred years",
        ),
    ],
)
def test_a_file_that_is_no_series_says_where_and_why(text: str, said: str) -> None:
    with pytest.raises(SeriesError, match=said):
        read_series(StringIO(text), "f", BERLIN)


def test_an_interval_with_a_missing_part_is_left_out() -> None:
    text = (
        "t,p,i,o\n2026-09-07T00:00:00,A,1,2\n2026-09-07T00:05:00,A,3,4\n2026-09-07T00:10:00,A,5,6\n"
    )
    text += "2026-09-07T00:15:00,A,1,1\n"
    found = list(resampled(StringIO(text), Columns("t", "p", ("i", "o")), every_min=5, into_min=15))
    assert found == [("2026-09-07T00:00", "A", "21")]


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(SeriesError, match="no column gates"):
        list(resampled(StringIO("t,p\n"), Columns("t", "p", ("gates",)), every_min=5, into_min=15))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("2026-09-07T00:00,A,1\n2026-09-07T00:00Z,A,1\n", "line 3: some times have an offset"),
        (f"2026-09-07T00:00,A,{2**64}\n", "line 2: 18446744073709551616 is no count"),
        ("2026-09-07T00:00,A,-1\n", "line 2: -1 is no count"),
        ("2026-09-07T00:00,\x00,1\n", "a NUL character"),
    ],
)
def test_what_cannot_be_summed_up_says_where_and_why(rows: str, said: str) -> None:
    with pytest.raises(SeriesError, match=said):
        list(
            resampled(StringIO("t,p,i\n" + rows), Columns("t", "p", "i"), every_min=5, into_min=15)
        )


def trips_file(folder: Path) -> Path:
    history, file = panel(42), folder / "trips.csv"
    cells = history.cells
    lines = ["date,line,direction,trip_id,stop_sequence,stop_id,departure,load,capacity"]
    for row, values in enumerate(history.value):
        minute, stop = int(cells.minute[row]), row % STOPS
        line = (
            f"{cells.group[row]},0,{cells.run[row]},{stop},s{stop},{minute // 60}:{minute % 60:02}"
        )
        lines += [f"{history.day(n)},{line},{value:.0f},100" for n, value in enumerate(values)]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_the_command_scores_trips_and_says_so_in_json(tmp_path: Path) -> None:
    file = trips_file(tmp_path)
    asked = ["backtest", str(file), "--test-from", "2026-10-05", "--json"]
    found = CliRunner().invoke(app, asked)
    assert found.exit_code == 0, found.stderr
    told = orjson.loads(found.stdout)
    assert told["days"] == 14
    assert [each["horizon"] for each in told["overall"]] == [
        "day ahead", "next stop", "2 stops ahead", "4 stops ahead",
    ]  # fmt: skip
    assert told["overall"][0]["relative_to_last_week"] < 0.85
    assert {each["group"] for each in told["groups"]} == {"0 0", "1 0"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--test-from", "2031-01-01"], "within the series"),
        (["--test-from", "tomorrow"], "Invalid isoformat string"),
        (["--test-from", "2026-10-05", "--levels", "0.6,0.3"], "a level must begin above"),
        (["--test-from", "2026-10-05", "--holidays", "XX-YY"], "nobody knows the holidays"),
        (["--test-from", "2026-10-05", "--timezone", "Mars/Base"], "there is no time zone"),
    ],
)
def test_a_wrong_option_is_one_clear_line(tmp_path: Path, options: list[str], said: str) -> None:
    found = CliRunner().invoke(app, ["backtest", str(trips_file(tmp_path)), *options])
    assert found.exit_code == 1
    assert said in found.stderr.replace("\n", " ")
