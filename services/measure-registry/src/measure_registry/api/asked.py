# SPDX-License-Identifier: EUPL-1.2
"""What endpoints read of a request: its city, an idea's id, what a list is asked for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request

from measure_registry.api.texts import IDEA_ID
from measure_registry.desk.problems import no_city, not_found
from measure_registry.domain.idea import Idea
from measure_registry.storage import city as stored
from measure_registry.storage import ideas
from measure_registry.storage.city import City
from stadttakt_runtime.database import Database

IdeaId = Annotated[str, Path(pattern=IDEA_ID)]
Wanted = Annotated[str | None, Query(max_length=80, pattern=r"^[a-z0-9-]+$")]
Search = Annotated[
    str | None,
    Query(
        min_length=2,
        max_length=200,
        pattern=r"^[^\x00]*$",
        description="words, as a search box takes them; found by their German stems",
    ),
]


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


Db = Annotated[Database, Depends(_database)]


async def city_of(connection: Any) -> City:
    """Return what the city configures; 503 where none was applied."""
    found = await stored.read(connection)
    if found is None:
        raise no_city()
    return found


async def visible(connection: Any, idea_id: str, *, sees_all: bool) -> Idea:
    """Return an idea; one that a caller may not see is not there."""
    found = await ideas.one(connection, idea_id)
    if found is None or not (sees_all or found.is_public):
        raise not_found("idea", idea_id)
    return found
