# SPDX-License-Identifier: EUPL-1.2
"""Gateways that heard devices, for who may read devices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import Cursor, Page, decode_cursor, encode_cursor
from uplink_decoder.storage import health_views as storage

router = APIRouter(prefix="/v1/gateways", tags=["gateways"])


class GatewayView(BaseModel):
    """A gateway as the uplinks tell of it; its own server is not asked."""

    gateway_id: str
    source_id: str = Field(description="whose uplink last named it")
    is_foreign: bool = Field(description="another network's, behind Packet Broker")
    silent: bool = Field(description="there is an open alert `gateway-silent`")
    simulated: bool
    first_seen: datetime
    last_seen: datetime
    devices_day: int = Field(description="devices heard in the last 24 hours")
    frames_day: int
    lat: float | None
    lon: float | None


class _AfterGateway(BaseModel):
    gateway_id: str


@router.get("", dependencies=[require("devices:read")])
async def list_gateways(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=500, description="at most so many items")] = 100,
    cursor: Cursor = None,
) -> Page[GatewayView]:
    """List gateways by id: when they last heard a device, and how many."""
    position = decode_cursor(cursor, _AfterGateway)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.gateways(
            connection,
            after=position.gateway_id if position else "",
            limit=limit + 1,
            day_ago=utc_now() - timedelta(days=1),
        )
    items = [_view(row) for row in rows[:limit]]
    more = len(rows) > limit
    following = encode_cursor(_AfterGateway(gateway_id=items[-1].gateway_id)) if more else None
    return Page(items=items, next_cursor=following)


def _view(row: Any) -> GatewayView:
    return GatewayView(**{name: row[name] for name in GatewayView.model_fields})
