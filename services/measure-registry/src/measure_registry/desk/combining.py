# SPDX-License-Identifier: EUPL-1.2
"""Merges and splits ideas; every idea stays, with the links that tell where it went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from measure_registry.desk.author import Deed
from measure_registry.desk.casework import must_not_go_on
from measure_registry.desk.problems import LosesMeasure, TakenUpWhole, not_found, refused
from measure_registry.desk.undertakings import hand_on
from measure_registry.domain.combining import may_be_merged
from measure_registry.domain.idea import Idea
from measure_registry.domain.steckbrief import Steckbrief, faults
from measure_registry.storage import changes, ideas, lineage, mails, ratings, undertakings
from measure_registry.storage.city import City
from measure_registry.storage.ideas import NewIdea
from measure_registry.storage.lineage import Link
from stadttakt_runtime.http.problem import Conflict


async def merge(connection: Any, idea: Idea, into: str, city: City, deed: Deed) -> Idea:
    """Let an idea go on in another; its text, ratings and history stay where they are, what takes it up goes along.

    Raises:
        NotFound: there is no such other idea.
        Conflict: the other is the same, or goes on in others itself.
        LosesMeasure: a measure takes it up and would not where the other stands.

    """
    if into == idea.idea_id:
        raise Conflict("an idea cannot be merged into itself")
    target = (await ideas.locked(connection, into)).get(into)
    if target is None:
        raise not_found("idea", into)
    await must_not_go_on(connection, target)
    is_taken_up = bool(await undertakings.of_idea(connection, idea.idea_id))
    if not may_be_merged(city.workflow, idea.state, target.state, is_taken_up=is_taken_up):
        raise LosesMeasure(into, target.state)
    await lineage.add(connection, Link(idea.idea_id, into, "merged", deed.now))
    merged = deed.change("idea", idea.idea_id, "merged", details={"into": into})
    await changes.add(connection, merged)
    absorbed = deed.change("idea", into, "absorbed", details={"from": idea.idea_id})
    await changes.add(connection, absorbed)
    await hand_on(connection, idea, target, deed)
    # those of ideas that were merged into this one before are told, too
    await mails.queue_related(connection, into, now=deed.now, state=target.state)
    return await ideas.set_merged(connection, idea.idea_id, into, deed.now)


async def split(
    connection: Any, idea: Idea, parts: Sequence[Steckbrief], city: City, deed: Deed
) -> list[Idea]:
    """Let an idea go on in its parts; they begin in its state, with its pseudonym, call and ratings.

    Raises TakenUpWhole where a measure takes it up.
    """
    if await undertakings.of_idea(connection, idea.idea_id):
        raise TakenUpWhole(f"a measure takes {idea.idea_id} up")
    for brief in parts:
        if wrong := refused(faults(brief, city.vocabulary)):
            raise wrong
    made = []
    for brief in parts:
        new = NewIdea(brief, idea.state, idea.submitted_at, "split", idea.pseudonym, idea.call_id)
        part = await ideas.add(connection, new, deed.now)
        await ratings.copy(connection, idea.idea_id, part.idea_id)
        part = await ideas.set_judgement(
            connection, part.idea_id, idea.priority, idea.disputed, deed.now
        )
        await lineage.add(connection, Link(idea.idea_id, part.idea_id, "split", deed.now))
        change = deed.change(
            "idea",
            part.idea_id,
            "split",
            moved=(None, part.state),
            details={"from": idea.idea_id},
        )
        await changes.add(connection, change)
        made.append(part)
    into = {"into": [each.idea_id for each in made]}
    await changes.add(connection, deed.change("idea", idea.idea_id, "divided", details=into))
    await mails.queue_split(connection, idea.idea_id, now=deed.now)
    await ideas.set_split(connection, idea.idea_id, deed.now)
    return made
