# SPDX-License-Identifier: EUPL-1.2
"""Keeps the priority of ideas in line with their ratings and the catalogue that holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from measure_registry.domain.criteria import Catalogue, Vote, disputed, judge, priority
from measure_registry.domain.idea import Idea
from measure_registry.storage import changes, ideas, ratings
from measure_registry.storage.changes import Change
from stadttakt_runtime.clock import utc_now


async def rerate(
    connection: Any, idea: Idea, catalogue: Catalogue, votes: Sequence[Vote], *, cause: Change
) -> Idea:
    """Store the priority that follows, with its change, and how much is disputed."""
    judged = judge(catalogue, votes)
    new, contradictions = priority(judged), disputed(judged)
    if new == idea.priority:
        if contradictions == idea.disputed:
            return idea
        return await ideas.set_disputed(connection, idea.idea_id, contradictions)
    details = {"priority": {"before": idea.priority, "after": new}}
    change = replace(cause, action="prioritised", reason=None, details=details)
    await changes.add(connection, change)
    return await ideas.set_judgement(connection, idea.idea_id, new, contradictions, cause.at)


async def rerate_all(connection: Any, catalogue: Catalogue, final: Collection[str]) -> int:
    """Bring rated ideas in line with a new catalogue; return how many changed.

    Not those in a final state, nor those that go on in others: their work is over, and what it came to stays.
    """
    now, changed = utc_now(), 0
    for idea_id, votes in (await ratings.all_votes(connection)).items():
        idea = (await ideas.locked(connection, idea_id))[idea_id]
        if idea.goes_on or idea.state in final:
            continue
        cause = Change("idea", idea_id, now, "city folder", "system", "prioritised")
        after = await rerate(connection, idea, catalogue, votes, cause=cause)
        changed += after.priority != idea.priority
    return changed
