"""Which ideas came of which: merged into one, or split off one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Kind = Literal["merged", "split"]
_ADD = "insert into lineage (source_id, target_id, kind, at) values ($1, $2, $3, $4)"
_OF = """
select source_id, target_id, kind, at from lineage
 where source_id = any ($1::text[]) or target_id = any ($1::text[]) order by at, source_id, target_id
"""


@dataclass(frozen=True, slots=True)
class Link:
    """The target contains the source (merged), or was a part of it (split)."""

    source_id: str
    target_id: str
    kind: Kind
    at: datetime


async def add(connection: Any, link: Link) -> None:
    """Store where an idea went, or came from."""
    await connection.execute(_ADD, link.source_id, link.target_id, link.kind, link.at)


async def of(connection: Any, idea_ids: Sequence[str]) -> list[Link]:
    """Return all links of some ideas."""
    return [Link(**dict(row)) for row in await connection.fetch(_OF, list(idea_ids))]
