# SPDX-License-Identifier: EUPL-1.2
"""What a city says of its days, as parking keeps it for its forecasts."""

from __future__ import annotations

from pathlib import Path

from parking_occupancy.storage.forecasts import StoredCalendar
from stadttakt_runtime.city_days import read_city_days


def read_calendar(folder: Path, timezone: str) -> StoredCalendar:
    """Return the calendar of a city folder whose city.yaml was read for its time zone.

    Raises CityError that names file and line.
    """
    days = read_city_days(folder, "parking")
    return StoredCalendar(timezone, days.public_holidays, days.special)
