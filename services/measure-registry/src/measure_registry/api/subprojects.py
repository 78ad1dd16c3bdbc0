# SPDX-License-Identifier: EUPL-1.2
"""Sub-projects: public to read, made and changed by editors; and ideas that become part of something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Request, Response
from pydantic import model_validator

from measure_registry.api.asked import Db, IdeaId, Wanted, city_of
from measure_registry.api.effects import effect_of
from measure_registry.api.ideas import views_of
from measure_registry.api.measures import (
    MOST_CHANGES,
    found_or_404,
    public_ideas,
    refuse_other_id,
    seen,
)
from measure_registry.api.staff import Coordinator, Editor, OptionalStaff, Reader
from measure_registry.api.texts import Reason
from measure_registry.api.undertaking_views import EffectView, SubprojectView, subproject_view
from measure_registry.api.versions import CHANGED, HELD, Needed, answered, tagged
from measure_registry.api.views import ChangeView, IdeaView, change_view
from measure_registry.desk import casework
from measure_registry.desk.author import Author, Deed
from measure_registry.desk.undertakings import adopt, make, release, rewrite, taken_up
from measure_registry.domain.idea import Idea
from measure_registry.domain.undertaking import Kind, as_public
from measure_registry.forms.undertakings import IdText, SubprojectForm
from measure_registry.storage import changes
from measure_registry.storage import undertakings as stored
from stadttakt_runtime.auth.dependencies import OPEN
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import Page

router = APIRouter(prefix="/v1", tags=["subprojects"])
SubprojectId = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9-]+$")]
NONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such sub-project"}}
ADOPTED = {
    **NONE,
    **CHANGED,
    409: {"description": "Not in this state; `possible` names those in which it may be"},
}


class SubprojectBody(WriteModel):
    """What a sub-project is to say, and why it is changed."""

    subproject: SubprojectForm
    reason: Reason


class AdoptionBody(WriteModel):
    """What takes up an idea, a measure or a sub-project, and why."""

    measure_id: IdText | None = None
    subproject_id: IdText | None = None
    reason: Reason

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.measure_id is None) == (self.subproject_id is None):
            raise ValueError("measure_id or subproject_id, one of them")
        return self


@router.get("/subprojects", responses=HELD, response_model=Page[SubprojectView])
async def list_all(request: Request, database: Db, handlungsfeld: Wanted = None) -> Response:
    """List all sub-projects in the city's order."""
    async with database.connection() as connection:
        found = await stored.every(connection, Kind.SUBPROJECT)
    views = [
        subproject_view(as_public(each))
        for each in found
        if handlungsfeld is None or handlungsfeld in each.definition["handlungsfelder"]
    ]
    body = Page[SubprojectView](items=views).model_dump_json().encode()
    return answered(request, body, "application/json")


@router.post("/subprojects", status_code=201, response_model=SubprojectView)
async def make_subproject(
    once: Idempotent, database: Db, staff: Editor, body: SubprojectBody
) -> Response:
    """Make a sub-project that is not in the city folder; `stadttakt city apply` leaves it alone."""
    async with database.transaction() as connection:
        known = await once.recall(connection)
        if known is not None:
            return known
        city, name = await city_of(connection), body.subproject.subproject_id
        definition = body.subproject.model_dump(mode="json")
        deed = Deed(staff, utc_now(), body.reason)
        made = await make(connection, Kind.SUBPROJECT, name, definition, city, deed)
        view = subproject_view(made, [])
        return await once.answer(connection, view, 201, location=f"/v1/subprojects/{name}")


@router.get(
    "/subprojects/{subproject_id}",
    responses={**NONE, **HELD},
    response_model=SubprojectView,
    openapi_extra=OPEN,
)
async def get_subproject(
    request: Request, database: Db, staff: OptionalStaff, subproject_id: SubprojectId
) -> Response:
    """Answer with one sub-project and the ideas it took up."""
    async with database.connection() as connection:
        sees_all = staff is not None
        found = await seen(connection, Kind.SUBPROJECT, subproject_id, sees_all=sees_all)
        ideas = await public_ideas(connection, Kind.SUBPROJECT, subproject_id, sees_all=sees_all)
    return tagged(subproject_view(found, ideas), found.version, request)


@router.put(
    "/subprojects/{subproject_id}", responses={**NONE, **CHANGED}, response_model=SubprojectView
)
async def change_subproject(
    database: Db,
    staff: Editor,
    subproject_id: SubprojectId,
    expected: Needed,
    body: SubprojectBody,
) -> Response:
    """Change what a sub-project says; needs If-Match. From then on it is staff's, not the folder's."""
    refuse_other_id(subproject_id, body.subproject.subproject_id, "subproject.subproject_id")
    async with database.transaction() as connection:
        city = await city_of(connection)
        before = await taken_up(connection, Kind.SUBPROJECT, subproject_id, expected)
        deed = Deed(staff, utc_now(), body.reason)
        definition = body.subproject.model_dump(mode="json")
        found = await rewrite(connection, before, definition, city, deed)
        ideas = await public_ideas(connection, Kind.SUBPROJECT, subproject_id, sees_all=True)
    return tagged(subproject_view(found, ideas), found.version)


@router.get("/subprojects/{subproject_id}/effect", responses=NONE)
async def subproject_effect(database: Db, subproject_id: SubprojectId) -> EffectView:
    """Tell what the indicators of a sub-project said before and after; see `warning`."""
    async with database.connection() as connection:
        return await effect_of(
            connection, await found_or_404(connection, Kind.SUBPROJECT, subproject_id)
        )


@router.get("/subprojects/{subproject_id}/changes", responses=NONE)
async def subproject_changes(
    database: Db, staff: Reader, subproject_id: SubprojectId
) -> Page[ChangeView]:
    """List what was changed of a sub-project, the oldest first."""
    del staff
    async with database.connection() as connection:
        await found_or_404(connection, Kind.SUBPROJECT, subproject_id)
        found = await changes.of(
            connection, "subproject", subproject_id, after=0, limit=MOST_CHANGES
        )
    return Page(items=[change_view(each) for each in found])


@router.post("/ideas/{idea_id}:adopt", responses=ADOPTED, response_model=IdeaView)
async def adopt_idea(
    database: Db, staff: Coordinator, idea_id: IdeaId, expected: Needed, body: AdoptionBody
) -> Response:
    """Let a measure or sub-project take up an idea that the workflow lets become part of one; needs If-Match."""
    return await _adoption(database, staff, (idea_id, expected), body, adopt)


@router.post("/ideas/{idea_id}:release", responses=ADOPTED, response_model=IdeaView)
async def release_idea(
    database: Db, staff: Coordinator, idea_id: IdeaId, expected: Needed, body: AdoptionBody
) -> Response:
    """Note that a measure or sub-project does not take up an idea after all, also one that goes on in others; needs If-Match."""
    return await _adoption(database, staff, (idea_id, expected), body, release)


async def _adoption(
    database: Database,
    staff: Author,
    asked: tuple[str, int | None],
    body: AdoptionBody,
    do: Callable[..., Awaitable[Idea]],
) -> Response:
    kind = Kind.MEASURE if body.measure_id is not None else Kind.SUBPROJECT
    name = body.measure_id or body.subproject_id or ""
    async with database.transaction() as connection:
        city = await city_of(connection)
        hold = casework.version_held if do is release else casework.taken_up
        idea = await hold(connection, *asked)
        deed = Deed(staff, utc_now(), body.reason)
        idea = await do(connection, idea, kind, name, workflow=city.workflow, deed=deed)
        (view,) = await views_of(connection, [idea], city, for_staff=True)
        return tagged(view, idea.version)
