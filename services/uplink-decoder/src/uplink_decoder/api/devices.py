# SPDX-License-Identifier: EUPL-1.2
"""One device and its uplinks, for who may read them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.paging import (
    END_OF_TIME,
    HIGHEST_ID,
    Cursor,
    Page,
    decode_cursor,
    encode_cursor,
)
from stadttakt_runtime.http.problem import NotFound
from uplink_decoder.api.device_views import DeviceView, device_view
from uplink_decoder.api.device_writing import device_etag
from uplink_decoder.dialects.gateways import Gateway, gateways_of
from uplink_decoder.storage import devices as storage

router = APIRouter(prefix="/v1/devices", tags=["devices"])

NO_CACHE = {"cache-control": "no-cache"}
DevEui = Annotated[
    str,
    Path(pattern=r"^[^\x00]+$", max_length=200, description="device EUI, hex in either case"),
]


class UplinkView(BaseModel):
    """One stored uplink; `gateways` is read from the raw message."""

    uplink_id: uuid.UUID
    dev_eui: str
    source_id: str
    simulated: bool
    observed_at: datetime
    received_at: datetime
    time_source: str
    f_cnt: int
    f_port: int
    payload_hex: str
    codec_id: str | None
    codec_version: int | None
    decoded: dict[str, Any] | None
    warnings: list[str]
    errors: list[str]
    gateways: list[Gateway]
    flags: list[str]


class _BeforeUplink(BaseModel):
    received_at: datetime
    uplink_id: uuid.UUID


@router.get("/{dev_eui}", dependencies=[require("devices:read")], response_model=DeviceView)
async def get_device(request: Request, dev_eui: DevEui) -> Response:
    """Return one device with the radio figures of its newest uplink.

    The ETag is for both: If-None-Match spares an unchanged answer, If-Match on a write makes sure
    that nobody changed the device in between.
    """
    now = utc_now()
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await storage.get_devices(connection, now=now, euis=[dev_eui.lower()])
        if not found:
            raise NotFound(f"there is no device {dev_eui.lower()}")
        (row,) = found
        newest = await storage.list_uplinks(
            connection, dev_eui=row["dev_eui"], before=(END_OF_TIME, HIGHEST_ID), limit=1
        )
    body = device_view(row, newest[0] if newest else None).model_dump_json().encode()
    changed = max(row["updated_at"], row["last_seen"] or row["updated_at"])
    etag = device_etag(row["change"], body)
    return respond(request, body, last_modified=changed, etag=etag, headers=NO_CACHE)


@router.get("/{dev_eui}/uplinks", dependencies=[require("uplinks:read")])
async def list_uplinks(
    request: Request,
    dev_eui: DevEui,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Cursor = None,
) -> Page[UplinkView]:
    """List a device's uplinks, the newest first."""
    position = decode_cursor(cursor, _BeforeUplink)
    before = (position.received_at, position.uplink_id) if position else (END_OF_TIME, HIGHEST_ID)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.list_uplinks(
            connection, dev_eui=dev_eui.lower(), before=before, limit=limit + 1
        )
    items = [_uplink(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items=items)
    last = items[-1]
    position = _BeforeUplink(received_at=last.received_at, uplink_id=last.uplink_id)
    return Page(items=items, next_cursor=encode_cursor(position))


def _uplink(row: Any) -> UplinkView:
    return UplinkView(
        **{name: row[name] for name in _AS_STORED},
        payload_hex=row["payload"].hex(),
        decoded=orjson.loads(row["decoded"]) if row["decoded"] else None,
        gateways=gateways_of(row["raw"]),
    )


_AS_STORED = (
    "uplink_id",
    "dev_eui",
    "source_id",
    "simulated",
    "observed_at",
    "received_at",
    "time_source",
    "f_cnt",
    "f_port",
    "codec_id",
    "codec_version",
    "warnings",
    "errors",
    "flags",
)
