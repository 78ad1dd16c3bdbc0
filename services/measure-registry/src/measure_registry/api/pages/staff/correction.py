# SPDX-License-Identifier: EUPL-1.2
"""Correcting what an idea says; who was overtaken by somebody sees both words and loses neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson
from fastapi import APIRouter, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.entrance import Visit, Visiting, form_of
from measure_registry.api.pages.staff.deeds import is_reason, version_in
from measure_registry.api.pages.staff.fields import (
    FIELDS,
    Written,
    based_on,
    brief_of,
    digest,
    digests,
    fault,
    label,
    shown,
    text_of,
    written_in,
    written_of,
)
from measure_registry.api.pages.staff.idea import IdeaId, gone_back
from measure_registry.api.pages.staff.meanwhile import done_since, last_change
from measure_registry.api.pages.staff.shown import show
from measure_registry.api.pages.staff.told import Refusal, refusal_of
from measure_registry.desk.author import Deed
from measure_registry.desk.casework import correct_idea, taken_up
from measure_registry.desk.problems import VersionChanged
from measure_registry.desk.redaction import must_name_nobody_new
from measure_registry.domain.idea import Idea
from measure_registry.domain.roles import Role
from measure_registry.domain.steckbrief import Steckbrief
from measure_registry.site.frame import language_of, tell
from measure_registry.storage import changes, ideas
from measure_registry.storage.city import City
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound, Problem

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """A form of a correction: what stands in it, why, and what was refused; `seen` is the last change it knew."""

    written: Written
    reason: str = ""
    redact: bool = False
    confirmed: bool = False
    seen: int = 0
    refusal: Refusal | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    theirs: Mapping[str, str] = field(default_factory=dict)


@router.get("/intern/idee/{idea_id}/aendern")
async def correction_page(
    request: Request, database: Db, visit: Visiting, idea_id: IdeaId
) -> Response:
    """Show a form with what an idea says."""
    visit.must(Role.EDITOR)
    async with database.connection() as connection:
        city = await city_of(connection)
        idea = await ideas.one(connection, idea_id)
    if idea is None:
        raise NotFound
    return await _form(request, city, visit, idea, Draft(written_of(idea.steckbrief)))


@router.post("/intern/idee/{idea_id}/aendern")
async def correct(request: Request, database: Db, visit: Visiting, idea_id: IdeaId) -> Response:
    """Store a correction; 412 with both words where the idea was changed since the form was opened."""
    form = await form_of(request, visit)
    visit.must(Role.EDITOR)
    language, written, reason = language_of(request), written_in(form), text_of(form, "reason")
    async with database.connection() as connection:
        city = await city_of(connection)
        idea = await ideas.one(connection, idea_id)
    if idea is None:
        raise NotFound
    seen = version_in(text_of(form, "seen"))
    draft = Draft(written, reason, "redact" in form, "confirmed" in form, seen)
    brief, faults = brief_of(written, city, language)
    if not is_reason(reason):
        faults = {**faults, "reason": fault("reason", language)}
    expected = version_in(text_of(form, "version"))
    if expected != idea.version:
        base = based_on(text_of(form, "base"))
        return await _overtaken(request, database, visit, (city, idea), draft, base)
    if brief is None or faults:
        refusal = Refusal(422, tell("form_faults", language))
        draft = replace(draft, refusal=refusal, faults=faults)
        return await _form(request, city, visit, idea, draft)
    try:
        changed = await _store(request, visit, (city, idea), brief, draft)
    except VersionChanged:
        base = based_on(text_of(form, "base"))
        return await _overtaken(request, database, visit, (city, idea), draft, base)
    except Problem as problem:
        refusal = refusal_of(problem, city, language)
        return await _form(request, city, visit, idea, replace(draft, refusal=refusal))
    return gone_back(request, idea_id, "geaendert" if changed else "gleich")


async def _store(
    request: Request, visit: Visit, seen: tuple[City, Idea], brief: Steckbrief, draft: Draft
) -> bool:
    """Store what an idea says if it is still what was seen; tell whether that is something else."""
    city, before = seen
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        idea = await taken_up(connection, before.idea_id, before.version)
        if not draft.confirmed:
            await must_name_nobody_new(connection, request.app.state.vault, idea, brief)
        deed = Deed(visit.author, utc_now(), draft.reason)
        after = await correct_idea(connection, idea, brief, city, deed, redact=draft.redact)
    return after.version != before.version


async def _overtaken(
    request: Request,
    database: Database,
    visit: Visit,
    seen: tuple[City, Idea],
    draft: Draft,
    base: Mapping[str, str],
) -> Response:
    """Show who changed an idea meanwhile: fields that were left alone say what they say now.

    A field that both changed keeps what was written here, with the others' words beside; only a
    second sending replaces them.
    """
    language = language_of(request)
    async with database.connection() as connection:
        idea = await ideas.one(connection, seen[1].idea_id) or seen[1]
        last = await changes.newest(connection, "idea", idea.idea_id, limit=1)
        since = await done_since(connection, (idea.idea_id, draft.seen), seen[0], language)
    now, written, theirs = written_of(idea.steckbrief), dict(draft.written), {}
    for name in FIELDS:
        is_touched = digest(written[name]) != base.get(name)
        if not is_touched:
            written[name] = now[name]
        elif digest(now[name]) not in {base.get(name), digest(written[name])}:
            theirs[name] = shown(name, now[name], seen[0], language)
    role = tell(f"role_{last[0].author_role}", language) if last else ""
    refusal = Refusal(412, tell("said_overtaken", language, role=role), since)
    shown_again = replace(draft, written=written, refusal=refusal, theirs=theirs)
    return await _form(request, seen[0], visit, idea, shown_again)


async def _form(request: Request, city: City, visit: Visit, idea: Idea, draft: Draft) -> Response:
    language = language_of(request)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        last = await last_change(connection, idea.idea_id)
    now = written_of(idea.steckbrief)
    return show(
        request,
        city,
        "correction.html",
        title=tell("correct_page", language, idea=idea.idea_id),
        visit=visit,
        idea=idea,
        last_change=last,
        written=dict(draft.written),
        base=orjson.dumps(digests(now)).decode(),
        draft=draft,
        refusal=draft.refusal,
        faults=dict(draft.faults),
        theirs=dict(draft.theirs),
        labels={name: label(name, language) for name in FIELDS},
    )
