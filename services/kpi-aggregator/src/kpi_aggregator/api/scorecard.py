# SPDX-License-Identifier: EUPL-1.2
"""`GET /v1/scorecard`: how the framework stands, as was known on any day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from kpi_aggregator.api.causes import computed_cause, entered_cause
from kpi_aggregator.api.polled import UNCHANGED, answer
from kpi_aggregator.api.scorecard_views import (
    MehrwertView,
    ScorecardView,
    StandingView,
    standing_view,
)
from kpi_aggregator.api.visible import SeesAll, visible_of
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.scorecard import RULE
from kpi_aggregator.standings import Horizon, Stood, read_standings
from kpi_aggregator.storage import framework
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.framework import Framework
from stadttakt_runtime.auth.dependencies import OPEN
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import ValidationFailed

router = APIRouter(prefix="/v1", tags=["scorecard"])

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 1, 1)


@router.get("/scorecard", response_model=ScorecardView, responses=UNCHANGED, openapi_extra=OPEN)
async def scorecard(
    request: Request,
    sees_all: SeesAll,
    as_of: Annotated[
        date | None, Query(ge=FIRST_DAY, lt=LAST_DAY, description="what was known by its end")
    ] = None,
) -> Response:
    """Tell per Mehrwert and indicator: value, trend, target path, traffic light and its rule.

    `as_of` takes what was known by the end of that day of the city, against the framework that
    held then. 422 for a day to come.
    """
    return answer(request, await read(request, as_of, sees_all=sees_all), sees_all=sees_all)


async def read(request: Request, as_of: date | None, *, sees_all: bool) -> ScorecardView:
    """Return the scorecard of a day, today's without one; raises ValidationFailed for a day to come."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        zone = ZoneInfo(await framework.timezone(connection))
        today = utc_now().astimezone(zone).date()
        day = as_of or today
        if day > today:
            # A day to come would be one on which everybody is told what is held back until then.
            wrong = {"in": "query", "field": "as_of", "detail": "lies in the future"}
            raise ValidationFailed([{**wrong, "code": "out_of_range"}])
        end = datetime.combine(day + timedelta(days=1), time(), zone)
        held = await framework.at(connection, end)
        indicators = await visible_of(connection, held.indicators, sees_all=sees_all)
        stood = await read_standings(
            connection,
            indicators,
            Horizon(end, began=day, on=day, public_on=None if sees_all else day),
        )
    pages = request.app.state.public_url.rstrip("/") or None
    return ScorecardView(
        as_of=day,
        framework_version=held.number,
        framework_applied_at=held.applied_at,
        framework_in_force=held.applied_at is not None and held.applied_at < end,
        traffic_light=RULE,
        reports_address=pages and f"{pages}/berichte",
        mehrwerte=_mehrwerte(held, indicators, stood, pages),
    )


def _mehrwerte(
    held: Framework,
    indicators: Sequence[Indicator],
    stood: Mapping[str, Stood],
    pages: str | None,
) -> list[MehrwertView]:
    return [
        MehrwertView(
            mehrwert=mehrwert.mehrwert,
            title=mehrwert.title,
            description=mehrwert.description,
            indicators=[
                _line(each, stood[each.indicator_id], pages)
                for each in indicators
                if each.mehrwert == mehrwert.mehrwert
            ],
        )
        for mehrwert in held.mehrwerte
    ]


def _line(indicator: Indicator, stood: Stood, pages: str | None) -> StandingView:
    causes = [
        computed_cause(each, indicator.unit)
        if isinstance(each, ComputedValue)
        else entered_cause(each, indicator.unit)
        for each in stood.told
    ]
    return standing_view(indicator, stood, causes, pages)
