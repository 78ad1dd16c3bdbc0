# SPDX-License-Identifier: EUPL-1.2
"""SQL of what readers report about accessibility: the text, the page, the time; never commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

# The same text is one report; above the limit nothing is kept, so that a flood fills no disk.
KEEP = """
insert into opendata.feedback (digest, received_at, page, message)
select $1, $2, $3, $4
where (select count(*) from opendata.feedback where received_at > $5) < $6
on conflict (digest) do nothing
"""
KNOWN = "select true from opendata.feedback where digest = $1"
LIST = """
select feedback_id, received_at, page, message from opendata.feedback
where feedback_id < $1 order by feedback_id desc limit $2
"""
FORGET = "delete from opendata.feedback where received_at < $1"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Feedback:
    """One report."""

    feedback_id: int
    received_at: datetime
    page: str
    message: str


async def keep(connection: Any, page: str, message: str, now: datetime, *, per_hour: int) -> bool:
    """Keep a report unless it is there; tell False where too many came within an hour."""
    digest = blake2b(f"{page}\0{message}".encode(), digest_size=16).digest()
    await connection.execute(KEEP, digest, now, page, message, now - HOUR, per_hour)
    return bool(await connection.fetchval(KNOWN, digest))


async def before(connection: Any, feedback_id: int, limit: int) -> list[Feedback]:
    """Return reports older than one, the newest first."""
    return [Feedback(**row) for row in await connection.fetch(LIST, feedback_id, limit)]


async def forget(connection: Any, before_time: datetime) -> None:
    """Drop reports of before a time."""
    await connection.execute(FORGET, before_time)
