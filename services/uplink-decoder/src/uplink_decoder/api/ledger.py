# SPDX-License-Identifier: EUPL-1.2
"""The ledger: what came in and what became of it, per source and hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Problem
from uplink_decoder.domain.ledger import Line
from uplink_decoder.storage import ledger as storage

router = APIRouter(prefix="/v1/ledger", tags=["ledger"])

LONGEST = timedelta(days=31)
MOST_ITEMS = 100_000

SourceId = Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,60}$")]


class PeriodTooLong(Problem):
    """The period is empty, backwards, or longer than a month."""

    status, code, title = 422, "wrong_period", "The period is not one that can be answered"


class LedgerItem(BaseModel):
    """The sums of one source and hour of receipt, over all decoders."""

    source: str
    topic_class: str | None = Field(None, description="with `by_class=true`")
    hour: datetime
    received: int
    stored: int
    duplicate: int
    quarantined: int
    in_flight: int = Field(description="held by a decoder, as of at most two seconds ago")
    gap: int = Field(description="received less the other four; not 0 means a loss or a fault")
    returned: int = Field(
        description="held by a process that died: they count again when they come again"
    )


class LedgerView(BaseModel):
    """Received = stored + duplicate + quarantined + in flight."""

    items: list[LedgerItem]
    balanced: bool


@router.get("", dependencies=[require("uplinks:read")])
async def read_ledger(
    request: Request,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    source: SourceId = None,
    by_class: bool = False,  # noqa: FBT001, FBT002 (a query parameter)
) -> LedgerView:
    """Read the books of a period of at most 31 days, without `from` and `to` the last 24 hours.

    Hours are those of receipt; the hour that holds `from` is included, `to` is not.
    """
    until = until or utc_now()
    since = since or _a_day_before(until)
    if not since < until or until - since > LONGEST:
        raise PeriodTooLong("from lies before to, at most 31 days")
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.sums(
            connection,
            since=since,
            until=until,
            source_id=source,
            by_class=by_class,
            limit=MOST_ITEMS + 1,
        )
    if len(rows) > MOST_ITEMS:
        raise PeriodTooLong("too many lines; ask for a shorter period or one source")
    items = [_item(row) for row in rows]
    return LedgerView(items=items, balanced=not any(item.gap for item in items))


def _a_day_before(until: datetime) -> datetime:
    try:
        return until - timedelta(days=1)
    except OverflowError as error:
        raise PeriodTooLong("there is no day before that") from error


def _item(row: Any) -> LedgerItem:
    line = Line(*(row[name] for name in Line._fields))
    return LedgerItem(**dict(row), gap=line.gap)
