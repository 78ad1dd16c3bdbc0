# SPDX-License-Identifier: EUPL-1.2
"""An asset's series as JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from fastapi import Request, Response
from pydantic import BaseModel

from stadttakt_runtime.http.conditional import respond
from uplink_decoder.domain.series import Interval, completeness

CSV = "text/csv"
JSON = "application/json"


class ValueItem(BaseModel):
    """One value; `implausible` ones are in no roll-up."""

    quantity: str
    time: datetime
    value: float
    unit: str
    quality: Literal["good", "implausible"]
    simulated: bool


class BucketItem(BaseModel):
    """What one bucket holds; completeness is null where no expected interval is known.

    The mean of directions is that of their vectors, that of LAeq the level of the mean energy.
    """

    quantity: str
    start: datetime
    unit: str
    count: int
    mean: float
    min: float
    max: float
    first: float
    last: float
    completeness: float | None
    simulated: bool


class SeriesPage(BaseModel):
    """One page of an asset's series."""

    asset_id: str
    bucket: Literal["15m", "1h", "1d"] | None
    items: list[ValueItem | BucketItem]
    next_cursor: str | None = None


def raw_items(rows: Sequence[Any]) -> list[ValueItem]:
    """Return stored values as items."""
    return [
        ValueItem(
            quantity=row["quantity"],
            time=row["observed_at"],
            value=row["value"],
            unit=row["unit"],
            quality=row["quality"],
            simulated=row["simulated"],
        )
        for row in rows
    ]


def bucket_items(
    rows: Sequence[Any], *, width: timedelta, now: datetime, intervals: Sequence[Interval]
) -> list[BucketItem]:
    """Return roll-ups as items; the present bucket is measured by the time gone by."""
    items = []
    for row in rows:
        start = row["start"]
        end = max(min(start + width, now), start + timedelta(seconds=1))
        part = completeness(row["count"], start, end, intervals)
        items.append(BucketItem(**dict(row), completeness=part))
    return items


def series_response(
    request: Request, page: SeriesPage, *, now: datetime, headers: Mapping[str, str]
) -> Response:
    """Answer with a page in the form that the client prefers, JSON unless it names CSV."""
    shared = {**headers, "vary": "accept"}
    if not wants_csv(request.headers.get("accept", "")):
        return respond(request, page.model_dump_json().encode(), last_modified=now, headers=shared)
    if page.next_cursor:
        following = request.url.include_query_params(cursor=page.next_cursor)
        shared["link"] = f'<?{following.query}>; rel="next"'
    return respond(
        request,
        _csv(page),
        last_modified=now,
        media_type=f"{CSV}; charset=utf-8",
        headers=shared,
    )


def wants_csv(accept: str) -> bool:
    """Tell whether CSV is named before JSON or without it."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    if CSV not in kinds:
        return False
    return JSON not in kinds or kinds.index(CSV) < kinds.index(JSON)


def _csv(page: SeriesPage) -> bytes:
    model = ValueItem if page.bucket is None else BucketItem
    text = io.StringIO()
    writer = csv.DictWriter(text, ["asset_id", *model.model_fields], lineterminator="\r\n")
    writer.writeheader()
    for item in page.items:
        writer.writerow({"asset_id": page.asset_id, **item.model_dump(mode="json")})
    return text.getvalue().encode()
