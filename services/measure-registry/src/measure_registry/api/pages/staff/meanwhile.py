# SPDX-License-Identifier: EUPL-1.2
"""What somebody else did with an idea while a form of it was open, told to whoever sent that form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from measure_registry.api.pages.staff.history import Row, rows_of
from measure_registry.api.pages.staff.told import Refusal, refusal_of
from measure_registry.desk.problems import VersionChanged
from measure_registry.site.frame import Language
from measure_registry.storage import changes
from measure_registry.storage.changes import Change
from measure_registry.storage.city import City
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Problem

MOST_TOLD, MOST_READ = 20, 10_000
NOTHING_CHANGED = frozenset({"contact_read", "scan_read"})
REWORDED = frozenset({"edited", "redacted"})


async def last_change(connection: Any, idea_id: str) -> int:
    """Return the number of an idea's last change, to be kept in the forms of a page that shows it."""
    newest = await changes.newest(connection, "idea", idea_id, limit=1)
    return newest[-1].change_id if newest else 0


async def why_not(
    database: Database, problem: Problem, seen: tuple[str, int], city: City, language: Language
) -> Refusal:
    """Return why something was not done; where an idea was changed meanwhile, with what was done since a change of it.

    `seen` are the idea and that change; where a form does not name it (0), the last change is told.
    """
    refusal = refusal_of(problem, city, language)
    if not isinstance(problem, VersionChanged):
        return refusal
    async with database.connection() as connection:
        return replace(refusal, since=await done_since(connection, seen, city, language))


async def done_since(
    connection: Any, seen: tuple[str, int], city: City, language: Language
) -> list[Row]:
    """Return what was done with an idea since a change of it, or the last that was done, the newest first."""
    idea_id, position = seen
    if position:
        found = await changes.of(connection, "idea", idea_id, after=position, limit=MOST_READ)
    else:
        found = await changes.newest(connection, "idea", idea_id, limit=1)
    told = [each for each in found if each.action not in NOTHING_CHANGED]
    return rows_of(told[-MOST_TOLD:], city, language)


async def unseen_by_rater(connection: Any, idea_id: str, seen: int, rater: str) -> None:
    """Raise VersionChanged where what a rater judges says something else, or their own word does, since the change `seen`.

    What others say of it, and the priority that follows, overtakes nobody.
    """
    after = await changes.of(connection, "idea", idea_id, after=seen, limit=MOST_READ)
    if any(_concerns(each, rater) for each in after):
        raise VersionChanged(f"{idea_id} was changed since the rating form was shown")


def _concerns(change: Change, rater: str) -> bool:
    return change.action in REWORDED or (change.action == "rated" and change.author == rater)
