# SPDX-License-Identifier: EUPL-1.2
"""Acceptance tests over HTTP: counts in, a stored report out."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.paging import (
    HIGHEST_NUMBER,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)
from stadttakt_runtime.http.problem import NotFound, Problem, UnsupportedMediaType
from vehicle_occupancy.acceptance.counts_file import CountsRefusedError, read_counts
from vehicle_occupancy.acceptance.document import AcceptanceView, ReportView, report_view
from vehicle_occupancy.api.acceptance_forms import CONTENT, CSV, as_wanted, rendered, wanted
from vehicle_occupancy.api.acceptance_parameters import (
    AcceptanceId,
    Confidence,
    Label,
    Margin,
    Timezone,
)
from vehicle_occupancy.api.polled import UNCHANGED
from vehicle_occupancy.domain.acceptance import Terms, report
from vehicle_occupancy.storage import acceptance as storage
from vehicle_occupancy.storage.acceptance import StoredTest

router = APIRouter(prefix="/v1", tags=["acceptance of counting systems"])

PATH = "/v1/acceptance-tests"
MAX_BYTES = 16_777_216
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string"}}}}
}
_FORMS: dict[int | str, dict[str, Any]] = {200: {"content": CONTENT}}
_CREATED: dict[int | str, dict[str, Any]] = {
    201: {
        "description": "Tested and stored",
        "content": CONTENT,
        "headers": {"location": {"schema": {"type": "string"}}},
    }
}
_NONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such test"}}


Reader = require("transit:read")


class SummaryView(BaseModel):
    """A stored test without its vehicles."""

    acceptance_id: int
    label: str
    tested_at: datetime
    author: str
    accepted: bool
    margin: float
    confidence: float


class _Head(BaseModel):
    accepted: bool
    margin: float
    confidence: float


class _Before(BaseModel):
    acceptance_id: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


class CountsRefused(Problem):
    """Lines of the file are wrong; nothing is tested."""

    status, code, title = 422, "counts_refused", "The counts cannot be read"


@router.post(
    "/acceptance-tests",
    status_code=201,
    openapi_extra=_BODY,
    response_model=AcceptanceView,
    responses=_CREATED,
)
async def make_test(  # noqa: PLR0913  # parameters of the request
    request: Request,
    once: Idempotent,
    principal: Annotated[Principal, require("transit:write")],
    *,
    label: Label,
    margin_percent: Margin = 1.0,
    confidence_percent: Confidence = 95.0,
    timezone: Timezone = "Europe/Berlin",
) -> Response:
    """Test manual against automatic counts (VDV 457 equivalence test) and keep the report.

    The body is CSV: `vehicle_id,event_id,door,manual_in,manual_out,automatic_in,automatic_out` and
    optionally `trip_id`, one line per door event; an automatic count may be empty. 422
    `counts_refused` names every wrong line. Answers as JSON, HTML or CSV by Accept.
    """
    counts = await request.body()
    terms = Terms(margin_percent / 100, confidence_percent / 100)
    # Beside the event loop, which live traffic shares.
    tested = await asyncio.to_thread(_tested, request, counts, terms)
    now = utc_now()
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        known = await once.recall(connection)
        if known is not None:
            return as_wanted(request, known, timezone)
        acceptance_id = await storage.insert(
            connection,
            tested_at=now,
            author=str(principal),
            label=label,
            report=tested.model_dump_json(),
            counts=counts,
        )
        view = AcceptanceView(
            acceptance_id=acceptance_id,
            label=label,
            tested_at=now,
            author=str(principal),
            report=tested,
        )
        answer = await once.answer(connection, view, 201, location=f"{PATH}/{acceptance_id}")
    return as_wanted(request, answer, timezone)


def _tested(request: Request, counts: bytes, terms: Terms) -> ReportView:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != CSV:
        raise UnsupportedMediaType(
            f"expected {CSV}, got {media_type or 'none'}", headers={"accept": CSV}
        )
    try:
        return report_view(report(read_counts(counts), terms))
    except CountsRefusedError as error:
        errors = [
            {
                "in": "body",
                "field": each.column or "",
                "line": each.line,
                "detail": each.detail,
                "code": each.code,
            }
            for each in error.errors
        ]
        raise CountsRefused(str(error), errors=errors) from error


@router.get("/acceptance-tests", dependencies=[Reader])
async def list_tests(
    request: Request, limit: Limit = 100, cursor: Cursor = None
) -> Page[SummaryView]:
    """List the stored tests, the newest first."""
    position = decode_cursor(cursor, _Before)
    before = position.acceptance_id if position else HIGHEST_NUMBER
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await storage.newest(connection, before=before, limit=limit + 1)
    items = [_summary(each) for each in found[:limit]]
    more = len(found) > limit
    last = encode_cursor(_Before(acceptance_id=items[-1].acceptance_id)) if more else None
    return Page(items=items, next_cursor=last)


@router.get(
    "/acceptance-tests/{acceptance_id}",
    dependencies=[Reader],
    response_model=AcceptanceView,
    responses={**_FORMS, **UNCHANGED, **_NONE},
)
async def get_test(
    request: Request, acceptance_id: AcceptanceId, timezone: Timezone = "Europe/Berlin"
) -> Response:
    """Answer with one report: JSON, HTML or CSV by Accept."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await storage.get(connection, acceptance_id)
    if found is None:
        raise NotFound(f"there is no acceptance test {acceptance_id}")
    view = AcceptanceView(
        acceptance_id=found.acceptance_id,
        label=found.label,
        tested_at=found.tested_at,
        author=found.author,
        report=ReportView.model_validate_json(found.report),
    )
    body, media_type, headers = rendered(view, wanted(request), timezone)
    return respond(
        request, body, last_modified=found.tested_at, media_type=media_type, headers=headers
    )


@router.get(
    "/acceptance-tests/{acceptance_id}/counts",
    dependencies=[Reader],
    response_class=Response,
    responses={
        200: {"content": {CSV: {"schema": {"type": "string"}}}},
        **_NONE,
    },
)
async def get_counts(request: Request, acceptance_id: AcceptanceId) -> Response:
    """Answer with the file that a report was made of, as it was delivered."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        counts = await storage.counts_of(connection, acceptance_id)
    if counts is None:
        raise NotFound(f"there is no acceptance test {acceptance_id}")
    return Response(counts, media_type=f"{CSV}; charset=utf-8")


def _summary(found: StoredTest) -> SummaryView:
    stored = _Head.model_validate_json(found.report)
    return SummaryView(
        acceptance_id=found.acceptance_id,
        label=found.label,
        tested_at=found.tested_at,
        author=found.author,
        accepted=stored.accepted,
        margin=stored.margin,
        confidence=stored.confidence,
    )
