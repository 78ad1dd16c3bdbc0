# SPDX-License-Identifier: EUPL-1.2
"""Numbers and times as people write them, in the city's own time zone."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from open_data_publisher.domain.portal import Language

_DATES = {"de": "%d.%m.%Y", "en": "%d/%m/%Y"}


def number(value: float, language: Language, digits: int = 0) -> str:
    """Return a number with the language's separators; a half is not lost by rounding to `digits`."""
    written = f"{value:,.{digits}f}"
    return written.translate(str.maketrans(",.", ".,")) if language == "de" else written


def clock(moment: datetime, zone: str) -> str:
    """Return the time of day."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def day(value: date, language: Language, zone: str = "UTC") -> str:
    """Return a date; a moment's is that of the zone."""
    local = value.astimezone(ZoneInfo(zone)) if isinstance(value, datetime) else value
    return local.strftime(_DATES[language])
