# SPDX-License-Identifier: EUPL-1.2
"""What a lot was: counts per bucket of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, BaseModel, Field

from parking_occupancy.api.documents import UNKNOWN_ID
from parking_occupancy.api.present import PresentBoard
from parking_occupancy.domain.history import WIDTHS
from parking_occupancy.storage import forecasts, history
from stadttakt_messages.base import LotId, UtcTime
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound, ValidationFailed

router = APIRouter(prefix="/v1/lots", tags=["lots"])

DAY = timedelta(days=1)
MOST = 10_000
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _within_reason(time: datetime) -> datetime:
    if not EARLIEST <= time <= LATEST:
        raise ValueError(f"must lie between {EARLIEST:%Y} and {LATEST:%Y}")
    return time


Time = Annotated[UtcTime, AfterValidator(_within_reason)]


class HistoryItem(BaseModel):
    """One bucket; means are weighted by time, `free_*` is what was surely free.

    `free_*` and `occupied_mean` are of the time in which any place was known, null where none was.
    """

    start: datetime
    free_mean: float | None
    free_min: int | None
    free_max: int | None
    occupied_mean: float | None
    unknown_mean: float = Field(description="places unknown, those without a sensor included")
    completeness: float = Field(description="share of place time that was known, 0 to 1")
    known_share: float = Field(description="share of the time in which any place was known, 0 to 1")


class History(BaseModel):
    """A lot's past, of the general user group; a bucket that has not ended is not there yet."""

    lot_id: str
    bucket: str
    timezone: str = Field(
        description="the city's: a bucket of 1d is one of its days, of 23 to 25 h"
    )
    items: list[HistoryItem]


@router.get(
    "/{lot_id}/history", summary="What a lot was", responses=UNKNOWN_ID, response_model=History
)
async def lot_history(
    request: Request,
    board: PresentBoard,
    lot_id: str,
    start: Annotated[Time | None, Query(alias="from", description="inclusive")] = None,
    end: Annotated[Time | None, Query(alias="to", description="exclusive")] = None,
    bucket: Literal["5m", "15m", "1h", "1d"] = "15m",
) -> Response:
    """Without times: the last 24 hours. Days are the city's. Late observations change the past."""
    if LotId(lot_id) not in board.city.lots:
        raise NotFound(f"there is no lot {lot_id}")
    width = WIDTHS[bucket]
    until = end or (start + DAY if start else utc_now())
    since = start or until - DAY
    if since >= until:
        raise wrong("from", "must lie before `to`")
    if (until - since) / width > MOST:
        raise wrong("bucket", f"more than {MOST} buckets; ask for wider ones or less time")
    database: Database = request.app.state.database
    async with database.connection() as connection:
        timezone = await forecasts.read_timezone(connection)
        found = await history.read(connection, lot_id, width, since, until)
    # A month has 2,880 buckets: building and checking a model of each takes longer than the query.
    told = {
        "lot_id": lot_id,
        "bucket": bucket,
        "timezone": timezone,
        "items": [each._asdict() for each in found],
    }
    return Response(orjson.dumps(told, option=orjson.OPT_UTC_Z), media_type="application/json")


def wrong(field: str, detail: str) -> ValidationFailed:
    """Return the problem of a parameter that is out of range."""
    return ValidationFailed(
        [{"in": "query", "field": field, "detail": detail, "code": "out_of_range"}]
    )
