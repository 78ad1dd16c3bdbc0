# SPDX-License-Identifier: EUPL-1.2
"""Measures and sub-projects for staff: listed, and changed by a form; who was overtaken loses no word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.entrance import Visit, Visiting, form_of
from measure_registry.api.pages.staff.deeds import is_reason, version_in
from measure_registry.api.pages.staff.fields import based_on, fault, text_of
from measure_registry.api.pages.staff.history import rows_of
from measure_registry.api.pages.staff.shown import show
from measure_registry.api.pages.staff.told import Refusal, refusal_of
from measure_registry.api.pages.staff.undertaking_form import (
    AREAS,
    CHOICES,
    CHOSEN,
    NUMBERS,
    PARTS,
    SINGLE,
    checked,
    definition_in,
    digests,
    in_order,
    label,
    merged,
    shown,
)
from measure_registry.desk.author import Deed
from measure_registry.desk.problems import VersionChanged
from measure_registry.desk.undertakings import rewrite, taken_up
from measure_registry.domain.roles import Role
from measure_registry.domain.undertaking import Kind, Undertaking, unknown_indicators
from measure_registry.profiles.undertaking import PATHS
from measure_registry.site.frame import Language, Site, language_of, tell
from measure_registry.storage import changes, indicators, undertakings
from measure_registry.storage.city import City
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound, Problem

router = APIRouter(include_in_schema=False)
MOST_CHANGES = 30
NEEDED = frozenset({"title.de", "title.en", "summary.de", "summary.en", "reifegrad", "state"})
KINDS = {"massnahme": Kind.MEASURE, "teilprojekt": Kind.SUBPROJECT}
Name = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9-]+$")]
Done = Annotated[str, Query(alias="getan", pattern=r"^(|geaendert|gleich|angelegt)$")]


@dataclass(frozen=True, slots=True)
class Draft:
    """A form: what stands in it, why, and what was refused; `name` of one that is not made yet."""

    definition: Mapping[str, Any]
    reason: str = ""
    refusal: Refusal | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    both: Sequence[str] = ()
    done: str = ""
    name: str = ""


@router.get("/intern/massnahmen")
async def list_page(request: Request, database: Db, visit: Visiting) -> Response:
    """List measures and sub-projects, and who changed them last."""
    async with database.connection() as connection:
        city = await city_of(connection)
        found = {kind: await undertakings.every(connection, kind) for kind in Kind}
    return show(
        request,
        city,
        "staff_measures.html",
        title=tell("staff_measures", language_of(request)),
        active="staff_measures",
        visit=visit,
        found=found,
        new={kind: f"/intern/massnahmen/neu/{sort}" for sort, kind in KINDS.items()},
        paths={kind: f"/intern/{sort}/" for sort, kind in KINDS.items()},
        may_edit=visit.may(Role.EDITOR),
    )


@router.get("/intern/massnahme/{name}")
async def measure_form(
    request: Request, database: Db, visit: Visiting, name: Name, getan: Done = ""
) -> Response:
    """Show a form with what a measure says."""
    return await _opened(request, database, visit, Kind.MEASURE, name, getan)


@router.get("/intern/teilprojekt/{name}")
async def subproject_form(
    request: Request, database: Db, visit: Visiting, name: Name, getan: Done = ""
) -> Response:
    """Show a form with what a sub-project says."""
    return await _opened(request, database, visit, Kind.SUBPROJECT, name, getan)


@router.post("/intern/massnahme/{name}")
async def change_measure(request: Request, database: Db, visit: Visiting, name: Name) -> Response:
    """Store what a measure is to say; 412 with both words where it was changed meanwhile."""
    return await _sent(request, database, visit, Kind.MEASURE, name)


@router.post("/intern/teilprojekt/{name}")
async def change_subproject(
    request: Request, database: Db, visit: Visiting, name: Name
) -> Response:
    """Store what a sub-project is to say; 412 with both words where it was changed meanwhile."""
    return await _sent(request, database, visit, Kind.SUBPROJECT, name)


async def _opened(  # a page and what it is of
    request: Request, database: Database, visit: Visit, kind: Kind, name: str, done: str
) -> Response:
    visit.must(Role.EDITOR)
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await undertakings.one(connection, kind, name)
    if found is None:
        raise NotFound
    said = tell(f"done_{done}", language_of(request)) if done else ""
    return await form_page(
        request, database, visit, (city, found), Draft(found.definition, done=said)
    )


async def _sent(
    request: Request, database: Database, visit: Visit, kind: Kind, name: str
) -> Response:
    form = await form_of(request, visit)
    visit.must(Role.EDITOR)
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await undertakings.one(connection, kind, name)
    if found is None:
        raise NotFound
    said = in_order(definition_in(form, kind, name), found.definition)
    reason = text_of(form, "reason")
    definition, faults = checked(said, kind, language)
    if not is_reason(reason):
        faults = {**faults, "reason": fault("reason", language)}
    faults |= await indicator_faults(database, definition or said, found.definition, language)
    draft = Draft(definition or said, reason, faults=faults)
    base = based_on(text_of(form, "base"))
    if version_in(text_of(form, "version")) != found.version:
        return await _overtaken(request, database, visit, (city, found), draft, base)
    if definition is None or faults:
        draft = replace(draft, refusal=Refusal(422, tell("form_faults", language)))
        return await form_page(request, database, visit, (city, found), draft)
    try:
        changed = await _store(database, visit, (city, found), draft)
    except VersionChanged:
        return await _overtaken(request, database, visit, (city, found), draft, base)
    except Problem as problem:
        draft = replace(draft, refusal=refusal_of(problem, city, language))
        return await form_page(request, database, visit, (city, found), draft)
    site: Site = request.app.state.site
    sort = next(word for word, each in KINDS.items() if each is kind)
    done = "geaendert" if changed else "gleich"
    return RedirectResponse(site.href(f"/intern/{sort}/{name}", language, getan=done), 303)


async def _store(
    database: Database, visit: Visit, seen: tuple[City, Undertaking], draft: Draft
) -> bool:
    """Store what one is to say if it is still what was seen; tell whether that is something else."""
    city, found = seen
    async with database.transaction() as connection:
        before = await taken_up(connection, found.kind, found.undertaking_id, found.version)
        deed = Deed(visit.author, utc_now(), draft.reason)
        after = await rewrite(connection, before, draft.definition, city, deed)
    return after.version != found.version


async def _overtaken(
    request: Request,
    database: Database,
    visit: Visit,
    seen: tuple[City, Undertaking],
    draft: Draft,
    base: Mapping[str, str],
) -> Response:
    """Show who changed it meanwhile: fields left alone say what they say now, others what was written here."""
    city, found = seen
    async with database.connection() as connection:
        now = await undertakings.one(connection, found.kind, found.undertaking_id) or found
    written, both = merged(draft.definition, now.definition, base)
    refusal = Refusal(412, tell("said_overtaken_measure", language_of(request)))
    shown_again = replace(draft, definition=written, refusal=refusal, both=both)
    return await form_page(request, database, visit, (city, now), shown_again)


async def indicator_faults(
    database: Database,
    said: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    language: Language,
) -> dict[str, str]:
    """Return which links name no public indicator, by field; none where the KPI aggregator tells none."""
    async with database.connection() as connection:
        known = await indicators.names(connection)
    rows = [each.get("indicator_id") for each in said.get("indicators") or ()]
    rowed = {"indicators": [{"indicator_id": each} for each in rows if each]}
    found = {}
    for name in unknown_indicators(rowed, before, known):
        field_id = f"indicators-{rows.index(name)}-indicator_id"
        why = tell("wrong_unknown_indicator", language, indicator=name)
        found[field_id] = f"{label(field_id, language)}: {why}"
    return found


async def form_page(
    request: Request,
    database: Database,
    visit: Visit,
    seen: tuple[City, Undertaking],
    draft: Draft,
) -> Response:
    """Return the form of a measure or sub-project; one of version 0 is not made yet."""
    city, found = seen
    language = language_of(request)
    async with database.connection() as connection:
        known = await indicators.names(connection)
        measures = await undertakings.every(connection, Kind.MEASURE)
        history = await changes.newest(
            connection, found.kind.value, found.undertaking_id, limit=MOST_CHANGES
        )
    is_measure = found.kind is Kind.MEASURE
    return show(
        request,
        city,
        "staff_measure.html",
        title=_title(found, language),
        active="staff_measures",
        visit=visit,
        is_new=not found.version,
        name=draft.name,
        known={} if known is None else {each: named[language] for each, named in known.items()},
        unchecked=known is None and bool(draft.definition.get("indicators")),
        public_path=PATHS[found.kind] + found.undertaking_id,
        version=found.version,
        base=orjson.dumps(digests(found.definition)).decode(),
        written=shown(draft.definition),
        reason=draft.reason,
        refusal=draft.refusal,
        faults=dict(draft.faults),
        both=[(name, _as_text(found.definition.get(name))) for name in draft.both],
        done=draft.done,
        single=[each for each in SINGLE if not (is_measure and each == "priority")],
        chosen=_words(city, measures, found.kind, language),
        history=rows_of(history, city, language),
        **_fixed(language),
    )


def _title(found: Undertaking, language: Language) -> str:
    if not found.version:
        return tell(f"staff_new_{found.kind}", language)
    return tell("staff_measure", language, name=found.definition["title"][language])


def _as_text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _words(
    city: City, measures: Sequence[Undertaking], kind: Kind, language: Language
) -> dict[str, list[tuple[str, str]]]:
    """Return what may be ticked, by field."""
    words = {
        name: [(each.term, each.title[language]) for each in getattr(city.vocabulary, name)]
        for name in CHOSEN
        if name != "measures"
    }
    if kind is Kind.SUBPROJECT:
        words["measures"] = [
            (each.undertaking_id, each.definition["title"][language]) for each in measures
        ]
    return words


def _fixed(language: Language) -> dict[str, Any]:
    """Return what the form has whatever it is of."""
    return {
        "parts": PARTS,
        "areas": AREAS,
        "numbers": NUMBERS,
        "needed": NEEDED,
        "options": {
            path: [
                (value, tell(f"{prefix}{value}", language) if prefix else value) for value in values
            ]
            for path, (prefix, values) in CHOICES.items()
        },
    }
