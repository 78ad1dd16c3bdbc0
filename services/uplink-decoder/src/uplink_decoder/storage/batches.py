# SPDX-License-Identifier: EUPL-1.2
"""Bulk writes of one batch: identities first, then COPY of what is new; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

# Tells first deliveries from repeated ones; the others' first time of receipt makes a repeated
# delivery compute the same observation times as the first.
CLAIM_IDENTITIES = """
with claimed as (
    insert into uplink_identity (uplink_id, received_at)
    select * from unnest($1::uuid[], $2::timestamptz[])
    on conflict (uplink_id) do nothing
    returning uplink_id
)
select given.uplink_id, known.received_at
from unnest($1::uuid[]) as given (uplink_id)
left join uplink_identity known using (uplink_id)
where not exists (select from claimed where claimed.uplink_id = given.uplink_id)
"""

TAKE_SEQUENCE = "select nextval('observation_sequence') from generate_series(1, $1)"

MARK_PUBLISHED = """
insert into publish_mark (writer, seq) values ($1, $2)
on conflict (writer) do update set seq = greatest(publish_mark.seq, excluded.seq)
"""

NOTE_START = """
insert into publish_mark (writer, seq, running) values ($1, 0, true)
on conflict (writer) do update set running = true
returning (select running from publish_mark where writer = $1) as was_running
"""

UNPUBLISHED = """
select seq, event_id, kind, topic, source_id, subject, observed_at, simulated, dev_eui,
    data::text as data
from observation
where seq > coalesce((select seq from publish_mark where writer = $1), 0) and writer = $1
order by seq
limit $2
"""

QUARANTINE = """
insert into quarantine (
    quarantine_id, received_at, last_received_at, source_id, topic, payload, reason, detail,
    dev_eui, uplink_id, codec_id, codec_version, ledger_class
)
select id, received_at, received_at, source_id, topic, payload, reason, detail,
    dev_eui, uplink_id, codec_id, codec_version, ledger_class
from unnest(
    $1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[],
    $8::text[], $9::uuid[], $10::text[], $11::int[], $12::text[]
) as given (id, received_at, source_id, topic, payload, reason, detail,
    dev_eui, uplink_id, codec_id, codec_version, ledger_class)
on conflict (quarantine_id) do update
set times = quarantine.times + 1, last_received_at = excluded.last_received_at,
    ledger_class = excluded.ledger_class, erased_at = null,
    payload = case when quarantine.erased_at is null then quarantine.payload
        else excluded.payload end,
    state = case quarantine.state when 'discarded' then 'discarded' else 'open' end
"""


ADD_UNKNOWN_DEVICES = """
insert into device (dev_eui, name, origin, first_seen, last_source)
select dev_eui, dev_eui, 'seen', first_seen, source_id
from unnest($1::text[], $2::timestamptz[], $3::text[]) as given (dev_eui, first_seen, source_id)
on conflict (dev_eui) do nothing
"""

UPLINK_COLUMNS = (
    "observed_at",
    "uplink_id",
    "source_id",
    "dev_eui",
    "received_at",
    "time_source",
    "f_cnt",
    "f_port",
    "payload",
    "raw",
    "flags",
    "simulated",
    "codec_id",
    "codec_version",
    "decoded",
    "warnings",
    "errors",
    "battery_mv",
    "battery_percent",
)
EVENT_COLUMNS = (
    "observed_at",
    "event_id",
    "source_id",
    "dev_eui",
    "received_at",
    "kind",
    "code",
    "raw",
    "simulated",
)
CANONICAL_COLUMNS = (
    "observed_at",
    "identity",
    "source_id",
    "event_source",
    "event_id",
    "kind",
    "content",
    "received_at",
    "raw",
    "simulated",
)
OBSERVATION_COLUMNS = (
    "observed_at",
    "seq",
    "event_id",
    "uplink_id",
    "kind",
    "topic",
    "source_id",
    "subject",
    "asset_id",
    "dev_eui",
    "received_at",
    "simulated",
    "writer",
    "data",
    "own_time",
)
Row = tuple[Any, ...]


async def claim_identities(
    connection: Any, ids: Sequence[uuid.UUID], received: Sequence[datetime]
) -> dict[uuid.UUID, datetime]:
    """Claim new identities; return those claimed before with their first time of receipt."""
    rows = await connection.fetch(CLAIM_IDENTITIES, ids, received)
    return {row["uplink_id"]: row["received_at"] for row in rows}


async def known_identities(connection: Any, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Return which of these identities were stored before, as far as they are remembered."""
    query = "select uplink_id from uplink_identity where uplink_id = any($1::uuid[])"
    return {row["uplink_id"] for row in await connection.fetch(query, ids)}


async def prune_identities(connection: Any, before: datetime) -> int:
    """Forget identities first received before a time; return how many."""
    done = await connection.execute("delete from uplink_identity where received_at < $1", before)
    return int(done.rpartition(" ")[2])


async def take_sequence(connection: Any, count: int) -> list[int]:
    """Return `count` ascending numbers of the observation sequence."""
    if not count:
        return []
    return [row[0] for row in await connection.fetch(TAKE_SEQUENCE, count)]


async def write_uplinks(connection: Any, rows: Sequence[Row]) -> None:
    """Store uplinks, columns as in UPLINK_COLUMNS."""
    await _copy(connection, "uplink", UPLINK_COLUMNS, rows)


async def write_device_events(connection: Any, rows: Sequence[Row]) -> None:
    """Store device events, columns as in EVENT_COLUMNS."""
    await _copy(connection, "device_event", EVENT_COLUMNS, rows)


async def canonical_contents(
    connection: Any, identities: Sequence[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """Return the hash of what each of these events of partners said when it was stored."""
    if not identities:
        return {}
    rows = await connection.fetch(
        "select identity, content from canonical_event where identity = any($1::uuid[])", identities
    )
    return {row["identity"]: row["content"] for row in rows}


async def write_canonical(connection: Any, rows: Sequence[Row]) -> None:
    """Store partners' own events as they came, columns as in CANONICAL_COLUMNS."""
    await _copy(connection, "canonical_event", CANONICAL_COLUMNS, rows)


async def write_observations(connection: Any, rows: Sequence[Row]) -> None:
    """Store observations, columns as in OBSERVATION_COLUMNS."""
    await _copy(connection, "observation", OBSERVATION_COLUMNS, rows)


async def _copy(connection: Any, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if rows:
        await connection.copy_records_to_table(table, records=rows, columns=columns)


async def write_quarantine(connection: Any, rows: Sequence[Row]) -> None:
    """Quarantine messages; one that is there already is counted, and open unless discarded."""
    if rows:
        await connection.execute(QUARANTINE, *(list(column) for column in zip(*rows, strict=True)))


async def add_unknown_devices(connection: Any, seen: Sequence[tuple[str, datetime, str]]) -> None:
    """List devices that nobody registered: EUI, time, source."""
    if seen:
        columns = (list(column) for column in zip(*seen, strict=True))
        await connection.execute(ADD_UNKNOWN_DEVICES, *columns)


async def note_start(connection: Any, writer: str) -> bool:
    """Note that a writer runs; tell whether its last process died instead of ending."""
    return bool(await connection.fetchval(NOTE_START, writer))


async def note_end(connection: Any, writer: str) -> None:
    """Note that a writer ended in order."""
    await connection.execute("update publish_mark set running = false where writer = $1", writer)


async def mark_published(connection: Any, writer: str, seq: int) -> None:
    """Note that everything up to `seq` of this writer was acknowledged by the broker."""
    await connection.execute(MARK_PUBLISHED, writer, seq)


async def unpublished(connection: Any, writer: str, limit: int) -> list[Any]:
    """Return this writer's observations above its mark, oldest first."""
    rows: list[Any] = await connection.fetch(UNPUBLISHED, writer, limit)
    return rows
