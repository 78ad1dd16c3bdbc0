# SPDX-License-Identifier: EUPL-1.2
"""What a service could not take of the broker, as it came; never commits.

A service takes part with a table `rejected` in its schema: `digest` (key), `topic`, `payload`, `reason`,
`detail`, `received_at`, `last_received_at`, `times`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

_INSERT = """
insert into rejected (digest, topic, payload, reason, detail, received_at, last_received_at, times)
select digest, topic, payload, reason, detail, received_at, received_at, times
from unnest($1::bytea[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::timestamptz[], $7::int[])
    as given (digest, topic, payload, reason, detail, received_at, times)
on conflict (digest) do update
set times = rejected.times + excluded.times, last_received_at = excluded.last_received_at
"""
_LIST = """
select digest, topic, payload, reason, detail, received_at, last_received_at, times from rejected
where (last_received_at, digest) < ($1, $2) and ($3::text is null or reason = $3)
order by last_received_at desc, digest desc limit $4
"""
_FORGET = "delete from rejected where last_received_at < $1"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that was not accepted; `reason` is a stable word, `detail` for people."""

    topic: str
    payload: bytes
    reason: str
    detail: str
    received_at: datetime

    @property
    def digest(self) -> bytes:
        """Return what makes another delivery of the same message the same row."""
        return sha256(self.topic.encode() + b"\0" + self.payload).digest()


async def insert(connection: Any, messages: Sequence[Rejected]) -> None:
    """Store messages; one that came before is counted."""
    times = Counter(message.digest for message in messages)
    by_digest = {message.digest: message for message in messages}
    rows = [
        (digest, m.topic, m.payload, m.reason, m.detail, m.received_at, times[digest])
        for digest, m in sorted(by_digest.items())
    ]
    await connection.execute(_INSERT, *zip(*rows, strict=True))


async def newest_first(
    connection: Any, *, before: tuple[datetime, bytes], reason: str | None, limit: int
) -> list[Any]:
    """Return rejected messages, those that came last first."""
    return list(await connection.fetch(_LIST, *before, reason, limit))


async def forget(connection: Any, before: datetime) -> None:
    """Delete what came last before a moment."""
    await connection.execute(_FORGET, before)
