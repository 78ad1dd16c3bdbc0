# SPDX-License-Identifier: EUPL-1.2
"""Indicators and the values that hold: public reads."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request, Response

from kpi_aggregator.api.polled import UNCHANGED, answer
from kpi_aggregator.api.views import (
    IndicatorView,
    ValueView,
    computed_view,
    indicator_view,
    value_view,
)
from kpi_aggregator.api.visible import IndicatorId, SeesAll, horizon_of, one_visible, visible
from kpi_aggregator.domain.framework import Indicator, Source
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.standings import Horizon
from kpi_aggregator.storage import computed as stored
from kpi_aggregator.storage import values
from kpi_aggregator.storage.meanings import meanings
from stadttakt_runtime.auth.dependencies import OPEN
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import Page

router = APIRouter(prefix="/v1/indicators", tags=["indicators"], responses=UNCHANGED)

From = Annotated[date | None, Query(alias="from", description="first day")]
To = Annotated[date | None, Query(alias="to", description="the day after the last")]
NONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such indicator"}}


@router.get("", response_model=Page[IndicatorView], openapi_extra=OPEN)
async def list_indicators(
    request: Request,
    sees_all: SeesAll,
    mehrwert: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    """List the indicators in the framework's order; those not public with `kpi:write` only."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await visible(connection, sees_all=sees_all)
    told = [indicator_view(each) for each in found if mehrwert in (None, each.mehrwert)]
    return answer(request, Page(items=told), sees_all=sees_all)


@router.get("/{indicator_id}", response_model=IndicatorView, responses=NONE, openapi_extra=OPEN)
async def get_indicator(request: Request, sees_all: SeesAll, indicator_id: IndicatorId) -> Response:
    """Answer with one indicator: method, baseline, target."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await one_visible(connection, indicator_id, sees_all=sees_all)
    return answer(request, indicator_view(found), sees_all=sees_all)


@router.get(
    "/{indicator_id}/values",
    response_model=Page[ValueView],
    responses=NONE,
    openapi_extra=OPEN,
)
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
) -> Response:
    """List the values of an indicator that hold, one per period, oldest first; each in the unit of its own version."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        indicator = await one_visible(connection, indicator_id, sees_all=sees_all)
        horizon = await horizon_of(connection, sees_all=sees_all)
        wanted = _Wanted(period or indicator.period, start, end)
        told = (
            await _computed(connection, indicator, wanted, horizon)
            if indicator.source is Source.FORMULA
            else await _entered(connection, indicator, wanted, horizon)
        )
    return answer(request, Page(items=told), sees_all=sees_all)


class _Wanted(NamedTuple):
    period: Period
    start: date | None
    end: date | None


async def _computed(
    connection: Any, indicator: Indicator, wanted: _Wanted, horizon: Horizon
) -> list[ValueView]:
    found = await stored.holding(
        connection,
        [indicator.indicator_id],
        period=wanted.period,
        start=wanted.start,
        end=wanted.end,
    )
    sees_all = horizon.public_on is None
    meant = await meanings(connection)
    return [
        computed_view(
            indicator,
            horizon.seen(indicator, each),
            meant.of(indicator, each),
            sees_all=sees_all,
        )
        for each in found
        if horizon.holds(indicator, each)
    ]


async def _entered(
    connection: Any, indicator: Indicator, wanted: _Wanted, horizon: Horizon
) -> list[ValueView]:
    found = await values.holding(
        connection, [indicator.indicator_id], start=wanted.start, end=wanted.end
    )
    sees_all = horizon.public_on is None
    meant = await meanings(connection)
    return [
        value_view(
            indicator,
            horizon.seen(indicator, each),
            meant.of(indicator, each),
            sees_all=sees_all,
            horizon=horizon,
        )
        for each in found
        if horizon.holds(indicator, each)
    ]
