# SPDX-License-Identifier: EUPL-1.2
"""SQL of replays: their life, progress and reports; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from uplink_decoder.domain.selection import Selection

# One worker at a time, whichever decoder it runs in: an uplink is replayed by one only.
LOCK = "select pg_try_advisory_xact_lock(hashtext('uplink.replay'))"

FIELDS = """
    replay_id, kind, state, dry_run, filter::text as filter, codec_id, codec_version, requested_by,
    author_role, note, created_at, started_at, updated_at, finished_at, from_at, position_at,
    position_id, total, counts::text as counts, fields::text as fields, differences, deaths, error
"""

CREATE = f"""
insert into replay (kind, state, dry_run, filter, codec_id, codec_version, requested_by,
    author_role, note, total)
values ($1, 'queued', $2, $3::jsonb, $4, $5, $6, $7, $8, $9)
returning {FIELDS}
"""  # noqa: S608 (constant parts only)

LIST = f"""
select {FIELDS} from replay
where ($1::text is null or state = $1) and ($2::text is null or kind = $2) and replay_id < $3
order by replay_id desc limit $4
"""  # noqa: S608

ONE = f"select {FIELDS} from replay where replay_id = $1"  # noqa: S608

# A retry waits for no replay: somebody stands there and wants to know.
NEXT = f"""
select {FIELDS} from replay where state in ('running', 'queued')
order by kind <> 'quarantine', replay_id limit 1 for update
"""  # noqa: S608

MOVE = f"""
update replay
set state = $2, updated_at = now(), error = null, deaths = 0,
    finished_at = case when $2 = 'queued' then null else now() end
where replay_id = $1 and state = any($3)
returning {FIELDS}
"""  # noqa: S608

ADVANCE = """
update replay
set state = $2, counts = $3::jsonb, fields = $4::jsonb, differences = $5,
    position_at = coalesce($6, position_at), position_id = coalesce($7, position_id),
    from_at = coalesce(from_at, $8), unpublished_from = coalesce(unpublished_from, $9),
    started_at = coalesce(started_at, now()), updated_at = now(), deaths = 0,
    finished_at = case when $2 = 'running' then null else now() end
where replay_id = $1
"""

FAIL = """
update replay set state = 'failed', error = $2, updated_at = now(), finished_at = now()
where replay_id = $1
"""

NOTE_DEATH = """
update replay
set deaths = deaths + 1, updated_at = now(),
    state = case when deaths + 1 >= $1 then 'failed' else state end,
    finished_at = case when deaths + 1 >= $1 then now() end,
    error = case when deaths + 1 >= $1
        then format('the process ended %s times at this position', deaths + 1) end
where state = 'running'
"""

UNPUBLISHED = """
select replay_id, unpublished_from from replay where unpublished_from is not null
order by replay_id limit 1
"""

NOTE_PUBLISHED = """
update replay
set unpublished_from = (select min(seq) from observation where seq > $2 and writer = $3)
where replay_id = $1 and unpublished_from <= $2 + 1
"""

DIFFERENCES = """
select number, uplink_id, observed_at, dev_eui, field, change, before, after
from replay_difference where replay_id = $1 and number > $2 order by number limit $3
"""

DIFFERENCE_COLUMNS = (
    "replay_id",
    "number",
    "uplink_id",
    "observed_at",
    "dev_eui",
    "field",
    "change",
    "before",
    "after",
)


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody, or the decoder itself, wants replayed."""

    kind: str
    selection: Selection
    requested_by: str
    dry_run: bool = False
    codec_id: str | None = None
    codec_version: int | None = None
    author_role: str | None = None
    note: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is after a window; a position of nothing leaves it where it was."""

    state: str
    counts: Mapping[str, int]
    fields: Mapping[str, Mapping[str, int]]
    differences: int
    position: tuple[datetime, uuid.UUID] | None = None
    from_at: datetime | None = None
    unpublished_from: int | None = None


async def create(connection: Any, request: Request) -> Any:
    """Queue a replay and return it."""
    return await connection.fetchrow(
        CREATE,
        request.kind,
        request.dry_run,
        orjson.dumps(request.selection.document()).decode(),
        request.codec_id,
        request.codec_version,
        request.requested_by,
        request.author_role,
        request.note,
        request.total,
    )


async def list_replays(
    connection: Any, *, state: str | None, kind: str | None, before: int, limit: int
) -> list[Any]:
    """Return replays, the newest first."""
    rows: list[Any] = await connection.fetch(LIST, state, kind, before, limit)
    return rows


async def get(connection: Any, replay_id: int) -> Any | None:
    """Return one replay, or nothing."""
    return await connection.fetchrow(ONE, replay_id)


async def move(connection: Any, replay_id: int, *, to: str, of: Sequence[str]) -> Any | None:
    """Bring a replay from one of these states to another; return it, or nothing."""
    return await connection.fetchrow(MOVE, replay_id, to, list(of))


async def lock(connection: Any) -> bool:
    """Tell whether no other decoder is replaying; holds until the end of the transaction."""
    return bool(await connection.fetchval(LOCK))


async def next_replay(connection: Any) -> Any | None:
    """Return the oldest unfinished replay, locked; retries of quarantined messages first."""
    return await connection.fetchrow(NEXT)


async def advance(connection: Any, replay_id: int, progress: Progress) -> None:
    """Write how far a replay is."""
    position_at, position_id = progress.position or (None, None)
    await connection.execute(
        ADVANCE,
        replay_id,
        progress.state,
        orjson.dumps(progress.counts).decode(),
        orjson.dumps(progress.fields).decode(),
        progress.differences,
        position_at,
        position_id,
        progress.from_at,
        progress.unpublished_from,
    )


async def fail(connection: Any, replay_id: int, error: str) -> None:
    """End a replay that cannot go on."""
    await connection.execute(FAIL, replay_id, error)


async def note_deaths(connection: Any, at_most: int) -> None:
    """Count a death for what was running; what was running at so many deaths has failed."""
    await connection.execute(NOTE_DEATH, at_most)


async def unpublished(connection: Any) -> tuple[int, int] | None:
    """Return a replay whose observations may not have been published, and from which number on."""
    row = await connection.fetchrow(UNPUBLISHED)
    return (row["replay_id"], row["unpublished_from"]) if row else None


async def note_published(connection: Any, replay_id: int, *, writer: str, until: int) -> None:
    """Note that a replay's observations up to `until` were published.

    Its row is locked first, so that what another window has written meanwhile is seen after.
    """
    await connection.execute("select from replay where replay_id = $1 for update", replay_id)
    await connection.execute(NOTE_PUBLISHED, replay_id, until, writer)


async def write_differences(connection: Any, rows: Sequence[tuple[Any, ...]]) -> None:
    """Keep examples of what differs, columns as in DIFFERENCE_COLUMNS."""
    if rows:
        await connection.copy_records_to_table(
            "replay_difference", records=rows, columns=DIFFERENCE_COLUMNS
        )


async def differences(connection: Any, replay_id: int, *, after: int, limit: int) -> list[Any]:
    """Return a replay's kept examples in the order of their finding."""
    rows: list[Any] = await connection.fetch(DIFFERENCES, replay_id, after, limit)
    return rows
