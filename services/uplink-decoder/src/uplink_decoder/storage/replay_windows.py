# SPDX-License-Identifier: EUPL-1.2
"""SQL of one window of a replay: stored uplinks, their observations, what changes; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from uplink_decoder.domain.difference import Standing, StoredObservation
from uplink_decoder.domain.selection import Selection
from uplink_decoder.storage.batches import OBSERVATION_COLUMNS

OWN_TIME_BEFORE, OWN_TIME_AFTER = timedelta(days=32), timedelta(minutes=10)
"""A reading's own time lies at most 31 days before and 5 minutes after its receipt."""

UPLINK_FIELDS = """
select u.observed_at, u.uplink_id, u.source_id, u.simulated, u.dev_eui, u.received_at,
    u.time_source, u.f_cnt, u.f_port, u.payload, u.flags, u.codec_id, u.codec_version,
    u.decoded::text as decoded, u.warnings, u.errors
from uplink u
"""

IS_OF_CODEC = """
(u.codec_id = {0} or u.dev_eui in (select dev_eui from device where device.codec_id = {0}))
"""
IS_OF_ASSET = """
exists (select from assignment a where a.dev_eui = u.dev_eui and a.asset_kind = {0}
    and a.asset_id = {1} and a.valid_from <= u.observed_at
    and (a.valid_to is null or u.observed_at < a.valid_to))
"""
UNDECODED = "u.flags && '{unknown_device,no_codec,unknown_codec,no_asset}'"

OBSERVATION_FIELDS = """
select o.observed_at, o.seq, o.event_id, o.uplink_id, o.kind, o.subject, o.data::text as data,
    case when o.superseded_at is null then 'current'
        when o.superseded_by is null then 'withdrawn' else 'replaced' end as standing
from observation o
"""

# The uplinks of a window lie close together in time: their range keeps other chunks out.
OBSERVATIONS = f"""
{OBSERVATION_FIELDS}
join unnest($6::timestamptz[], $3::uuid[]) as given (observed_at, uplink_id)
    on o.observed_at = given.observed_at and o.uplink_id = given.uplink_id
where o.observed_at between $1 and $2 and o.own_time is null
union all
{OBSERVATION_FIELDS}
where o.observed_at between $4 and $5 and o.uplink_id = any($3::uuid[]) and o.own_time
"""

UPDATE_UPLINKS = """
update uplink set codec_id = given.codec_id, codec_version = given.codec_version,
    decoded = given.decoded::jsonb,
    flags = case when given.flags is not null
        then array(select jsonb_array_elements_text(given.flags::jsonb)) end,
    warnings = case when given.warnings is not null
        then array(select jsonb_array_elements_text(given.warnings::jsonb)) end,
    errors = case when given.errors is not null
        then array(select jsonb_array_elements_text(given.errors::jsonb)) end,
    battery_mv = given.battery_mv, battery_percent = given.battery_percent
from unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::text[],
    $7::text[], $8::text[], $9::int[], $10::real[])
    as given (observed_at, uplink_id, flags, codec_id, codec_version, decoded, warnings, errors,
        battery_mv, battery_percent)
where uplink.observed_at = given.observed_at and uplink.uplink_id = given.uplink_id
    and uplink.observed_at between $11 and $12
"""

SUPERSEDE = """
update observation set superseded_at = $4, superseded_by = given.superseded_by
from unnest($1::timestamptz[], $2::bigint[], $3::text[]) as given (observed_at, seq, superseded_by)
where observation.observed_at = given.observed_at and observation.seq = given.seq
"""

WRITTEN = """
select seq, event_id, kind, topic, source_id, subject, observed_at, simulated, dev_eui,
    data::text as data, corrects
from observation where seq >= $1 and writer = $2 order by seq limit $3
"""

# A planner that knows no numbers would read all that is left of a chunk to sort it, for every window.
IN_ORDER = "set local enable_bitmapscan = off"

CORRECTION_COLUMNS = (*OBSERVATION_COLUMNS, "corrects")


async def uplinks(
    connection: Any,
    selection: Selection,
    *,
    after: tuple[datetime, uuid.UUID] | None,
    until: datetime,
    limit: int,
) -> list[Any]:
    """Return the next stored uplinks of a selection in the order of observation time and id."""
    arguments: list[Any] = []

    def given(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    conditions = [f"u.observed_at < {given(selection.to_time or until)}"]
    if after is not None:
        at, uplink_id = given(after[0]), given(after[1])
        conditions.append(f"u.observed_at >= {at}")
        conditions.append(f"(u.observed_at, u.uplink_id) > ({at}, {uplink_id})")
    elif selection.from_time:
        conditions.append(f"u.observed_at >= {given(selection.from_time)}")
    if selection.dev_euis:
        conditions.append(f"u.dev_eui = any({given(selection.dev_euis)}::text[])")
    if selection.source:
        conditions.append(f"u.source_id = {given(selection.source)}")
    if selection.codec_id:
        conditions.append(IS_OF_CODEC.format(given(selection.codec_id)))
    if selection.asset_kind:
        asset = (given(selection.asset_kind), given(selection.asset_id))
        conditions.append(IS_OF_ASSET.format(*asset))
    if selection.flags:
        conditions.append(f"u.flags && {given(selection.flags)}::text[]")
        if set(selection.flags) <= {"unknown_device", "no_codec", "unknown_codec", "no_asset"}:
            conditions.append(UNDECODED)
    where = " and ".join(conditions)
    order = f"order by u.observed_at, u.uplink_id limit {given(limit)}"
    await connection.execute(IN_ORDER)
    rows: list[Any] = await connection.fetch(f"{UPLINK_FIELDS} where {where} {order}", *arguments)
    return rows


async def uplinks_of(connection: Any, keys: Sequence[tuple[str, datetime, uuid.UUID]]) -> list[Any]:
    """Return single uplinks by device, time of receipt and id."""
    query = f"""{UPLINK_FIELDS}
    join unnest($1::text[], $2::timestamptz[], $3::uuid[]) as given (dev_eui, received_at, id)
        on u.dev_eui = given.dev_eui and u.received_at = given.received_at and u.uplink_id = given.id
    order by u.observed_at, u.uplink_id"""
    columns = [list(column) for column in zip(*keys, strict=True)]
    rows: list[Any] = await connection.fetch(query, *columns)
    return rows


async def observations(
    connection: Any, rows: Sequence[Any]
) -> dict[uuid.UUID, list[StoredObservation]]:
    """Return the observations ever published of these uplinks, which are in order of time."""
    first, last = rows[0]["observed_at"], rows[-1]["observed_at"]
    received = [row["received_at"] for row in rows]
    found: dict[uuid.UUID, list[StoredObservation]] = {}
    for row in await connection.fetch(
        OBSERVATIONS,
        first,
        last,
        [row["uplink_id"] for row in rows],
        min(received) - OWN_TIME_BEFORE,
        max(received) + OWN_TIME_AFTER,
        [row["observed_at"] for row in rows],
    ):
        at, seq, event_id, uplink_id, kind, subject, data, standing = row
        found.setdefault(uplink_id, []).append(
            StoredObservation(
                at, seq, event_id, kind, subject, orjson.loads(data), Standing(standing)
            )
        )
    return found


async def update_uplinks(connection: Any, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write what the codec makes of uplinks now; arrays are given as JSON."""
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        times = columns[0]
        await connection.execute(UPDATE_UPLINKS, *columns, min(times), max(times))


async def write_corrections(connection: Any, rows: Sequence[tuple[Any, ...]]) -> None:
    """Store new and corrected observations, columns as in CORRECTION_COLUMNS."""
    if rows:
        await connection.copy_records_to_table(
            "observation", records=rows, columns=CORRECTION_COLUMNS
        )


async def supersede(
    connection: Any, rows: Sequence[tuple[datetime, int, str | None]], *, at: datetime | None
) -> None:
    """Mark observations as replaced by another, or as gone; `at` of nothing makes them hold again."""
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        await connection.execute(SUPERSEDE, *columns, at)


async def written_by(connection: Any, writer: str, *, start: int, limit: int) -> list[Any]:
    """Return the observations that a replay wrote, from a number of the sequence on."""
    rows: list[Any] = await connection.fetch(WRITTEN, start, writer, limit)
    return rows
