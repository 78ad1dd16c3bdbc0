# SPDX-License-Identifier: EUPL-1.2
"""Two periods of a lot compared: what a pilot may have changed. docs/parking-effect.md says how."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from parking_occupancy.api.documents import UNKNOWN_ID
from parking_occupancy.api.history import EARLIEST, LATEST, wrong
from parking_occupancy.api.present import PresentBoard
from parking_occupancy.domain.effect import (
    WARNING,
    Day,
    Insufficient,
    MatchedBy,
    compare,
    usable,
)
from parking_occupancy.forecasting.calendars import holidays_between
from parking_occupancy.storage import stay_days
from stadttakt_messages.base import LotId
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound

router = APIRouter(prefix="/v1/lots", tags=["lots"])

LONGEST = timedelta(days=400)


class Period(BaseModel):
    """Days of the city from `start` to before `end`; incomplete ones are left out."""

    start: date
    end: date
    days: int
    left_out: int


class Measure(BaseModel):
    """Means over a week of like days before and after, and between what nine in ten resamples lie."""

    measure: str
    days_before: int
    days_after: int
    matched_by: MatchedBy = Field(
        description="which days are alike: of one weekday, or weekdays, Saturdays, Sundays"
    )
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    insufficient: Insufficient | None = Field(description="why there is no interval")


class Warned(BaseModel):
    """What the numbers do not say."""

    de: str
    en: str


class Effect(BaseModel):
    """A lot before and after."""

    lot_id: str
    before: Period
    after: Period
    simulated: bool
    measures: list[Measure]
    warning: Warned


class _Asked(NamedTuple):
    before: tuple[date, date]
    after: tuple[date, date]


async def _asked(
    before_from: Annotated[date, Query(description="inclusive")],
    before_to: Annotated[date, Query(description="exclusive")],
    after_from: Annotated[date, Query(description="inclusive")],
    after_to: Annotated[date, Query(description="exclusive")],
) -> _Asked:
    for name, begin, end in (
        ("before_from", before_from, before_to),
        ("after_from", after_from, after_to),
    ):
        if not timedelta() < end - begin <= LONGEST:
            raise wrong(name, f"must lie before its end, by at most {LONGEST.days} days")
        if not EARLIEST.date() <= begin <= end <= LATEST.date():
            raise wrong(name, f"must lie between {EARLIEST:%Y} and {LATEST:%Y}")
    if after_from < before_to:
        raise wrong("after_from", "must not lie before `before_to`")
    return _Asked((before_from, before_to), (after_from, after_to))


@router.get("/{lot_id}/effect", summary="A lot before and after", responses=UNKNOWN_ID)
async def lot_effect(
    request: Request,
    board: PresentBoard,
    lot_id: str,
    asked: Annotated[_Asked, Depends(_asked)],
) -> Effect:
    """Days are the city's. The periods must not overlap; each is at most 400 days long."""
    if LotId(lot_id) not in board.city.lots:
        raise NotFound(f"there is no lot {lot_id}")
    database: Database = request.app.state.database
    async with database.connection() as connection:
        return await compared(connection, lot_id, asked.before, asked.after)


async def compared(
    connection: Any, lot_id: str, before: tuple[date, date], after: tuple[date, date]
) -> Effect:
    """Return what two periods of a lot have in common, each from a day to before another."""
    first = await stay_days.read(connection, lot_id, *before)
    second = await stay_days.read(connection, lot_id, *after)
    holidays = await holidays_between(connection, before[0], after[1])
    german, english = WARNING
    return Effect(
        lot_id=lot_id,
        before=_period(*before, first),
        after=_period(*after, second),
        simulated=any(day.simulated for day in (*first, *second)),
        measures=[Measure(**each._asdict()) for each in compare(first, second, holidays)],
        warning=Warned(de=german, en=english),
    )


def _period(start: date, end: date, days: list[Day]) -> Period:
    known = len(usable(days))
    return Period(start=start, end=end, days=known, left_out=len(days) - known)
