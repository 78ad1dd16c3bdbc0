# SPDX-License-Identifier: EUPL-1.2
"""The city's calendar: what is configured, with the public holidays of the years asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from parking_occupancy.domain.forecast.calendar import Calendar
from parking_occupancy.storage import forecasts
from stadttakt_runtime.public_holidays import public_holidays


async def calendar_of(connection: Any, since: datetime, until: datetime) -> Calendar:
    """Return the calendar; in UTC and without holidays where no city was applied."""
    stored = await forecasts.read_calendar(connection)
    if stored is None:
        return Calendar(ZoneInfo("UTC"))
    years = range(since.astimezone(UTC).year, until.year + 2)
    holidays = public_holidays(stored.public_holidays, years) if stored.public_holidays else ()
    return Calendar(ZoneInfo(stored.timezone), frozenset(holidays), stored.special_days)


async def holidays_between(connection: Any, since: date, until: date) -> frozenset[date]:
    """Return the public holidays of the years from one day to another, none without a region."""
    stored = await forecasts.read_calendar(connection)
    if stored is None or not stored.public_holidays:
        return frozenset()
    return public_holidays(stored.public_holidays, range(since.year, until.year + 1))
