# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt transit backtest` and `resample`: how good forecasts of a series would have been."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from stadttakt_runtime.commands.output import (
    AsJson,
    one_line,
    out,
    print_json,
    print_table,
    progress_bar,
)
from stadttakt_runtime.public_holidays import UnknownRegionError, public_holidays
from vehicle_occupancy.domain.forecast.calendar import Calendar
from vehicle_occupancy.domain.forecast.levels import borders
from vehicle_occupancy.domain.forecast.series import Panel
from vehicle_occupancy.domain.forecast.upstream import AHEAD_MIN
from vehicle_occupancy.forecasting.backtest import Result, backtest, capacities
from vehicle_occupancy.forecasting.csv_series import Series, read_series
from vehicle_occupancy.forecasting.report import (
    CHANCE_HEADINGS,
    HEADINGS,
    as_document,
    chance_rows,
    rows,
)
from vehicle_occupancy.forecasting.resampling import Columns, resampled

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, or CSV.gz")]


def backtest_command(  # noqa: PLR0913  # options
    file: File,
    test_from: Annotated[str, typer.Option(help="first day of the test, such as 2020-02-16")],
    *,
    timezone: Annotated[str, typer.Option(help="the city's, for times with an offset")] = (
        "Europe/Berlin"
    ),
    holidays: Annotated[
        str, typer.Option(help="public holidays, as DE-ST; empty: none", metavar="COUNTRY-PART")
    ] = "",
    school_holidays: Annotated[
        list[str] | None, typer.Option(help="days without school, as 2020-02-10..2020-02-23")
    ] = None,
    levels: Annotated[
        str, typer.Option(help="from which share of the capacity a load is medium, high")
    ] = "0.3,0.6",
    groups: Annotated[bool, typer.Option(help="also each line, or place")] = True,
    as_json: AsJson = False,
) -> None:
    """Forecast each day of a test from the days before it; docs/forecast-vehicles.md says how."""
    with one_line(ValueError, OSError, EOFError, UnknownRegionError), progress_bar() as bar:
        shares = _shares(levels)
        reading = bar.add_task("rows", total=None)
        with opened(file) as stream:
            series = read_series(
                stream, file.name, _zone(timezone), row_done=lambda: bar.advance(reading)
            )
        begin = date.fromisoformat(test_from)
        panel = series.panel
        split = (begin - panel.first).days
        if not 0 < split < panel.days:
            raise ValueError("the test must begin within the series")
        capacity = capacities(panel, series.capacity, split)
        testing = bar.add_task("days", total=panel.days - split)
        result = backtest(
            panel,
            _calendar(panel, holidays, school_holidays or []),
            borders(capacity, *shares),
            test_from=begin,
            minutes=AHEAD_MIN if series.step_min is None else (),
            done=lambda: bar.advance(testing),
        )
    if as_json:
        print_json(as_document(result, series))
    else:
        _print(result, series, groups=groups)


def resample_command(  # noqa: PLR0913  # options
    file: File,
    output: Annotated[Path, typer.Argument(dir_okay=False, help="the CSV to write")],
    *,
    time: Annotated[str, typer.Option(help="column: start of the interval")],
    place: Annotated[str, typer.Option(help="column: where it was counted")],
    count: Annotated[list[str], typer.Option(help="columns to sum up")],
    every: Annotated[int, typer.Option(help="minutes of an interval of the file")] = 5,
    into: Annotated[int, typer.Option(help="minutes of an interval to write")] = 15,
) -> None:
    """Write counts of short intervals as the series that `backtest` reads."""
    with one_line(ValueError, OSError, EOFError), progress_bar() as bar, opened(file) as stream:
        reading = bar.add_task("rows", total=None)
        found = resampled(
            stream, Columns(time, place, count), every_min=every, into_min=into,
            row_done=lambda: bar.advance(reading),
        )  # fmt: skip
        lines = [("time", "place", "count"), *found]
        with output.open("w", encoding="utf-8", newline="") as target:
            csv.writer(target).writerows(lines)
    out.print(f"{len(lines) - 1} intervals written")


@contextmanager
def opened(file: Path) -> Iterator[TextIO]:
    """Yield the text of a file, packed or not."""
    if file.suffix == ".gz":
        with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as stream:
            yield stream
    else:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            yield stream


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, IsADirectoryError) as error:
        raise ValueError(f"there is no time zone {name}") from error


def _shares(text: str) -> tuple[float, float]:
    medium, separator, high = text.partition(",")
    if not separator:
        raise ValueError(f"{text}: two shares are needed, as 0.3,0.6")
    return float(medium), float(high)


def _calendar(panel: Panel, region: str, school: list[str]) -> Calendar:
    years = range(panel.first.year, panel.day(panel.days).year + 1)
    out_of_school: set[date] = set()
    for period in school:
        first, separator, last = period.partition("..")
        begin, end = date.fromisoformat(first), date.fromisoformat(last if separator else first)
        out_of_school.update(begin + timedelta(days=n) for n in range((end - begin).days + 1))
    return Calendar(
        public_holidays(region, years) if region else frozenset(), frozenset(out_of_school)
    )


def _print(result: Result, series: Series, *, groups: bool) -> None:
    print_table(HEADINGS, rows(result, series, groups=groups))
    out.print()
    print_table(CHANCE_HEADINGS, chance_rows(result))
    out.print(f"{result.days} days, each forecast from the days before it; errors mean absolute.")
    out.print("/week, /mean: error in parts of that of last week, of the historical mean")
    out.print("80 %: how often the interval held; level, week's, mean's: how often each was right")
