# SPDX-License-Identifier: EUPL-1.2
"""`GET /v1/rejections`: messages that a service could not take, with their reasons."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict

from stadttakt_runtime import rejected
from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import (
    END_OF_TIME,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)

SHOWN_BYTES = 4096


class RejectionView(BaseModel):
    """One message as it came; the same one again is counted."""

    rejection_id: str
    topic: str
    reason: str
    detail: str
    payload_base64: str
    bytes: int
    received_at: datetime
    last_received_at: datetime
    times: int


class _Before(BaseModel):
    model_config = ConfigDict(extra="forbid")
    at: AwareDatetime
    digest: str


Reason = Annotated[str | None, Query(pattern=r"^[a-z_]{1,60}$")]


def rejection_router(scope: Scope) -> APIRouter:
    """Return the routes of a service whose schema has a table `rejected`."""
    router = APIRouter(prefix="/v1/rejections", tags=["inputs"])

    @router.get("", dependencies=[require(scope)])
    async def rejections(
        request: Request, reason: Reason = None, limit: Limit = 100, cursor: Cursor = None
    ) -> Page[RejectionView]:
        """List rejected messages, those that came last first; at most 4 KiB of each are shown."""
        return await _page(request.app.state.database, reason=reason, limit=limit, cursor=cursor)

    return router


async def _page(
    database: Database, *, reason: str | None, limit: int, cursor: str | None
) -> Page[RejectionView]:
    position = decode_cursor(cursor, _Before)
    before = (position.at, _digest(position.digest)) if position else (END_OF_TIME, b"")
    async with database.connection() as connection:
        rows = await rejected.newest_first(
            connection, before=before, reason=reason, limit=limit + 1
        )
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=[_view(row) for row in shown], next_cursor=_after(shown[-1]) if more else None
    )


def _after(row: Any) -> str:
    return encode_cursor(_Before(at=row["last_received_at"], digest=row["digest"].hex()))


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _view(row: Any) -> RejectionView:
    return RejectionView(
        rejection_id=row["digest"].hex(),
        topic=row["topic"],
        reason=row["reason"],
        detail=row["detail"],
        payload_base64=base64.b64encode(row["payload"][:SHOWN_BYTES]).decode(),
        bytes=len(row["payload"]),
        received_at=row["received_at"],
        last_received_at=row["last_received_at"],
        times=row["times"],
    )
