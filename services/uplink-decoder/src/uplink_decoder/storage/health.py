# SPDX-License-Identifier: EUPL-1.2
"""SQL of the examination: marks, the uplinks of an hour, what they amount to; never commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from uplink_decoder.domain.frames import Track, read_track, track_document
from uplink_decoder.domain.health_hour import HealthHour, hour_number, hour_start

LOCK = 5_318_008_010
"""Advisory lock: two decoders that examine the same hour could leave the older result."""
RECOVERED = timedelta(hours=1)
"""What is observed longer before its receipt is marked in its own transaction."""

MARK = (
    "insert into health_dirty (dev_eui, hour) select * from unnest($1::text[], $2::timestamptz[])"
)

NOTE = """
insert into health_position (writer, noted_at) values ($1, $2)
on conflict (writer) do update set noted_at = excluded.noted_at
"""

# Everything else of that time was marked with its batch.
RECOVER = """
insert into health_dirty (dev_eui, hour)
select distinct dev_eui, date_trunc('hour', observed_at)
from (
    select dev_eui, observed_at, received_at from uplink where observed_at > $1
    union all
    select dev_eui, observed_at, received_at from device_event where observed_at > $1
) as stored
where received_at > $2
"""

# A device that is heard each second is marked again and again: one reading does for all of these, and others need not wait.
TAKE_MARKS = """
with oldest as (
    select mark, dev_eui, hour from health_dirty order by mark limit $1 * 100
), wanted as (
    select dev_eui, hour from oldest group by 1, 2 order by min(mark) limit $1
), taken as (
    delete from health_dirty where mark in (select mark from oldest join wanted using (dev_eui, hour))
    returning dev_eui, hour
)
select dev_eui, hour from taken group by 1, 2 order by 1, 2
"""

# A device's uplinks are few among those of its hour; the planner, knowing neither, would read the
# index by time as well: 80 ms instead of 2 for a device in an hour of 360,000 uplinks.
BY_DEVICE = "set local enable_bitmapscan = off"

# A frame is received at the earliest five minutes before its observation time.
FRAMES = """
select given.dev_eui, given.hour, found.*
from unnest($1::text[], $2::timestamptz[]) as given (dev_eui, hour)
cross join lateral (
    select observed_at, f_cnt, source_id, simulated, raw, battery_mv, battery_percent,
        'codec_error' = any(flags) as has_codec_error
    from uplink
    where uplink.dev_eui = given.dev_eui
        and observed_at >= given.hour and observed_at < given.hour + interval '1 hour'
        and observed_at >= $3 and observed_at < $4
        and received_at >= given.hour - interval '5 minutes'
        and not coalesce(flags && '{simulated_frame,no_right}', false)
    order by observed_at, uplink_id
    limit $5
) as found
"""

STATUSES = """
select given.dev_eui, given.hour, event.raw
from unnest($1::text[], $2::timestamptz[]) as given (dev_eui, hour)
join device_event as event on event.dev_eui = given.dev_eui and event.kind = 'status'
    and event.observed_at >= given.hour and event.observed_at < given.hour + interval '1 hour'
    and event.received_at >= given.hour - interval '5 minutes'
where event.observed_at >= $3 and event.observed_at < $4
"""

TRACKS = """
select given.dev_eui, given.hour, before.hour as before_hour, before.track as before_track,
    own.track as own_track, after.hour as after_hour
from unnest($1::text[], $2::timestamptz[]) as given (dev_eui, hour)
left join device_health_hour as own on own.dev_eui = given.dev_eui and own.hour = given.hour
left join lateral (
    select hour, track from device_health_hour as hours
    where hours.dev_eui = given.dev_eui and hours.hour < given.hour order by hour desc limit 1
) as before on true
left join lateral (
    select hour from device_health_hour as hours
    where hours.dev_eui = given.dev_eui and hours.hour > given.hour order by hour limit 1
) as after on true
"""

WRITE_HOURS = """
insert into device_health_hour (
    dev_eui, hour, source_id, simulated, frames, lost, lost_long, repeated, resets, sessions,
    codec_errors, spreading, rssi_max, rssi_mean, snr_max, snr_mean, battery_mv, battery_percent,
    track
)
select dev_eui, hour, source_id, simulated, frames, lost, lost_long, repeated, resets, sessions,
    codec_errors, spreading::jsonb, rssi_max, rssi_mean, snr_max, snr_mean, battery_mv,
    battery_percent, track
from unnest(
    $1::text[], $2::timestamptz[], $3::text[], $4::bool[], $5::int[], $6::int[], $7::int[],
    $8::int[], $9::int[], $10::int[], $11::int[], $12::text[], $13::real[], $14::real[],
    $15::real[], $16::real[], $17::int[], $18::real[], $19::text[]
) as given (
    dev_eui, hour, source_id, simulated, frames, lost, lost_long, repeated, resets, sessions,
    codec_errors, spreading, rssi_max, rssi_mean, snr_max, snr_mean, battery_mv, battery_percent,
    track
)
on conflict (dev_eui, hour) do update
set source_id = excluded.source_id, simulated = excluded.simulated, frames = excluded.frames,
    lost = excluded.lost, lost_long = excluded.lost_long, repeated = excluded.repeated,
    resets = excluded.resets, sessions = excluded.sessions,
    codec_errors = excluded.codec_errors, spreading = excluded.spreading,
    rssi_max = excluded.rssi_max, rssi_mean = excluded.rssi_mean, snr_max = excluded.snr_max,
    snr_mean = excluded.snr_mean, battery_mv = excluded.battery_mv,
    battery_percent = excluded.battery_percent, track = excluded.track, changed_at = now()
"""

WRITE_GATEWAY_HOURS = """
insert into device_gateway_hour (
    dev_eui, hour, gateway_id, frames, rssi_max, rssi_min, rssi_mean, snr_max, snr_min, snr_mean
)
select * from unnest(
    $1::text[], $2::timestamptz[], $3::text[], $4::int[], $5::real[], $6::real[], $7::real[],
    $8::real[], $9::real[], $10::real[]
)
on conflict (dev_eui, hour, gateway_id) do update
set frames = excluded.frames, rssi_max = excluded.rssi_max, rssi_min = excluded.rssi_min,
    rssi_mean = excluded.rssi_mean, snr_max = excluded.snr_max, snr_min = excluded.snr_min,
    snr_mean = excluded.snr_mean
"""

NOTE_GATEWAYS = """
insert into gateway as known (
    gateway_id, source_id, is_foreign, simulated, first_seen, last_seen, lat, lon
)
select * from unnest(
    $1::text[], $2::text[], $3::bool[], $4::bool[], $5::timestamptz[], $6::timestamptz[],
    $7::float8[], $8::float8[]
)
on conflict (gateway_id) do update
set source_id = case when excluded.last_seen >= known.last_seen
        then excluded.source_id else known.source_id end,
    is_foreign = known.is_foreign and excluded.is_foreign,
    simulated = known.simulated and excluded.simulated,
    first_seen = least(known.first_seen, excluded.first_seen),
    last_seen = greatest(known.last_seen, excluded.last_seen),
    lat = coalesce(excluded.lat, known.lat), lon = coalesce(excluded.lon, known.lon)
"""

NOTE_DEVICES = """
insert into device_health as known (
    dev_eui, examined_at, heard_hour, radio, battery_at, battery_mv, battery_percent
)
select dev_eui, $7, hour, radio::jsonb, battery_at, battery_mv, battery_percent
from unnest($1::text[], $2::timestamptz[], $3::text[], $4::timestamptz[], $5::int[], $6::real[])
    as given (dev_eui, hour, radio, battery_at, battery_mv, battery_percent)
on conflict (dev_eui) do update
set examined_at = excluded.examined_at,
    heard_hour = greatest(known.heard_hour, excluded.heard_hour),
    radio = case when known.heard_hour is null or excluded.heard_hour >= known.heard_hour
        then excluded.radio else known.radio end,
    battery_mv = case when excluded.battery_mv is not null
        and (known.battery_at is null or excluded.battery_at >= known.battery_at)
        then excluded.battery_mv else known.battery_mv end,
    battery_percent = case when excluded.battery_percent is not null
        and (known.battery_at is null or excluded.battery_at >= known.battery_at)
        then excluded.battery_percent else known.battery_percent end,
    battery_at = greatest(known.battery_at, excluded.battery_at)
"""
Key = tuple[str, datetime]


class Standing(NamedTuple):
    """What is stored around an hour: the counter before it, at its end, and the next hour."""

    before_hour: datetime | None
    before: Track
    own_track: str | None
    after_hour: datetime | None


class Examined(NamedTuple):
    """An hour of a device as it is to be stored."""

    dev_eui: str
    hour: datetime
    source_id: str
    simulated: bool
    health: HealthHour
    track: Track


async def mark(connection: Any, observed: Iterable[Key]) -> None:
    """Mark the hours of devices and observation times as to be examined."""
    numbers = {(dev_eui, hour_number(at)) for dev_eui, at in observed}
    await mark_hours(connection, numbers)


async def mark_hours(connection: Any, heard: Iterable[tuple[str, int]]) -> None:
    """Mark numbered hours of devices."""
    rows = [(dev_eui, hour_start(number)) for dev_eui, number in sorted(heard)]
    if rows:
        await connection.execute(MARK, *(list(column) for column in zip(*rows, strict=True)))


async def mark_late(connection: Any, *batches: Sequence[Sequence[Any]]) -> None:
    """Mark rows of uplinks or events that `recover` would not find again, with their batch."""
    late = {(row[3], row[0]) for rows in batches for row in rows if row[4] - row[0] > RECOVERED}
    if late:
        await mark(connection, late)


async def note_marked(
    connection: Any, writer: str, heard: Iterable[tuple[str, int]], now: datetime
) -> None:
    """Mark what a decoder stored, and note that it did."""
    await mark_hours(connection, heard)
    await connection.execute(NOTE, writer, now)


async def recover(connection: Any, writer: str, now: datetime) -> None:
    """Mark what a killed process had stored and not marked yet."""
    noted = await connection.fetchval(
        "select noted_at from health_position where writer = $1", writer
    )
    since = min(noted or now, now) - RECOVERED
    await connection.execute(RECOVER, since - RECOVERED, since)
    await connection.execute(NOTE, writer, now)


async def take_marks(connection: Any, limit: int) -> list[Key] | None:
    """Take all marks of the hours that wait longest, so many hours; nothing while another process examines."""
    if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", LOCK):
        return None
    await connection.execute(BY_DEVICE)
    return [tuple(row) for row in await connection.fetch(TAKE_MARKS, limit)]


async def frames(connection: Any, keys: Sequence[Key], most: int) -> dict[Key, list[Any]]:
    """Return the stored uplinks of hours; of one hour at most so many."""
    return _by_key(keys, await connection.fetch(FRAMES, *_given(keys), most))


async def statuses(connection: Any, keys: Sequence[Key]) -> dict[Key, list[Any]]:
    """Return the `status` events of hours."""
    return _by_key(keys, await connection.fetch(STATUSES, *_given(keys)))


async def standings(connection: Any, keys: Sequence[Key]) -> dict[Key, Standing]:
    """Return what is stored around hours."""
    return {
        (row["dev_eui"], row["hour"]): Standing(
            row["before_hour"],
            read_track(orjson.loads(row["before_track"])) if row["before_track"] else Track(),
            row["own_track"],
            row["after_hour"],
        )
        for row in await connection.fetch(TRACKS, *_given(keys)[:2])
    }


def track_text(track: Track) -> str:
    """Return a track as it is stored; equal tracks are equal texts."""
    return orjson.dumps(track_document(track)).decode()


async def write_hours(connection: Any, examined: Sequence[Examined]) -> None:
    """Replace what is stored of these hours."""
    if not examined:
        return
    rows = [_hour_row(each) for each in examined]
    await connection.execute(WRITE_HOURS, *_columns(rows))
    heard = [
        (each.dev_eui, each.hour, gateway_id, *signal)
        for each in examined
        for gateway_id, signal in each.health.gateways.items()
    ]
    if heard:
        await connection.execute(WRITE_GATEWAY_HOURS, *_columns(heard))


async def note_gateways(connection: Any, rows: Sequence[Sequence[Any]]) -> None:
    """Note gateways: id, source, foreign, simulated, first and last heard, place."""
    if rows:
        await connection.execute(NOTE_GATEWAYS, *_columns(rows))


async def note_devices(
    connection: Any, newest: Mapping[str, tuple[Any, ...]], now: datetime
) -> None:
    """Note the newest of devices: hour, radio, battery; older ones than stored change nothing."""
    rows = [(dev_eui, *newest[dev_eui]) for dev_eui in sorted(newest)]
    if rows:
        await connection.execute(NOTE_DEVICES, *_columns(rows), now)


def _hour_row(each: Examined) -> tuple[Any, ...]:
    health, counts = each.health, each.health.counts
    return (
        each.dev_eui,
        each.hour,
        each.source_id,
        each.simulated,
        counts.frames,
        counts.lost,
        counts.lost_long,
        counts.repeated,
        counts.resets,
        counts.sessions,
        health.codec_errors,
        orjson.dumps({str(sf): count for sf, count in sorted(health.spreading.items())}).decode(),
        health.best.rssi_max,
        health.best.rssi_mean,
        health.best.snr_max,
        health.best.snr_mean,
        health.battery_mv,
        health.battery_percent,
        track_text(each.track),
    )


def _given(keys: Sequence[Key]) -> list[Any]:
    hours = [hour for _, hour in keys]
    return [[dev_eui for dev_eui, _ in keys], hours, min(hours), max(hours) + timedelta(hours=1)]


def _by_key(keys: Sequence[Key], rows: Sequence[Any]) -> dict[Key, list[Any]]:
    found: dict[Key, list[Any]] = {key: [] for key in keys}
    for row in rows:
        found[row["dev_eui"], row["hour"]].append(row)
    return found


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
