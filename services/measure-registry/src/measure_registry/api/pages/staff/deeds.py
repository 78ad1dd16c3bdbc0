# SPDX-License-Identifier: EUPL-1.2
"""What the forms of staff pages do with one idea, each in a transaction, and why they could not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import Request

from measure_registry.api.asked import city_of
from measure_registry.api.bodies import PlaceBody
from measure_registry.api.pages.entrance import Visit
from measure_registry.api.pages.staff.meanwhile import why_not
from measure_registry.api.pages.staff.told import Refusal
from measure_registry.desk.author import Deed
from measure_registry.desk.casework import (
    correct_idea,
    move_idea,
    must_not_go_on,
    publish_idea,
    taken_up,
    version_held,
)
from measure_registry.desk.combining import merge
from measure_registry.desk.problems import not_found
from measure_registry.desk.redaction import must_name_nobody, must_name_nobody_new
from measure_registry.desk.undertakings import adopt, release
from measure_registry.domain.idea import Idea
from measure_registry.domain.roles import Role
from measure_registry.domain.steckbrief import Place, Steckbrief
from measure_registry.domain.undertaking import Kind
from measure_registry.site.frame import language_of
from measure_registry.storage.city import City
from stadttakt_runtime.auth.authenticator import ScopeMissing
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Problem

PLACING = frozenset({"place", "publish", "withdraw"})
ADOPTING = {"adopt": adopt, "release": release}
UNDOING = frozenset({"withdraw", "release"})
"""What is done with ideas that go on in others, too."""
SHORTEST_REASON, LONGEST_REASON = 3, 2000


async def attempt(  # noqa: PLR0913  # an idea and what is done with it
    request: Request,
    database: Database,
    visit: Visit,
    idea_id: str,
    action: str,
    *,
    reason: str,
    expected: int,
    seen: int = 0,
    where: PlaceBody | None = None,
    confirmed: bool = False,
) -> Refusal | None:
    """Do what a form's action says (`publish`, `move:<state>`, `adopt:<kind>/<id>` and so on) with an idea.

    Everything of it in one transaction; return why it could not be done, with what was done since the change `seen`.
    With `where` the idea lies there from now on. `confirmed` says that somebody looked at who its texts may name.
    """
    kind, _, target = action.partition(":")
    beside = target if kind == "merge" else None
    async with database.connection() as connection:
        city = await city_of(connection)
    try:
        async with database.transaction() as connection:
            hold = version_held if kind in UNDOING else taken_up
            idea = await hold(connection, idea_id, expected, beside=beside)
            deed = Deed(visit.author, utc_now(), reason)
            if where is not None and kind in PLACING:
                brief = replace(idea.steckbrief, place=Place(**dict(where)))
                if not confirmed:
                    await must_name_nobody_new(connection, request.app.state.vault, idea, brief)
                idea = await _put(connection, idea, brief, city, deed)
            if kind == "publish" and visit.may(Role.EDITOR) and not confirmed:
                await must_name_nobody(connection, request.app.state.vault, idea)
            await _do(connection, (kind, target), idea, city, deed)
    except Problem as problem:
        return await why_not(database, problem, (idea_id, seen), city, language_of(request))
    return None


async def _put(connection: Any, idea: Idea, brief: Steckbrief, city: City, deed: Deed) -> Idea:
    """Put an idea somewhere on the map, or take it from there."""
    if Role.EDITOR not in deed.author.roles:
        raise ScopeMissing("registry:write")
    await must_not_go_on(connection, idea)
    return await correct_idea(connection, idea, brief, city, deed, redact=False)


async def _do(connection: Any, action: tuple[str, str], idea: Idea, city: City, deed: Deed) -> None:
    kind, target = action
    if kind == "move":
        await move_idea(connection, idea, city, deed, to=target)
        return
    if kind in ADOPTING:
        await _adoption(connection, action, idea, city, deed)
        return
    if Role.EDITOR not in deed.author.roles:
        raise ScopeMissing("registry:write")
    if kind == "merge":
        await merge(connection, idea, target, city, deed)
    elif kind in {"publish", "withdraw"}:
        await publish_idea(connection, idea, deed, public=kind == "publish")
    elif kind != "place":
        raise not_found("action", action[0])


async def _adoption(
    connection: Any, action: tuple[str, str], idea: Idea, city: City, deed: Deed
) -> None:
    """Let a measure take an idea up, or not after all: `measure/<id>` or `subproject/<id>`."""
    if Role.COORDINATOR not in deed.author.roles:
        raise ScopeMissing("registry:admin")
    sort, _, name = action[1].partition("/")
    if sort not in set(Kind):
        raise not_found("measure", action[1])
    do = ADOPTING[action[0]]
    await do(connection, idea, Kind(sort), name, workflow=city.workflow, deed=deed)


def version_in(text: str) -> int:
    """Return the version, or change, that a form was made of; 0, which nothing ever is, where it names none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def is_reason(text: str) -> bool:
    """Tell whether a text can stand in the history as a reason."""
    return SHORTEST_REASON <= len(text) <= LONGEST_REASON and "\0" not in text
