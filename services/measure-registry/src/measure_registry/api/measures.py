# SPDX-License-Identifier: EUPL-1.2
"""Measures: public to read, made and changed by editors."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.effects import effect_of
from measure_registry.api.staff import Editor, OptionalStaff, Reader
from measure_registry.api.texts import Reason
from measure_registry.api.undertaking_views import (
    EffectView,
    MeasureView,
    SubprojectView,
    measure_view,
    subproject_view,
)
from measure_registry.api.versions import CHANGED, HELD, Needed, answered, tagged
from measure_registry.api.views import ChangeView, change_view
from measure_registry.desk.author import Deed
from measure_registry.desk.problems import not_found
from measure_registry.desk.undertakings import make, rewrite, taken_up
from measure_registry.domain.undertaking import Kind, Undertaking, as_public
from measure_registry.forms.undertakings import MeasureForm
from measure_registry.storage import changes
from measure_registry.storage import undertakings as stored
from stadttakt_runtime.auth.dependencies import OPEN
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import Page
from stadttakt_runtime.http.problem import ValidationFailed

router = APIRouter(prefix="/v1/measures", tags=["measures"])
MeasureId = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9-]+$")]
NONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such measure"}}
MOST_CHANGES = 1000


class MeasureBody(WriteModel):
    """What a measure is to say, and why it is changed."""

    measure: MeasureForm
    reason: Reason


async def found_or_404(connection: Any, kind: Kind, name: str) -> Undertaking:
    """Return a measure or sub-project; raises NotFound."""
    found = await stored.one(connection, kind, name)
    if found is None:
        raise not_found(kind.value, name)
    return found


async def seen(connection: Any, kind: Kind, name: str, *, sees_all: bool) -> Undertaking:
    """Return a measure or sub-project as far as a caller may see it; raises NotFound."""
    found = await found_or_404(connection, kind, name)
    return found if sees_all else as_public(found)


async def public_ideas(connection: Any, kind: Kind, name: str, *, sees_all: bool) -> list[Any]:
    """Return the ideas that one took up, as far as a caller may see them."""
    found = await stored.ideas_of(connection, kind, name)
    return [each for each in found if sees_all or each["public"]]


def refuse_other_id(in_path: str, in_body: str, field: str) -> None:
    """Raise ValidationFailed where path and body name two things."""
    if in_path != in_body:
        error = {"in": "body", "field": field, "detail": "must be that of the path"}
        raise ValidationFailed([{**error, "code": "other_id"}])


@router.get("", responses=HELD, response_model=Page[MeasureView])
async def list_measures(request: Request, database: Db) -> Response:
    """List the integrated measures in the city's order, each with its sub-projects."""
    async with database.connection() as connection:
        measures = await stored.every(connection, Kind.MEASURE)
        subprojects = await stored.every(connection, Kind.SUBPROJECT)
    views = [
        measure_view(
            as_public(each),
            [one for one in subprojects if each.undertaking_id in one.definition["measures"]],
        )
        for each in measures
    ]
    body = Page[MeasureView](items=views).model_dump_json().encode()
    return answered(request, body, "application/json")


@router.post("", status_code=201, response_model=MeasureView)
async def make_measure(
    once: Idempotent, database: Db, staff: Editor, body: MeasureBody
) -> Response:
    """Make a measure that is not in the city folder; `stadttakt city apply` leaves it alone."""
    async with database.transaction() as connection:
        known = await once.recall(connection)
        if known is not None:
            return known
        city, name = await city_of(connection), body.measure.measure_id
        definition = body.measure.model_dump(mode="json")
        deed = Deed(staff, utc_now(), body.reason)
        made = await make(connection, Kind.MEASURE, name, definition, city, deed)
        view = measure_view(made, [], [])
        return await once.answer(connection, view, 201, location=f"/v1/measures/{name}")


@router.get(
    "/{measure_id}", responses={**NONE, **HELD}, response_model=MeasureView, openapi_extra=OPEN
)
async def get_measure(
    request: Request, database: Db, staff: OptionalStaff, measure_id: MeasureId
) -> Response:
    """Answer with one measure, its sub-projects and the ideas it took up."""
    async with database.connection() as connection:
        sees_all = staff is not None
        found = await seen(connection, Kind.MEASURE, measure_id, sees_all=sees_all)
        parts = await stored.subprojects(connection, measure_id)
        ideas = await public_ideas(connection, Kind.MEASURE, measure_id, sees_all=sees_all)
    return tagged(measure_view(found, parts, ideas), found.version, request)


@router.put("/{measure_id}", responses={**NONE, **CHANGED}, response_model=MeasureView)
async def change_measure(
    database: Db, staff: Editor, measure_id: MeasureId, expected: Needed, body: MeasureBody
) -> Response:
    """Change what a measure says; needs If-Match. From then on it is staff's, not the folder's.

    Newly linked indicators must be public ones of the KPI aggregator; while it tells none they are not checked.
    """
    refuse_other_id(measure_id, body.measure.measure_id, "measure.measure_id")
    async with database.transaction() as connection:
        city = await city_of(connection)
        before = await taken_up(connection, Kind.MEASURE, measure_id, expected)
        deed = Deed(staff, utc_now(), body.reason)
        definition = body.measure.model_dump(mode="json")
        found = await rewrite(connection, before, definition, city, deed)
        parts = await stored.subprojects(connection, measure_id)
        ideas = await public_ideas(connection, Kind.MEASURE, measure_id, sees_all=True)
    return tagged(measure_view(found, parts, ideas), found.version)


@router.get("/{measure_id}/subprojects", responses=NONE)
async def list_subprojects(database: Db, measure_id: MeasureId) -> Page[SubprojectView]:
    """List the sub-projects of a measure."""
    async with database.connection() as connection:
        await found_or_404(connection, Kind.MEASURE, measure_id)
        found = await stored.subprojects(connection, measure_id)
    return Page(items=[subproject_view(as_public(each)) for each in found])


@router.get("/{measure_id}/effect", responses=NONE)
async def measure_effect(database: Db, measure_id: MeasureId) -> EffectView:
    """Tell what the indicators of a measure said before and after; see `warning`."""
    async with database.connection() as connection:
        return await effect_of(connection, await found_or_404(connection, Kind.MEASURE, measure_id))


@router.get("/{measure_id}/changes", responses=NONE)
async def measure_changes(database: Db, staff: Reader, measure_id: MeasureId) -> Page[ChangeView]:
    """List what was changed of a measure, the oldest first."""
    del staff
    async with database.connection() as connection:
        await found_or_404(connection, Kind.MEASURE, measure_id)
        found = await changes.of(connection, "measure", measure_id, after=0, limit=MOST_CHANGES)
    return Page(items=[change_view(each) for each in found])
