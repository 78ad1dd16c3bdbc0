# SPDX-License-Identifier: EUPL-1.2
"""Ideas of past calls read from a CSV file: tried first, then taken, all lines or none."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from measure_registry.api.asked import Db, city_of
from measure_registry.api.import_csv import IMPORT_BYTES, OPTIONAL, REQUIRED, ImportView, import_all
from measure_registry.api.pages.entrance import Visit, Visiting
from measure_registry.api.pages.reading import parsed
from measure_registry.api.pages.refusals import FormForged
from measure_registry.api.pages.staff.fields import text_of
from measure_registry.api.pages.staff.line_words import in_words
from measure_registry.api.pages.staff.shown import show
from measure_registry.api.pages.staff.told import Refusal, refusal_of
from measure_registry.domain.roles import Role
from measure_registry.site.frame import language_of, tell
from measure_registry.storage import city as stored
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.csv_import import FileRefusedError
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.multipart import files_of
from stadttakt_runtime.http.problem import Problem

router = APIRouter(include_in_schema=False)
PAGE = "/intern/einlesen"
MOST_ERRORS = 200


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
    visit.must(Role.EDITOR)
    profile, is_trial = text_of(form, "profile"), text_of(form, "action") != "take"
    content = await _content(form)
    language = language_of(request)
    if not content:
        refusal = Refusal(422, tell("import_no_file", language))
        return await _page(request, database, visit, profile=profile, refusal=refusal)
    if len(content) > IMPORT_BYTES:
        refusal = Refusal(413, tell("import_too_large", language))
        return await _page(request, database, visit, profile=profile, refusal=refusal)
    try:
        async with database.transaction() as connection:
            view = await import_all(
                connection, content, visit.author, utc_now(),
                profile=profile or None, dry_run=is_trial,
            )  # fmt: skip
    except FileRefusedError as error:
        refusal = Refusal(422, tell("import_refused", language, count=len(error.errors)))
        return await _page(request, database, visit, profile=profile, refusal=refusal, error=error)
    except Problem as problem:
        async with database.connection() as connection:
            refusal = refusal_of(problem, await city_of(connection), language)
        return await _page(request, database, visit, profile=profile, refusal=refusal)
    return await _page(request, database, visit, profile=profile, view=view)


async def _content(form: FormData) -> bytes:
    sent = await files_of(form)
    return sent[0][1] if sent else b""


async def _page(  # noqa: PLR0913  # all by name
    request: Request,
    database: Database,
    visit: Visit,
    *,
    profile: str = "",
    refusal: Refusal | None = None,
    error: FileRefusedError | None = None,
    view: ImportView | None = None,
) -> Response:
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        profiles = await stored.import_profiles(connection)
    errors: list[dict[str, Any]] = [
        {"line": each.line, "column": each.column, "said": in_words(each.detail, language)}
        for each in (error.errors[:MOST_ERRORS] if error else ())
    ]
    return show(
        request,
        city,
        "import.html",
        title=tell("import_page", language),
        active="staff_import",
        visit=visit,
        profiles=profiles,
        profile=profile,
        required=REQUIRED,
        optional=OPTIONAL,
        calls=city.intake.calls,
        refusal=refusal,
        errors=errors,
        more=max(0, len(error.errors) - MOST_ERRORS) if error else 0,
        view=view,
    )
