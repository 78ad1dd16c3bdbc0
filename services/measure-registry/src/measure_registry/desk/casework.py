# SPDX-License-Identifier: EUPL-1.2
"""What staff do with one idea: move, rate, correct, publish; each with its trace."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from measure_registry.desk.author import Deed
from measure_registry.desk.priority import rerate
from measure_registry.desk.problems import (
    RatingOver,
    TransitionForbidden,
    VersionChanged,
    not_found,
    refused,
)
from measure_registry.domain.criteria import Rating, Vote, is_decided, judge
from measure_registry.domain.idea import Idea
from measure_registry.domain.located import moved
from measure_registry.domain.steckbrief import Steckbrief, differences, faults
from measure_registry.domain.workflow import ForbiddenMoveError, Need, move
from measure_registry.storage import changes, ideas, lineage, mails, ratings, undertakings
from measure_registry.storage.city import City
from stadttakt_runtime.http.problem import Conflict


async def taken_up(
    connection: Any, idea_id: str, expected: int | None, *, beside: str | None = None
) -> Idea:
    """Return an idea that nobody else changes until the commit, nor one beside it where one is named.

    Raises:
        NotFound: there is none.
        VersionChanged: it is not the version that the caller has read.
        Conflict: it goes on in others.

    """
    idea = await version_held(connection, idea_id, expected, beside=beside)
    await must_not_go_on(connection, idea)
    return idea


async def must_not_go_on(connection: Any, idea: Idea) -> None:
    """Raise Conflict where an idea goes on in another (`merged_into`), or in its parts (`split_into`)."""
    if idea.merged_into is not None:
        raise Conflict(
            f"{idea.idea_id} goes on in {idea.merged_into}", merged_into=idea.merged_into
        )
    if idea.split_at is not None:
        parts = await lineage.parts(connection, idea.idea_id)
        raise Conflict(f"{idea.idea_id} goes on in {', '.join(parts)}", split_into=parts)


async def version_held(
    connection: Any, idea_id: str, expected: int | None, *, beside: str | None = None
) -> Idea:
    """Return an idea that nobody else changes until the commit, also one that goes on in others.

    Both ideas of a merger are locked at once: one after the other, two people who merge each into the other wait in a ring.
    Raises NotFound and VersionChanged, as `taken_up` does.
    """
    both = (idea_id,) if beside is None else (idea_id, beside)
    idea = (await ideas.locked(connection, *both)).get(idea_id)
    if idea is None:
        raise not_found("idea", idea_id)
    if expected is not None and expected != idea.version:
        raise VersionChanged(f"{idea_id} is at version {idea.version} now", version=idea.version)
    return idea


async def move_idea(connection: Any, idea: Idea, city: City, deed: Deed, *, to: str) -> Idea:
    """Move an idea; raises TransitionForbidden, which names the moves that are allowed."""
    votes = (await ratings.of(connection, [idea.idea_id]))[idea.idea_id]
    fulfilled = {Need.RATED} if is_decided(judge(city.catalogue, votes)) else set()
    if await undertakings.of_idea(connection, idea.idea_id):
        fulfilled.add(Need.MEASURE)
    try:
        made = move(city.workflow, idea.state, to, roles=deed.author.roles, fulfilled=fulfilled)
    except ForbiddenMoveError as error:
        raise TransitionForbidden(error, idea.state) from error
    change = deed.change(
        "idea",
        idea.idea_id,
        "moved",
        moved=(idea.state, to),
        details={"tells": made.tells},
    )
    await changes.add(connection, change)
    if made.tells:
        await mails.queue(connection, idea.idea_id, "moved", now=deed.now, state=to)
        await mails.queue_related(connection, idea.idea_id, now=deed.now, state=to)
    return await ideas.set_state(connection, idea.idea_id, to, deed.now)


async def rate_idea(
    connection: Any,
    idea: Idea,
    city: City,
    deed: Deed,
    *,
    criterion_id: str,
    rating: Rating,
) -> Idea:
    """Store a rater's word on a criterion, its comment being the reason; the priority follows.

    Raises:
        RatingOver: the idea is in a final state, where nothing of it changes that everybody sees.
        NotFound: there is no such criterion.

    """
    if idea.state in city.workflow.final:
        raise RatingOver(idea.state)
    if city.catalogue.criterion(criterion_id) is None:
        raise not_found("criterion", criterion_id)
    version, comment = city.catalogue.version, deed.reason or ""
    details = {"criterion_id": criterion_id, "rating": rating, "catalogue_version": version}
    change = deed.change("idea", idea.idea_id, "rated", details=details)
    vote = Vote(criterion_id, change.author, rating, comment, version, deed.now)
    await ratings.put(connection, idea.idea_id, vote)
    await changes.add(connection, change)
    votes = (await ratings.of(connection, [idea.idea_id]))[idea.idea_id]
    return await rerate(connection, idea, city.catalogue, votes, cause=change)


async def correct_idea(
    connection: Any, idea: Idea, brief: Steckbrief, city: City, deed: Deed, *, redact: bool
) -> Idea:
    """Store what an idea now says; with `redact` the history forgets what the fields said before."""
    place = moved(idea.steckbrief.place, brief.place, city.places)
    brief = replace(brief, place=place)
    changed = differences(idea.steckbrief, brief)
    if not changed:
        return idea
    if wrong := refused(faults(brief, city.vocabulary)):
        raise wrong
    names = list(changed)
    if redact:
        await changes.redact(connection, "idea", idea.idea_id, names)
    details = {"redacted": names} if redact else changed
    await changes.add(connection, deed.change("idea", idea.idea_id, "edited", details=details))
    return await ideas.rewrite(connection, idea.idea_id, brief, deed.now)


async def publish_idea(connection: Any, idea: Idea, deed: Deed, *, public: bool) -> Idea:
    """Let everybody see an idea, or nobody but staff."""
    if idea.is_public == public:
        return idea
    action = "published" if public else "withdrawn"
    await changes.add(connection, deed.change("idea", idea.idea_id, action))
    since = deed.now if public else None
    return await ideas.set_published(connection, idea.idea_id, since, deed.now)
