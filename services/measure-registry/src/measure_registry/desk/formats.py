# SPDX-License-Identifier: EUPL-1.2
"""What is done with networking formats: made, changed, cancelled; each with its trace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from measure_registry.desk.author import Deed
from measure_registry.desk.problems import VersionChanged, not_found
from measure_registry.domain.undertaking import Kind, differences
from measure_registry.storage import changes, formats, undertakings
from measure_registry.storage.formats import Format
from stadttakt_runtime.http.problem import Conflict, ValidationFailed


async def make(connection: Any, definition: Mapping[str, Any], held_on: date, deed: Deed) -> Format:
    """Store a new format; raises ValidationFailed where it names a measure that there is not."""
    await _check(connection, definition)
    made = await formats.add(connection, definition, held_on, deed.now)
    await changes.add(connection, deed.change("format", made.format_id, "created"))
    return made


async def taken_up(connection: Any, format_id: str, expected: int | None) -> Format:
    """Return one that nobody else changes until the commit.

    Raises:
        NotFound: there is none.
        VersionChanged: it is not the version that the caller has read.
        Conflict: it was cancelled.

    """
    found = await formats.locked(connection, format_id)
    if found is None:
        raise not_found("format", format_id)
    if expected is not None and expected != found.version:
        raise VersionChanged(
            f"{format_id} is at version {found.version} now", version=found.version
        )
    if found.cancelled_at is not None:
        raise Conflict(f"{format_id} was cancelled")
    return found


async def rewrite(
    connection: Any, before: Format, definition: Mapping[str, Any], held_on: date, deed: Deed
) -> Format:
    """Store what one says now, with what each changed field said before."""
    changed = differences(before.definition, definition)
    if not changed:
        return before
    await _check(connection, definition)
    change = deed.change("format", before.format_id, "changed", details=changed)
    await changes.add(connection, change)
    return await formats.change(connection, before.format_id, definition, held_on, deed.now)


async def cancel(connection: Any, before: Format, deed: Deed) -> Format:
    """Note that one does not take place, or did not; it is counted no more."""
    await changes.add(connection, deed.change("format", before.format_id, "cancelled"))
    return await formats.cancel(connection, before.format_id, deed.now)


async def _check(connection: Any, definition: Mapping[str, Any]) -> None:
    known = {each.undertaking_id for kind in Kind for each in await undertakings.every(connection, kind)}  # fmt: skip
    unknown = [each for each in definition["measures"] if each not in known]
    if unknown:
        detail = f"there is no measure or sub-project {', '.join(unknown)}"
        error = {"in": "body", "field": "format.measures", "detail": detail, "code": "unknown_word"}
        raise ValidationFailed([error])
