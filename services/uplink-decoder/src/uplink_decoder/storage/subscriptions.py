# SPDX-License-Identifier: EUPL-1.2
"""SQL of the topic filters that sessions at brokers were ever asked for; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

REMEMBER = """
insert into subscription (client_id, broker, topic)
select $1, $2, unnest($3::text[])
on conflict do nothing
"""


async def remember(
    connection: Any, client_id: str, broker: str, topics: Sequence[str]
) -> list[str]:
    """Note what a session is asked for from now on; return all that it ever was."""
    await connection.execute(REMEMBER, client_id, broker, list(topics))
    rows = await connection.fetch(
        "select topic from subscription where client_id = $1 and broker = $2 order by topic",
        client_id,
        broker,
    )
    return [row["topic"] for row in rows]
