# SPDX-License-Identifier: EUPL-1.2
"""What is done with measures and sub-projects: made, changed, taken from the folder, and ideas taken up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from measure_registry.desk.author import Deed
from measure_registry.desk.problems import (
    NotReady,
    StillNeeded,
    VersionChanged,
    not_found,
    refused,
)
from measure_registry.domain.idea import Idea
from measure_registry.domain.steckbrief import Fault
from measure_registry.domain.undertaking import (
    Kind,
    Undertaking,
    differences,
    faults,
    unknown_indicators,
)
from measure_registry.domain.workflow import Workflow
from measure_registry.storage import changes, ideas, indicators
from measure_registry.storage import undertakings as stored
from measure_registry.storage.city import City
from stadttakt_runtime.http.problem import Conflict


async def make(
    connection: Any, kind: Kind, name: str, definition: Mapping[str, Any], city: City, deed: Deed
) -> Undertaking:
    """Store a new measure or sub-project; raises Conflict where one of that id is or was there."""
    await _check(connection, kind, definition, city, None)
    made = await stored.add(connection, kind, name, definition, now=deed.now)
    if made is None:
        raise Conflict(f"there is, or was, a {kind} {name}")
    state = str(definition["state"])
    await changes.add(connection, deed.change(kind.value, name, "created", moved=(None, state)))
    return made


async def taken_up(connection: Any, kind: Kind, name: str, expected: int | None) -> Undertaking:
    """Return one that nobody else changes until the commit; raises NotFound, VersionChanged."""
    found = await stored.locked(connection, kind, name)
    if found is None:
        raise not_found(kind.value, name)
    if expected is not None and expected != found.version:
        raise VersionChanged(f"{name} is at version {found.version} now", version=found.version)
    return found


async def rewrite(
    connection: Any, before: Undertaking, definition: Mapping[str, Any], city: City, deed: Deed
) -> Undertaking:
    """Store what one says now, with what each changed field said before."""
    changed = differences(before.definition, definition)
    if not changed and before.retired_at is None:
        return before
    await _check(connection, before.kind, definition, city, before.definition)
    moved = (str(before.definition["state"]), str(definition["state"]))
    change = deed.change(
        before.kind.value, before.undertaking_id, "changed", moved=moved, details=changed
    )
    await changes.add(connection, change)
    return await stored.change(connection, before.kind, before.undertaking_id, definition, deed.now)


async def _check(
    connection: Any,
    kind: Kind,
    definition: Mapping[str, Any],
    city: City,
    before: Mapping[str, Any] | None,
) -> None:
    measures = [each.undertaking_id for each in await stored.every(connection, Kind.MEASURE)]
    found = list(faults(kind, definition, city.vocabulary, measures))
    known = await indicators.names(connection)
    if unknown := unknown_indicators(definition, before, known):
        found.append(Fault("indicators", f"there is no public indicator {', '.join(unknown)}"))
    if wrong := refused(found):
        raise wrong


async def adopt(  # an idea, what takes it up, and the rules
    connection: Any, idea: Idea, kind: Kind, name: str, *, workflow: Workflow, deed: Deed
) -> Idea:
    """Note that a measure or sub-project takes up an idea, in the history of both; the reason stands in the idea's alone.

    So what it tells of a person can be taken out with all that is of the idea.
    Raises NotReady where the workflow does not let the idea become part of a measure yet, or not any more.
    """
    if idea.state not in workflow.open_to_measures:
        raise NotReady(idea.state, workflow.open_to_measures)
    if await stored.one(connection, kind, name) is None:
        raise not_found(kind.value, name)
    reason = deed.reason or ""
    if not await stored.adopt(connection, idea.idea_id, kind, name, reason=reason, now=deed.now):
        return idea
    return await _note(connection, idea, (kind, name), deed, "adopted")


async def release(  # an idea, what had taken it up, and the rules
    connection: Any, idea: Idea, kind: Kind, name: str, *, workflow: Workflow, deed: Deed
) -> Idea:
    """Note that a measure or sub-project does not take up an idea after all.

    Raises NotFound where it had not, StillNeeded where it is the last and the idea's state needs one; an idea that goes on in others stands nowhere.
    """
    adopted = await stored.of_idea(connection, idea.idea_id)
    if (kind, name) not in adopted:
        raise not_found(f"adoption by {kind.value}", name)
    is_part = idea.state in workflow.part_of_a_measure and not idea.goes_on
    if len(adopted) == 1 and is_part:
        raise StillNeeded(f"{idea.idea_id} is part of {name} alone")
    since = await stored.release(connection, idea.idea_id, kind, name)
    return await _note(connection, idea, (kind, name), deed, "released", at=since.isoformat())


async def hand_on(connection: Any, idea: Idea, target: Idea, deed: Deed) -> None:
    """Let what takes up an idea take up the one it goes on in, since the same day; where it took up both, since the first."""
    for kind, name in await stored.of_idea(connection, idea.idea_id):
        at = await stored.hand_on(connection, idea.idea_id, target.idea_id, kind, name)
        await _note(connection, idea, (kind, name), deed, "released", at=at.isoformat())
        await _note(connection, target, (kind, name), deed, "adopted")


async def _note(  # a line in two histories
    connection: Any, idea: Idea, taker: tuple[Kind, str], deed: Deed, action: str, **more: str
) -> Idea:
    kind, name = taker
    of_idea = deed.change("idea", idea.idea_id, action, details={kind.value: name, **more})
    of_taker = replace(deed, reason=None).change(
        kind.value, name, action, details={"idea": idea.idea_id}
    )
    await changes.add(connection, of_idea)
    await changes.add(connection, of_taker)
    return await ideas.raise_version(connection, idea.idea_id, deed.now)
