# SPDX-License-Identifier: EUPL-1.2
"""What only the database can tell of a formula: whether its view has the columns, what it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kpi_aggregator.city.folder import LocatedFormula
from kpi_aggregator.domain.formula import Among, Formula, formula_of
from kpi_aggregator.sources import fault_of, fault_of_heartbeat, fault_of_members
from kpi_aggregator.storage import framework, sources


async def check_formulas(connection: Any, formulas: Iterable[LocatedFormula]) -> list[str]:
    """Return notes on views that are not there yet; raises CityError with file and line.

    An existing view without a column that is read is an error, as is another formula under the
    same version: what was told by it could not be explained any more.
    """
    before = await framework.formula_definitions(connection)
    notes = []
    for each in formulas:
        definition = each.entry.model_dump(mode="json")
        _check_version(each, definition, before.get(each.entry.formula))
        note = await _check_view(connection, each, formula_of(definition))
        if note is not None:
            notes.append(note)
    return notes


def _check_version(
    each: LocatedFormula, definition: Mapping[str, Any], before: Mapping[str, Any] | None
) -> None:
    if before is None or _numbers(before) == _numbers(definition):
        return
    if each.entry.version <= before["version"]:
        message = f"changed, so its version must be above {before['version']}"
        raise each.located.error(message, ("version",))


def _numbers(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return what numbers hang on: other words make no other number."""
    return {name: each for name, each in definition.items() if name != "words"}


async def _check_view(connection: Any, each: LocatedFormula, formula: Formula) -> str | None:
    view = await sources.view(connection, formula.view)
    if view is None:
        return f"formula {formula.formula_id}: there is no {formula.view} yet, so there is no value"
    fault = fault_of(view, formula)
    if fault is not None:
        raise each.located.error(f"{formula.view}: {fault}", ("view",))
    return await _check_beside(connection, each, formula)


async def _check_beside(connection: Any, each: LocatedFormula, formula: Formula) -> str | None:
    """Check the views that a formula reads beside its own."""
    for field, named in (("among", formula.among), ("heartbeat", formula.heartbeat)):
        if named is None:
            continue
        view = await sources.view(connection, named.view)
        if view is None:
            return f"formula {formula.formula_id}: there is no {named.view} yet"
        fault = (
            fault_of_members(view, named)
            if isinstance(named, Among)
            else fault_of_heartbeat(view, named)
        )
        if fault is not None:
            raise each.located.error(f"{named.view}: {fault}", (field, "view"))
    return await _check_names(connection, each, formula)


async def _check_names(connection: Any, each: LocatedFormula, formula: Formula) -> str | None:
    """Check the view that tells what parts are called."""
    names = formula.naming.part_names
    if names is None:
        return None
    view = await sources.view(connection, names.view)
    if view is None:
        return f"formula {formula.formula_id}: there is no {names.view} yet, parts have no names"
    for column in (names.part, names.name):
        if column not in view.columns:
            message = f"{names.view}: there is no column {column}"
            raise each.located.error(message, ("words", "part_names", "view"))
    return None
