# SPDX-License-Identifier: EUPL-1.2
"""SQL of what wants attention: silent devices, sources and gateways, loss, batteries; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

LOCK = 5_318_008_011
"""Advisory lock: one process watches at a time."""
WATCH, AWAY_FROM, AWAY_UNTIL = "watch", "watch-away-from", "watch-away-until"
AWAY_AFTER = timedelta(minutes=5)

REGISTERED = "device.origin <> 'seen' and device.retired_at is null"

POSITIONS = "select writer, noted_at from health_position where writer = any($1::text[])"

SET_POSITION = """
insert into health_position (writer, noted_at)
select * from unnest($1::text[], $2::timestamptz[])
on conflict (writer) do update set noted_at = excluded.noted_at
"""

OPEN = """
select kind, alert_id, raised_at, details::text as details from alert
where cleared_at is null and kind = any($1::text[])
"""

OUTAGES = """
select alert_id as source_id, (details ->> 'last_seen')::timestamptz as begin_at,
    coalesce(cleared_at, $1) as end_at
from alert where kind = 'source-silent' and coalesce(cleared_at, $1) > $2
"""

GATEWAY_OUTAGES = """
select details ->> 'gateway_id' as gateway_id, (details ->> 'last_seen')::timestamptz as begin_at,
    cleared_at as end_at
from alert where kind = 'gateway-silent' and cleared_at > $1
"""

SILENT = f"""
select device.dev_eui, device.name, coalesce(device.last_source, '') as source_id,
    device.last_seen, coalesce(device.expected_interval_s, 86400) as expected_interval_s,
    coalesce(device.expected_interval_s, 86400) * policy.silent_intervals as limit_s
from device, health_policy as policy
where {REGISTERED} and device.last_seen < $1::timestamptz - make_interval(secs =>
    coalesce(device.expected_interval_s, 86400) * policy.silent_intervals)
order by device.dev_eui
"""  # noqa: S608 (constant parts only)

SOURCES = f"""
select device.last_source as source_id, count(*)::int as devices,
    max(device.last_seen) as last_seen,
    coalesce(sum(1.0 / coalesce(device.expected_interval_s, 86400))
        filter (where device.last_seen > $1::timestamptz - interval '7 days'), 0)::float8 as per_second,
    count(*) filter (where device.last_seen > raised.raised_at)::int as back
from device left join alert as raised on raised.kind = 'source-silent'
    and raised.alert_id = device.last_source and raised.cleared_at is null
where {REGISTERED} and device.last_source is not null and device.last_seen is not null
group by 1 order by 1
"""  # noqa: S608

GATEWAYS = """
select gateway_id, source_id, simulated, first_seen, last_seen,
    coalesce(heard.frames, 0)::int as frames, coalesce(heard.devices, 0)::int as devices
from gateway left join lateral (
    select sum(frames) as frames, count(distinct dev_eui) as devices
    from device_gateway_hour as hours
    where hours.gateway_id = gateway.gateway_id
        and hours.hour > gateway.last_seen - interval '1 day' and hours.hour <= gateway.last_seen
) as heard on true
where not is_foreign and last_seen < $1::timestamptz - interval '15 minutes'
    and last_seen > $1::timestamptz - interval '30 days'
order by gateway_id
"""

HEARD_ONLY_BY = """
select given.dev_eui
from unnest($1::text[], $2::timestamptz[]) as given (dev_eui, last_seen)
join device_gateway_hour as hours on hours.dev_eui = given.dev_eui
    and hours.hour > given.last_seen - interval '1 day' and hours.hour <= given.last_seen
group by given.dev_eui having bool_and(hours.gateway_id = any($3::text[]))
"""

WAITING_HOURS = "select count(*) from (select from health_dirty group by dev_eui, hour) as hours"

LOSSES = f"""
select hours.dev_eui, device.name, device.last_source as source_id, sum(hours.frames)::int as frames,
    greatest(sum(hours.lost) - sum(hours.lost_long), 0)::int as scattered
from device_health_hour as hours join device using (dev_eui)
where hours.hour > $1 and {REGISTERED}
group by 1, 2, 3
having sum(hours.frames) + sum(hours.lost) - sum(hours.lost_long) >= $2
    and (sum(hours.lost) - sum(hours.lost_long)) * 100.0
        >= $3 * (sum(hours.frames) + sum(hours.lost) - sum(hours.lost_long))
order by 1
"""  # noqa: S608

CODEC_ERRORS = f"""
select device.codec_id, count(*) filter (where bad.errors >= $2)::int as failing,
    count(*)::int as still_failing, min(device.dev_eui) as example,
    array_agg(distinct device.last_source) as sources
from (
    select dev_eui, sum(codec_errors) as errors from device_health_hour
    where hour > $1 group by dev_eui having sum(codec_errors) * 2 >= $2
) as bad join device using (dev_eui)
where {REGISTERED} and device.codec_id is not null
group by 1 order by 1
"""  # noqa: S608

BATTERIES = f"""
select device.dev_eui, device.name, device.last_source as source_id, device.tags::text as tags,
    coalesce(device.battery_mv, health.battery_mv) as battery_mv,
    coalesce(device.battery_percent, health.battery_percent)::float8 as battery_percent,
    health.battery_ends_at
from device left join device_health as health using (dev_eui)
where {REGISTERED} and (
    device.tags ?| array['battery_low_mv', 'battery_low_percent']
    or coalesce(device.battery_percent, health.battery_percent) <= $1
    or coalesce(device.battery_mv, health.battery_mv) <= $2
    or health.battery_ends_at < $3
)
order by device.dev_eui
"""  # noqa: S608

# Once a day is enough: the trend is over days.
WITHOUT_OUTLOOK = """
select health.dev_eui, device.tags::text as tags
from device_health as health join device using (dev_eui)
where health.battery_at is not null
    and (health.outlook_at is null or health.outlook_at < $1)
order by health.outlook_at nulls first limit $2
"""

WRITE_OUTLOOKS = """
update device_health as health
set outlook_at = $6, mv_per_day = given.mv_per_day, percent_per_day = given.percent_per_day,
    battery_ends_at = given.ends_at, withheld = given.withheld
from unnest($1::text[], $2::real[], $3::real[], $4::timestamptz[], $5::text[])
    as given (dev_eui, mv_per_day, percent_per_day, ends_at, withheld)
where health.dev_eui = given.dev_eui
"""

COUNTS = """
select
    case
        when retired_at is not null then 'retired'
        when origin = 'seen' then 'unknown'
        when last_seen is null or last_seen < $1::timestamptz - make_interval(secs =>
            coalesce(expected_interval_s, 86400) * (select silent_intervals from health_policy))
            then 'silent'
        else 'active'
    end as status, count(*)::int as devices
from device group by 1
"""

RADIO = """
select source_id, sum(frames)::int as frames, greatest(sum(lost), 0)::int as lost
from device_health_hour where hour > $1 and source_id <> '' group by 1
"""


async def take_turn(connection: Any) -> bool:
    """Tell whether this process may watch now."""
    return bool(await connection.fetchval("select pg_try_advisory_xact_lock($1)", LOCK))


async def note_watch(connection: Any, now: datetime) -> tuple[datetime, datetime] | None:
    """Note that somebody watches; return the last period in which nobody did, if there was one."""
    names = [WATCH, AWAY_FROM, AWAY_UNTIL]
    known = {row["writer"]: row["noted_at"] for row in await connection.fetch(POSITIONS, names)}
    before = known.get(WATCH)
    if before is not None and now - before > AWAY_AFTER:
        known[AWAY_FROM], known[AWAY_UNTIL] = before, now
    known[WATCH] = now
    await connection.execute(SET_POSITION, list(known), list(known.values()))
    return (known[AWAY_FROM], known[AWAY_UNTIL]) if AWAY_FROM in known else None


async def set_policy(connection: Any, silent_intervals: float) -> None:
    """Write the setting that views and statements need."""
    await connection.execute("update health_policy set silent_intervals = $1", silent_intervals)


async def open_alerts(connection: Any, kinds: Sequence[str]) -> dict[tuple[str, str], Any]:
    """Return the open alerts of some kinds: their details by kind and id."""
    return {
        (row["kind"], row["alert_id"]): orjson.loads(row["details"])
        for row in await connection.fetch(OPEN, kinds)
    }


async def outages(connection: Any, now: datetime, since: datetime) -> list[Any]:
    """Return when sources were silent, those that ended after `since`."""
    rows: list[Any] = await connection.fetch(OUTAGES, now, since)
    return rows


async def gateway_outages(connection: Any, since: datetime) -> list[Any]:
    """Return when gateways were silent that hear again, those that ended after `since`."""
    rows: list[Any] = await connection.fetch(GATEWAY_OUTAGES, since)
    return rows


async def silent_devices(connection: Any, now: datetime) -> list[Any]:
    """Return registered devices that were heard once and are not any more."""
    rows: list[Any] = await connection.fetch(SILENT, now)
    return rows


async def sources(connection: Any, now: datetime) -> list[Any]:
    """Return how many devices each source has, when it was heard, and how often it should be."""
    rows: list[Any] = await connection.fetch(SOURCES, now)
    return rows


async def quiet_gateways(connection: Any, now: datetime) -> list[Any]:
    """Return own gateways not heard for 15 minutes, with what they heard the day before."""
    rows: list[Any] = await connection.fetch(GATEWAYS, now)
    return rows


async def heard_only_by(
    connection: Any, devices: Sequence[Any], gateway_ids: Sequence[str]
) -> set[str]:
    """Return which of these devices no other gateway heard on their last day."""
    if not devices or not gateway_ids:
        return set()
    euis, seen = [row["dev_eui"] for row in devices], [row["last_seen"] for row in devices]
    rows = await connection.fetch(HEARD_ONLY_BY, euis, seen, gateway_ids)
    return {row["dev_eui"] for row in rows}


async def waiting_hours(connection: Any) -> int:
    """Return how many hours of devices wait to be examined, however often each was marked."""
    return int(await connection.fetchval(WAITING_HOURS))


async def losses(connection: Any, since: datetime, *, fewest: int, percent: float) -> list[Any]:
    """Return devices that lost at least so many percent of their frames, long gaps left out."""
    rows: list[Any] = await connection.fetch(LOSSES, since, fewest, percent)
    return rows


async def codec_errors(connection: Any, since: datetime, errors: int) -> list[Any]:
    """Return codecs with devices that fail so often, or half as often."""
    rows: list[Any] = await connection.fetch(CODEC_ERRORS, since, errors)
    return rows


async def batteries(
    connection: Any, *, percent: float, mv: float, ends_before: datetime
) -> list[Any]:
    """Return devices whose battery may be low or end soon."""
    rows: list[Any] = await connection.fetch(BATTERIES, percent, mv, ends_before)
    return rows


async def without_outlook(connection: Any, before: datetime, limit: int) -> list[Any]:
    """Return devices with a battery whose outlook is older than that."""
    rows: list[Any] = await connection.fetch(WITHOUT_OUTLOOK, before, limit)
    return rows


async def write_outlooks(connection: Any, rows: Sequence[Sequence[Any]], now: datetime) -> None:
    """Note outlooks: device, mV and percent a day, end, why there is none."""
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        await connection.execute(WRITE_OUTLOOKS, *columns, now)


async def count_devices(connection: Any, now: datetime) -> dict[str, int]:
    """Return how many devices have each status."""
    return {row["status"]: row["devices"] for row in await connection.fetch(COUNTS, now)}


async def radio_by_source(connection: Any, since: datetime) -> list[Any]:
    """Return frames received and lost since a time, by source."""
    rows: list[Any] = await connection.fetch(RADIO, since)
    return rows


async def forget(connection: Any, before: datetime) -> None:
    """Drop hours of health older than that, by whole chunks."""
    for table in ("device_health_hour", "device_gateway_hour"):
        await connection.fetch(
            "select drop_chunks($1::regclass, older_than => $2::timestamptz)", table, before
        )
