# SPDX-License-Identifier: EUPL-1.2
"""Periods as they are asked for: `from` inclusive, `to` exclusive, both may be left out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import Query

from stadttakt_messages.base import UtcTime
from stadttakt_runtime.http.problem import ValidationFailed

LONGEST = timedelta(days=8)
MOST_DAYS = 400
USUAL_DAYS = 28
YEARS = range(2000, 2200)


class TimePeriod:
    """A period of times; the next 24 hours where nothing is said."""

    def __init__(
        self,
        start: Annotated[UtcTime | None, Query(alias="from", description="inclusive")] = None,
        end: Annotated[UtcTime | None, Query(alias="to", description="exclusive")] = None,
    ) -> None:
        self._start, self._end = start, end

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """Return begin and end; raises ValidationFailed for an impossible or very long period."""
        for named, each in (("from", self._start), ("to", self._end)):
            _within_reason(named, each)
        since = self._start or (self._end - timedelta(days=1) if self._end else now)
        until = self._end or since + timedelta(days=1)
        if not timedelta() < until - since <= LONGEST:
            raise out_of_range("from", f"must lie before `to`, by at most {LONGEST.days} days")
        return since, until


class DatePeriod:
    """A period of service days; the last four weeks where nothing is said."""

    def __init__(
        self,
        start: Annotated[date | None, Query(alias="from", description="inclusive")] = None,
        end: Annotated[date | None, Query(alias="to", description="exclusive")] = None,
    ) -> None:
        self._start, self._end = start, end

    def bounds(self, today: date) -> tuple[date, date]:
        """Return begin and end; raises ValidationFailed for an impossible or very long period."""
        for named, each in (("from", self._start), ("to", self._end)):
            _within_reason(named, each)
        usual = timedelta(days=USUAL_DAYS)
        until = self._end or (self._start + usual if self._start else today + timedelta(days=1))
        since = self._start or until - usual
        if not timedelta() < until - since <= timedelta(days=MOST_DAYS):
            raise out_of_range("from", f"must lie before `to`, by at most {MOST_DAYS} days")
        return since, until


def _within_reason(field: str, asked: date | None) -> None:
    if asked is not None and asked.year not in YEARS:
        raise out_of_range(field, f"must lie between {YEARS.start} and {YEARS.stop}")


def out_of_range(field: str, detail: str) -> ValidationFailed:
    """Return the problem of a period that is impossible or holds too much."""
    return ValidationFailed(
        [{"in": "query", "field": field, "detail": detail, "code": "out_of_range"}]
    )
