"""SQL of the quarantine and of suspects; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

LIST = """
select quarantine_id, received_at, last_received_at, times, source_id, topic, payload, reason,
    detail, dev_eui, uplink_id, codec_id, codec_version
from quarantine
where ($1::text is null or reason = $1)
    and (last_received_at, quarantine_id) < ($2, $3)
order by last_received_at desc, quarantine_id desc
limit $4
"""

NOTE_SUSPECTS = """
insert into suspect (fingerprint, deaths) select unnest($1::uuid[]), 1
on conflict (fingerprint) do update set deaths = suspect.deaths + 1
returning fingerprint, deaths
"""


async def list_quarantine(
    connection: Any, *, reason: str | None, before: tuple[datetime, uuid.UUID], limit: int
) -> list[Any]:
    """Return quarantined messages, the newest first."""
    rows: list[Any] = await connection.fetch(LIST, reason, before[0], before[1], limit)
    return rows


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
