"""SQL of the device registry; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from uplink_decoder.devices import Assignment, Device
from uplink_decoder.domain.readings import Asset

ALL_DEVICES = """
select dev_eui, codec_id from device where origin <> 'seen' and ($1 or retired_at is null)
"""

ALL_ASSIGNMENTS = """
select dev_eui, asset_kind, asset_id, valid_from, valid_to from assignment
order by dev_eui, valid_from desc
"""

REGISTRY_VERSION = "select last_value, is_called from registry_version"

TOUCH = """
update device set last_seen = greatest(last_seen, given.seen), last_source = given.source_id,
    battery_mv = coalesce(given.battery_mv, device.battery_mv),
    battery_percent = coalesce(given.battery_percent, device.battery_percent)
from unnest($1::text[], $2::timestamptz[], $3::text[], $4::int[], $5::int[])
    as given (dev_eui, seen, source_id, battery_mv, battery_percent)
where device.dev_eui = given.dev_eui
"""

RECOVER_LAST_SEEN = """
update device set last_seen = greatest(last_seen, newest.seen)
from (
    select dev_eui, max(received_at) as seen from uplink
    where observed_at > $1 group by dev_eui
) as newest
where device.dev_eui = newest.dev_eui
"""

STATUS = """
case
    when device.retired_at is not null then 'retired'
    when device.origin = 'seen' then 'unknown'
    when device.last_seen is null then 'silent'
    when device.last_seen < $1::timestamptz
        - make_interval(secs => coalesce(device.expected_interval_s, 86400)
            * (select silent_intervals from health_policy)) then 'silent'
    else 'active'
end
"""

DEVICE_FIELDS = f"""
select device.dev_eui, device.name, device.codec_id, device.tags::text as tags, device.last_seen,
    device.last_source, device.battery_mv, device.battery_percent, device.expected_interval_s,
    {STATUS} as status,
    current_asset.asset_kind, current_asset.asset_id, current_asset.valid_from,
    current_asset.valid_to
from device
left join lateral (
    select asset_kind, asset_id, valid_from, valid_to from assignment
    where assignment.dev_eui = device.dev_eui and valid_from <= $1
        and (valid_to is null or valid_to > $1)
    order by valid_from desc limit 1
) as current_asset on true
"""  # noqa: S608 (constant parts only)

LIST = f"""
select * from ({DEVICE_FIELDS}) as listed
where ($2::text is null or status = $2) and dev_eui > $3
order by dev_eui limit $4
"""  # noqa: S608

ONE = f"{DEVICE_FIELDS} where device.dev_eui = $2"

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

APPLY_DEVICES = """
insert into device (dev_eui, name, codec_id, expected_interval_s, tags, origin)
select dev_eui, name, codec_id, expected_interval_s, tags::jsonb, 'city'
from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[])
    as given (dev_eui, name, codec_id, expected_interval_s, tags)
on conflict (dev_eui) do update
set name = excluded.name, codec_id = excluded.codec_id, tags = excluded.tags,
    expected_interval_s = excluded.expected_interval_s, origin = 'city', retired_at = null
where (device.name, device.codec_id, device.tags, device.expected_interval_s, device.origin)
    is distinct from
    (excluded.name, excluded.codec_id, excluded.tags, excluded.expected_interval_s, 'city')
    or device.retired_at is not null
"""

RETIRE_ABSENT = """
update device set retired_at = now()
where origin = 'city' and retired_at is null and dev_eui <> all($1::text[])
"""

# An assignment that no longer holds ends now; the device's history keeps it.
END_CHANGED = """
update assignment set valid_to = now()
from (
    select dev_eui, kind, asset_id from unnest($1::text[], $2::text[], $3::text[])
        as given (dev_eui, kind, asset_id)
) as given
where assignment.dev_eui = given.dev_eui and assignment.valid_to is null
    and (assignment.asset_kind, assignment.asset_id) is distinct from (given.kind, given.asset_id)
"""

# A device's first assignment reaches back, so that uplinks stored before it count.
BEGIN_NEW = """
insert into assignment (dev_eui, asset_kind, asset_id, valid_from)
select dev_eui, kind, asset_id,
    case when exists (select from assignment where assignment.dev_eui = given.dev_eui)
        then now() else 'epoch'::timestamptz end
from unnest($1::text[], $2::text[], $3::text[]) as given (dev_eui, kind, asset_id)
where kind is not null and not exists (
    select from assignment
    where assignment.dev_eui = given.dev_eui and assignment.valid_to is null
)
"""


async def read_devices(connection: Any, *, retired: bool = False) -> dict[str, Device]:
    """Return every registered device with its assignments, newest first; `retired` ones too."""
    assignments: dict[str, list[Assignment]] = {}
    for row in await connection.fetch(ALL_ASSIGNMENTS):
        asset = Asset(row["asset_kind"], row["asset_id"])
        assignment = Assignment(asset, row["valid_from"], row["valid_to"])
        assignments.setdefault(row["dev_eui"], []).append(assignment)
    return {
        row["dev_eui"]: Device(
            row["dev_eui"], row["codec_id"], tuple(assignments.get(row["dev_eui"], ()))
        )
        for row in await connection.fetch(ALL_DEVICES, retired)
    }


async def registry_version(connection: Any) -> tuple[int, bool]:
    """Return a value that changes whenever devices or assignments do."""
    row = await connection.fetchrow(REGISTRY_VERSION)
    return row["last_value"], row["is_called"]


async def touch(
    connection: Any, seen: Sequence[tuple[str, datetime, str, int | None, int | None]]
) -> None:
    """Note when devices were last seen, by which source, with which battery."""
    if seen:
        await connection.execute(TOUCH, *(list(column) for column in zip(*seen, strict=True)))


async def recover_last_seen(connection: Any, since: datetime) -> None:
    """Make good what a killed process had not noted yet, from the uplinks since then."""
    await connection.execute(RECOVER_LAST_SEEN, since)


async def list_devices(
    connection: Any, *, now: datetime, status: str | None, after: str, limit: int
) -> list[Any]:
    """Return devices in the order of their EUI."""
    rows: list[Any] = await connection.fetch(LIST, now, status, after, limit)
    return rows


async def get_device(connection: Any, *, now: datetime, dev_eui: str) -> Any | None:
    """Return one device, or nothing."""
    return await connection.fetchrow(ONE, now, dev_eui)


async def list_uplinks(
    connection: Any, *, dev_eui: str, before: tuple[datetime, Any], limit: int
) -> list[Any]:
    """Return a device's uplinks, newest first."""
    rows: list[Any] = await connection.fetch(UPLINKS, dev_eui, before[0], before[1], limit)
    return rows


async def apply_devices(connection: Any, rows: Sequence[Any]) -> tuple[int, int]:
    """Bring the registry in line with the city's list; return how many changed and retired."""
    euis = [row.dev_eui for row in rows]
    kinds = [row.asset_kind for row in rows]
    assets = [row.asset_id for row in rows]
    changed = await connection.execute(
        APPLY_DEVICES,
        euis,
        [row.name for row in rows],
        [row.codec_id for row in rows],
        [row.expected_interval_s for row in rows],
        [orjson.dumps(row.tags).decode() for row in rows],
    )
    retired = await connection.execute(RETIRE_ABSENT, euis)
    await connection.execute(END_CHANGED, euis, kinds, assets)
    await connection.execute(BEGIN_NEW, euis, kinds, assets)
    await connection.execute("select nextval('registry_version')")
    return int(changed.rpartition(" ")[2]), int(retired.rpartition(" ")[2])
