# SPDX-License-Identifier: EUPL-1.2
"""Networking formats for staff: listed, noted, changed and cancelled by a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.datastructures import FormData

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.entrance import Visit, Visiting, form_of
from measure_registry.api.pages.staff.deeds import is_reason, version_in
from measure_registry.api.pages.staff.fields import based_on, digest, fault, text_of
from measure_registry.api.pages.staff.shown import show
from measure_registry.api.pages.staff.told import Refusal, refusal_of
from measure_registry.api.pages.staff.undertaking_form import why
from measure_registry.desk import formats as desk
from measure_registry.desk.author import Deed
from measure_registry.desk.problems import VersionChanged
from measure_registry.domain.roles import Role
from measure_registry.domain.undertaking import Kind
from measure_registry.forms.formats import FormatForm
from measure_registry.site.frame import Language, Site, language_of, tell
from measure_registry.storage import formats as stored
from measure_registry.storage import undertakings
from measure_registry.storage.formats import Format
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound, Problem

router = APIRouter(include_in_schema=False)
HOME, NEW = "/intern/formate", "/intern/formate/neu"
FormatId = Annotated[str, Path(pattern=r"^format-[0-9]{4,18}$")]
Done = Annotated[str, Query(alias="getan", pattern=r"^(|gespeichert|abgesagt)$")]
TEXTS = ("title.de", "title.en", "kind", "held_on", "participants", "summary.de", "summary.en",
         "place.name", "partners")  # fmt: skip
NEEDED = frozenset({"title.de", "title.en", "kind", "held_on"})
KINDS = ("workshop", "netzwerktreffen", "konferenz", "dialogveranstaltung", "arbeitskreis")
MOST_LISTED = 500
_OTHER = re.compile(r"[^a-z0-9]+")
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the form, why, and what was refused."""

    texts: Mapping[str, str]
    measures: tuple[str, ...] = ()
    reason: str = ""
    refusal: Refusal | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    theirs: Mapping[str, str] = field(default_factory=dict)


@router.get(HOME)
async def list_page(request: Request, database: Db, visit: Visiting, getan: Done = "") -> Response:
    """List networking formats, the latest first."""
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await stored.newest(
            connection, (date.max, 0), since=date.min, measure=None, limit=MOST_LISTED
        )
    return show(
        request,
        city,
        "staff_formats.html",
        title=tell("staff_formats", language),
        active="staff_formats",
        visit=visit,
        found=found,
        may_edit=visit.may(Role.EDITOR),
        done=tell(f"done_{getan}", language) if getan else "",
    )


@router.get(NEW)
async def new_page(request: Request, database: Db, visit: Visiting) -> Response:
    """Show an empty form."""
    visit.must(Role.EDITOR)
    return await _form(request, database, visit, None, Draft(dict.fromkeys(TEXTS, "")))


@router.get(HOME + "/{format_id}")
async def format_page(
    request: Request, database: Db, visit: Visiting, format_id: FormatId
) -> Response:
    """Show a form with what a format says."""
    visit.must(Role.EDITOR)
    async with database.connection() as connection:
        found = await stored.one(connection, format_id)
        if found is None or found.cancelled_at is not None:
            raise NotFound
    return await _form(request, database, visit, found, _draft_of(found))


@router.post(NEW)
async def make_format(request: Request, database: Db, visit: Visiting) -> Response:
    """Note a format; an answer that says what is wrong keeps what was written."""
    return await _sent(request, database, visit, None)


@router.post(HOME + "/{format_id}")
async def change_format(
    request: Request, database: Db, visit: Visiting, format_id: FormatId
) -> Response:
    """Change or cancel a format; 412 where it was changed meanwhile."""
    async with database.connection() as connection:
        found = await stored.one(connection, format_id)
        if found is None:
            raise NotFound
    return await _sent(request, database, visit, found)


async def _sent(
    request: Request, database: Database, visit: Visit, found: Format | None
) -> Response:
    form = await form_of(request, visit)
    visit.must(Role.EDITOR)
    language = language_of(request)
    draft, seen = _draft_in(form), version_in(text_of(form, "version"))
    if found is not None and seen != found.version:
        return await _overtaken(request, database, visit, text_of(form, "base"), (found, draft))
    is_cancelled = found is not None and text_of(form, "action") == "cancel"
    said, faults = (None, {}) if is_cancelled else _checked(draft, found, language)
    if not is_reason(draft.reason):
        faults = {**faults, "reason": fault("reason", language)}
    if faults:
        refused = Refusal(422, tell("form_faults", language))
        draft = replace(draft, faults=faults, refusal=refused)
        return await _form(request, database, visit, found, draft)
    try:
        async with database.transaction() as connection:
            deed = Deed(visit.author, utc_now(), draft.reason)
            await _store(connection, found, said, seen, deed)
    except VersionChanged:
        return await _overtaken(request, database, visit, text_of(form, "base"), (found, draft))
    except Problem as problem:
        async with database.connection() as connection:
            refused = refusal_of(problem, await city_of(connection), language)
        return await _form(request, database, visit, found, replace(draft, refusal=refused))
    site: Site = request.app.state.site
    done = "abgesagt" if is_cancelled else "gespeichert"
    return RedirectResponse(site.href(HOME, language, getan=done), 303)


async def _store(
    connection: Any, found: Format | None, said: FormatForm | None, seen: int, deed: Deed
) -> None:
    """Make, change or (where nothing is said) cancel a format."""
    before = None if found is None else await desk.taken_up(connection, found.format_id, seen)
    if before is not None and said is None:
        await desk.cancel(connection, before, deed)
    elif said is not None:
        definition = said.model_dump(mode="json")
        if before is None:
            await desk.make(connection, definition, said.held_on, deed)
        else:
            await desk.rewrite(connection, before, definition, said.held_on, deed)


async def _overtaken(
    request: Request,
    database: Database,
    visit: Visit,
    base: str,
    mine: tuple[Format | None, Draft],
) -> Response:
    """Show who changed a format meanwhile: fields left alone say what they say now, others what was written here."""
    found, draft = mine
    async with database.connection() as connection:
        found = await stored.one(connection, found.format_id) if found else None
    if found is not None:
        draft = _merged(draft, _draft_of(found), based_on(base))
    refusal = Refusal(412, tell("said_format_changed", language_of(request)))
    return await _form(request, database, visit, found, replace(draft, refusal=refusal))


def _merged(mine: Draft, now: Draft, base: Mapping[str, str]) -> Draft:
    """Return mine with what only others changed; what both changed is told beside."""
    texts, theirs, measures = dict(mine.texts), {}, mine.measures
    for name in TEXTS:
        if digest(texts[name]) == base.get(name):
            texts[name] = now.texts[name]
        elif digest(now.texts[name]) not in {base.get(name), digest(texts[name])}:
            theirs[name] = now.texts[name]
    if digest(measures) == base.get("measures"):
        measures = now.measures
    elif digest(now.measures) not in {base.get("measures"), digest(measures)}:
        theirs["measures"] = " ".join(now.measures)
    return replace(mine, texts=texts, measures=measures, theirs=theirs)


def _base_of(found: Format) -> str:
    """Return what tells of each field of a form whether it was touched."""
    now = _draft_of(found)
    told = {name: digest(now.texts[name]) for name in TEXTS}
    return orjson.dumps({**told, "measures": digest(now.measures)}).decode()


def _draft_in(form: FormData) -> Draft:
    measures = [each for each in form.getlist("measures") if isinstance(each, str)]
    texts = {name: text_of(form, name) for name in TEXTS}
    return Draft(texts, tuple(dict.fromkeys(measures)), text_of(form, "reason"))


def _draft_of(found: Format) -> Draft:
    said = found.definition
    texts = {name: _text(said, name) for name in TEXTS}
    return Draft(texts, tuple(said.get("measures") or ()))


def _text(said: Mapping[str, Any], name: str) -> str:
    value: Any = said
    for part in name.split("."):
        value = (value or {}).get(part)
    if isinstance(value, list):
        return "\n".join(value)
    return "" if value is None else str(value)


def _checked(
    draft: Draft, found: Format | None, language: Language
) -> tuple[FormatForm | None, dict[str, str]]:
    """Return the format that was written, or what is wrong by field in words; a position that it had stays."""
    texts = draft.texts
    said: dict[str, Any] = {
        "title": {"de": texts["title.de"], "en": texts["title.en"]},
        "kind": _OTHER.sub("-", texts["kind"].lower().translate(_LETTERS)).strip("-"),
        "held_on": texts["held_on"],
        "participants": texts["participants"] or None,
        "measures": draft.measures,
        "partners": [line.strip() for line in texts["partners"].splitlines() if line.strip()],
    }
    if texts["summary.de"] or texts["summary.en"]:
        said["summary"] = {"de": texts["summary.de"], "en": texts["summary.en"]}
    if texts["place.name"]:
        had = (found.definition.get("place") if found else None) or {}
        stays = had.get("name") == texts["place.name"]
        said["place"] = had if stays else {"name": texts["place.name"]}
    try:
        return FormatForm.model_validate(said), {}
    except ValidationError as error:
        wrong = {_field(each["loc"]): why(each, language) for each in error.errors()}
    return None, {name: f"{tell(f'u_{name}', language)}: {said}" for name, said in wrong.items()}


def _field(loc: tuple[int | str, ...]) -> str:
    path = ".".join(str(each) for each in loc if not isinstance(each, int))
    return next((name for name in TEXTS if name == path or name.startswith(f"{path}.")), TEXTS[0])


async def _form(
    request: Request, database: Database, visit: Visit, found: Format | None, draft: Draft
) -> Response:
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        known = {kind: await undertakings.every(connection, kind) for kind in Kind}
    offered = _offered(known, language)
    title = tell("new_format", language)
    if found is not None:
        title = tell("edit_format", language, name=found.definition["title"][language])
    return show(
        request,
        city,
        "staff_format.html",
        title=title,
        active="staff_formats",
        visit=visit,
        found=found,
        written=draft.texts,
        measures=offered,
        chosen=draft.measures,
        reason=draft.reason,
        refusal=draft.refusal,
        faults=dict(draft.faults),
        theirs=_in_words(draft.theirs, offered),
        base=_base_of(found) if found else "",
        names=TEXTS,
        needed=NEEDED,
        areas=("summary.de", "summary.en", "partners"),
        kinds=KINDS,
    )


def _offered(known: Mapping[Kind, Any], language: Language) -> dict[str, list[tuple[str, str]]]:
    return {
        kind.value: [(each.undertaking_id, each.definition["title"][language]) for each in those]
        for kind, those in known.items()
    }


def _in_words(
    theirs: Mapping[str, str], offered: Mapping[str, list[tuple[str, str]]]
) -> dict[str, str]:
    """Return what others wrote, measures by their titles."""
    titles = {name: title for those in offered.values() for name, title in those}
    measures = theirs.get("measures", "").split()
    told = "; ".join(titles.get(each, each) for each in measures)
    return {name: told if name == "measures" else said for name, said in theirs.items()}
