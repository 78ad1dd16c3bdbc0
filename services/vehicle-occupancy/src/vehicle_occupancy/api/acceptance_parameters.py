# SPDX-License-Identifier: EUPL-1.2
"""What requests of acceptance tests say in path and query."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Path, Query
from pydantic import AfterValidator, StringConstraints

from stadttakt_runtime.http.paging import HIGHEST_NUMBER


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters cannot be kept")
    return text


def _known(timezone: str) -> str:
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("there is no such time zone") from error
    return timezone


Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_printable),
    Query(description="what was tested, such as a system and a season"),
]
Timezone = Annotated[
    str, AfterValidator(_known), Query(max_length=60, description="of the page's time")
]
Margin = Annotated[float, Query(ge=0.01, le=50, description="largest bias, in percent")]
Confidence = Annotated[float, Query(ge=50, le=99.9, description="of the interval, in percent")]
AcceptanceId = Annotated[int, Path(ge=1, le=HIGHEST_NUMBER)]
