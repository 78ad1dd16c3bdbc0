# SPDX-License-Identifier: EUPL-1.2
"""Published ideas with a position, and the base map of the city."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from measure_registry.domain.placed import Placed
from measure_registry.storage.ideas import Asked, like

_PLACED = """
select idea_id, title, handlungsfeld, details -> 'further_fields' as further,
       details #>> '{place,name}' as place, lat, lon, state, priority
  from idea
 where published_at is not null and merged_into is null and split_at is null and lat is not null
   and ($1::text is null or state = $1)
   and ($2::text is null or handlungsfeld = $2 or details -> 'further_fields' ? $2)
   and ($3::text is null or priority = $3)
   and ($4::text is null or search @@ websearch_to_tsquery('german', $4) or title ilike $5)
 order by number desc limit $6
"""
_BASE_MAP = "select definition from city_part where part = 'base_map'"


async def published(connection: Any, asked: Asked, *, limit: int) -> list[Placed]:
    """Return published ideas with a position, the newest first."""
    rows = await connection.fetch(
        _PLACED,
        asked.state,
        asked.handlungsfeld,
        asked.priority,
        asked.words,
        like(asked.words),
        limit,
    )
    return [
        Placed(
            kind="idea",
            name=row["idea_id"],
            title={"de": row["title"], "en": row["title"]},
            place=row["place"],
            lat=row["lat"],
            lon=row["lon"],
            handlungsfelder=[row["handlungsfeld"], *orjson.loads(row["further"] or "[]")],
            state=row["state"],
            priority=row["priority"],
            reifegrad=None,
        )
        for row in rows
    ]


async def base_map(connection: Any) -> Mapping[str, Any]:
    """Return the collection, tiles and credits that were applied; nothing where there are none."""
    found = await connection.fetchval(_BASE_MAP)
    return {} if found is None else dict(orjson.loads(found))
