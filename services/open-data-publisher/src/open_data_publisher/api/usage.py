# SPDX-License-Identifier: EUPL-1.2
"""How much what is published is used, by day; public, since it tells of nobody."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from open_data_publisher.domain.usage import Client, Kind
from open_data_publisher.storage import usage
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import ValidationFailed

router = APIRouter(prefix="/v1/usage", tags=["usage"])
LONGEST = timedelta(days=732)
USUAL = timedelta(days=31)


class UsageView(BaseModel):
    """Requests of one day."""

    day: date
    kind: Kind
    subject: str = Field(description="id of a feed or dataset, or the pattern of a page's path")
    client: Client
    requests: int


class UsageList(BaseModel):
    """Requests by day of the city; `from` inclusive, `to` exclusive."""

    since: date = Field(alias="from")
    until: date = Field(alias="to")
    items: list[UsageView]


@router.get("")
async def list_usage(
    request: Request,
    since: Annotated[date | None, Query(alias="from", description="first day")] = None,
    until: Annotated[date | None, Query(alias="to", description="day after the last")] = None,
    kind: Kind | None = None,
    subject: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
) -> UsageList:
    """List how often feeds, datasets and pages were asked for; the last 31 days without `from`, `to`."""
    until = until or utc_now().date() + timedelta(days=1)
    since = since or max(date.min, until - min(USUAL, until - date.min))
    if not timedelta() < until - since <= LONGEST:
        text = f"`from` lies before `to`, at most {LONGEST.days} days"
        raise ValidationFailed(
            [{"in": "query", "field": "from", "detail": text, "code": "wrong_period"}]
        )
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await usage.between(
            connection, since, until, kind=kind.value if kind else None, subject=subject
        )
    return UsageList.model_validate({"from": since, "to": until, "items": [dict(r) for r in rows]})
