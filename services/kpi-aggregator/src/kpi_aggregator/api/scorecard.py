"""`GET /v1/scorecard`: how the framework stands, as was known on any day."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from kpi_aggregator.api.views import MehrwertView, ScorecardView, StandingView, standing_view
from kpi_aggregator.api.visible import SeesAll, visible
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.scorecard import Known, standing
from kpi_aggregator.storage import framework, values
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
        date | None, Query(ge=FIRST_DAY, lt=LAST_DAY, description="what was known by its end (UTC)")
    ] = None,
) -> ScorecardView:
    """Tell per Mehrwert and indicator: value, trend, target path, traffic light and its rule.

    `as_of` takes values as they were approved by then, against the framework of today.
    """
    day = as_of or utc_now().date()
    end = datetime.combine(day, time(), UTC) + timedelta(days=1)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        indicators = await visible(connection, sees_all=sees_all)
        mehrwerte = await framework.mehrwerte(connection)
        ids = [each.indicator_id for each in indicators]
        approved = await values.approved(connection, ids, known_at=end)
    known: defaultdict[str, list[StoredValue]] = defaultdict(list)
    for each in approved:
        if each.period_start <= day:
            known[each.indicator_id].append(each)
    lines = {each.indicator_id: _line(each, known[each.indicator_id]) for each in indicators}
    return ScorecardView(
        as_of=day,
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
            for mehrwert in mehrwerte
        ],
    )


def _line(indicator: Indicator, approved: list[StoredValue]) -> StandingView:
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
    causes = [each.cause for each in same if each.period_start == newest]
    return standing_view(indicator, found, causes)
