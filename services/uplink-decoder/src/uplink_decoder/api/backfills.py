# SPDX-License-Identifier: EUPL-1.2
"""Fetches from a server's storage: asked for, watched, cancelled and taken up again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import (
    END_OF_TIME,
    HIGHEST_ID,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)
from stadttakt_runtime.http.problem import Conflict, NotFound, ValidationFailed
from uplink_decoder.api.window import Time
from uplink_decoder.backfill.asking import WrongRequestError, ask, storage_of
from uplink_decoder.storage import backfills as storage

router = APIRouter(prefix="/v1/backfills", tags=["backfills"])

MAX_DEVICES = 1000
State = Literal["queued", "running", "waiting", "done", "failed", "cancelled"]
SourceId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
DeviceName = Annotated[
    str, StringConstraints(pattern=r"^([0-9a-fA-F]{16}|[a-z0-9](-?[a-z0-9]){1,35})$")
]
CallerOf = Annotated[Principal, require("replay")]


class BackfillRequest(WriteModel):
    """What to fetch; times are those at which the server received the messages."""

    source_id: SourceId
    from_time: Annotated[Time, Field(alias="from", description="inclusive")]
    to_time: Annotated[Time | None, Field(alias="to", description="exclusive; else now")] = None
    devices: Annotated[
        tuple[DeviceName, ...],
        Field(max_length=MAX_DEVICES, description="device ids or EUIs; none is all"),
    ] = ()


class BackfillView(BaseModel):
    """One fetch; of what is `fetched`, `missing` had not come live and `broken` was no message."""

    backfill_id: uuid.UUID
    source_id: str
    reason: Literal["start", "reconnect", "periodic", "request"]
    state: State
    requested_at: datetime
    requested_by: str
    from_time: datetime = Field(serialization_alias="from")
    to_time: datetime = Field(serialization_alias="to")
    devices: list[str]
    position: datetime | None = Field(description="everything up to here is stored")
    progress: float = Field(description="share of the period that is done, 0 to 1")
    fetched: int
    missing: int
    broken: int
    attempts: int = Field(description="since something was fetched last")
    next_attempt_at: datetime | None
    detail: str | None = Field(description="why it waits or failed")
    started_at: datetime | None
    updated_at: datetime
    finished_at: datetime | None


class _Before(BaseModel):
    requested_at: Time
    backfill_id: uuid.UUID


@router.post("", status_code=202, response_model=BackfillView)
async def start_backfill(
    request: Request, body: BackfillRequest, once: Idempotent, caller: CallerOf
) -> Response:
    """Queue a fetch; what came live already is recognised and not stored again."""
    now = utc_now()
    database: Database = request.app.state.database
    try:
        source, kept = storage_of(request.app.state.sources, body.source_id)
        async with database.transaction() as connection:
            if repeated := await once.recall(connection):
                return repeated
            row = await ask(
                connection,
                kept,
                source_id=source.source_id,
                period=(body.from_time, body.to_time or now),
                devices=body.devices,
                by=str(caller),
                now=now,
            )
            view = _view(row)
            location = f"/v1/backfills/{view.backfill_id}"
            return await once.answer(connection, view, 202, location=location)
    except WrongRequestError as error:
        where = {"in": "body", "field": error.field, "code": error.code}
        raise ValidationFailed([{**where, "detail": str(error)}]) from error


@router.get("", dependencies=[require("replay")])
async def list_backfills(
    request: Request,
    source: Annotated[SourceId | None, Query()] = None,
    state: State | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[BackfillView]:
    """List fetches, the newest first; those the decoder began itself too."""
    position = decode_cursor(cursor, _Before)
    before = (position.requested_at, position.backfill_id) if position else None
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.list_backfills(
            connection,
            before=before or (END_OF_TIME, HIGHEST_ID),
            source_id=source,
            state=state,
            limit=limit + 1,
        )
    items = [_view(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items=items)
    last = items[-1]
    after = _Before(requested_at=last.requested_at, backfill_id=last.backfill_id)
    return Page(items=items, next_cursor=encode_cursor(after))


@router.get("/{backfill_id}", dependencies=[require("replay")])
async def get_backfill(request: Request, backfill_id: uuid.UUID) -> BackfillView:
    """Return a fetch with its progress."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        return _view(await _row(connection, backfill_id))


@router.post("/{backfill_id}:cancel", dependencies=[require("replay")])
async def cancel_backfill(request: Request, backfill_id: uuid.UUID) -> BackfillView:
    """Stop a fetch where it is; what it fetched stays."""
    return await _move(request, backfill_id, "cancelled", ("queued", "running", "waiting"))


@router.post("/{backfill_id}:resume", status_code=202, dependencies=[require("replay")])
async def resume_backfill(request: Request, backfill_id: uuid.UUID) -> BackfillView:
    """Take up a cancelled or failed fetch where it stopped, or try a waiting one now."""
    return await _move(request, backfill_id, "queued", ("cancelled", "failed", "waiting"))


async def _move(
    request: Request, backfill_id: uuid.UUID, to: str, of: tuple[str, ...]
) -> BackfillView:
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        row = await storage.move(connection, backfill_id, to=to, of=of, now=utc_now())
        if row is None:
            state = (await _row(connection, backfill_id))["state"]
            raise Conflict(f"backfill {backfill_id} is {state}", state=state)
    return _view(row)


async def _row(connection: Any, backfill_id: uuid.UUID) -> Any:
    row = await storage.get(connection, backfill_id)
    if row is None:
        raise NotFound(f"there is no backfill {backfill_id}")
    return row


def _view(row: Any) -> BackfillView:
    names = BackfillView.model_fields.keys() & dict(row).keys()
    return BackfillView(
        **{name: row[name] for name in names},
        from_time=row["from_at"],
        to_time=row["to_at"],
        progress=storage.progress(row),
    )
