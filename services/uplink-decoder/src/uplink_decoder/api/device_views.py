# SPDX-License-Identifier: EUPL-1.2
"""A device as clients see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import orjson
from pydantic import BaseModel, Field

from uplink_decoder.dialects.gateways import gateways_of
from uplink_decoder.domain.readings import OBSERVED


class AssetView(BaseModel):
    """What the device watches now, and the kinds of observation that come of it."""

    kind: str
    id: str
    observes: str | None
    observation_kinds: list[str]
    valid_from: datetime
    valid_to: datetime | None


class BatteryView(BaseModel):
    """The newest battery reading, as far as the device tells one."""

    millivolt: int | None
    percent: int | None


class PlaceView(BaseModel):
    """Where the device is mounted, WGS 84 degrees."""

    lat: float
    lon: float


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
    description: str
    maker: str
    model: str
    place: PlaceView | None
    codec_variables: dict[str, str]
    owner: Literal["city", "operator"] | None = Field(
        description="who decides about it: the city folder or operators; null: nobody registered it"
    )
    retired_at: datetime | None
    change: int = Field(description="number of its newest change; the first part of its ETag")
    updated_at: datetime
    warnings: list[str] = Field([], description="of a write: what is allowed and most often a slip")


def device_view(row: Any, newest_uplink: Any = None) -> DeviceView:
    """Return a device's row, with the radio figures of its newest uplink where that is given."""
    stored = dict(row)
    return DeviceView(
        **{name: stored[name] for name in DeviceView.model_fields if name in _AS_STORED},
        asset=_asset(row),
        battery=BatteryView(millivolt=row["battery_mv"], percent=row["battery_percent"]),
        radio={**orjson.loads(row["radio"]), **(_radio(newest_uplink) if newest_uplink else {})},
        tags=orjson.loads(row["tags"]),
        codec_variables=orjson.loads(row["codec_variables"]),
        place=None if row["lat"] is None else PlaceView(lat=row["lat"], lon=row["lon"]),
        owner=None if row["origin"] == "seen" else row["origin"],
    )


_AS_STORED = frozenset(
    {
        "dev_eui",
        "name",
        "codec_id",
        "status",
        "last_seen",
        "last_source",
        "expected_interval_s",
        "description",
        "maker",
        "model",
        "retired_at",
        "change",
        "updated_at",
    }
)


def _asset(row: Any) -> AssetView | None:
    if not row["asset_kind"]:
        return None
    return AssetView(
        kind=row["asset_kind"],
        id=row["asset_id"],
        observes=row["observes"],
        observation_kinds=observation_kinds(row["asset_kind"], row["observes"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
    )


def observation_kinds(asset_kind: str, observes: str | None) -> list[str]:
    """Return the kinds of observation that a device on such an asset makes."""
    return [observes] if observes else list(OBSERVED.get(asset_kind, ()))


def _radio(row: Any) -> dict[str, Any]:
    heard = gateways_of(row["raw"])
    strengths = [gateway.rssi for gateway in heard if gateway.rssi is not None]
    return {
        "f_cnt": row["f_cnt"],
        "gateways": len(heard),
        "best_rssi": max(strengths, default=None),
    }
