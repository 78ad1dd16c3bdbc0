# SPDX-License-Identifier: EUPL-1.2
"""Reads measured weather from a CSV file, as docs/forecast.md describes it."""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from parking_occupancy.domain.forecast.weather import Measured
from parking_occupancy.forecasting.csv_series import SeriesError
from stadttakt_runtime.log import get_logger

log = get_logger(__name__)
TEMPERATURE, PRECIPITATION = "temperature_c", "precipitation_mm_h"


def read_weather(file: Path, timezone: ZoneInfo) -> list[Measured]:
    """Return the measurements in order; times without an offset are of `timezone`."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        try:
            header = set(reader.fieldnames or ())
            if "time" not in header or not header & {TEMPERATURE, PRECIPITATION}:
                raise ValueError(f"the header must have time and {TEMPERATURE} or {PRECIPITATION}")  # noqa: TRY301
            found = [_measured({**row}, timezone) for row in reader]
        except (ValueError, TypeError, OverflowError, csv.Error) as error:
            raise SeriesError(f"{file}:{reader.line_num}: {error}") from error
    return sorted(found)


def measured_weather(file: Path | None, timezone: ZoneInfo) -> list[Measured]:
    """Return what a file holds; nothing, and a warning, where it cannot be read at present."""
    if file is None:
        return []
    try:
        return read_weather(file, timezone)
    except (OSError, SeriesError) as error:
        log.warning("weather_not_read", file=str(file), error=str(error))
        return []


def _measured(row: dict[str, str | None], timezone: ZoneInfo) -> Measured:
    at = datetime.fromisoformat((row["time"] or "").strip())
    at = at if at.tzinfo else at.replace(tzinfo=timezone)
    return Measured(
        at.astimezone(UTC), _number(row.get(TEMPERATURE)), _number(row.get(PRECIPITATION))
    )


def _number(text: str | None) -> float:
    if not text:
        return math.nan
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no measurement")
    return number
