"""What could not be read, with its reason and bytes."""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import Cursor, Page, decode_cursor, encode_cursor
from uplink_decoder.storage import quarantine as storage

router = APIRouter(prefix="/v1/quarantine", tags=["quarantine"])

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
HIGHEST_ID = uuid.UUID(int=(1 << 128) - 1)
SHOWN_BYTES = 4096


class QuarantinedView(BaseModel):
    """One message that could not be read; `payload_base64` holds its first 4 KiB."""

    quarantine_id: uuid.UUID
    received_at: datetime
    last_received_at: datetime
    times: int
    source_id: str
    topic: str
    reason: str
    detail: str
    dev_eui: str | None
    uplink_id: uuid.UUID | None
    codec_id: str | None
    codec_version: int | None
    payload_bytes: int
    payload_base64: str


class _Before(BaseModel):
    last_received_at: datetime
    quarantine_id: uuid.UUID


@router.get("", dependencies=[require("quarantine")])
async def list_quarantine(
    request: Request,
    reason: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Cursor = None,
) -> Page[QuarantinedView]:
    """List quarantined messages, the newest first."""
    position = decode_cursor(cursor, _Before)
    before = (
        (position.last_received_at, position.quarantine_id)
        if position
        else (END_OF_TIME, HIGHEST_ID)
    )
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.list_quarantine(
            connection, reason=reason, before=before, limit=limit + 1
        )
    items = [_view(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items=items)
    last = items[-1]
    following = _Before(last_received_at=last.last_received_at, quarantine_id=last.quarantine_id)
    return Page(items=items, next_cursor=encode_cursor(following))


def _view(row: Any) -> QuarantinedView:
    stored = dict(row)
    payload: bytes = stored.pop("payload")
    shown = base64.b64encode(payload[:SHOWN_BYTES]).decode()
    return QuarantinedView(**stored, payload_bytes=len(payload), payload_base64=shown)
