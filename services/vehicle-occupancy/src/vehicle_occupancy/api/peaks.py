# SPDX-License-Identifier: EUPL-1.2
"""Cap the Peak for the control centre: peaks to come, advice, what was done, what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from stadttakt_runtime.http.problem import NotFound
from vehicle_occupancy.api.peak_documents import (
    AdviceList,
    AdviceView,
    OutcomeView,
    PeakView,
    option_view,
)
from vehicle_occupancy.api.peak_views import Present, present_at, views
from vehicle_occupancy.api.periods import TimePeriod
from vehicle_occupancy.domain.peaks.advice import advise
from vehicle_occupancy.domain.peaks.day import planned_day
from vehicle_occupancy.domain.peaks.peak import Peak, is_expected
from vehicle_occupancy.domain.peaks.rules import PeakRules
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.storage import (
    forecast_settings,
    forecasts,
    peaks,
)
from vehicle_occupancy.storage.forecasts import Stored
from vehicle_occupancy.storage.peaks import Position

router = APIRouter(prefix="/v1", tags=["peaks"])

PRIVATE = {"cache-control": "no-store", "vary": "authorization"}
Reader = require("transit:read")
PeakId = Annotated[str, Path(max_length=300)]
NOT_THERE = "there is no peak of this id"


class _After(BaseModel):
    model_config = ConfigDict(extra="forbid")
    at: datetime
    peak_id: str


@router.get("/peaks", dependencies=[Reader], response_model=Page[PeakView])
async def list_peaks(
    request: Request,
    period: Annotated[TimePeriod, Depends()],
    line: Annotated[str | None, Query(max_length=100)] = None,
    level: Annotated[
        Literal["medium", "high"] | None, Query(description="only of this expected level")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The day list: peaks in the order of their time, those that are over with what became of them."""
    now = utc_now()
    since, until = period.bounds(now)
    after = decode_cursor(cursor, _After)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await peaks.list_peaks(
            connection, since, until, line=line,
            after=Position(after.at, after.peak_id) if after else None, limit=limit + 1,
        )  # fmt: skip
        present = await present_at(connection, now)
        shown = await views(
            connection, [each for each in found[:limit] if present.tells(each)], present
        )
    more = len(found) > limit
    last = found[limit - 1] if more else None
    page = Page[PeakView](
        items=[view for view in shown if level in (None, view.level)],
        next_cursor=encode_cursor(_After(at=last.at, peak_id=last.peak.peak_id)) if last else None,
    )
    # What is expected by now may end or be withheld at any time: only the tag tells of that.
    return respond(request, page.model_dump_json().encode(), last_modified=now, headers=PRIVATE)


@router.get("/peaks/advice", dependencies=[Reader])
async def advice(
    request: Request,
    day: Annotated[date | None, Query(alias="date", description="service day; today")] = None,
) -> AdviceList:
    """What can still be done, as of now, about each peak of a service day that is not over yet.

    Of a peak that by now is less probable than the city wants to hear of (`told_from`) nothing.
    """
    now = utc_now()
    database: Database = request.app.state.database
    async with database.connection() as connection:
        settings = await forecast_settings.read(connection)
        wanted = day or forecast_settings.local_day(settings, now)
        stored = await forecasts.of_day(connection, wanted)
        present = await present_at(connection, now)
        found = [
            each
            for each in await peaks.of_day(connection, wanted)
            if each.at > now and present.tells(each)
        ]
        shown = await views(connection, found, present)
    asked = [(known.peak, view) for known, view in zip(found, shown, strict=True)]
    # Beside the event loop, which live traffic shares.
    now_s = ServiceDay(wanted, ZoneInfo(settings.timezone)).seconds(now)
    items = await asyncio.to_thread(_advised, asked, stored, present, settings.peaks, now_s)
    return AdviceList(date=wanted, items=items)


def _advised(
    asked: Sequence[tuple[Peak, PeakView]],
    stored: Sequence[Stored],
    present: Present,
    rules: PeakRules,
    now_s: float,
) -> list[AdviceView]:
    day = planned_day((present.expected(each) for each in stored), now_s)
    return [
        AdviceView(
            **view.model_dump(),
            options=[option_view(each) for each in advise(peak, day, rules).options],
        )
        for peak, view in asked
        if peak.trip_id in day.trips and is_expected(peak, day.trips[peak.trip_id], rules)
    ]


@router.get("/peaks/{peak_id}", dependencies=[Reader], response_model=PeakView)
async def peak(request: Request, peak_id: PeakId) -> PeakView:
    """One peak."""
    return await view_of(request, peak_id)


@router.get("/peaks/{peak_id}/outcome", dependencies=[Reader])
async def outcome(request: Request, peak_id: PeakId) -> OutcomeView:
    """What became of a peak; 404 before its service day is over and was measured."""
    found = (await view_of(request, peak_id)).outcome
    if found is None:
        raise NotFound("the peak was not measured yet")
    return found


async def told_of_day(connection: object, day: date, now: datetime) -> list[PeakView]:
    """Return the peaks of a service day, without those to come that are withheld."""
    present = await present_at(connection, now)
    found = [each for each in await peaks.of_day(connection, day) if present.tells(each)]
    return await views(connection, found, present)


async def view_of(request: Request, peak_id: str) -> PeakView:
    """Return a peak as it is answered; raises NotFound."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        return await view_in(connection, peak_id)


async def view_in(connection: object, peak_id: str) -> PeakView:
    """Return a peak as it is answered, as a transaction sees it; raises NotFound."""
    found = await peaks.one(connection, peak_id)
    if found is None:
        raise NotFound(NOT_THERE)
    (view,) = await views(connection, [found], await present_at(connection, utc_now()))
    return view
