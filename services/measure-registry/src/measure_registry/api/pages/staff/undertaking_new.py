# SPDX-License-Identifier: EUPL-1.2
"""New measures and sub-projects, made by editors at a page; the city folder leaves them alone."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.entrance import Visiting, form_of
from measure_registry.api.pages.staff.deeds import is_reason
from measure_registry.api.pages.staff.fields import fault, text_of
from measure_registry.api.pages.staff.told import Refusal, refusal_of
from measure_registry.api.pages.staff.undertaking_form import checked, definition_in
from measure_registry.api.pages.staff.undertakings import (
    KINDS,
    Draft,
    form_page,
    indicator_faults,
)
from measure_registry.desk.author import Deed
from measure_registry.desk.undertakings import make
from measure_registry.domain.roles import Role
from measure_registry.domain.undertaking import Kind, Reifegrad, Standing, Undertaking
from measure_registry.site.frame import Site, language_of, tell
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.problem import Conflict, NotFound, Problem

router = APIRouter(include_in_schema=False)
NEW = "/intern/massnahmen/neu/{sort}"
Sort = Annotated[str, Path(max_length=20)]
EMPTY: dict[str, Any] = {"reifegrad": Reifegrad.UNKNOWN, "state": Standing.UNKNOWN}
_NAME = re.compile(r"[a-z0-9-]{1,80}")


@router.get(NEW)
async def new_page(request: Request, database: Db, visit: Visiting, sort: Sort) -> Response:
    """Show an empty form of a measure or sub-project."""
    visit.must(Role.EDITOR)
    async with database.connection() as connection:
        city = await city_of(connection)
    if sort not in KINDS:
        raise NotFound
    return await form_page(request, database, visit, (city, _none(KINDS[sort])), Draft(EMPTY))


@router.post(NEW)
async def make_page(request: Request, database: Db, visit: Visiting, sort: Sort) -> Response:
    """Make a measure or sub-project; an answer that says what is wrong keeps what was written."""
    form = await form_of(request, visit)
    visit.must(Role.EDITOR)
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
    if sort not in KINDS:
        raise NotFound
    kind, name, reason = KINDS[sort], text_of(form, "undertaking_id"), text_of(form, "reason")
    said = definition_in(form, kind, name if _NAME.fullmatch(name) else "x")
    definition, faults = checked(said, kind, language)
    if not _NAME.fullmatch(name):
        faults = {"undertaking_id": tell("fault_undertaking_id", language), **faults}
    if not is_reason(reason):
        faults = {**faults, "reason": fault("reason", language)}
    faults |= await indicator_faults(database, definition or said, None, language)
    seen = (city, _none(kind))
    draft = Draft(definition or said, reason, faults=faults, name=name)
    if definition is None or faults:
        draft = replace(draft, refusal=Refusal(422, tell("form_faults", language)))
        return await form_page(request, database, visit, seen, draft)
    try:
        async with database.transaction() as connection:
            deed = Deed(visit.author, utc_now(), reason)
            await make(connection, kind, name, definition, city, deed)
    except Conflict:
        draft = replace(draft, refusal=Refusal(409, tell("said_id_taken", language, name=name)))
        return await form_page(request, database, visit, seen, draft)
    except Problem as problem:
        draft = replace(draft, refusal=refusal_of(problem, city, language))
        return await form_page(request, database, visit, seen, draft)
    site: Site = request.app.state.site
    return RedirectResponse(site.href(f"/intern/{sort}/{name}", language, getan="angelegt"), 303)


def _none(kind: Kind) -> Undertaking:
    """Return what stands for a measure that is not made yet: version 0."""
    now = utc_now()
    return Undertaking(kind, "", 0, {}, None, now, now, None)
