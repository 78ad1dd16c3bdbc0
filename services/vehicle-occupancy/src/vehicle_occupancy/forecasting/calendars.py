# SPDX-License-Identifier: EUPL-1.2
"""The city's calendar: what is configured, with the public holidays of the years asked for."""

from __future__ import annotations

from datetime import date

from stadttakt_runtime.public_holidays import public_holidays
from vehicle_occupancy.domain.forecast.calendar import Calendar
from vehicle_occupancy.storage.forecast_settings import ForecastSettings

NO_SCHOOL = 1


def calendar_of(settings: ForecastSettings, since: date, until: date) -> Calendar:
    """Return the calendar for a period."""
    years = range(since.year, until.year + 1)
    region = settings.public_holidays
    return Calendar(
        public_holidays(region, years) if region else frozenset(),
        frozenset(day for day, kind in settings.special_days.items() if kind == NO_SCHOOL),
        frozenset(day for day, kind in settings.special_days.items() if kind > NO_SCHOOL),
    )
