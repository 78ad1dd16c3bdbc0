# SPDX-License-Identifier: EUPL-1.2
"""`/`: the form for ideas, which needs no script; saved and gone on with by link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from measure_registry import metrics
from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.reading import (
    TRAP,
    Written,
    body_of,
    cleaned_files,
    file_fault,
    read_form,
    size_in_words,
)
from measure_registry.api.pages.shown import show
from measure_registry.api.pages.status import Token, shown_link
from measure_registry.cleaning.kinds import MOST_FILES, Attachment, AttachmentRefusedError
from measure_registry.desk import unfinished
from measure_registry.desk.author import SUBMITTING
from measure_registry.desk.files import keep as keep_file
from measure_registry.desk.problems import TooMany
from measure_registry.desk.submission import Submission, take
from measure_registry.domain.intake import GRACE, is_closed, open_calls
from measure_registry.domain.steckbrief import faults as word_faults
from measure_registry.sealing import Stamp, Vault, new_token, token_hash
from measure_registry.settings import Settings
from measure_registry.site.frame import Site, language_of, tell
from measure_registry.storage import drafts, ideas
from measure_registry.storage.city import City
from measure_registry.storage.draft_attachments import Listed
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.idempotency import Once
from stadttakt_runtime.http.problem import NotFound

router = APIRouter(tags=["pages"])
HOUR = timedelta(hours=1)
LEAST_S, MOST_S = 3, 86_400


@router.get("/", response_class=HTMLResponse)
async def form_page(request: Request, database: Db) -> Response:
    """Show the form for ideas."""
    async with database.connection() as connection:
        city = await city_of(connection)
    return _form(request, city, Written())


@router.get("/entwurf/{token}", include_in_schema=False)
async def draft_page(request: Request, database: Db, token: Token) -> Response:
    """Show a saved form."""
    vault: Vault | None = request.app.state.vault
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await unfinished.opened(connection, vault, token)
    if found is None:
        raise NotFound
    written = Written(found.texts, found.chosen, draft=token, since=found.begun)
    return _form(request, city, written, kept=found.files)


@router.post("/", include_in_schema=False)
async def send_form(
    request: Request,
    database: Db,
    sec_fetch_site: Annotated[str, Header()] = "same-origin",
) -> Response:
    """Take an idea or save it; an answer that says what is wrong keeps what was written."""
    written = await _dated(request, database, await read_form(request))
    async with database.connection() as connection:
        city = await city_of(connection)
    if sec_fetch_site == "cross-site" or written.trap:
        metrics.FORMS.labels("refused").inc()
        key = "fault_trap" if written.trap else "fault_elsewhere"
        return await _again(request, database, city, written, _said(request, key))
    if not request.app.state.limiter.takes(request.client.host if request.client else ""):
        return await _too_many(request, database, city, written)
    if written.action == "save":
        return await _save(request, database, city, written)
    stamp: Stamp = request.app.state.stamp
    if not stamp.is_between(written.begun, LEAST_S, MOST_S, utc_now()):
        metrics.FORMS.labels("too_fast").inc()
        return await _again(request, database, city, written, _said(request, "fault_too_fast"))
    return await _submit(request, database, city, written)


async def _dated(request: Request, database: Database, written: Written) -> Written:
    """Return a form with when it was begun: as we signed it, or as the form that was saved says, if that is earlier."""
    stamp: Stamp = request.app.state.stamp
    known = [stamp.moment(written.begun)]
    if written.draft:
        async with database.connection() as connection:
            found = await unfinished.opened(connection, request.app.state.vault, written.draft)
        known.append(None if found is None else found.begun)
    return replace(written, since=min((each for each in known if each is not None), default=None))


def _said(request: Request, key: str) -> dict[str, str]:
    return {"form": tell(key, language_of(request))}


async def _save(request: Request, database: Database, city: City, written: Written) -> Response:
    vault: Vault | None = request.app.state.vault
    if vault is None:
        metrics.FORMS.labels("refused").inc()
        return await _again(request, database, city, written, _said(request, "fault_no_save"), 503)
    token, now = written.draft or new_token(), utc_now()
    try:
        async with database.connection() as connection:
            await _must_be_few(connection, request, now)
    except TooMany:
        return await _too_many(request, database, city, written)
    cleaned, faults = await cleaned_files(written.files, language_of(request))
    if faults:
        return await _again(request, database, city, written, faults)
    begun = written.since or now
    content = {"texts": dict(written.texts), "chosen": dict(written.chosen), "begun": begun}
    try:
        async with database.transaction() as connection:
            if written.draft and await drafts.one(connection, token_hash(token)) is None:
                token = new_token()
            await _must_be_few(connection, request, now)
            saved = await unfinished.save(connection, vault, token, content, files=cleaned,
                                          without=written.without, now=now)  # fmt: skip
    except TooMany:
        return await _too_many(request, database, city, written)
    except AttachmentRefusedError as error:
        faults = {"files": file_fault("", error, language_of(request))}
        return await _again(request, database, city, written, faults)
    metrics.FORMS.labels("saved").inc()
    site: Site = request.app.state.site
    link = shown_link(request, site.href(f"/entwurf/{token}", language_of(request)))
    now_written = Written(written.texts, written.chosen, draft=token, since=begun)
    return _form(request, city, now_written, saved=link, kept=saved)


async def _must_be_few(connection: Any, request: Request, now: datetime) -> None:
    if await drafts.count_since(connection, now - HOUR) >= _settings(request).intake_per_hour:
        raise TooMany


async def _too_many(request: Request, database: Database, city: City, written: Written) -> Response:
    metrics.FORMS.labels("too_many").inc()
    return await _again(request, database, city, written, _said(request, "fault_many"), 429)


async def _again(  # a form and what is wrong with it
    request: Request,
    database: Database,
    city: City,
    written: Written,
    faults: dict[str, str],
    status: int = 422,
) -> Response:
    """Return the form as it was written, with the files that were saved with it before, and what is wrong."""
    found = None
    if written.draft:
        async with database.connection() as connection:
            found = await unfinished.opened(connection, request.app.state.vault, written.draft)
    kept = () if found is None else found.files
    return _form(request, city, written, status=status, faults=faults, kept=kept)


async def _submit(request: Request, database: Database, city: City, written: Written) -> Response:
    language, vault = language_of(request), request.app.state.vault
    body, faults = body_of(written, language, with_contact=vault is not None)
    if body is not None:
        wrong = [each.field for each in word_faults(body.steckbrief(), city.vocabulary)]
        faults = {name: tell("fault_other", language, name=tell(f"form_{name}", language))
                  for name in wrong}  # fmt: skip
    if body is None or faults or is_closed(city.intake, utc_now(), written.since):
        metrics.FORMS.labels("faulty").inc()
        return await _again(request, database, city, written, faults)
    contact = body.contact.contact() if body.contact else None
    submission = Submission(body.steckbrief(), "web", contact, language, begun=written.since)
    try:
        async with database.transaction() as connection:
            receipt = await _receipt_before(connection, request, written)
        if receipt is None:
            files, faults = await _files(request, database, written)
            if faults:
                metrics.FORMS.labels("faulty").inc()
                return await _again(request, database, city, written, faults)
            receipt = await _taken_once(request, database, city, written, submission, files)
    except TooMany:
        return await _too_many(request, database, city, written)
    site: Site = request.app.state.site
    return RedirectResponse(site.href(f"/stand/{receipt.token}", language, neu="1"), 303)


class _Receipt(BaseModel):
    """What a form's sender is told of: the secret of the status link; kept sealed for a second click."""

    token: str

    @classmethod
    def of(cls, answer: Response) -> _Receipt:
        """Read what was told the first time."""
        return cls.model_validate_json(bytes(answer.body))


def _once(written: Written) -> Once:
    """Return what tells a form that is sent again; what was changed before that is another idea."""
    fingerprint = written.fingerprint()
    if not written.once:
        return Once(None, fingerprint)
    return Once.of(f"form\0{written.once}\0{fingerprint.hex()}", fingerprint)


async def _is_full(connection: Any, request: Request, now: datetime) -> bool:
    recent = await ideas.count_since(connection, now - HOUR, "web")
    return recent >= _settings(request).intake_per_hour


async def _receipt_before(connection: Any, request: Request, written: Written) -> _Receipt | None:
    """Return the receipt of a form that came before, in an hour that takes no more: asked before files cost work.

    Raises:
        TooMany: the hour takes no more, and this form is a new one; the transaction is to be rolled back.

    """
    if not await _is_full(connection, request, utc_now()):
        return None
    before = await _once(written).recall(connection)
    if before is None:
        raise TooMany
    return _Receipt.of(before)


async def _taken_once(
    request: Request,
    database: Database,
    city: City,
    written: Written,
    submission: Submission,
    files: Sequence[Attachment],
) -> _Receipt:
    """Take an idea; the same form sent again, as by a double click, is answered with the first one's receipt."""
    vault, now, once = request.app.state.vault, utc_now(), _once(written)
    async with database.transaction() as connection:
        if (before := await once.recall(connection)) is not None:
            return _Receipt.of(before)
        if await _is_full(connection, request, now):
            raise TooMany
        taken = await take(connection, submission, city, author=SUBMITTING, vault=vault, now=now)
        name = taken.idea.idea_id
        for each in files:
            await keep_file(connection, vault, name, each, kind="file", now=now)
        if written.draft:
            await drafts.drop(connection, token_hash(written.draft))
        receipt = _Receipt(token=taken.token)
        await once.answer(connection, receipt, 201, location=f"/v1/ideas/{name}")
    metrics.FORMS.labels("taken").inc()
    return receipt


async def _files(
    request: Request, database: Database, written: Written
) -> tuple[list[Attachment], dict[str, str]]:
    """Return the files of an idea, those saved before and those sent now, or what is wrong with one."""
    cleaned, faults = await cleaned_files(written.files, language_of(request))
    vault: Vault | None = request.app.state.vault
    async with database.connection() as connection:
        saved = await unfinished.files_of(connection, vault, written.draft, written.without)
    if len(saved) + len(cleaned) > MOST_FILES:
        error = AttachmentRefusedError("too_many")
        return [], {"files": file_fault("", error, language_of(request))}
    return saved + cleaned, faults


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _stamp(request: Request, written: Written, now: datetime, *, is_again: bool) -> str:
    """Return since when a form is looked at; one that was sent once is looked at long enough, and was begun when it was."""
    stamp: Stamp = request.app.state.stamp
    if not is_again:
        return stamp.at(now)
    earliest, latest = now - timedelta(seconds=MOST_S) + HOUR, now - timedelta(seconds=LEAST_S)
    return stamp.at(min(max(written.since or latest, earliest), latest))


def _form(  # noqa: PLR0913  # all by name
    request: Request,
    city: City,
    written: Written,
    *,
    status: int = 200,
    faults: dict[str, str] | None = None,
    saved: str | None = None,
    kept: Sequence[Listed] = (),
) -> Response:
    now = utc_now()
    today = now.astimezone(ZoneInfo(city.intake.timezone)).date()
    return show(
        request,
        city,
        "form.html",
        title=tell("form_page", language_of(request)),
        active="menu_form",
        status=status,
        private=True,
        calls=open_calls(city.intake.calls, today),
        closed=is_closed(city.intake, now, written.since),
        is_written=any(written.texts.values()) or any(written.chosen.values()) or bool(kept),
        grace=GRACE // HOUR if city.intake.needs_call else None,
        trap=TRAP,
        written=dict(written.texts),
        chosen=dict(written.chosen),
        draft=written.draft,
        once=written.once or new_token(),
        faults=faults or {},
        saved=saved,
        kept=kept,
        without=written.without,
        is_again=bool(faults and written.files),
        size=size_in_words,
        begun=_stamp(request, written, now, is_again=status != 200),
        has_vault=request.app.state.vault is not None,
        has_mail=request.app.state.settings.smtp_url is not None,
        privacy=city.intake.privacy,
        responsible=city.intake.responsible,
        draft_days=city.intake.privacy.draft_days,
    )
