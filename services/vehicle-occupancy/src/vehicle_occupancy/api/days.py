# SPDX-License-Identifier: EUPL-1.2
"""Service days as callers name them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator

FIRST, LAST = date(1970, 1, 1), date(2199, 12, 31)
"""Beyond them lies no timetable, and at the ends of the calendar a day has no begin in UTC."""


def within(day: date) -> date:
    """Return a day that a timetable may have; raises ValueError at another."""
    if not FIRST <= day <= LAST:
        raise ValueError(f"service days go from {FIRST} to {LAST}")
    return day


AskedDay = Annotated[
    Annotated[date, AfterValidator(within)] | None,
    Query(alias="date", description="service day; today"),
]
