# SPDX-License-Identifier: EUPL-1.2
"""What the parts of a number are called by the service that they belong to."""

from __future__ import annotations

from typing import Any

from kpi_aggregator.domain.naming import PartNames
from kpi_aggregator.storage import sources


async def names(connection: Any, named: PartNames | None) -> dict[str, str]:
    """Return the names by part; none where there is no such view, or it lacks a column."""
    if named is None:
        return {}
    view = await sources.view(connection, named.view)
    if view is None or not {named.part, named.name} <= view.columns.keys():
        return {}
    rows = await connection.fetch(
        f'select "{named.part}"::text as part, max("{named.name}"::text) as name'  # noqa: S608 (checked names)
        f" from {view.quoted} where nullif(\"{named.name}\"::text, '') is not null group by 1"
    )
    return {row["part"]: row["name"] for row in rows if row["part"] is not None}
