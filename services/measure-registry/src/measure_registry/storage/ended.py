# SPDX-License-Identifier: EUPL-1.2
"""Which ideas are over, with all that became of them: merged into others, split into parts, and on from there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

# Of a merged or split idea its own state says nothing any more: it ends with what it became, and not before it did.
_OVER = """
with recursive onwards as (
    select idea_id as origin, idea_id, '-infinity'::timestamptz as at
      from (select idea_id from contact union select idea_id from attachment) kept
    union
    select o.origin, l.target_id, l.at from onwards o join lineage l on l.source_id = o.idea_id
)
select o.origin
  from onwards o join idea i using (idea_id)
 group by o.origin
having bool_and(i.merged_into is not null or i.split_at is not null or i.state = any ($1::text[]))
   and max(greatest(o.at, case when i.merged_into is null and i.split_at is null then i.state_since end)) < $2
"""


async def over_before(connection: Any, final: Sequence[str], moment: datetime) -> list[str]:
    """Return ideas with contact data or files that ended before a moment, and so did all they became."""
    return [row[0] for row in await connection.fetch(_OVER, list(final), moment)]
