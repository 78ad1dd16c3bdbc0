# SPDX-License-Identifier: EUPL-1.2
"""`/berichte`: what is reported to whom, with the files of the newest reports; staff order one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from kpi_aggregator.api.reports import (
    EditionNumber,
    Name,
    PeriodName,
    ReportId,
    brought_up_to_date,
    get_report,
    order,
    orderable,
)
from kpi_aggregator.domain.report import ReportDefinition
from kpi_aggregator.domain.spans import newest_over
from kpi_aggregator.pages import figures
from kpi_aggregator.pages.city import city_now
from kpi_aggregator.pages.frame import language_of, page
from kpi_aggregator.pages.rooms import Staff
from kpi_aggregator.pages.texts import Language, words_in
from kpi_aggregator.reporting.words import span_words
from kpi_aggregator.storage import framework, reports, watch
from kpi_aggregator.storage.reports import Edition, Wanted
from stadttakt_runtime.auth.authenticator import ScopeMissing, Unauthenticated
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Conflict
from stadttakt_runtime.login.rooms import FormForged, Visit, form_of, sent_to, visit_of

router = APIRouter(include_in_schema=False)

MOST_EDITIONS = 24
MOST_SPANS = 12
FORMS = ("html", "pdf", "xlsx", "csv")
HOME = "/berichte"
SAID = {
    "erstellt": "order_made",
    "inzwischen": "order_meanwhile",
    "rechnet": "order_computing",
}
Said = Annotated[str, Query(alias="meldung", pattern="^(|erstellt|inzwischen|rechnet)$")]


@router.get(HOME)
async def all_reports(request: Request, sees_all: Staff, meldung: Said = "") -> Response:
    """Show the reports in force and their newest editions."""
    city, language = await city_now(request), language_of(request)
    visit = await visit_of(request)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        zone = ZoneInfo(await framework.timezone(connection))
        done_at = (await watch.seen(connection)).done_at
        listed = [
            _report(
                each, await _editions(connection, each, sees_all=sees_all), city.today, language
            )
            for each in await reports.definitions(connection)
            if each.public or sees_all
        ]
    return page(
        request,
        "reports.html",
        city=city.name,
        active="reports",
        staff=sees_all,
        title=words_in(language)("reports_title"),
        said=meldung and words_in(language)(SAID[meldung]),
        sees_all=sees_all,
        form_token=_token(visit),
        listed=listed,
        computed=computed_words(done_at and done_at.astimezone(zone), language),
        is_computing=meldung == "rechnet",
        forms=FORMS,
    )


def computed_words(done_at: datetime | None, language: Language) -> str:
    """Return when values were computed last, by the clock of the city."""
    tell = words_in(language)
    if done_at is None:
        return tell("computed_never")
    day = figures.day(done_at.date(), language)
    return tell("computed_at", day=day, time=f"{done_at:%H:%M}")


def _token(visit: Visit | None) -> str | None:
    """Return the form token of who may order a report here."""
    may = visit is not None and visit.principal.may("kpi:write")
    return visit.session.form_token if may and visit is not None else None


@router.get(f"{HOME}/{{report_id}}/datei")
async def report_file(
    request: Request,
    sees_all: Staff,
    report_id: ReportId,
    period: Annotated[PeriodName | None, Query()] = None,
    edition: EditionNumber = None,
    form: Annotated[Name | None, Query(alias="format")] = None,
) -> Response:
    """Answer with a file as `GET /v1/reports/{id}` does, to who is logged in as well."""
    return await get_report(request, sees_all, report_id, period, edition, form)


@router.post(f"{HOME}/{{report_id}}")
async def order_report(request: Request, report_id: ReportId) -> Response:
    """Make a report as `POST /v1/reports/{id}/editions` does; the same page sent twice makes one."""
    visit = await visit_of(request)
    if visit is None:
        raise Unauthenticated("the login is over: log in again")
    form = await form_of(request)
    if not visit.session.owns(form.get("form_token")):
        raise FormForged
    if not visit.principal.may("kpi:write"):
        raise ScopeMissing("kpi:write")
    database: Database = request.app.state.database
    period = form.get("period", "")
    async with database.connection() as connection:
        await orderable(connection, report_id, period)
    if form.get("computed_only") != "yes":
        try:
            await brought_up_to_date(database)
        except Conflict:
            return sent_to(request, HOME, meldung="rechnet")
    async with database.transaction() as connection:
        await reports.lock(connection, report_id)
        newest = await reports.newest(connection, report_id, Wanted())
        if str(newest[0].edition_id if newest else 0) != form.get("newest"):
            return sent_to(request, HOME, meldung="inzwischen")
        await order(connection, report_id, period)
    return sent_to(request, HOME, meldung="erstellt")


async def _editions(
    connection: Any, definition: ReportDefinition, *, sees_all: bool
) -> list[Edition]:
    found = await reports.newest(connection, definition.report_id, Wanted(), limit=MOST_EDITIONS)
    return [each for each in found if each.definition.public or sees_all]


def _report(
    definition: ReportDefinition, editions: list[Edition], today: date, language: Language
) -> dict[str, Any]:
    over = [newest_over(definition.every, today)]
    while len(over) < MOST_SPANS:
        over.append(over[-1].before)
    running = over[0].after
    return {
        "report_id": definition.report_id,
        "title": definition.title[language],
        "recipient": definition.recipient[language],
        "every": definition.every.value,
        "public": definition.public,
        "running": {"name": running.name, "words": span_words(running)},
        "over": [{"name": each.name, "words": span_words(each)} for each in over],
        "newest": editions[0].edition_id if editions else 0,
        "editions": [
            {
                "name": each.span.name,
                "period": span_words(each.span),
                "number": each.number,
                "made": each.produced_at.date(),
            }
            for each in editions
        ],
    }
