# SPDX-License-Identifier: EUPL-1.2
"""What values mean: in which unit each is, and whether its version is the one in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.values import StoredValue

_UNITS = "select kind, id, version, unit from version_unit"
_IN_FORCE = """
select formula_id, (definition ->> 'version')::integer as version
  from formula where retired_at is null
"""


class Meaning(NamedTuple):
    """The unit of the version that a value is of; values of versions not in force compare with none of it."""

    unit: str
    in_force: bool


@dataclass(frozen=True, slots=True)
class Meanings:
    """Units by `indicator` or `formula`, its id and version; the versions of formulas in force."""

    units: Mapping[tuple[str, str, int], str]
    formulas: Mapping[str, int]

    def of(self, indicator: Indicator, found: StoredValue | ComputedValue) -> Meaning:
        """Return what a value means; one of a version that was never kept is in the indicator's unit."""
        if isinstance(found, ComputedValue):
            is_own = found.formula_id == indicator.formula
            in_force = is_own and self.formulas.get(found.formula_id) == found.formula_version
        else:
            in_force = found.indicator_version == indicator.version
        return Meaning(self.unit(found, indicator.unit), in_force)

    def unit(self, found: StoredValue | ComputedValue, otherwise: str) -> str:
        """Return the unit of the version that a value is of; `otherwise` is that of versions never kept."""
        key = (
            ("formula", found.formula_id, found.formula_version)
            if isinstance(found, ComputedValue)
            else ("indicator", found.indicator_id, found.indicator_version)
        )
        return self.units.get(key, otherwise)

    def is_in_unit(self, indicator: Indicator, found: StoredValue | ComputedValue) -> bool:
        """Tell whether a value is in the unit of the indicator."""
        return self.of(indicator, found).unit == indicator.unit


async def meanings(connection: Any) -> Meanings:
    """Return what each version of an indicator and of a formula means."""
    units = await connection.fetch(_UNITS)
    formulas = await connection.fetch(_IN_FORCE)
    return Meanings(
        {(row["kind"], row["id"], row["version"]): row["unit"] for row in units},
        {row["formula_id"]: row["version"] for row in formulas},
    )
