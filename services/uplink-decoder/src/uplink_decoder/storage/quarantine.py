# SPDX-License-Identifier: EUPL-1.2
"""SQL of looking into the quarantine, and of suspects; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

from uplink_decoder.domain.selection import Selection

State = Literal["open", "resolved", "discarded", "expired"]

FIELDS = """
select quarantine_id, received_at, last_received_at, times, source_id, topic, reason, detail,
    dev_eui, uplink_id, codec_id, codec_version, state, retries, changed_at, erased_at,
    coalesce(payload_bytes, octet_length(payload)) as payload_bytes,
"""
SHOWN = "substring(payload for $1) as payload from quarantine"

HISTORY = """
select at, action, author, author_role, note, reason, detail
from quarantine_event where quarantine_id = $1 order by event_id
"""

SUMMARY = """
select reason, codec_id, count(*) filter (where state = 'open') as open,
    count(*) filter (where state = 'resolved') as resolved,
    count(*) filter (where state = 'discarded') as discarded,
    count(*) filter (where state = 'expired') as expired,
    min(received_at) filter (where state = 'open') as oldest_open,
    max(last_received_at) as newest
from quarantine group by reason, codec_id order by open desc, reason, codec_id nulls first
"""

OPEN = "select reason, count(*) as n from quarantine where state = 'open' group by reason"

NOTE_SUSPECTS = """
insert into suspect (fingerprint, deaths) select unnest($1::uuid[]), 1
on conflict (fingerprint) do update set deaths = suspect.deaths + 1
returning fingerprint, deaths
"""

Given = Callable[[Any], str]


def conditions(selection: Selection, given: Given) -> list[str]:
    """Return what must hold of a row; `given` takes a value and returns its placeholder."""
    found = []
    for column, value in (
        ("reason", selection.reason),
        ("source_id", selection.source),
        ("codec_id", selection.codec_id),
    ):
        if value is not None:
            found.append(f"{column} = {given(value)}")
    if selection.dev_euis:
        found.append(f"dev_eui = any({given(list(selection.dev_euis))}::text[])")
    if selection.quarantine_ids:
        found.append(f"quarantine_id = any({given(list(selection.quarantine_ids))}::uuid[])")
    if selection.from_time:
        found.append(f"last_received_at >= {given(selection.from_time)}")
    if selection.to_time:
        found.append(f"last_received_at < {given(selection.to_time)}")
    return found


def placeholders(arguments: list[Any]) -> Given:
    """Return a function that adds a value to these arguments and names its placeholder."""

    def given(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    return given


async def list_quarantine(
    connection: Any,
    selection: Selection,
    *,
    state: State | None,
    before: tuple[datetime, uuid.UUID],
    limit: int,
    shown_bytes: int,
) -> list[Any]:
    """Return quarantined messages with the beginning of their payload, the newest first."""
    arguments: list[Any] = [shown_bytes]
    given = placeholders(arguments)
    found = conditions(selection, given)
    if state is not None:
        found.append(f"state = {given(state)}")
    found.append(f"(last_received_at, quarantine_id) < ({given(before[0])}, {given(before[1])})")
    rows: list[Any] = await connection.fetch(
        f"{FIELDS}{SHOWN} where {' and '.join(found)}"
        f" order by last_received_at desc, quarantine_id desc limit {given(limit)}",
        *arguments,
    )
    return rows


async def get(connection: Any, quarantine_id: uuid.UUID) -> Any | None:
    """Return one quarantined message with all its bytes, or nothing."""
    query = f"{FIELDS} payload from quarantine where quarantine_id = $1"
    return await connection.fetchrow(query, quarantine_id)


async def history(connection: Any, quarantine_id: uuid.UUID) -> list[Any]:
    """Return what was done about a message, by whom, in order."""
    rows: list[Any] = await connection.fetch(HISTORY, quarantine_id)
    return rows


async def summary(connection: Any) -> list[Any]:
    """Return how many messages there are by reason and codec, those with most open ones first."""
    rows: list[Any] = await connection.fetch(SUMMARY)
    return rows


async def open_by_reason(connection: Any) -> dict[str, int]:
    """Return how many messages wait for a decision, by reason."""
    return {row["reason"]: row["n"] for row in await connection.fetch(OPEN)}


async def known_suspects(connection: Any, prints: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Return how many deaths each of these messages has been in flight at."""
    rows = await connection.fetch(
        "select fingerprint, deaths from suspect where fingerprint = any($1::uuid[])", prints
    )
    return {row["fingerprint"]: row["deaths"] for row in rows}


async def note_suspects(connection: Any, prints: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Count one more death for messages that are about to be tried again."""
    rows = await connection.fetch(NOTE_SUSPECTS, prints)
    return {row["fingerprint"]: row["deaths"] for row in rows}


async def clear_suspects(connection: Any, prints: Sequence[uuid.UUID]) -> None:
    """Forget messages that were handled after all."""
    await connection.execute("delete from suspect where fingerprint = any($1::uuid[])", prints)
