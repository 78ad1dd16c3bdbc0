# SPDX-License-Identifier: EUPL-1.2
"""Ideas that came on paper or as PDF: entered by staff, with the day they came and the scan."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from measure_registry.api.asked import Db, city_of
from measure_registry.api.bodies import ContactBody
from measure_registry.api.pages.entrance import Visit, Visiting
from measure_registry.api.pages.reading import OF_CONTACT, cleaned_files, parsed
from measure_registry.api.pages.staff.fields import (
    FIELDS,
    LIST_FIELDS,
    Written,
    brief_of,
    fault,
    text_of,
    written_in,
)
from measure_registry.api.pages.staff.idea import gone_back
from measure_registry.api.pages.staff.shown import show
from measure_registry.api.pages.staff.told import Refusal, refusal_of
from measure_registry.cleaning.kinds import Attachment
from measure_registry.desk import files
from measure_registry.desk.author import Deed
from measure_registry.desk.submission import Submission, take
from measure_registry.domain.roles import Role
from measure_registry.domain.steckbrief import Steckbrief
from measure_registry.sealing import Contact
from measure_registry.site.frame import Language, language_of, tell
from measure_registry.storage import changes, ideas
from measure_registry.storage.city import City
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.multipart import files_of, must_be_writable
from stadttakt_runtime.http.problem import Problem
from stadttakt_runtime.login.rooms import FormForged

router = APIRouter(include_in_schema=False)
ENTRY = "/intern/neu"
EARLIEST = date(2000, 1, 1)
EMPTY: Written = {**dict.fromkeys(FIELDS, ""), **dict.fromkeys(LIST_FIELDS, ())}


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the form; `once` lets one sheet be entered once, however often it is sent."""

    written: Written
    rest: Mapping[str, str]
    once: str
    faults: Mapping[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None


@router.get(ENTRY)
async def entry_page(request: Request, database: Db, visit: Visiting) -> Response:
    """Show an empty form."""
    visit.must(Role.EDITOR)
    async with database.connection() as connection:
        city = await city_of(connection)
    today = utc_now().astimezone(ZoneInfo(city.intake.timezone)).date()
    rest = dict.fromkeys((*OF_CONTACT, "call_id"), "")
    rest |= {"submitted_on": today.isoformat(), "language": "de"}
    return _form(request, city, visit, Draft(EMPTY, rest, secrets.token_hex(16)))


@router.post(ENTRY)
async def enter(request: Request, database: Db, visit: Visiting) -> Response:
    """Take an idea from paper; an answer that says what is wrong keeps what was written."""
    form = await parsed(request, most_fields=300)
    if form is None or not visit.session.owns(form.get("form_token")):
        raise FormForged
    await must_be_writable(form)
    visit.must(Role.EDITOR)
    sent = await files_of(form)
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
    draft = _draft_in(form)
    brief, faults = brief_of(draft.written, city, language)
    submission, more = _submission(draft, brief, city, language)
    cleaned, wrong = await cleaned_files(sent, language)
    faults = {**faults, **more, **wrong}
    if faults or submission is None:
        refusal = Refusal(422, tell("form_faults", language))
        shown = Draft(draft.written, draft.rest, draft.once, faults, refusal)
        return _form(request, city, visit, shown)
    try:
        idea_id, is_new = await _take(request, database, visit, city, (submission, cleaned))
    except Problem as problem:
        refusal = refusal_of(problem, city, language)
        return _form(
            request, city, visit, Draft(draft.written, draft.rest, draft.once, {}, refusal)
        )
    return gone_back(request, idea_id, "neu" if is_new else "gleich")


def _draft_in(form: FormData) -> Draft:
    rest = {
        name: text_of(form, name) for name in (*OF_CONTACT, "call_id", "submitted_on", "language")
    }
    return Draft(written_in(form), rest, text_of(form, "once")[:64])


def _submission(
    draft: Draft, brief: Steckbrief | None, city: City, language: Language
) -> tuple[Submission | None, dict[str, str]]:
    """Return what is to be taken, or what is wrong with all but the Steckbrief."""
    faults: dict[str, str] = {}
    contact, rest = None, draft.rest
    given = {name: rest[name] for name in OF_CONTACT if rest[name]}
    if given:
        try:
            contact = ContactBody(**given).contact()
        except ValidationError as error:
            names = [str(each["loc"][0]) for each in error.errors()]
            faults |= {name: fault(name, language) for name in names}
    came = _day(rest["submitted_on"], city)
    if came is None:
        faults["submitted_on"] = fault("submitted_on", language)
    if rest["call_id"] and rest["call_id"] not in {each.call_id for each in city.intake.calls}:
        faults["call_id"] = fault("call_id", language, word=True)
    if brief is None or faults:
        return None, faults
    return _built(draft, brief, contact, came), {}


def _built(
    draft: Draft, brief: Steckbrief, contact: Contact | None, came: datetime | None
) -> Submission:
    return Submission(
        brief,
        "paper",
        contact,
        "en" if draft.rest["language"] == "en" else "de",
        draft.rest["call_id"] or None,
        submitted_at=came,
        imported_as=f"paper {draft.once}" if draft.once else None,
    )


def _day(text: str, city: City) -> datetime | None:
    """Return noon of the day a sheet came; nothing for none, one to come or one long past."""
    try:
        came = date.fromisoformat(text)
    except ValueError:
        return None
    zone, now = ZoneInfo(city.intake.timezone), utc_now()
    if not EARLIEST <= came <= now.astimezone(zone).date():
        return None
    return min(datetime.combine(came, time(12), zone).astimezone(UTC), now)


async def _take(
    request: Request,
    database: Database,
    visit: Visit,
    city: City,
    given: tuple[Submission, Sequence[Attachment]],
) -> tuple[str, bool]:
    """Store an idea with its scans; return its id, and whether it was not there before."""
    submission, cleaned = given
    vault: Any = request.app.state.vault
    now = utc_now()
    async with database.transaction() as connection:
        before = await ideas.imported(connection, submission.imported_as)
        if before is not None:
            return before, False
        taken = await take(connection, submission, city, author=visit.author, vault=vault, now=now)
        idea_id = taken.idea.idea_id
        for each in cleaned:
            number = await files.keep(connection, vault, idea_id, each, kind="scan", now=now)
            change = Deed(visit.author, now).change(
                "idea", idea_id, "attached", details={"number": number}
            )
            await changes.add(connection, change)
    return idea_id, True


def _form(request: Request, city: City, visit: Visit, draft: Draft) -> Response:
    language = language_of(request)
    return show(
        request,
        city,
        "entry.html",
        title=tell("entry_page", language),
        active="staff_entry",
        visit=visit,
        written=dict(draft.written),
        rest=dict(draft.rest),
        once=draft.once,
        refusal=draft.refusal,
        faults=dict(draft.faults),
        theirs={},
        calls=city.intake.calls,
        has_vault=request.app.state.vault is not None,
        privacy=city.intake.privacy,
    )
