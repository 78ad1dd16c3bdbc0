"""Messages that could not be read, as they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

_INSERT = """
insert into rejected (digest, topic, payload, reason, detail, received_at, last_received_at)
select digest, topic, payload, reason, detail, received_at, received_at
from unnest($1::bytea[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::timestamptz[])
    as given (digest, topic, payload, reason, detail, received_at)
on conflict (digest) do update
set times = rejected.times + 1, last_received_at = excluded.last_received_at
"""

_FORGET = "delete from rejected where last_received_at < $1"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that is no state; `reason` is a stable word, `detail` for people."""

    topic: str
    payload: bytes
    reason: str
    detail: str
    received_at: datetime

    @property
    def digest(self) -> bytes:
        """Return what makes another delivery of the same message the same row."""
        return sha256(self.topic.encode() + b"\0" + self.payload).digest()


async def keep(connection: Any, messages: Sequence[Rejected]) -> None:
    """Store messages; one that came before is counted."""
    by_digest = {message.digest: message for message in messages}
    rows = [
        (digest, m.topic, m.payload, m.reason, m.detail, m.received_at)
        for digest, m in sorted(by_digest.items())
    ]
    await connection.execute(_INSERT, *zip(*rows, strict=True))


async def forget(connection: Any, before: datetime) -> None:
    """Delete what came last before a moment."""
    await connection.execute(_FORGET, before)
