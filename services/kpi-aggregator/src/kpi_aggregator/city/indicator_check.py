# SPDX-License-Identifier: EUPL-1.2
"""What only the database can tell of an indicator: whether it means what it meant under its version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kpi_aggregator.city.folder import LocatedIndicator
from kpi_aggregator.storage import framework

MEANING = (
    "source",
    "formula",
    "unit",
    "period",
    "method",
    "groups",
    "group_scores",
    "parts",
    "share_of",
    "mean_groups",
)
"""What a value is read by: another one of these under the same version would rewrite the past."""


async def check_indicators(connection: Any, indicators: tuple[LocatedIndicator, ...]) -> None:
    """Raise CityError with file and line where an indicator means something else than it did."""
    before = await framework.indicator_definitions(connection)
    for each in indicators:
        _check_version(each, before.get(each.entry.indicator_id))


def _check_version(each: LocatedIndicator, before: Mapping[str, Any] | None) -> None:
    if before is None or each.entry.version > before["version"]:
        return
    if each.entry.version < before["version"]:
        raise each.located.error(f"version was {before['version']} before", ("version",))
    now = each.entry.model_dump(mode="json")
    # What is younger than a kept definition is not in it.
    changed = [name for name in MEANING if (now[name] or None) != (before.get(name) or None)]
    if changed:
        message = f"{changed[0]} changed, so the version must be above {before['version']}"
        raise each.located.error(message, (changed[0],))
