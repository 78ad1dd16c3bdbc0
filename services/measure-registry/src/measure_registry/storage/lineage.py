# SPDX-License-Identifier: EUPL-1.2
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


_ONWARDS = """
with recursive onwards as (
    select target_id from lineage where source_id = $1
    union select l.target_id from lineage l join onwards o on l.source_id = o.target_id
)
select i.idea_id, i.title, i.state, i.published_at is not null as public
  from onwards o join idea i on i.idea_id = o.target_id
 where i.merged_into is null and i.split_at is null order by i.number
"""


_TARGETS = """
select l.source_id, array_agg(l.target_id order by i.number) as targets
  from lineage l join idea i on i.idea_id = l.target_id
 where l.source_id = any ($1::text[]) and (not $2::boolean or i.published_at is not null)
 group by l.source_id
"""


async def targets(
    connection: Any, idea_ids: Sequence[str], *, only_public: bool
) -> dict[str, list[str]]:
    """Return in which ideas others go on, by their id; asks nothing where none is named."""
    if not idea_ids:
        return {}
    rows = await connection.fetch(_TARGETS, list(idea_ids), only_public)
    return {row["source_id"]: row["targets"] for row in rows}


async def onwards(connection: Any, idea_id: str) -> Sequence[Any]:
    """Return what an idea has become: id, title, state, and whether everybody may see it."""
    found: Sequence[Any] = await connection.fetch(_ONWARDS, idea_id)
    return found


async def parts(connection: Any, idea_id: str) -> list[str]:
    """Return the ideas that one was split into."""
    return [
        each.target_id
        for each in await of(connection, [idea_id])
        if each.kind == "split" and each.source_id == idea_id
    ]


async def add(connection: Any, link: Link) -> None:
    """Store where an idea went, or came from."""
    await connection.execute(_ADD, link.source_id, link.target_id, link.kind, link.at)


async def of(connection: Any, idea_ids: Sequence[str]) -> list[Link]:
    """Return all links of some ideas."""
    return [Link(**dict(row)) for row in await connection.fetch(_OF, list(idea_ids))]
