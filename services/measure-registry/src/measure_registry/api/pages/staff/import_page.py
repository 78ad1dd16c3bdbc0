# SPDX-License-Identifier: EUPL-1.2
"""Ideas of past calls read from a CSV file: tried first, then taken with one button, all lines or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from measure_registry.api.asked import Db, city_of
from measure_registry.api.import_csv import (
    IMPORT_BYTES,
    OPTIONAL,
    REQUIRED,
    Plan,
    carried_out,
    planned,
)
from measure_registry.api.pages.entrance import Visit, Visiting
from measure_registry.api.pages.reading import parsed
from measure_registry.api.pages.staff.fields import shown, text_of
from measure_registry.api.pages.staff.kept_files import KEPT_MINUTES, KeptFile, KeptFiles
from measure_registry.api.pages.staff.line_words import in_words
from measure_registry.api.pages.staff.shown import show
from measure_registry.api.pages.staff.told import Refusal, refusal_of
from measure_registry.domain.roles import Role
from measure_registry.site.frame import Language, language_of, tell
from measure_registry.storage import city as stored
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.csv_import import FileRefusedError
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.multipart import files_of, must_be_writable
from stadttakt_runtime.http.problem import Problem
from stadttakt_runtime.login.rooms import FormForged

router = APIRouter(include_in_schema=False)
PAGE = "/intern/einlesen"
MOST_ERRORS = MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a file: what is wrong with it, what it would do, or did (`made`: the ideas of its new lines)."""

    file: KeptFile | None = None
    refusal: Refusal | None = None
    error: FileRefusedError | None = None
    plan: Plan | None = None
    made: Sequence[str] | None = None


@router.get(PAGE)
async def import_page(request: Request, database: Db, visit: Visiting) -> Response:
    """Show the form for a file."""
    visit.must(Role.EDITOR)
    return await _page(request, database, visit)


@router.post(PAGE)
async def read_file(request: Request, database: Db, visit: Visiting) -> Response:
    """Try a file, or take what it says; every wrong line is named, and then nothing is taken."""
    form = await parsed(request)
    if form is None or not visit.session.owns(form.get("form_token")):
        raise FormForged
    await must_be_writable(form)
    visit.must(Role.EDITOR)
    is_trial, language = text_of(form, "action") != "take", language_of(request)
    kept: KeptFiles = request.app.state.kept_files
    login_id, digest = visit.session.login_id, text_of(form, "kept")
    file = kept.of(login_id, digest) if digest else await _sent(form)
    said = _unfit(file, is_kept=bool(digest), language=language)
    if file is None or said is not None:
        return await _page(request, database, visit, Answer(file, said))
    try:
        async with database.transaction() as connection:
            now = utc_now()
            plan = await planned(connection, file.content, now, profile=file.profile or None)
            made = None if is_trial else await carried_out(connection, plan, visit.author, now)
    except FileRefusedError as error:
        said = Refusal(422, tell("import_refused", language, count=len(error.errors)))
        return await _page(request, database, visit, Answer(file, said, error))
    except Problem as problem:
        async with database.connection() as connection:
            said = refusal_of(problem, await city_of(connection), language)
        return await _page(request, database, visit, Answer(file, said))
    if is_trial:
        kept.keep(login_id, file)
    elif digest:
        kept.forget(login_id, file)
    return await _page(request, database, visit, Answer(file, plan=plan, made=made))


async def _sent(form: FormData) -> KeptFile | None:
    profile = text_of(form, "profile")
    sent = await files_of(form)
    return KeptFile(sent[0][0][:100], profile, sent[0][1]) if sent and sent[0][1] else None


def _unfit(file: KeptFile | None, *, is_kept: bool, language: Language) -> Refusal | None:
    """Return why there is nothing to read."""
    if file is None and is_kept:
        return Refusal(409, tell("import_not_kept", language, minutes=KEPT_MINUTES))
    if file is None:
        return Refusal(422, tell("import_no_file", language))
    if len(file.content) > IMPORT_BYTES:
        return Refusal(413, tell("import_too_large", language))
    return None


async def _page(
    request: Request, database: Database, visit: Visit, answer: Answer = Answer()
) -> Response:
    language, error, plan = language_of(request), answer.error, answer.plan
    async with database.connection() as connection:
        city = await city_of(connection)
        profiles = await stored.import_profiles(connection)
    return show(
        request,
        city,
        "import.html",
        title=tell("import_page", language),
        active="staff_import",
        visit=visit,
        profiles=profiles,
        file=answer.file,
        required=REQUIRED,
        optional=OPTIONAL,
        calls=city.intake.calls,
        minutes=KEPT_MINUTES,
        refusal=answer.refusal,
        errors=[
            {"line": each.line, "column": each.column, "said": in_words(each.detail, language)}
            for each in (error.errors[:MOST_ERRORS] if error else ())
        ],
        more=max(0, len(error.errors) - MOST_ERRORS) if error else 0,
        plan=plan,
        made=answer.made,
        lines=[] if plan is None else _lines(plan, answer.made, language)[:MOST_LINES],
    )


def _lines(plan: Plan, made: Sequence[str] | None, language: Language) -> list[dict[str, Any]]:
    """Return what each line says, and the idea it became."""
    ids = dict(zip(plan.new, made or (), strict=False))
    return [
        {
            "line": line,
            "title": each.steckbrief.title,
            "field": shown("handlungsfeld", each.steckbrief.handlungsfeld, plan.city, language),
            "call": each.call_id or "",
            "is_known": each.imported_as in plan.known,
            "idea_id": ids.get(line),
        }
        for line, each in plan.lines.items()
    ]
