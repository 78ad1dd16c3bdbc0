# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt parking backtest`: how good forecasts of a series would have been."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from parking_occupancy.domain.forecast.calendar import Calendar
from parking_occupancy.domain.forecast.panel import Panel
from parking_occupancy.forecasting.backtest import Result, backtest
from parking_occupancy.forecasting.csv_series import read_capacities, read_series, spacing
from parking_occupancy.forecasting.gridding import to_panel
from parking_occupancy.forecasting.plot import draw
from parking_occupancy.forecasting.report import as_document, lot_rows, mean_rows, write_scores
from parking_occupancy.forecasting.weather_file import read_weather
from stadttakt_runtime.commands.output import AsJson, one_line, out, print_json, print_table
from stadttakt_runtime.public_holidays import UnknownRegionError, public_holidays

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, or CSV.gz")]
HORIZON_COLUMNS = ("min", "lots", "forecast", "seasonal mean", "80 % interval holds", "width")
LOT_COLUMNS = ("lot", "min", "error", "persist.", "seasonal", "ratio", "holds")


def backtest_command(  # noqa: PLR0913  # options
    file: File,
    test_from: Annotated[str, typer.Option(help="first day of the test, such as 2025-12-01")],
    *,
    timezone: Annotated[str, typer.Option(help="the city's, for times without one")] = (
        "Europe/Berlin"
    ),
    holidays: Annotated[
        str, typer.Option(help="public holidays, as DE-ST; empty: none", metavar="COUNTRY-PART")
    ] = "",
    capacities: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="CSV lot_id,capacity")
    ] = None,
    weather: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="CSV time,temperature_c,…")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(file_okay=False, help="folder for scores.csv, .json, plot.svg")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Learn from what lies before a date, forecast from then on, score as docs/forecast.md says."""
    with one_line(ValueError, OSError, EOFError, UnknownRegionError):
        zone = _zone(timezone)
        begin = datetime.fromisoformat(test_from)
        begin = begin if begin.tzinfo else begin.replace(tzinfo=zone)
        with _opened(file) as stream:
            series = read_series(stream, file.name, zone)
        if not series.readings:
            raise ValueError(f"{file.name} holds no readings")
        stated = read_capacities(capacities) if capacities else {}
        panel = to_panel(series, spacing(series), begin, stated)
        measured = read_weather(weather, zone) if weather else []
        calendar = _calendar(panel, zone, holidays)
        result = backtest(panel, calendar, begin, measured=measured)
        if report:
            _write(report, result)
    if as_json:
        print_json(as_document(result))
    else:
        _print(result, report)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, IsADirectoryError) as error:
        raise ValueError(f"there is no time zone {name}") from error


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    if file.suffix == ".gz":
        with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as stream:
            yield stream
    else:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            yield stream


def _calendar(panel: Panel, zone: ZoneInfo, region: str) -> Calendar:
    years = range(panel.start.year, panel.at(panel.ticks).year + 2)
    return Calendar(zone, public_holidays(region, years) if region else frozenset())


def _write(folder: Path, result: Result) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_scores(folder, result)
    (folder / "plot.svg").write_text(draw(result), encoding="utf-8")


def _print(result: Result, report: Path | None) -> None:
    print_table(LOT_COLUMNS, lot_rows(result))
    out.print()
    print_table(HORIZON_COLUMNS, mean_rows(result))
    out.print("forecast, seasonal mean: error in parts of persistence's, mean over the scored lots")
    for lot_id, standing in result.standing.items():
        if lot_id not in result.scores:
            out.print(f"not scored: {lot_id}: {standing}", markup=False)
    if report:
        out.print(f"written: {report}/scores.csv, scores.json, plot.svg", markup=False)
