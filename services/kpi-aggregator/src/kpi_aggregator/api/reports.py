# SPDX-License-Identifier: EUPL-1.2
"""`/v1/reports`: what is reported to whom, the archive, a preview for staff, and ordering one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from kpi_aggregator.api.polled import UNCHANGED, answer
from kpi_aggregator.api.visible import SeesAll
from kpi_aggregator.computing.run import compute
from kpi_aggregator.domain.report import ReportDefinition
from kpi_aggregator.domain.spans import Interval, Span, newest_over, read_span
from kpi_aggregator.reporting.archive import archive
from kpi_aggregator.reporting.formats import BY_NAME, FORMATS, Format, choose
from kpi_aggregator.reporting.gather import gather
from kpi_aggregator.storage import framework, reports, watch
from kpi_aggregator.storage.reports import Cause, Edition, Wanted
from stadttakt_runtime.auth.dependencies import OPEN, require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import (
    HIGHEST_NUMBER,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)
from stadttakt_runtime.http.problem import Conflict, NotFound, Problem, ValidationFailed

router = APIRouter(prefix="/v1/reports", tags=["reports"])

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
ORDER_WAITS_S = 40.0
"""So long an order waits for values to be computed; proxies wait a minute."""
ReportId = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9-]+$")]
PeriodName = Annotated[
    str,
    StringConstraints(min_length=4, max_length=10),
    Field(description="2026-10, 2026-B5 (pair of months), 2026-Q3, 2026-H2 or 2026, as reported"),
]
EditionNumber = Annotated[
    int | None, Query(ge=1, le=2_000_000_000, description="left out: the newest of its period")
]
Name = Literal["html", "pdf", "csv", "xlsx", "json"]
NONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such report"}}
FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report as it was archived",
        "content": {
            each.media_type.partition(";")[0]: {"schema": {"type": "string"}} for each in FORMATS
        },
    },
    304: {"description": "The client has it"},
    406: {"description": "It does not come in this form"},
}


class EditionView(BaseModel):
    """An archived report."""

    period: str
    begin: date
    last_day: date
    edition: int = Field(description="counts the reports on one period")
    known_at: datetime = Field(description="what was known by then")
    produced_at: datetime
    cause: Cause
    sha256: Mapping[str, str] = Field(description="of the file of each form")


class ReportView(BaseModel):
    """What is reported to whom."""

    report_id: str
    title: Mapping[str, str]
    recipient: Mapping[str, str]
    every: Interval
    due_days: int = Field(description="days after the end of a period until its report is made")
    public: bool
    occasion: str
    office: str
    mehrwerte: tuple[str, ...] = Field(description="empty: all")
    version: int
    newest: str | None = Field(description="the newest period that a report was made on")


class OrderBody(WriteModel):
    """Which period a report is ordered on."""

    period: PeriodName
    computed_only: Annotated[
        bool, Field(description="take what is computed by now, however old the values are")
    ] = False


class _Before(BaseModel):
    edition_id: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


@router.get("", response_model=Page[ReportView], responses=UNCHANGED, openapi_extra=OPEN)
async def list_reports(request: Request, sees_all: SeesAll) -> Response:
    """List the reports in force; those not public with `kpi:write` only."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = [
            await _report_view(connection, each)
            for each in await reports.definitions(connection)
            if each.public or sees_all
        ]
    return answer(request, Page(items=found), sees_all=sees_all)


@router.get(
    "/{report_id}/editions",
    response_model=Page[EditionView],
    responses=UNCHANGED | NONE,
    openapi_extra=OPEN,
)
async def list_editions(
    request: Request,
    sees_all: SeesAll,
    report_id: ReportId,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """List the archived reports, the newest first."""
    position = decode_cursor(cursor, _Before)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        await _definition(connection, report_id, sees_all=sees_all)
        wanted = Wanted(before=position.edition_id if position else None)
        found = await reports.newest(connection, report_id, wanted, limit=limit + 1)
        items = [
            await _edition_view(connection, each)
            for each in found[:limit]
            if each.definition.public or sees_all
        ]
    more = len(found) > limit
    last = encode_cursor(_Before(edition_id=found[limit - 1].edition_id)) if more else None
    return answer(request, Page(items=items, next_cursor=last), sees_all=sees_all)


@router.get(
    "/{report_id}",
    responses={**FORMS, **NONE},
    response_class=Response,
    openapi_extra=OPEN,
)
async def get_report(
    request: Request,
    sees_all: SeesAll,
    report_id: ReportId,
    period: Annotated[
        PeriodName | None,
        Query(description="left out: the newest one that is archived, in its last edition"),
    ] = None,
    edition: EditionNumber = None,
    form: Annotated[
        Name | None, Query(alias="format", description="instead of Accept, for links")
    ] = None,
) -> Response:
    """Answer with a report by Accept: HTML, PDF, CSV, XLSX, or its document as JSON.

    Archived ones are answered as they were made. With `kpi:write` also a preview of a period that
    has no archived report, which says that it is one.
    """
    wanted = _form(request, form)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        definition = await _definition(connection, report_id, sees_all=sees_all)
        span = None if period is None else _span(definition, period)
        found = await reports.latest(connection, report_id, Wanted(span, edition))
        if found is not None and (found.definition.public or sees_all):
            return await _archived(request, connection, found, wanted)
        if edition is not None or not sees_all:
            raise NotFound(f"there is no archived report {report_id} on this period")
        return await _preview(connection, definition, span, wanted)


@router.post("/{report_id}/editions", status_code=201, response_model=EditionView, responses=NONE)
async def order_report(
    request: Request,
    once: Idempotent,
    author: Annotated[Principal, require("kpi:write")],  # noqa: ARG001
    report_id: ReportId,
    body: OrderBody,
) -> Response:
    """Make a report on what is known now and archive it as the next edition of its period.

    Values are computed first. 409 `period_not_over` where the period is not over, `computing` where
    that takes too long: what is done by then stays; ask again, or with `computed_only` for what there is.
    """
    database: Database = request.app.state.database
    async with database.connection() as connection:
        await orderable(connection, report_id, body.period)
    if not body.computed_only:
        await brought_up_to_date(database)
    async with database.transaction() as connection:
        known = await once.recall(connection)
        if known is not None:
            return known
        made = await order(connection, report_id, body.period)
        return await once.answer(connection, await _edition_view(connection, made), 201)


async def brought_up_to_date(database: Database) -> None:
    """Compute what is due, so that no report is older than the data.

    What was computed stays when that takes too long, and then this raises Conflict `computing`.
    """
    try:
        async with asyncio.timeout(ORDER_WAITS_S):
            await compute(database, utc_now())
    except TimeoutError:
        async with database.connection() as connection:
            seen = await watch.seen(connection)
        until = None if seen.done_at is None else seen.done_at.isoformat()
        detail = f"values are being computed; the newest are of {until or 'never'}"
        raise Conflict(detail, code="computing", computed_at=until) from None
    await database.persist(lambda connection: watch.done(connection, utc_now()))


async def orderable(connection: Any, report_id: str, period: str) -> tuple[ReportDefinition, Span]:
    """Return what an order is of; raises NotFound, ValidationFailed, Conflict `period_not_over`."""
    definition = await _definition(connection, report_id, sees_all=True)
    span = _span(definition, period)
    if span.end > await _today(connection, utc_now()):
        raise Conflict("a report is archived when its period is over", code="period_not_over")
    return definition, span


async def order(connection: Any, report_id: str, period: str) -> Edition:
    """Archive a report that somebody ordered, by the API or at a page."""
    definition, span = await orderable(connection, report_id, period)
    return await archive(connection, definition, span, utc_now(), cause="order")


async def _definition(connection: Any, report_id: str, *, sees_all: bool) -> ReportDefinition:
    found = await reports.definition(connection, report_id)
    if found is None or not (found.public or sees_all):
        raise NotFound(f"there is no report {report_id}")
    return found


def _form(request: Request, name: Name | None) -> Format:
    found = BY_NAME[name] if name else choose(request.headers.get("accept") or "*/*")
    if found is None:
        raise Problem(
            f"reports come as {', '.join(each.media_type for each in FORMATS)}",
            status=406,
            code="not_acceptable",
            title="Not in this form",
        )
    return found


def _span(definition: ReportDefinition, period: str) -> Span:
    try:
        return read_span(definition.every, period)
    except ValueError as error:
        wrong = {"in": "query", "field": "period", "detail": str(error), "code": "invalid"}
        raise ValidationFailed([wrong]) from error


async def _today(connection: Any, now: datetime) -> date:
    return now.astimezone(ZoneInfo(await framework.timezone(connection))).date()


async def _archived(
    request: Request, connection: Any, edition: Edition, wanted: Format
) -> Response:
    file = await reports.file(connection, edition.edition_id, wanted.name)
    if file is None:
        raise NotFound(f"this report was not archived as {wanted.name}")
    stem = f"{edition.definition.report_id}-{edition.span.name}-{edition.number}"
    headers = _headers(wanted, stem) | {
        "cache-control": "no-cache" if edition.definition.public else "private, no-cache",
        "x-report-edition": str(edition.number),
    }
    return respond(
        request,
        file.body,
        last_modified=edition.produced_at,
        media_type=wanted.media_type,
        etag=f'"{file.sha256[:32]}"',
        headers=headers,
    )


async def _preview(
    connection: Any, definition: ReportDefinition, span: Span | None, wanted: Format
) -> Response:
    now = utc_now()
    today = await _today(connection, now)
    chosen = span or newest_over(definition.every, today)
    if chosen.begin > today:
        raise NotFound("this period lies in the future")
    document = await gather(connection, definition, chosen, now)
    body = await asyncio.to_thread(wanted.preview, document)
    headers = _headers(wanted, f"{document.stem}-vorab") | {
        "cache-control": "no-store",
        "x-report-edition": "preview",
    }
    return Response(body, headers=headers, media_type=wanted.media_type)


def _headers(wanted: Format, stem: str) -> dict[str, str]:
    way = "inline" if wanted.name in {"html", "pdf", "json"} else "attachment"
    return {
        "vary": "accept, authorization, cookie",
        "content-language": "de",
        "content-security-policy": POLICY,
        "content-disposition": f'{way}; filename="{stem}.{wanted.name}"',
    }


async def _report_view(connection: Any, definition: ReportDefinition) -> ReportView:
    newest = await reports.newest_span(connection, definition)
    return ReportView(
        report_id=definition.report_id,
        title=definition.title,
        recipient=definition.recipient,
        every=definition.every,
        due_days=definition.due_days,
        public=definition.public,
        occasion=definition.occasion,
        office=definition.office,
        mehrwerte=definition.mehrwerte,
        version=definition.version,
        newest=None if newest is None else newest.name,
    )


async def _edition_view(connection: Any, edition: Edition) -> EditionView:
    return EditionView(
        period=edition.span.name,
        begin=edition.span.begin,
        last_day=edition.span.last,
        edition=edition.number,
        known_at=edition.known_at,
        produced_at=edition.produced_at,
        cause=edition.cause,
        sha256=await reports.digests(connection, edition.edition_id),
    )
