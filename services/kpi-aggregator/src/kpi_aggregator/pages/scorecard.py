# SPDX-License-Identifier: EUPL-1.2
"""`/`: how the framework stands, as was known on a day; each indicator leads to its own page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from kpi_aggregator.api.scorecard import FIRST_DAY, scorecard
from kpi_aggregator.api.scorecard_views import MehrwertView, ScorecardView, StandingView
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.scorecard import Light
from kpi_aggregator.pages import figures
from kpi_aggregator.pages.city import city_now
from kpi_aggregator.pages.frame import language_of, link, page
from kpi_aggregator.pages.texts import Language, words_in
from kpi_aggregator.pages.visit import Staff
from kpi_aggregator.storage import framework
from stadttakt_runtime.database import Database

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start(request: Request, sees_all: Staff, stand: str = "") -> Response:
    """Show the scorecard of today, or of a day of the past."""
    city = await city_now(request)
    as_of = _day(stand, city.today)
    view = await scorecard(request, sees_all, as_of)
    language = language_of(request)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        known = {each.indicator_id: each for each in await framework.indicators(connection)}
    lines = [line for each in view.mehrwerte for line in each.indicators]
    lights = Counter(line.light for line in lines)
    return page(
        request,
        "scorecard.html",
        city=city.name,
        active="scorecard",
        staff=sees_all,
        title=words_in(language)("title"),
        as_of=view.as_of.isoformat(),
        today=city.today.isoformat(),
        bad_date=bool(stand) and as_of is None,
        simulated=any(line.value is not None and line.value.simulated for line in lines),
        lights=[(light.value, lights[light]) for light in Light],
        mehrwerte=[
            _mehrwert(request, each, known, language) for each in view.mehrwerte if each.indicators
        ],
        rule=view.traffic_light[language],
        framework=_framework(view, language),
    )


def _day(written: str, today: date) -> date | None:
    """Return a day of the past, or none: everything else is no address of its own."""
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found if FIRST_DAY <= found <= today else None


def _framework(view: ScorecardView, language: Language) -> dict[str, Any] | None:
    if view.framework_applied_at is None:
        return None
    applied = figures.day(view.framework_applied_at.date(), language)
    return {"number": view.framework_version, "day": applied}


def _mehrwert(
    request: Request, each: MehrwertView, known: Mapping[str, Indicator], language: Language
) -> dict[str, Any]:
    return {
        "id": each.mehrwert,
        "title": each.title[language],
        "description": each.description,
        "lines": [
            _line(request, line, known.get(line.indicator_id), language) for line in each.indicators
        ],
    }


def _line(
    request: Request, line: StandingView, indicator: Indicator | None, language: Language
) -> dict[str, Any]:
    value = line.value
    whole = indicator is not None and indicator.whole
    address = f"kennzahl/{line.indicator_id}"
    return {
        "title": line.title[language],
        "address": link(request, address, zeitraum=value.name if value else None),
        "extension": indicator is not None and indicator.extension,
        "light": line.light.value,
        "trend": line.trend and line.trend.value,
        "unit": line.unit,
        "value": value and figures.number(value.value, language, whole=whole),
        "period": value and figures.period(value.name, language),
        "completeness": value and value.completeness,
        "expected": None
        if line.expected is None
        else figures.number(line.expected, language, whole=whole),
        "missing": getattr(line.missing, language) if line.missing else None,
    }
