# SPDX-License-Identifier: EUPL-1.2
"""Of which kind bays were when, as far as that is not what is configured today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from parking_occupancy.domain.bay import Bay
from parking_occupancy.domain.places import Was
from parking_occupancy.domain.restrictions import BayKind
from parking_occupancy.storage.restrictions import groups_of, timed_kinds
from stadttakt_messages.base import BayId, LotId

_VERSIONS = """
select k.bay_id, greatest(k.since, $2) as since, k.kind, k.groups, k.timed_kinds, b.lat, b.lon
  from bay b join bay_kind k using (bay_id)
 where b.lot_id = $1 and b.retired_at is null and k.since < $3 and k.until > $2
   and exists (select from bay_kind later where later.bay_id = b.bay_id and later.since > $2)
 order by k.bay_id, k.since
"""

Versions = Mapping[BayId, Sequence[Was]]


async def versions(
    connection: Any, lot_id: LotId, bays: Sequence[Bay], begin: datetime, end: datetime
) -> dict[BayId, list[Was]]:
    """Return as what bays of a lot were configured in a stretch of time, if not as they are today.

    Of each the first holds from `begin` or before it on.
    """
    today = {bay.bay_id: bay for bay in bays}
    found: dict[BayId, list[Was]] = {}
    for row in await connection.fetch(_VERSIONS, lot_id, begin, end):
        bay = today.get(BayId(row["bay_id"]))
        if bay is not None:
            found.setdefault(bay.bay_id, []).append(Was(row["since"], _as_it_was(bay, row)))
    return found


def _as_it_was(bay: Bay, row: Any) -> Bay:
    return replace(
        bay,
        kind=BayKind(row["kind"]),
        groups=groups_of(row["groups"]),
        timed_kinds=timed_kinds(row),
    )
