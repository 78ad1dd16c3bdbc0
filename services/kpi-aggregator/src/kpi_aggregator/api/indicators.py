# SPDX-License-Identifier: EUPL-1.2
"""Indicators and the values that hold: public reads."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from kpi_aggregator.api.views import (
    IndicatorView,
    ValueView,
    computed_view,
    indicator_view,
    value_view,
)
from kpi_aggregator.api.visible import IndicatorId, SeesAll, horizon_of, one_visible, visible
from kpi_aggregator.domain.framework import Source
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.storage import computed as stored
from kpi_aggregator.storage import values
from stadttakt_runtime.auth.dependencies import OPEN
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import Page

router = APIRouter(prefix="/v1/indicators", tags=["indicators"])

From = Annotated[date | None, Query(alias="from", description="first day")]
To = Annotated[date | None, Query(alias="to", description="the day after the last")]
NONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such indicator"}}


@router.get("", openapi_extra=OPEN)
async def list_indicators(
    request: Request,
    sees_all: SeesAll,
    mehrwert: Annotated[str | None, Query(max_length=80)] = None,
) -> Page[IndicatorView]:
    """List the indicators in the framework's order; those not public with `kpi:write` only."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await visible(connection, sees_all=sees_all)
    return Page(items=[indicator_view(each) for each in found if mehrwert in (None, each.mehrwert)])


@router.get("/{indicator_id}", responses=NONE, openapi_extra=OPEN)
async def get_indicator(
    request: Request, sees_all: SeesAll, indicator_id: IndicatorId
) -> IndicatorView:
    """Answer with one indicator: method, baseline, target."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        return indicator_view(await one_visible(connection, indicator_id, sees_all=sees_all))


@router.get("/{indicator_id}/values", responses=NONE, openapi_extra=OPEN)
async def list_values(
    request: Request,
    sees_all: SeesAll,
    indicator_id: IndicatorId,
    start: From = None,
    end: To = None,
    *,
    period: Annotated[
        Period | None, Query(description="of computed indicators; left out: the indicator's own")
    ] = None,
) -> Page[ValueView]:
    """List the values of an indicator that hold, one per period, oldest first."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        indicator = await one_visible(connection, indicator_id, sees_all=sees_all)
        horizon = await horizon_of(connection, sees_all=sees_all)
        if indicator.source is Source.FORMULA:
            computed = await stored.holding(
                connection,
                [indicator_id],
                period=period or indicator.period,
                start=start,
                end=end,
            )
            told = [
                horizon.seen(indicator, each) for each in computed if horizon.holds(indicator, each)
            ]
            return Page(items=[computed_view(indicator, each, sees_all=sees_all) for each in told])
        found = await values.holding(connection, [indicator_id], start=start, end=end)
    entered = [horizon.seen(indicator, each) for each in found if horizon.holds(indicator, each)]
    return Page(
        items=[
            value_view(indicator, each, sees_all=sees_all, provisional=horizon.is_running(each))
            for each in entered
        ]
    )
