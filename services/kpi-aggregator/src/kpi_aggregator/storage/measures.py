# SPDX-License-Identifier: EUPL-1.2
"""The measures behind indicators, as the registry tells them, if it does."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from kpi_aggregator.storage import sources

VIEW = "registry.v1_indicator_link"
NEEDED = {"indicator_id", "undertaking_id", "title", "state"}
_READ = """
select indicator_id, undertaking_id as measure_id, title, state
  from registry.v1_indicator_link order by indicator_id, title, measure_id
"""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure, or a sub-project of one, that is to move an indicator."""

    measure_id: str
    title: str
    state: str


async def by_indicator(connection: Any) -> dict[str, tuple[Measure, ...]]:
    """Return the measures of each indicator; none at all where the registry has no such view."""
    view = await sources.view(connection, VIEW)
    if view is None or not view.columns.keys() >= NEEDED:
        return {}
    found: defaultdict[str, list[Measure]] = defaultdict(list)
    for row in await connection.fetch(_READ):
        measure = Measure(row["measure_id"], row["title"], row["state"])
        found[row["indicator_id"]].append(measure)
    return {indicator: tuple(measures) for indicator, measures in found.items()}
