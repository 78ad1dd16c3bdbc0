# SPDX-License-Identifier: EUPL-1.2
"""Query parameters of the environment series: area, period, bucket; anything wrong is 422."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime

from stadttakt_runtime.http.problem import ValidationFailed

EVERYWHERE = (-180.0, -90.0, 180.0, 90.0)
DEFAULT_PERIOD = timedelta(hours=24)
FIRST_YEAR, LAST_YEAR = 1900, 2999
Bbox = tuple[float, float, float, float]


def _in_utc(time: datetime) -> datetime:
    """Return the time in UTC; the years keep every conversion in the range of `datetime`."""
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise ValueError(f"a year from {FIRST_YEAR} to {LAST_YEAR} is wanted")
    return time.astimezone(UTC)


Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]
From = Annotated[Time | None, Query(alias="from", description="inclusive; else 24 h before `to`")]
To = Annotated[Time | None, Query(description="exclusive; else now")]
BboxText = Annotated[
    str | None,
    Query(alias="bbox", max_length=200, description="west,south,east,north in degrees (WGS 84)"),
]


class BucketWidth(StrEnum):
    """How wide the buckets of a roll-up are; in UTC."""

    QUARTER = "15m"
    HOUR = "1h"
    DAY = "1d"

    @property
    def seconds(self) -> int:
        """Return the width in seconds."""
        return {"15m": 900, "1h": 3600, "1d": 86_400}[self.value]


def read_period(since: datetime | None, until: datetime | None, now: datetime) -> Period:
    """Return the period asked for; 422 where it ends before it begins."""
    end = until or now
    begin = since or end - DEFAULT_PERIOD
    if begin >= end:
        raise _failed("from", "must be before `to`", "empty_period")
    return begin, end


Period = tuple[datetime, datetime]


def read_bbox(text: str | None) -> Bbox:
    """Return an area as west, south, east, north; 422 for anything else."""
    if text is None:
        return EVERYWHERE
    parts = text.split(",")
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError as error:
        raise _failed("bbox", "four numbers are wanted", "invalid_bbox") from error
    inside = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    if not inside or not all(math.isfinite(edge) for edge in (west, south, east, north)):
        raise _failed("bbox", "west <= east and south <= north, in degrees", "invalid_bbox")
    return west, south, east, north


def _failed(field: str, detail: str, code: str) -> ValidationFailed:
    return ValidationFailed([{"in": "query", "field": field, "detail": detail, "code": code}])
