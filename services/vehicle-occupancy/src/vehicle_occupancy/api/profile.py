# SPDX-License-Identifier: EUPL-1.2
"""How full a line usually is, by type of day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from stadttakt_runtime.auth.dependencies import OPEN
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from vehicle_occupancy.api.known_line import UNKNOWN_LINE, require_line
from vehicle_occupancy.api.present import PublicationKey, SeesNumbers
from vehicle_occupancy.domain.forecast.calendar import DayType
from vehicle_occupancy.domain.forecast.levels import NAMES, Name
from vehicle_occupancy.domain.forecast.profile import Moment, profile
from vehicle_occupancy.domain.forecast.public import told_usual
from vehicle_occupancy.forecasting.calendars import calendar_of
from vehicle_occupancy.storage import (
    configuration,
    forecast_history,
    forecast_settings,
    forecasts,
)

router = APIRouter(prefix="/v1", tags=["forecasts"])

PROFILE_OVER = timedelta(days=120)


class ProfileMoment(BaseModel):
    """How full a line usually is in half an hour; numbers need `transit:read`."""

    direction: int
    begin: str = Field(description="of the service day, as 07:30; after midnight as 24:30")
    level: Name | None = Field(description="null: too small a vehicle for that to be public")
    load_mean: float | None = Field(description="persons at the fullest stop of a trip")
    load_p90: float | None
    departures: int


class Profile(BaseModel):
    """How full a line usually is on days of a type."""

    line: str
    day_type: DayType
    since: date
    days: int
    items: list[ProfileMoment]


@router.get(
    "/lines/{line}/profile",
    summary="How full a line usually is",
    responses=UNKNOWN_LINE,
    openapi_extra=OPEN,
)
async def line_profile(
    request: Request,
    line: Annotated[str, Path(max_length=100)],
    *,
    numbers: SeesNumbers,
    key: PublicationKey,
    day_type: Annotated[DayType, Query()] = DayType.WEEKDAY,
) -> Profile:
    """Half an hour by half an hour, over the days of a type that are over, of the last 120.

    Where levels begin for everybody is secret (decision 0049); half hours of few trips are left out.
    """
    database: Database = request.app.state.database
    async with database.connection() as connection:
        await require_line(connection, line)
        settings = await forecast_settings.read(connection)
        # Today is not over: who boards by now would be seen.
        until = forecast_settings.local_day(settings, utc_now())
        since = until - PROFILE_OVER
        calendar = calendar_of(settings, since, until)
        alike = [
            day
            for day in (since + timedelta(days=n) for n in range((until - since).days))
            if calendar.day_type(day) is day_type
        ]
        loads = await forecast_history.of_lines(connection, line, alike)
        borders = await forecasts.borders_of_line(connection, line)
        policy = await configuration.publication_policy(connection)
    moments = profile(loads, borders, least_trips=policy.least_trips)
    return Profile(
        line=line,
        day_type=day_type,
        since=since,
        days=len({load.day for load in loads}),
        items=[
            _numbered(each)
            if numbers
            else _public(
                each,
                told_usual(
                    key,
                    policy,
                    borders[each.direction],
                    name=f"{line}\0{each.direction}\0{day_type}\0{each.begin_min}",
                    mean=each.mean,
                ),
            )
            for each in moments
        ],
    )


def _numbered(moment: Moment) -> ProfileMoment:
    return _public(moment, NAMES[moment.level]).model_copy(
        update={"load_mean": round(moment.mean, 1), "load_p90": round(moment.p90, 1)}
    )


def _public(moment: Moment, level: Name | None) -> ProfileMoment:
    hour, minute = divmod(moment.begin_min, 60)
    return ProfileMoment(
        direction=moment.direction,
        begin=f"{hour:02}:{minute:02}",
        level=level,
        load_mean=None,
        load_p90=None,
        departures=moment.departures,
    )
