# SPDX-License-Identifier: EUPL-1.2
"""Numbers, days and periods as the readers of a page write them."""

from __future__ import annotations

from datetime import date

from kpi_aggregator.domain.periods import Period, read_period
from kpi_aggregator.pages.texts import Language
from kpi_aggregator.reporting import words

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_SWAP = str.maketrans(",.", ".,")


def number(value: float, language: Language, *, whole: bool = False, signed: bool = False) -> str:
    """Return a number with the language's separators."""
    german = words.number(value, whole=whole, signed=signed)
    return german if language == "de" else german.translate(_SWAP)


def share(part: float, language: Language) -> str:
    """Return a share in percent; not all is never 100."""
    german = words.share(part)
    return german if language == "de" else german.replace("\u00a0", "")


def evenness(value: float, language: Language) -> str:
    """Return an evenness; what is not quite even is never 1."""
    german = words.evenness(value)
    return german if language == "de" else german.translate(_SWAP)


def day(value: date, language: Language) -> str:
    """Return a day."""
    return (
        words.day(value)
        if language == "de"
        else f"{value.day} {MONTHS[value.month - 1]} {value.year}"
    )


def period(name: str, language: Language) -> str:
    """Return the period of a value: Oktober 2026, quarter 3 of 2026."""
    if language == "de":
        return words.period(name)
    length, start = read_period(name)
    match length:
        case Period.DAY:
            return day(start, language)
        case Period.WEEK:
            return f"week of {day(start, language)}"
        case Period.MONTH:
            return f"{MONTHS[start.month - 1]} {start.year}"
        case Period.QUARTER:
            return f"quarter {(start.month - 1) // 3 + 1} of {start.year}"
        case Period.YEAR:
            return f"{start.year}"
