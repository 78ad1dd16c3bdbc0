# SPDX-License-Identifier: EUPL-1.2
"""`/erfassen/einlesen`: a file of values is tried first, then handed in; nobody chooses it twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from kpi_aggregator.api.acting import hand_of, role_of
from kpi_aggregator.api.filing import (
    HANDED_IN,
    LEAST_ROLE,
    Filed,
    Sent,
    Trial,
    hand_in,
    named,
    try_file,
)
from kpi_aggregator.csv_values import LONGEST
from kpi_aggregator.domain.filed import Act
from kpi_aggregator.pages.city import city_now
from kpi_aggregator.pages.frame import language_of, page
from kpi_aggregator.pages.lines import MOST_SHOWN, rows_of
from kpi_aggregator.pages.rooms import ROOMS
from kpi_aggregator.pages.template_file import template_of
from kpi_aggregator.pages.texts import Language, words_in
from kpi_aggregator.storage import value_files
from kpi_aggregator.storage.value_files import Draft, ValueFile
from stadttakt_runtime.auth.authenticator import ScopeMissing, Unauthenticated
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.multipart import files_of, parsed
from stadttakt_runtime.http.paging import HIGHEST_NUMBER
from stadttakt_runtime.login.rooms import FormForged, Visit, form_of, sent_to, visit_of

router = APIRouter(include_in_schema=False)
PAGE = "/erfassen/einlesen"
MOST_BYTES = 1_000_000
"""How large a file may be."""
MOST_BODY_BYTES = 32_000_000
"""A larger file is refused by a page of ours, as long as it can be read at all."""
KEPT = timedelta(minutes=30)
"""So long a file waits between its trial and its import."""
# What begins so is a workbook, a paper, a picture or text that Windows calls Unicode.
_OTHERS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\xff\xfe", b"\xfe\xff")  # fmt: skip
_SNIFFED = 4096


async def entering(request: Request) -> Visit:
    """Return who is logged in and may enter values."""
    visit = await visit_of(request)
    if visit is None:
        raise Unauthenticated("the login is over: log in again")
    if not visit.principal.may("kpi:write"):
        raise ScopeMissing("kpi:write")
    return visit


@router.get(PAGE)
async def choose(request: Request) -> Response:
    """Show the form for a file, the entrance to who is not logged in."""
    if await visit_of(request) is None:
        return sent_to(request, ROOMS.entrance)
    return await _page(request, await entering(request))


@router.get(f"{PAGE}/vorlage")
async def template(request: Request) -> Response:
    """Answer with a file to fill in: the indicators that are entered, with their open periods."""
    await entering(request)
    language, city = language_of(request), await city_now(request)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        body = await template_of(connection, city.today, language)
    name = {"de": "kennzahlen-vorlage", "en": "indicators-template"}[language]
    headers = {
        "content-disposition": f'attachment; filename="{name}-{city.today.isoformat()}.csv"',
        "cache-control": "no-store",
    }
    return Response(body, headers=headers, media_type="text/csv; charset=utf-8")


@router.post(PAGE)
async def try_out(request: Request) -> Response:
    """Tell what a file would do, line by line; one without faults is kept for its import."""
    visit = await entering(request)
    form = await parsed(request, most_bytes=MOST_BODY_BYTES)
    files = await files_of(form, "file") if form else []
    if form is None or not visit.session.owns(form.get("form_token")):
        raise FormForged
    role = _text(form, "author_role")
    refusal = _refusal(files)
    if refusal is not None:
        status, key = refusal
        return await _page(request, visit, status=status, refused=key, role_said=role)
    if _lacks_role(visit, role):
        return await _page(request, visit, status=422, refused="file_no_role", role_said=role)
    name, content = files[0]
    return await _tried(request, visit, Sent(named(name) or "CSV", content), role)


def _lacks_role(visit: Visit, role: str) -> bool:
    """Tell whether a key does not say its function; of a person the login does."""
    return visit.principal.kind != "oidc" and not (
        LEAST_ROLE <= len(role) <= LONGEST and role.isprintable()
    )


def _role_said(visit: Visit, role: str) -> str | None:
    return None if visit.principal.kind == "oidc" else role


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) and value.isprintable() else ""


def _refusal(files: list[tuple[str, bytes]]) -> tuple[int, str] | None:
    """Return why a file is not even read: the answer's status and the text's key."""
    content = files[0][1] if files else b""
    if not content:
        return 422, "file_none"
    if len(content) > MOST_BYTES:
        return 413, "file_too_large"
    if content.startswith(_OTHERS) or b"\0" in content[:_SNIFFED]:
        return 415, "file_no_csv"
    return None


async def _tried(request: Request, visit: Visit, sent: Sent, role: str) -> Response:
    now = utc_now()
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        said = _role_said(visit, role)
        trial = await try_file(connection, sent.content, now, role_said=said)
        if not trial.tried.errors and trial.count(*HANDED_IN):
            draft = Draft(sent.name, sent.sha256, sent.content)
            await value_files.keep(connection, _login(visit), draft, now + KEPT, now)
        before = await value_files.newest(
            connection, before=HIGHEST_NUMBER, limit=1, sha256=sent.sha256
        )
    status = 422 if trial.tried.errors else 200
    return await _page(
        request, visit, status=status, sent=sent, trial=trial, before=before, role_said=role
    )


def _login(visit: Visit) -> str:
    return visit.session.login_id.hex()


@router.post(f"{PAGE}/uebernehmen")
async def take_over(request: Request) -> Response:
    """Hand in the file that this login has just tried, if it still has no faults."""
    visit = await entering(request)
    form = await form_of(request)
    if not visit.session.owns(form.get("form_token")):
        raise FormForged
    role, now = form.get("author_role", "").strip(), utc_now()
    if _lacks_role(visit, role):
        return await _page(request, visit, status=422, refused="file_no_role", role_said=role)
    hand = hand_of(visit.principal, role, "author_role")
    database: Database = request.app.state.database
    filed, trial = Filed(None, []), None
    async with database.transaction() as connection:
        draft = await value_files.take(connection, _login(visit), form.get("sha256", ""), now)
        if draft is not None:
            said = _role_said(visit, role)
            trial = await try_file(connection, draft.content, now, role_said=said)
        if draft is not None and trial is not None and not trial.tried.errors:
            sent, is_person = Sent(draft.name, draft.content), visit.principal.kind == "oidc"
            filed = await hand_in(connection, sent, trial, hand, now, is_person=is_person)
    if filed.file_id is not None:
        return sent_to(request, f"/erfassen/datei/{filed.file_id}", meldung="eingelesen")
    if draft is None:
        return await _page(request, visit, status=409, refused="file_gone", role_said=role)
    sent = Sent(draft.name, draft.content)
    return await _page(request, visit, status=422, sent=sent, trial=trial, role_said=role)


async def _page(  # noqa: PLR0913 (all by name)
    request: Request,
    visit: Visit,
    *,
    status: int = 200,
    refused: str = "",
    sent: Sent | None = None,
    trial: Trial | None = None,
    before: list[ValueFile] | None = None,
    role_said: str = "",
) -> Response:
    city, language = await city_now(request), language_of(request)
    tell = words_in(language)
    shown = trial and _shown(trial, language)
    return page(
        request,
        "file_form.html",
        city=city.name,
        active="entry",
        staff=True,
        status=status,
        title=tell("file_title"),
        form_token=visit.session.form_token,
        role=role_of(visit.principal),
        is_person=visit.principal.kind == "oidc",
        role_said=role_said,
        refused=refused and tell(refused, most=MOST_BYTES // 1_000_000),
        sent=sent,
        shown=shown,
        before=before[0] if before else None,
        kept_minutes=int(KEPT.total_seconds() // 60),
    )


def _shown(trial: Trial, language: Language) -> dict[str, Any]:
    """Return what a trial shows: how many lines would do what, and the lines themselves."""
    rows = rows_of(trial, language)
    # What is wrong comes first where not everything can be shown.
    faulty = [row for row in rows if row.faults]
    listed = rows if len(rows) <= MOST_SHOWN else (faulty or rows)[:MOST_SHOWN]
    return {
        "rows": listed,
        "remarks": [name.capitalize() for name in trial.tried.remarks],
        "more": len(rows) - len(listed),
        "faulty": len(faulty),
        "new": trial.count(Act.NEW),
        "corrects": trial.count(Act.CORRECTS),
        "same": trial.count(Act.SAME),
        "empty": trial.count(Act.EMPTY),
        "handed_in": trial.count(*HANDED_IN),
    }
