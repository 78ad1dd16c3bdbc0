# SPDX-License-Identifier: EUPL-1.2
"""Cap the Peak for the control centre: peaks to come, advice, what was done, what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from stadttakt_messages.base import UtcTime
from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.paging import Cursor, Limit, decode_cursor, encode_cursor
from stadttakt_runtime.http.parameters import made_of
from stadttakt_runtime.http.problem import NotFound
from vehicle_occupancy.api.days import AskedDay
from vehicle_occupancy.api.peak_documents import (
    AdviceList,
    AdviceView,
    OutcomeView,
    PeakList,
    PeakView,
    option_view,
)
from vehicle_occupancy.api.peak_views import Present, present_at, views
from vehicle_occupancy.api.periods import TimePeriod
from vehicle_occupancy.api.polled import UNCHANGED, WithoutNul
from vehicle_occupancy.api.untold import Untold, untold, untold_of_day
from vehicle_occupancy.domain.peaks.advice import advise
from vehicle_occupancy.domain.peaks.day import PlannedDay, planned_day
from vehicle_occupancy.domain.peaks.option import Option
from vehicle_occupancy.domain.peaks.peak import is_expected
from vehicle_occupancy.domain.peaks.rules import PeakRules
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.domain.timetable_end import end_of
from vehicle_occupancy.storage import (
    forecast_settings,
    forecasts,
    peaks,
    timetable_names,
    timetable_versions,
)
from vehicle_occupancy.storage.peaks import Position, StoredPeak, Wanted

router = APIRouter(prefix="/v1", tags=["peaks"])

PRIVATE = {"cache-control": "no-store", "vary": "authorization"}
Reader = require("transit:read")
PeakId = Annotated[WithoutNul, Path(max_length=300)]
LONGEST_LATE = timedelta(hours=3)
NOT_THERE = "there is no peak of this id"


class _After(BaseModel):
    """A place among peaks."""

    model_config = ConfigDict(extra="forbid")
    at: UtcTime
    peak_id: WithoutNul


def _place(cursor: str | None) -> Position | None:
    after = decode_cursor(cursor, _After)
    return None if after is None else Position(after.at, after.peak_id)


def _next(shown: Sequence[StoredPeak], *, more: bool) -> str | None:
    """Return where the next page begins, if there is one."""
    if not more:
        return None
    return encode_cursor(_After(at=shown[-1].at, peak_id=shown[-1].peak.peak_id))


def _respond(request: Request, page: BaseModel, now: datetime) -> Response:
    # What is expected by now may end or be withheld at any time: only the tag tells of that.
    return respond(request, page.model_dump_json().encode(), last_modified=now, headers=PRIVATE)


async def _late(connection: object, present: Present, wanted: Wanted) -> list[StoredPeak]:
    """Return the peaks that were due by now and are still to come, if now is within the period."""
    if not wanted.since <= present.now < wanted.until:
        return []
    lately = await peaks.due(connection, present.now - LONGEST_LATE, present.now)
    return [each for each in lately if present.is_to_come(each)]


@router.get("/peaks", dependencies=[Reader], response_model=PeakList, responses=UNCHANGED)
async def list_peaks(
    request: Request,
    period: Annotated[TimePeriod, made_of(TimePeriod)],
    line: Annotated[WithoutNul | None, Query(max_length=100)] = None,
    level: Annotated[
        Literal["medium", "high"] | None, Query(description="only of this expected level")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The day list: peaks in the order of their time, those that are over with what became of them."""
    now = utc_now()
    wanted = Wanted(*period.bounds(now), line, level, _place(cursor), limit + 1)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        present = await present_at(connection, now)
        late = await _late(connection, present, wanted)
        found = await peaks.list_peaks(connection, wanted, now=now, gone=present.gone, late=late)
        shown = await views(connection, found[:limit], present)
        today = await forecast_settings.service_day(connection, now)
        lines = await untold(connection, today, present.gone, line)
        until = end_of(await timetable_versions.spans(connection), today)
    place = _next(found[:limit], more=len(found) > limit)
    page = PeakList(items=shown, next_cursor=place, withheld=lines, timetable_until=until)
    return _respond(request, page, now)


@router.get("/peaks/advice", dependencies=[Reader], response_model=AdviceList, responses=UNCHANGED)
async def advice(
    request: Request,
    day: AskedDay = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """What can still be done, as of now, about each peak of a service day that is not over yet.

    Of a peak that by now is less probable than the city wants to hear of (`told_from`) nothing.
    """
    now = utc_now()
    database: Database = request.app.state.database
    return _respond(request, await advice_of(database, day, now, limit, cursor), now)


async def advice_of(
    database: Database, day: date | None, now: datetime, limit: int, cursor: str | None = None
) -> AdviceList:
    """Return a page of the advice of a service day, of today where none is named."""
    after = _place(cursor)
    async with database.connection() as connection:
        settings = await forecast_settings.read(connection)
        wanted = day or forecast_settings.local_day(settings, now)
        stored = await forecasts.of_day(connection, wanted)
        present = await present_at(connection, now)
        found = [
            each
            for each in await peaks.of_day(connection, wanted)
            if present.is_to_come(each) and present.tells(each) and _lies_behind(each, after)
        ]
    # Beside the event loop, which live traffic shares.
    now_s = ServiceDay(wanted, ZoneInfo(settings.timezone)).seconds(now)
    forecast = (present.running_as(each) for each in stored)
    told, options = await asyncio.to_thread(
        lambda: _advised(found, planned_day(forecast, now_s), settings.peaks, limit)
    )
    others = {each.trip_id for of_peak in options for each in of_peak if each.trip_id is not None}
    async with database.connection() as connection:
        shown = await views(connection, told[:limit], present)
        names = await timetable_names.of_day(connection, wanted, others, ())
        lines = await untold(connection, wanted, present.gone)
    items = [
        AdviceView(**view.model_dump(), options=[option_view(each, names) for each in of_peak])
        for view, of_peak in zip(shown, options, strict=True)
    ]
    more = len(told) > limit
    place = _next(told[:limit], more=more)
    return AdviceList(date=wanted, items=items, next_cursor=place, withheld=lines)


def _lies_behind(known: StoredPeak, after: Position | None) -> bool:
    return after is None or (known.at, known.peak.peak_id) > after


def _advised(
    found: Sequence[StoredPeak],
    day: PlannedDay,
    rules: PeakRules,
    limit: int,
) -> tuple[list[StoredPeak], list[Sequence[Option]]]:
    """Return one more than so many of the peaks that are still expected, and the options of these."""
    still = (
        each
        for each in found
        if each.peak.trip_id in day.trips
        and is_expected(each.peak, day.trips[each.peak.trip_id], rules)
    )
    told = list(islice(still, limit + 1))
    return told, [advise(each.peak, day, rules).options for each in told[:limit]]


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


async def told_of_day(
    connection: object, day: date, now: datetime
) -> tuple[list[PeakView], Untold]:
    """Return the peaks of a service day without those to come that are withheld, and what is."""
    present = await present_at(connection, now)
    found = [each for each in await peaks.of_day(connection, day) if present.tells(each)]
    shown = await views(connection, found, present)
    return shown, await untold_of_day(connection, day, present.gone)


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
