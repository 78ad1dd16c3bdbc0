# SPDX-License-Identifier: EUPL-1.2
"""SQL of going through quarantined messages again; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from uplink_decoder.domain.selection import Selection
from uplink_decoder.storage.quarantine import conditions, placeholders

FIELDS = """
select quarantine_id, received_at, last_received_at, source_id, topic, payload, reason, dev_eui,
    uplink_id, ledger_class
from quarantine
"""


async def open_messages(
    connection: Any,
    selection: Selection,
    *,
    after: tuple[datetime, uuid.UUID] | None,
    until: datetime,
    limit: int,
) -> list[Any]:
    """Return the next open messages in the order of their first receipt and id, locked."""
    arguments: list[Any] = []
    given = placeholders(arguments)
    found = ["state = 'open'", f"received_at < {given(until)}", *conditions(selection, given)]
    if after is not None:
        at, id_ = given(after[0]), given(after[1])
        found.append(f"(received_at, quarantine_id) > ({at}, {id_})")
    order = f"order by received_at, quarantine_id limit {given(limit)} for update"
    query = f"{FIELDS} where {' and '.join(found)} {order}"
    rows: list[Any] = await connection.fetch(query, *arguments)
    return rows


async def count_open(connection: Any, selection: Selection) -> int:
    """Return how many open messages a retry would go through now."""
    arguments: list[Any] = []
    found = ["state = 'open'", *conditions(selection, placeholders(arguments))]
    query = f"select count(*) from quarantine where {' and '.join(found)}"  # noqa: S608
    return int(await connection.fetchval(query, *arguments))


async def states(connection: Any, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the states of messages, locked."""
    query = "select quarantine_id, state from quarantine where quarantine_id = any($1) for update"
    return {row["quarantine_id"]: row["state"] for row in await connection.fetch(query, ids)}
