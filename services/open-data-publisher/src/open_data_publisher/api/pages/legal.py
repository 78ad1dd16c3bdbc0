# SPDX-License-Identifier: EUPL-1.2
"""What the law asks of a city's pages: legal notice, privacy, accessibility and a way to report barriers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import RedirectResponse

from open_data_publisher import metrics
from open_data_publisher.domain.publication import Publication
from open_data_publisher.portal.frame import page
from open_data_publisher.portal.language import language_of, localised
from open_data_publisher.portal.words import words_in
from open_data_publisher.settings import Settings
from open_data_publisher.storage import feedback
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import AWAY, Database

router = APIRouter(include_in_schema=False)
FORM = "application/x-www-form-urlencoded"
SHORTEST, LONGEST, LONGEST_PAGE = 10, 4_000, 300
PER_HOUR = 60
SENT = "/barrierefreiheit?gesendet=1"


@dataclass(frozen=True, slots=True)
class Report:
    """What a reader wrote; `trap` is a field that nobody sees and only machines fill in."""

    page: str = ""
    message: str = ""
    trap: str = ""


@router.get("/impressum")
async def imprint(request: Request) -> Response:
    """Say who answers for the pages."""
    return _legal(request, "imprint")


@router.get("/datenschutz")
async def privacy(request: Request) -> Response:
    """Say what is kept of whom."""
    settings: Settings = request.app.state.settings
    return _legal(request, "privacy", feedback_days=settings.feedback_days)


@router.get("/barrierefreiheit")
async def accessibility(
    request: Request,
    gesendet: Annotated[str, Query(max_length=10)] = "",
    seite: Annotated[str, Query(max_length=LONGEST_PAGE)] = "",
) -> Response:
    """State how accessible the pages are, and take reports; `seite` is the page to report about."""
    return _statement(request, Report(page=seite), is_sent=gesendet == "1")


@router.post("/barrierefreiheit")
async def report(
    request: Request,
    sec_fetch_site: Annotated[str, Header()] = "same-origin",
    content_type: Annotated[str, Header()] = "",
) -> Response:
    """Keep a report; an answer that says what is wrong keeps what was written."""
    written = _read(await request.body(), content_type)
    problem = _problem_with(written, sec_fetch_site)
    if problem is None:
        problem = await _keep(request, written)
    metrics.FEEDBACK.labels("kept" if problem is None else problem).inc()
    if problem is not None:
        status = {"many": 429, "away": 503}.get(problem, 422)
        return _statement(request, written, status=status, problem=problem)
    return RedirectResponse(localised(SENT, language_of(request)) + "#report", 303)


def _read(body: bytes, content_type: str) -> Report:
    if content_type.partition(";")[0].strip().lower() != FORM:
        return Report()
    try:
        fields = parse_qs(body.decode(errors="replace"), max_num_fields=10)
    except ValueError:
        # More fields than the form has: nobody filled it in.
        return Report(trap=FORM)

    def told(name: str) -> str:
        text = fields.get(name, [""])[0].replace("\r\n", "\n").strip()
        return "".join(each for each in text if each == "\n" or each.isprintable())

    return Report(told("page"), told("message"), told("website"))


def _problem_with(written: Report, site: str) -> str | None:
    if site == "cross-site" or written.trap:
        return "refused"
    if len(written.message) < SHORTEST:
        return "short"
    if len(written.message) > LONGEST or len(written.page) > LONGEST_PAGE:
        return "long"
    return None


async def _keep(request: Request, written: Report) -> str | None:
    database: Database = request.app.state.database
    try:
        async with database.transaction() as connection:
            is_kept = await feedback.keep(
                connection, written.page, written.message, utc_now(), per_hour=PER_HOUR
            )
    except AWAY:
        return "away"
    return None if is_kept else "many"


def _statement(
    request: Request,
    written: Report,
    *,
    status: int = 200,
    problem: str | None = None,
    is_sent: bool = False,
) -> Response:
    settings: Settings = request.app.state.settings
    return _legal(
        request,
        "accessibility",
        status=status,
        written=written,
        problem=problem,
        is_sent=is_sent,
        longest=LONGEST,
        feedback_days=settings.feedback_days,
    )


def _legal(request: Request, name: str, *, status: int = 200, **values: Any) -> Response:
    publication: Publication | None = request.app.state.publication
    words = words_in(language_of(request))
    return page(
        request,
        f"{name}.html",
        status=status,
        active=name,
        title=words(f"frame.{name}"),
        address=publication.base_url if publication else "",
        **values,
    )
