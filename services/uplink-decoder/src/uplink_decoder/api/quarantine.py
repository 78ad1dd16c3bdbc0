# SPDX-License-Identifier: EUPL-1.2
"""What could not be read, with its reason and bytes, and what was done about it."""

from __future__ import annotations

import base64
import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import (
    END_OF_TIME,
    HIGHEST_ID,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)
from stadttakt_runtime.http.problem import NotFound, ValidationFailed
from uplink_decoder.api.replay_request import DevEui, Moment, Word
from uplink_decoder.domain.selection import Selection
from uplink_decoder.domain.uplink import fingerprint
from uplink_decoder.storage import quarantine as storage
from uplink_decoder.storage.quarantine import State

router = APIRouter(prefix="/v1/quarantine", tags=["quarantine"])

SHOWN_BYTES = 4096
AnyState = Annotated[
    State | None, Query(description="`open` where nobody decided yet; all if omitted")
]


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
    uplink_id: uuid.UUID | None = Field(description="where it is stored as an uplink all the same")
    codec_id: str | None
    codec_version: int | None
    state: State
    retries: int
    changed_at: datetime | None
    erased_at: datetime | None = Field(description="when its bytes were forgotten")
    payload_bytes: int
    payload_base64: str


class Step(BaseModel):
    """One thing that was done about a message."""

    at: datetime
    action: str = Field(examples=["failed", "resolved", "discarded", "erased"])
    author: str
    author_role: str | None
    note: str | None
    reason: str | None
    detail: str | None


class WholeQuarantinedView(QuarantinedView):
    """One message with all its bytes, and what was done about it; `text` where it is printable."""

    payload_hex: str
    text: str | None
    deaths: int = Field(description="of the process, at which it was in flight")
    history: list[Step]


class ReasonView(BaseModel):
    """How many messages there are of one reason and codec."""

    reason: str
    codec_id: str | None
    open: int
    resolved: int
    discarded: int
    expired: int
    oldest_open: datetime | None
    newest: datetime


class ReasonsView(BaseModel):
    """The quarantine by reason and codec."""

    items: list[ReasonView]


class _Before(BaseModel):
    last_received_at: datetime
    quarantine_id: uuid.UUID


@router.get("", dependencies=[require("quarantine")])
async def list_quarantine(  # noqa: PLR0913 (one query parameter each)
    request: Request,
    *,
    reason: Annotated[Word | None, Query()] = None,
    source: Annotated[Word | None, Query()] = None,
    dev_eui: Annotated[DevEui | None, Query()] = None,
    codec_id: Annotated[Word | None, Query()] = None,
    state: AnyState = None,
    since: Annotated[Moment | None, Query(alias="from", description="last received then")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="exclusive")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[QuarantinedView]:
    """List quarantined messages, the newest first."""
    if since and until and since >= until:
        wrong = {"in": "query", "field": "from", "detail": "must be before `to`"}
        raise ValidationFailed([{**wrong, "code": "empty_period"}])
    selection = Selection(
        dev_euis=(dev_eui,) if dev_eui else (),
        codec_id=codec_id,
        source=source,
        reason=reason,
        from_time=since,
        to_time=until,
    )
    position = decode_cursor(cursor, _Before)
    before = (
        (position.last_received_at, position.quarantine_id)
        if position
        else (END_OF_TIME, HIGHEST_ID)
    )
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.list_quarantine(
            connection,
            selection,
            state=state,
            before=before,
            limit=limit + 1,
            shown_bytes=SHOWN_BYTES,
        )
    items = [QuarantinedView(**_fields(row)) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items=items)
    last = items[-1]
    following = _Before(last_received_at=last.last_received_at, quarantine_id=last.quarantine_id)
    return Page(items=items, next_cursor=encode_cursor(following))


@router.get("/summary", dependencies=[require("quarantine")])
async def summarise_quarantine(request: Request) -> ReasonsView:
    """Count quarantined messages by reason and codec, those with most open ones first."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.summary(connection)
    return ReasonsView(items=[ReasonView(**dict(row)) for row in rows])


@router.get("/{quarantine_id}", dependencies=[require("quarantine")])
async def get_quarantined(request: Request, quarantine_id: uuid.UUID) -> WholeQuarantinedView:
    """Return one message with its bytes and history."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        row = await storage.get(connection, quarantine_id)
        if row is None:
            raise not_found(quarantine_id)
        steps = await storage.history(connection, quarantine_id)
        print_ = fingerprint([row["topic"].encode(), row["payload"]])
        deaths = await storage.known_suspects(connection, [print_])
    return WholeQuarantinedView(
        **_fields(row),
        payload_hex=row["payload"].hex(),
        text=printable(row["payload"]),
        deaths=deaths.get(print_, 0),
        history=[Step(**dict(step)) for step in steps],
    )


def not_found(quarantine_id: uuid.UUID) -> NotFound:
    """Return the problem of a message that is not there."""
    return NotFound(f"there is no quarantined message {quarantine_id}")


def printable(payload: bytes) -> str | None:
    """Return a payload as text, if a person can read it."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return text if all(each.isprintable() or each in "\r\n\t" for each in text) else None


def _fields(row: Any) -> dict[str, Any]:
    stored = dict(row)
    payload: bytes = stored.pop("payload")
    return {**stored, "payload_base64": base64.b64encode(payload).decode()}
