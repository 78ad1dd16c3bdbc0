# SPDX-License-Identifier: EUPL-1.2
"""`GET /v1/alerts`: a service's own alerts, open and past, and what changed since a poller looked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from stadttakt_messages.notices import AlertText, Detail, Severity
from stadttakt_runtime.alerts import storage
from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import Cursor, Limit, decode_cursor, encode_cursor

HIGHEST = 2**63 - 1

ChangedSince = Annotated[
    str | None,
    Query(
        max_length=2000,
        description="`changes_cursor` of an earlier answer, or an RFC 3339 time:"
        " only what changed after it",
    ),
]


class AlertView(BaseModel):
    """One alert from raised to cleared; `changed_at` is also when it was raised or cleared."""

    alert_id: str
    kind: str
    severity: Severity
    text: AlertText
    details: dict[str, Detail]
    active: bool
    since: datetime
    changed_at: datetime
    cleared_at: datetime | None
    simulated: bool


class AlertPage(BaseModel):
    """One page of alerts in the order of their last change."""

    items: list[AlertView]
    next_cursor: str | None = Field(
        None, description="null on the last page; with `changed_since` never null"
    )
    changes_cursor: str = Field(description="for `changed_since`: what changes after this answer")


class _AfterChange(BaseModel):
    change: Annotated[int, Field(ge=0, le=HIGHEST)]


def alert_router(scope: Scope) -> APIRouter:
    """Return the router for an application that has a database; `scope` opens it."""
    router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

    @router.get("", dependencies=[require(scope)])
    async def list_alerts(
        request: Request,
        active: Annotated[bool | None, Query(description="true: open, false: cleared")] = None,
        kind: Annotated[str | None, Query(pattern=r"^[a-z-]{1,60}$")] = None,
        changed_since: ChangedSince = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> AlertPage:
        """List alerts, the longest unchanged first.

        A poller keeps `changes_cursor` and asks with `changed_since` again and again; it gets
        alerts that were raised, renewed or cleared since, each as it is now.
        """
        since = _since(changed_since)
        page = decode_cursor(cursor, _AfterChange)
        database: Database = request.app.state.database
        async with database.connection() as connection:
            if isinstance(since, datetime):
                since = await storage.change_before(connection, since)
            after = max(page.change if page else 0, since)
            rows = await storage.list_alerts(
                connection, after=after, active=active, kind=kind, limit=limit + 1
            )
        return _page(rows, limit, after, is_poll=changed_since is not None)

    return router


def _since(given: str | None) -> datetime | int:
    """Read a poller's position: a time, or a change that it has seen."""
    if not given:
        return 0
    try:
        time = datetime.fromisoformat(given)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        position = decode_cursor(given, _AfterChange, parameter="changed_since")
    return position.change if position else 0


def _page(rows: list[Any], limit: int, after: int, *, is_poll: bool) -> AlertPage:
    shown = rows[:limit]
    last = encode_cursor(_AfterChange(change=shown[-1]["change"] if shown else after))
    more = len(rows) > limit
    return AlertPage(
        items=[_view(row) for row in shown],
        next_cursor=last if more or is_poll else None,
        changes_cursor=last,
    )


def _view(row: Any) -> AlertView:
    return AlertView(
        alert_id=row["alert_id"],
        kind=row["kind"],
        severity=row["severity"],
        text=AlertText(de=row["text_de"], en=row["text_en"]),
        details=orjson.loads(row["details"]),
        active=row["cleared_at"] is None,
        since=row["raised_at"],
        changed_at=row["changed_at"],
        cleared_at=row["cleared_at"],
        simulated=row["simulated"],
    )
