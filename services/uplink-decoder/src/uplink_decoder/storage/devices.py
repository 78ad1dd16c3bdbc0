# SPDX-License-Identifier: EUPL-1.2
"""SQL of the device registry; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from uplink_decoder.devices import Device
from uplink_decoder.domain.periods import Period
from uplink_decoder.domain.readings import Asset

DEVICES = """
select dev_eui, codec_id, nullif(codec_variables, '{}')::text as codec_variables from device
where origin <> 'seen' and dev_eui = any($1)
"""

ASSIGNMENTS = """
select dev_eui, asset_kind, asset_id, observes, valid_from, valid_to from assignment
where dev_eui = any($1) order by dev_eui, valid_from desc
"""

REGISTERED = "select dev_eui from device where origin <> 'seen' order by dev_eui"

# What was fetched late may be older than what was seen before.
TOUCH = """
update device set last_seen = given.seen, last_source = given.source_id,
    battery_mv = coalesce(given.battery_mv, device.battery_mv),
    battery_percent = coalesce(given.battery_percent, device.battery_percent)
from unnest($1::text[], $2::timestamptz[], $3::text[], $4::int[], $5::int[])
    as given (dev_eui, seen, source_id, battery_mv, battery_percent)
where device.dev_eui = given.dev_eui
    and (device.last_seen is null or device.last_seen <= given.seen)
"""

RECOVER_LAST_SEEN = """
update device set last_seen = greatest(last_seen, newest.seen)
from (
    select dev_eui, max(case when received_at - observed_at < interval '5 minutes'
        then received_at else observed_at end) as seen from uplink
    where observed_at > $1 and not coalesce('no_right' = any(flags), false) group by dev_eui
) as newest
where device.dev_eui = newest.dev_eui
"""

SILENT_BEFORE = """
$1::timestamptz - make_interval(secs => coalesce(device.expected_interval_s, 86400)
    * (select silent_intervals from health_policy))
"""

STATUS = f"""
case
    when device.retired_at is not null then 'retired'
    when device.origin = 'seen' then 'unknown'
    when device.last_seen is null then 'silent'
    when device.last_seen < {SILENT_BEFORE} then 'silent'
    else 'active'
end
"""

DEVICE_FIELDS = f"""
select device.dev_eui, device.name, device.codec_id, device.tags::text as tags, device.last_seen,
    device.last_source, device.expected_interval_s,
    coalesce(device.battery_mv, health.battery_mv) as battery_mv,
    coalesce(device.battery_percent, round(health.battery_percent)::int) as battery_percent,
    coalesce(health.radio::text, '{{}}') as radio,
    device.description, device.maker, device.model, device.lat, device.lon,
    device.codec_variables::text as codec_variables, device.origin, device.retired_at,
    device.change, device.updated_at,
    {STATUS} as status,
    current_asset.asset_kind, current_asset.asset_id, current_asset.observes,
    current_asset.valid_from, current_asset.valid_to
from device
left join lateral (
    select asset_kind, asset_id, observes, valid_from, valid_to from assignment
    where assignment.dev_eui = device.dev_eui and valid_from <= $1
        and (valid_to is null or valid_to > $1)
    order by valid_from desc limit 1
) as current_asset on true
left join device_health as health on health.dev_eui = device.dev_eui
"""  # noqa: S608 (constant parts only)

THESE = f"{DEVICE_FIELDS} where device.dev_eui = any($2) order by device.dev_eui"

UPLINKS = """
select uplink_id, dev_eui, observed_at, received_at, f_cnt, f_port, payload, raw, codec_id,
    codec_version, decoded::text as decoded, coalesce(warnings, '{}') as warnings,
    coalesce(errors, '{}') as errors, time_source, coalesce(flags, '{}') as flags, source_id,
    simulated
from uplink
where dev_eui = $1 and (received_at, uplink_id) < ($2, $3)
order by received_at desc, uplink_id desc
limit $4
"""


async def read_devices(connection: Any, euis: Sequence[str]) -> dict[str, Device]:
    """Return those of the devices that are registered, with their assignments, newest first."""
    assignments: dict[str, list[Period]] = {}
    for row in await connection.fetch(ASSIGNMENTS, euis):
        asset = Asset(row["asset_kind"], row["asset_id"], row["observes"])
        period = Period(asset, row["valid_from"], row["valid_to"])
        assignments.setdefault(row["dev_eui"], []).append(period)
    return {
        row["dev_eui"]: Device(
            row["dev_eui"],
            row["codec_id"],
            tuple(assignments.get(row["dev_eui"], ())),
            orjson.loads(row["codec_variables"]) if row["codec_variables"] else None,
        )
        for row in await connection.fetch(DEVICES, euis)
    }


async def registered(connection: Any) -> list[str]:
    """Return every device that somebody registered, retired or not."""
    return [row["dev_eui"] for row in await connection.fetch(REGISTERED)]


async def touch(
    connection: Any, seen: Sequence[tuple[str, datetime, str, int | None, int | None]]
) -> None:
    """Note when devices were last seen, by which source, with which battery."""
    if seen:
        await connection.execute(TOUCH, *(list(column) for column in zip(*seen, strict=True)))


async def recover_last_seen(connection: Any, since: datetime) -> None:
    """Make good what a killed process had not noted yet, from the uplinks since then."""
    await connection.execute(RECOVER_LAST_SEEN, since)


async def get_devices(connection: Any, *, now: datetime, euis: Sequence[str]) -> list[Any]:
    """Return those of the devices that are there, in the order of their EUI."""
    rows: list[Any] = await connection.fetch(THESE, now, euis)
    return rows


async def list_uplinks(
    connection: Any, *, dev_eui: str, before: tuple[datetime, Any], limit: int
) -> list[Any]:
    """Return a device's uplinks, newest first."""
    rows: list[Any] = await connection.fetch(UPLINKS, dev_eui, before[0], before[1], limit)
    return rows
