"""Devices and their uplinks, for who may read them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from stadttakt_runtime.http.problem import NotFound
from uplink_decoder.dialects.gateways import Gateway, gateways_of
from uplink_decoder.storage import devices as storage

router = APIRouter(prefix="/v1/devices", tags=["devices"])

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
HIGHEST_ID = uuid.UUID(int=(1 << 128) - 1)
DevEui = Annotated[str, Path(max_length=200, description="device EUI, hex in either case")]


class AssetView(BaseModel):
    """What the device watches now."""

    kind: str
    id: str
    valid_from: datetime
    valid_to: datetime | None


class BatteryView(BaseModel):
    """The newest battery reading, as far as the device tells one."""

    millivolt: int | None
    percent: int | None


class DeviceView(BaseModel):
    """One device as the registry knows it."""

    dev_eui: str
    name: str
    codec_id: str | None
    asset: AssetView | None
    status: Literal["active", "silent", "unknown", "retired"]
    last_seen: datetime | None
    last_source: str | None
    expected_interval_s: int | None
    battery: BatteryView
    radio: dict[str, Any]
    tags: dict[str, str]


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


class _AfterDevice(BaseModel):
    dev_eui: str


class _BeforeUplink(BaseModel):
    received_at: datetime
    uplink_id: uuid.UUID


@router.get("", dependencies=[require("devices:read")])
async def list_devices(
    request: Request,
    status: Literal["active", "silent", "unknown", "retired"] | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[DeviceView]:
    """List devices by EUI; `status=unknown` are those that send and nobody registered."""
    position = decode_cursor(cursor, _AfterDevice)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.list_devices(
            connection,
            now=utc_now(),
            status=status,
            after=position.dev_eui if position else "",
            limit=limit + 1,
        )
    items = [_device(row) for row in rows[:limit]]
    more = len(rows) > limit
    following = encode_cursor(_AfterDevice(dev_eui=items[-1].dev_eui)) if more else None
    return Page(items=items, next_cursor=following)


@router.get("/{dev_eui}", dependencies=[require("devices:read")])
async def get_device(request: Request, dev_eui: DevEui) -> DeviceView:
    """Return one device with the radio figures of its newest uplink."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        row = await storage.get_device(connection, now=utc_now(), dev_eui=dev_eui.lower())
        if row is None:
            raise NotFound(f"there is no device {dev_eui.lower()}")
        newest = await storage.list_uplinks(
            connection, dev_eui=row["dev_eui"], before=(END_OF_TIME, HIGHEST_ID), limit=1
        )
    return _device(row, _radio(newest[0]) if newest else {})


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


def _device(row: Any, radio: dict[str, Any] | None = None) -> DeviceView:
    asset = None
    if row["asset_kind"]:
        asset = AssetView(
            kind=row["asset_kind"],
            id=row["asset_id"],
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
        )
    return DeviceView(
        dev_eui=row["dev_eui"],
        name=row["name"],
        codec_id=row["codec_id"],
        asset=asset,
        status=row["status"],
        last_seen=row["last_seen"],
        last_source=row["last_source"],
        expected_interval_s=row["expected_interval_s"],
        battery=BatteryView(millivolt=row["battery_mv"], percent=row["battery_percent"]),
        radio=radio or {},
        tags=orjson.loads(row["tags"]),
    )


def _radio(row: Any) -> dict[str, Any]:
    heard = gateways_of(row["raw"])
    strengths = [gateway.rssi for gateway in heard if gateway.rssi is not None]
    return {
        "f_cnt": row["f_cnt"],
        "gateways": len(heard),
        "best_rssi": max(strengths, default=None),
    }


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
