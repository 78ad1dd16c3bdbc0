"""`GET /v1/scorecard`: how the framework stands, as was known on any day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request

from kpi_aggregator.api.views import (
    MehrwertView,
    ScorecardView,
    StandingView,
    computed_cause,
    entered_cause,
    standing_view,
)
from kpi_aggregator.api.visible import SeesAll, visible_of
from kpi_aggregator.domain.framework import Indicator, Source
from kpi_aggregator.domain.scorecard import RULE, Known, standing
from kpi_aggregator.storage import computed, framework, values
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.values import StoredValue
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database

router = APIRouter(prefix="/v1", tags=["scorecard"])

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 1, 1)


@router.get("/scorecard")
async def scorecard(
    request: Request,
    sees_all: SeesAll,
    as_of: Annotated[
        date | None, Query(ge=FIRST_DAY, lt=LAST_DAY, description="what was known by its end")
    ] = None,
) -> ScorecardView:
    """Tell per Mehrwert and indicator: value, trend, target path, traffic light and its rule.

    `as_of` takes what was known by the end of that day of the city, against the framework that
    held then.
    """
    database: Database = request.app.state.database
    async with database.connection() as connection:
        zone = ZoneInfo(await framework.timezone(connection))
        day = as_of or utc_now().astimezone(zone).date()
        end = datetime.combine(day + timedelta(days=1), time(), zone)
        held = await framework.at(connection, end)
        indicators = await visible_of(connection, held.indicators, sees_all=sees_all)
        lines = await _lines(connection, indicators, day, end)
    return ScorecardView(
        as_of=day,
        framework_version=held.number,
        framework_applied_at=held.applied_at,
        traffic_light=RULE,
        mehrwerte=[
            MehrwertView(
                mehrwert=mehrwert.mehrwert,
                title=mehrwert.title,
                description=mehrwert.description,
                indicators=[
                    lines[each.indicator_id]
                    for each in indicators
                    if each.mehrwert == mehrwert.mehrwert
                ],
            )
            for mehrwert in held.mehrwerte
        ],
    )


async def _lines(
    connection: Any, indicators: Sequence[Indicator], day: date, end: datetime
) -> dict[str, StandingView]:
    ids = [each.indicator_id for each in indicators]
    approved: defaultdict[str, list[StoredValue]] = defaultdict(list)
    for each in await values.approved(connection, ids, known_at=end):
        if each.period_start <= day:
            approved[each.indicator_id].append(each)
    known: defaultdict[str, list[ComputedValue]] = defaultdict(list)
    for found in await computed.holding(connection, ids, known_at=end):
        known[found.indicator_id].append(found)
    return {
        each.indicator_id: await _computed_line(connection, each, known[each.indicator_id], end)
        if each.source is Source.FORMULA
        else _entered_line(each, approved[each.indicator_id])
        for each in indicators
    }


def _entered_line(indicator: Indicator, approved: list[StoredValue]) -> StandingView:
    """Return an indicator's line from all its approved values, in the order of approval."""
    same = [each for each in approved if each.period is indicator.period]
    holding = {each.period_start: each for each in same}
    found = standing(
        indicator,
        [
            Known(each.period, each.period_start, each.value, each.completeness, each.cause)
            for each in holding.values()
        ],
    )
    newest = found.value.period_start if found.value else None
    causes = [entered_cause(each) for each in same if each.period_start == newest]
    return standing_view(indicator, found, causes, None)


async def _computed_line(
    connection: Any, indicator: Indicator, known: list[ComputedValue], end: datetime
) -> StandingView:
    """Return an indicator's line from its computed values; periods that go on are left out."""
    over = [each for each in known if each.period is indicator.period and not each.provisional]
    found = standing(
        indicator,
        [
            Known(
                *(each.period, each.period_start, each.value, each.completeness, each.cause),
                each.simulated,
            )
            for each in over
            if each.value is not None
        ],
    )
    causes = []
    if found.value is not None:
        causes = [
            computed_cause(each)
            for each in await computed.history(
                connection,
                [indicator.indicator_id],
                indicator.period,
                start=found.value.period_start,
                known_at=end,
            )
            if not each.provisional
        ]
    return standing_view(indicator, found, causes, over[-1].reason if over else None)
