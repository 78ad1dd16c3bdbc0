# SPDX-License-Identifier: EUPL-1.2
"""SQL of what is asked about health: devices, their hours, gateways; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from uplink_decoder.domain.frames import FrameCounts
from uplink_decoder.domain.health_hour import HealthHour, Signal
from uplink_decoder.storage.devices import STATUS

DEVICE = f"""
select device.dev_eui, device.name, device.tags::text as tags, {STATUS} as status,
    device.last_seen, device.last_source, device.expected_interval_s,
    coalesce(device.expected_interval_s, 86400)
        * (select silent_intervals from health_policy) as silent_after_s,
    coalesce(device.battery_mv, health.battery_mv) as battery_mv,
    coalesce(device.battery_percent, health.battery_percent) as battery_percent,
    health.battery_at, health.battery_ends_at, coalesce(health.radio::text, '{{}}') as radio,
    health.examined_at
from device left join device_health as health on health.dev_eui = device.dev_eui
"""  # noqa: S608 (constant parts only)

ONE = f"{DEVICE} where device.dev_eui = $2"

LIST = f"""
select listed.*, coalesce(day.frames, 0)::int as frames_day,
    greatest(coalesce(day.lost, 0), 0)::int as lost_day
from ({DEVICE}) as listed left join lateral (
    select sum(frames) as frames, sum(lost) as lost from device_health_hour as hours
    where hours.dev_eui = listed.dev_eui and hours.hour > $4
) as day on true
where ($2::text is null or status = $2) and ($3::text is null or listed.dev_eui = $3)
order by listed.dev_eui
"""  # noqa: S608

HOURS = """
select hour, frames, lost, lost_long, repeated, resets, sessions, codec_errors,
    spreading::text as spreading, rssi_max, rssi_mean, snr_max, snr_mean, battery_mv,
    battery_percent
from device_health_hour where dev_eui = $1 and hour >= $2 and hour < $3 order by hour
"""

GATEWAY_HOURS = """
select hour, gateway_id, frames, rssi_max, rssi_min, rssi_mean, snr_max, snr_min, snr_mean
from device_gateway_hour where dev_eui = $1 and hour >= $2 and hour < $3
order by hour, gateway_id
"""

EVENTS = """
select kind, code, count(*)::int as count, max(received_at) as last_at
from device_event where dev_eui = $1 and received_at >= $2 and observed_at >= $3
group by kind, code order by kind, code
"""

NEWEST_STATUS = """
select raw, received_at from device_event
where dev_eui = $1 and kind = 'status' and received_at >= $2 and observed_at >= $3
order by received_at desc limit 1
"""

GATEWAYS = """
select gateway.*, coalesce(day.devices, 0)::int as devices_day,
    coalesce(day.frames, 0)::int as frames_day,
    gateway.gateway_id = any($4::text[]) as silent
from gateway left join lateral (
    select count(distinct dev_eui) as devices, sum(frames) as frames from device_gateway_hour
    where device_gateway_hour.gateway_id = gateway.gateway_id and hour > $3
) as day on true
where gateway.gateway_id > $1 order by gateway.gateway_id limit $2
"""

SILENT_GATEWAYS = """
select details['gateway_id']::text as gateway_id from alert
where kind = 'gateway-silent' and cleared_at is null
"""

DAILY_BATTERY = """
select dev_eui, date_trunc('day', hour) as day,
    percentile_cont(0.5) within group (order by battery_mv) as mv,
    percentile_cont(0.5) within group (order by battery_percent) as percent
from device_health_hour
where dev_eui = any($1::text[]) and hour >= $2
    and (battery_mv is not null or battery_percent is not null)
group by 1, 2 order by 1, 2
"""


async def get_device(connection: Any, *, now: datetime, dev_eui: str) -> Any | None:
    """Return what stands in front of a device's health, or nothing."""
    return await connection.fetchrow(ONE, now, dev_eui)


async def list_devices(
    connection: Any, *, now: datetime, status: str | None, dev_eui: str | None, day_ago: datetime
) -> list[Any]:
    """Return all devices, or those of a status, or one, with their loss since a day ago."""
    rows: list[Any] = await connection.fetch(LIST, now, status, dev_eui, day_ago)
    return rows


async def hours(
    connection: Any, *, dev_eui: str, since: datetime, until: datetime, with_gateways: bool
) -> list[tuple[datetime, HealthHour]]:
    """Return the examined hours of a device, oldest first."""
    heard: dict[datetime, dict[str, Signal]] = {}
    if with_gateways:
        for row in await connection.fetch(GATEWAY_HOURS, dev_eui, since, until):
            signal = Signal(*(row[name] for name in Signal._fields))
            heard.setdefault(row["hour"], {})[row["gateway_id"]] = signal
    return [
        (row["hour"], _hour(row, heard.get(row["hour"], {})))
        for row in await connection.fetch(HOURS, dev_eui, since, until)
    ]


async def events(connection: Any, *, dev_eui: str, since: datetime, horizon: datetime) -> list[Any]:
    """Return how many events of each kind came since, and the last; none observed before `horizon`."""
    rows: list[Any] = await connection.fetch(EVENTS, dev_eui, since, horizon)
    return rows


async def newest_status(
    connection: Any, *, dev_eui: str, since: datetime, horizon: datetime
) -> Any | None:
    """Return the newest `status` event since a time, none observed before `horizon`."""
    return await connection.fetchrow(NEWEST_STATUS, dev_eui, since, horizon)


async def gateways(connection: Any, *, after: str, limit: int, day_ago: datetime) -> list[Any]:
    """Return gateways in the order of their id, with what they heard since a day ago."""
    open_alerts = await connection.fetch(SILENT_GATEWAYS)
    silent = [orjson.loads(row["gateway_id"]) for row in open_alerts]
    rows: list[Any] = await connection.fetch(GATEWAYS, after, limit, day_ago, silent)
    return rows


async def daily_battery(connection: Any, euis: Sequence[str], since: datetime) -> list[Any]:
    """Return the middle battery values of each day."""
    rows: list[Any] = await connection.fetch(DAILY_BATTERY, euis, since)
    return rows


def _hour(row: Any, gateways: dict[str, Signal]) -> HealthHour:
    counts = FrameCounts(*(row[name] for name in FrameCounts.__dataclass_fields__))
    heard = counts.frames + counts.repeated
    best = Signal(
        heard, row["rssi_max"], None, row["rssi_mean"], row["snr_max"], None, row["snr_mean"]
    )
    spreading = {int(sf): count for sf, count in orjson.loads(row["spreading"]).items()}
    return HealthHour(
        counts,
        row["codec_errors"],
        spreading,
        best,
        gateways,
        row["battery_mv"],
        row["battery_percent"],
    )
