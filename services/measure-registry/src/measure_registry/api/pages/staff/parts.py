# SPDX-License-Identifier: EUPL-1.2
"""Splitting an idea into parts, each with a title, a summary and a field; the rest they take over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.entrance import Visit, Visiting, form_of
from measure_registry.api.pages.staff.deeds import is_reason, version_in
from measure_registry.api.pages.staff.fields import brief_of, fault, text_of, written_of
from measure_registry.api.pages.staff.idea import IdeaId, gone_back
from measure_registry.api.pages.staff.meanwhile import last_change, why_not
from measure_registry.api.pages.staff.shown import show
from measure_registry.api.pages.staff.told import Refusal
from measure_registry.desk.author import Deed
from measure_registry.desk.casework import taken_up
from measure_registry.desk.combining import split
from measure_registry.domain.idea import Idea
from measure_registry.domain.roles import Role
from measure_registry.domain.steckbrief import Steckbrief
from measure_registry.site.frame import Language, language_of, tell
from measure_registry.storage import ideas
from measure_registry.storage.city import City
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound, Problem

router = APIRouter(include_in_schema=False)
LEAST_PARTS, MOST_PARTS = 2, 10
OWN = ("title", "summary", "handlungsfeld")


@dataclass(frozen=True, slots=True)
class Draft:
    """A form of a split: what stands in each part, and what was refused, by part and field."""

    parts: Sequence[Mapping[str, str]]
    reason: str = ""
    refusal: Refusal | None = None
    faults: Mapping[str, str] | None = None


@router.get("/intern/idee/{idea_id}/teilen")
async def split_page(request: Request, database: Db, visit: Visiting, idea_id: IdeaId) -> Response:
    """Show a form for two parts."""
    visit.must(Role.EDITOR)
    async with database.connection() as connection:
        city = await city_of(connection)
        idea = await ideas.one(connection, idea_id)
    if idea is None:
        raise NotFound
    if idea.goes_on:
        # its page says in what
        return gone_back(request, idea_id, "")
    empty = {"title": "", "summary": "", "handlungsfeld": idea.steckbrief.handlungsfeld}
    return await _form(request, city, visit, idea, Draft([empty] * LEAST_PARTS))


@router.post("/intern/idee/{idea_id}/teilen")
async def split_up(request: Request, database: Db, visit: Visiting, idea_id: IdeaId) -> Response:
    """Split an idea, or show the form with one part more."""
    form = await form_of(request, visit)
    visit.must(Role.EDITOR)
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        idea = await ideas.one(connection, idea_id)
    if idea is None:
        raise NotFound
    draft = Draft(_parts_in(form), text_of(form, "reason"))
    if text_of(form, "action") == "more":
        empty = {"title": "", "summary": "", "handlungsfeld": idea.steckbrief.handlungsfeld}
        more = [*draft.parts, empty][:MOST_PARTS]
        return await _form(request, city, visit, idea, replace(draft, parts=more))
    briefs, faults = _briefs(draft, idea, city, language)
    if faults:
        refusal = Refusal(422, tell("form_faults", language))
        return await _form(
            request, city, visit, idea, replace(draft, refusal=refusal, faults=faults)
        )
    try:
        async with database.transaction() as connection:
            held = await taken_up(connection, idea_id, version_in(text_of(form, "version")))
            deed = Deed(visit.author, utc_now(), draft.reason)
            await split(connection, held, briefs, city, deed)
    except Problem as problem:
        seen = (idea_id, version_in(text_of(form, "seen")))
        refusal = await why_not(database, problem, seen, city, language)
        async with database.connection() as connection:
            idea = await ideas.one(connection, idea_id) or idea
        return await _form(request, city, visit, idea, replace(draft, refusal=refusal))
    return gone_back(request, idea_id, "geteilt")


def _parts_in(form: FormData) -> list[dict[str, str]]:
    """Return the parts of a form; those where nothing but the field was chosen are left out."""
    parts = [
        {name: text_of(form, f"{name}-{number}") for name in OWN}
        for number in range(1, MOST_PARTS + 1)
        if f"title-{number}" in form
    ]
    written = [each for each in parts if each["title"] or each["summary"]]
    missing_parts = max(0, LEAST_PARTS - len(written))
    return written + [each for each in parts if each not in written][:missing_parts]


def _briefs(
    draft: Draft, idea: Idea, city: City, language: Language
) -> tuple[list[Steckbrief], dict[str, str]]:
    """Return what the parts say, or what is wrong with them."""
    briefs: list[Steckbrief] = []
    faults: dict[str, str] = {}
    whole = written_of(idea.steckbrief)
    for number, part in enumerate(draft.parts, 1):
        further = tuple(each for each in whole["further_fields"] if each != part["handlungsfeld"])
        brief, wrong = brief_of({**whole, **part, "further_fields": further}, city, language)
        named = tell("part_number", language, number=number)
        faults |= {f"{name}-{number}": f"{named}: {said}" for name, said in wrong.items()}
        if brief is not None:
            briefs.append(brief)
    if not is_reason(draft.reason):
        faults["reason"] = fault("reason", language)
    if len(draft.parts) < LEAST_PARTS:
        faults["title-1"] = tell("fault_parts", language)
    return briefs, faults


async def _form(request: Request, city: City, visit: Visit, idea: Idea, draft: Draft) -> Response:
    language = language_of(request)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        last = await last_change(connection, idea.idea_id)
    return show(
        request,
        city,
        "split.html",
        title=tell("split_page", language, idea=idea.idea_id),
        visit=visit,
        idea=idea,
        last_change=last,
        draft=draft,
        refusal=draft.refusal,
        faults=dict(draft.faults or {}),
        most=MOST_PARTS,
    )
