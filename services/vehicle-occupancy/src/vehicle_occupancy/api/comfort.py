# SPDX-License-Identifier: EUPL-1.2
"""The measure of success: passenger-kilometres above the comfort limit, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.parameters import made_of
from vehicle_occupancy.api.known_line import UNKNOWN_LINE, require_line
from vehicle_occupancy.api.periods import USUAL_DAYS, DatePeriod
from vehicle_occupancy.domain.peaks.comfort import Ridden
from vehicle_occupancy.storage import peaks_comfort
from vehicle_occupancy.storage.forecast_settings import service_day

router = APIRouter(prefix="/v1", tags=["peaks"])
Reader = require("transit:read")


class LimitView(BaseModel):
    """Shares of the seats and of the standing places that may be taken in comfort."""

    seats: float
    standing: float


class ComfortPeriod(BaseModel):
    """What a line carried over some service days."""

    since: date
    until: date
    days: int
    passenger_km: float
    above_km: float = Field(description="ridden in vehicles above the comfort limit")
    excess_km: float = Field(description="ridden by the persons above it")
    share_above: float | None
    completeness: float = Field(description="share of the planned sections whose load is known")
    simulated: bool
    limits: list[LimitView] = Field(
        description="the comfort limit that its days were counted with; several if it changed, "
        "empty where it was not kept yet"
    )


class ComfortDayView(ComfortPeriod):
    """One service day in one direction."""

    direction: int


class Comfort(BaseModel):
    """The measure of success: a period, and one before it to compare with."""

    line: str
    period: ComfortPeriod
    before: ComfortPeriod
    comparable: bool = Field(
        description="false where not all days of both periods were counted with the same known "
        "limit, a vehicle had other places, or only some days are simulated; then there is no change"
    )
    not_comparable: Literal["limit", "places", "simulated"] | None = Field(
        description="why, if it is not comparable"
    )
    change_of_share: float | None = Field(description="share above, after less before")
    items: list[ComfortDayView]


@router.get("/lines/{line}/comfort", responses=UNKNOWN_LINE, dependencies=[Reader])
async def line_comfort(
    request: Request,
    line: Annotated[str, Path(max_length=100)],
    period: Annotated[DatePeriod, made_of(DatePeriod)],
    before_from: Annotated[
        date | None, Query(description="begin of the days to compare with; else just before")
    ] = None,
    before_to: Annotated[date | None, Query(description="their end, exclusive")] = None,
) -> Comfort:
    """Which share of the passenger-kilometres was ridden above the comfort limit, before and after."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        since, until = period.bounds(await service_day(connection, utc_now()))
        length = min(until - since, since - date.min)
        first, last = DatePeriod(before_from or (since - length), before_to or since).bounds(since)
        await require_line(connection, line)
        return await _compared(connection, line, (since, until), (first, last))


async def comfort_of_lines(connection: Any, today: date) -> list[Comfort]:
    """Return the last four weeks beside the four before of all lines that were counted in them."""
    until = today + timedelta(days=1)
    since = until - timedelta(days=USUAL_DAYS)
    first = since - timedelta(days=USUAL_DAYS)
    found = await peaks_comfort.lines(connection, first, until)
    return [await _compared(connection, line, (since, until), (first, since)) for line in found]


async def _compared(
    connection: Any, line: str, period: tuple[date, date], before: tuple[date, date]
) -> Comfort:
    days = await peaks_comfort.of_line(connection, line, *period)
    earlier = await peaks_comfort.of_line(connection, line, *before)
    why = _difference([*days, *earlier])
    if why is None and await peaks_comfort.places_changed(connection, line, period, before):
        why = "places"
    now, then = _sum(days, *period), _sum(earlier, *before)
    change = None
    if why is None and now.share_above is not None and then.share_above is not None:
        change = now.share_above - then.share_above
    return Comfort(
        line=line,
        period=now,
        before=then,
        comparable=why is None,
        not_comparable=why,
        change_of_share=change,
        items=[
            ComfortDayView(
                direction=each.direction,
                **_sum([each], each.day, each.day + timedelta(days=1)).model_dump(),
            )
            for each in days
        ],
    )


def _difference(
    days: Sequence[peaks_comfort.ComfortDay],
) -> Literal["limit", "places", "simulated"] | None:
    """Return what tells days apart; none where all were counted alike, with one limit that is known."""
    limits = {each.limit for each in days}
    if len({each.simulated for each in days}) > 1:
        return "simulated"
    return "limit" if len(limits) > 1 or None in limits else None


def _sum(days: Sequence[peaks_comfort.ComfortDay], since: date, until: date) -> ComfortPeriod:
    total = sum((each.ridden for each in days), Ridden())
    return ComfortPeriod(
        since=since,
        until=until,
        days=len({each.day for each in days}),
        passenger_km=round(total.passenger_km, 3),
        above_km=round(total.above_km, 3),
        excess_km=round(total.excess_km, 3),
        share_above=total.share_above,
        completeness=total.completeness,
        simulated=any(each.simulated for each in days),
        limits=_limits(days),
    )


def _limits(days: Sequence[peaks_comfort.ComfortDay]) -> list[LimitView]:
    known = dict.fromkeys(each.limit for each in days if each.limit is not None)
    return [LimitView(seats=each.seats, standing=each.standing) for each in known]
