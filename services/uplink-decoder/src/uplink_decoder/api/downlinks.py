# SPDX-License-Identifier: EUPL-1.2
"""Downlinks: order, look up, cancel; handing over and tracking are the outbox's."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

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
from uplink_decoder.domain.downlinks import DownlinkState, Evidence, Priority, read_payload
from uplink_decoder.downlinks.routes import find_route
from uplink_decoder.storage import downlinks as storage

router = APIRouter(prefix="/v1", tags=["downlinks"])

DevEui = Annotated[
    str,
    Path(pattern=r"^[0-9a-fA-F]{16}$", description="device EUI, hex in either case"),
]


def _no_control_characters(text: str) -> str:
    if any(character < " " for character in text):
        message = "no control characters"
        raise ValueError(message)
    return text


class NoRoute(Conflict):
    """Nobody told yet how to reach the device."""

    code, title = "no_route", "No way to this device is known yet"


class AlreadyHandedOver(Conflict):
    """A network server has it, or may have it."""

    code, title = "already_handed_over", "The downlink cannot be cancelled any more"


class DownlinkOrder(WriteModel):
    """One downlink for a device's settings."""

    f_port: int = Field(ge=1, le=223, description="LoRaWAN port of the application")
    payload: str = Field(
        alias="bytes", min_length=1, max_length=1000, description="hex, else base64; 1 to 242 bytes"
    )
    confirmed: bool = False
    priority: Priority = Field(Priority.NORMAL, description="for The Things Stack")
    expires_at: AwareDatetime | None = Field(
        None, description="not handed over until then: given up"
    )
    note: Annotated[str, AfterValidator(_no_control_characters)] | None = Field(
        None, max_length=500
    )


class DownlinkStep(BaseModel):
    """What was told of a downlink, and when."""

    at: datetime
    state: DownlinkState
    detail: str | None


class DownlinkView(BaseModel):
    """One downlink and its history; `state` is the weightiest of what was told."""

    downlink_id: uuid.UUID
    dev_eui: str
    f_port: int
    payload_hex: str
    confirmed: bool
    priority: Priority
    expires_at: datetime | None
    note: str | None
    state: DownlinkState
    reason: str | None = Field(description="why it failed, or why it still waits")
    source_id: str | None
    attempts: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    history: list[DownlinkStep]


class _Before(BaseModel):
    created_at: datetime
    downlink_id: uuid.UUID


@router.post("/devices/{dev_eui}/downlinks", status_code=202, response_model=DownlinkView)
async def order_downlink(
    request: Request,
    dev_eui: DevEui,
    order: DownlinkOrder,
    once: Idempotent,
    principal: Annotated[Principal, require("devices:write")],
) -> Response:
    """Order a downlink: it is stored, then handed to the device's network server.

    409 `no_route` where the device's uplinks did not tell yet how to reach it.
    """
    now, device = utc_now(), dev_eui.lower()
    payload = _payload(order, now)
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        if known := await once.recall(connection):
            return known
        if not await storage.device_exists(connection, device):
            raise NotFound(f"there is no device {device}")
        uplink = await storage.newest_uplink(connection, device)
        route = find_route(uplink, request.app.state.sources, request.app.state.pushes)
        if route is None:
            raise NoRoute("the server is learned from the device's next uplink")
        new = storage.NewDownlink(
            downlink_id=uuid.uuid4(),
            dev_eui=device,
            f_port=order.f_port,
            payload=payload,
            confirmed=order.confirmed,
            priority=order.priority,
            expires_at=order.expires_at,
            note=order.note,
            created_at=now,
            created_by=str(principal),
            source_id=route.source.source_id,
            alias=route.alias,
        )
        await storage.add(connection, new)
        view = await _read(connection, new.downlink_id)
        location = f"/v1/downlinks/{new.downlink_id}"
        return await once.answer(connection, view, 202, location=location)


@router.get("/devices/{dev_eui}/downlinks", dependencies=[require("devices:read")])
async def list_downlinks(
    request: Request,
    dev_eui: DevEui,
    state: DownlinkState | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[DownlinkView]:
    """List a device's downlinks, the newest first."""
    position = decode_cursor(cursor, _Before)
    before = (position.created_at, position.downlink_id) if position else (END_OF_TIME, HIGHEST_ID)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.list_of_device(
            connection, dev_eui.lower(), state=state, before=before, limit=limit + 1
        )
        told = await storage.history(connection, [row["downlink_id"] for row in rows])
    items = [_view(row, told.get(row["downlink_id"], ())) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items=items)
    last = items[-1]
    following = _Before(created_at=last.created_at, downlink_id=last.downlink_id)
    return Page(items=items, next_cursor=encode_cursor(following))


@router.get("/downlinks/{downlink_id}", dependencies=[require("devices:read")])
async def get_downlink(request: Request, downlink_id: uuid.UUID) -> DownlinkView:
    """Return one downlink with its history."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        return await _read(connection, downlink_id)


@router.delete("/downlinks/{downlink_id}", dependencies=[require("devices:write")])
async def cancel_downlink(request: Request, downlink_id: uuid.UUID) -> DownlinkView:
    """Cancel a downlink that no network server can have yet; 409 otherwise."""
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        row = await storage.get(connection, downlink_id, lock=True)
        if row is None:
            raise NotFound(f"there is no downlink {downlink_id}")
        if row["state"] != DownlinkState.CANCELLED:
            if row["state"] != DownlinkState.QUEUED or row["attempted_at"] is not None:
                raise AlreadyHandedOver(f"it is {row['state']}, or on its way to the server")
            evidence = Evidence(downlink_id, DownlinkState.CANCELLED)
            await storage.note(connection, evidence, key="cancelled", at=utc_now())
        return await _read(connection, downlink_id)


async def _read(connection: Any, downlink_id: uuid.UUID) -> DownlinkView:
    row = await storage.get(connection, downlink_id)
    if row is None:
        raise NotFound(f"there is no downlink {downlink_id}")
    told = await storage.history(connection, [downlink_id])
    return _view(row, told.get(downlink_id, ()))


def _payload(order: DownlinkOrder, now: datetime) -> bytes:
    if order.expires_at is not None and order.expires_at <= now:
        raise _invalid("expires_at", "is over already")
    try:
        return read_payload(order.payload)
    except ValueError as error:
        raise _invalid("bytes", str(error)) from error


def _invalid(field: str, detail: str) -> ValidationFailed:
    return ValidationFailed([{"in": "body", "field": field, "detail": detail, "code": "invalid"}])


def _view(row: Any, told: Sequence[Any]) -> DownlinkView:
    stored = dict(row)
    payload: bytes = stored.pop("payload")
    steps = [
        DownlinkStep(at=step["at"], state=step["state"], detail=step["detail"]) for step in told
    ]
    return DownlinkView(**stored, payload_hex=payload.hex(), history=steps)
