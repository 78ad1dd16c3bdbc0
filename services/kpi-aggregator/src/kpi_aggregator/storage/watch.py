# SPDX-License-Identifier: EUPL-1.2
"""What a watch must know after a restart too: computations, and a framework that was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

_BEGIN = """
insert into computation (begun_at) values ($1)
    on conflict (only_row) do update set begun_at = excluded.begun_at
"""
_DONE = "update computation set done_at = $1"
_REFUSE = """
insert into framework_refusal (refused_at, reason) values ($1, $2)
    on conflict (only_row) do update
   set refused_at = excluded.refused_at, reason = excluded.reason
"""
_ACCEPT = "delete from framework_refusal"
_SEEN = """
select (select begun_at from computation), (select done_at from computation),
       exists (select from framework_refusal)
"""


class Seen(NamedTuple):
    """When a computation began last, when one was done last, whether a framework is refused."""

    begun_at: datetime | None
    done_at: datetime | None
    refused: bool


async def begin(connection: Any, now: datetime) -> None:
    """Note that a computation begins."""
    await connection.execute(_BEGIN, now)


async def done(connection: Any, now: datetime) -> None:
    """Note that a computation is done."""
    await connection.execute(_DONE, now)


async def refuse(connection: Any, reason: str, now: datetime) -> None:
    """Note that a framework was refused: the old one stays in force."""
    await connection.execute(_REFUSE, now, reason)


async def accept(connection: Any) -> None:
    """Note that a framework was taken."""
    await connection.execute(_ACCEPT)


async def seen(connection: Any) -> Seen:
    """Return what is known now."""
    return Seen(*await connection.fetchrow(_SEEN))
