# SPDX-License-Identifier: EUPL-1.2
"""`/`: how the framework stands, as was known on a day; each indicator leads to its own page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from kpi_aggregator.api.scorecard import read
from kpi_aggregator.api.scorecard_views import KnownView, MehrwertView, ScorecardView, StandingView
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.outcome import Reason
from kpi_aggregator.domain.periods import last_day
from kpi_aggregator.domain.scorecard import Light
from kpi_aggregator.pages import figures
from kpi_aggregator.pages.city import CityNow, city_now, past_day
from kpi_aggregator.pages.frame import language_of, link, page
from kpi_aggregator.pages.rooms import Staff
from kpi_aggregator.pages.texts import Language, words_in
from kpi_aggregator.storage import framework
from stadttakt_runtime.database import Database

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start(request: Request, sees_all: Staff, stand: str = "") -> Response:
    """Show the scorecard of today, or of a day of the past."""
    city = await city_now(request)
    as_of = past_day(stand, city.today)
    view = await read(request, as_of, sees_all=sees_all)
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
        simulated=any(
            each is not None and each.simulated
            for line in lines
            for each in (line.value, line.running)
        ),
        lights=[(light.value, lights[light]) for light in Light],
        demo=sum(line.demo and line.light is not Light.GREY for line in lines),
        mehrwerte=[
            _mehrwert(request, each, known, stand if as_of else None)
            for each in view.mehrwerte
            if each.indicators
        ],
        rule=view.traffic_light[language],
        framework=_framework(view, city, language),
    )


_OVERDUE = {Reason.NOT_ENTERED, Reason.NOT_CONFIRMED}


def _overdue_since(line: StandingView, language: Language) -> str | None:
    """Return the last day that a value is of, where a newer one should have been entered."""
    if line.missing is None or line.missing.code not in _OVERDUE:
        return None
    if line.value is None or line.value.provisional:
        return None
    return figures.day(last_day(line.value.period, line.value.period_start), language)


def _framework(view: ScorecardView, city: CityNow, language: Language) -> dict[str, Any] | None:
    if view.framework_applied_at is None:
        return None
    applied = figures.day(view.framework_applied_at.astimezone(city.zone).date(), language)
    return {
        "number": view.framework_version,
        "day": applied,
        "in_force": view.framework_in_force,
        "asked": figures.day(view.as_of, language),
    }


def _provisional(
    value: KnownView, running: str = "provisional", unconfirmed: str = "unconfirmed"
) -> str:
    """Return the name of the text that tells why a value is provisional."""
    return unconfirmed if value.unconfirmed else running


def _to_confirm(line: StandingView, language: Language, *, whole: bool) -> dict[str, str] | None:
    """Return what is to be confirmed, where it is not shown already as the value or the running one."""
    found, others = line.to_confirm, (line.value, line.running)
    if found is None or any(each is not None and each.name == found.name for each in others):
        return None
    value = figures.number(found.value, language, whole=whole)
    return {"period": figures.period(found.name, language), "value": value}


def _mehrwert(
    request: Request, each: MehrwertView, known: Mapping[str, Indicator], stand: str | None
) -> dict[str, Any]:
    language = language_of(request)
    return {
        "id": each.mehrwert,
        "title": each.title[language],
        "description": each.description,
        "lines": [
            _line(request, line, known.get(line.indicator_id), stand) for line in each.indicators
        ],
    }


def _line(
    request: Request, line: StandingView, indicator: Indicator | None, stand: str | None
) -> dict[str, Any]:
    value, language = line.value, language_of(request)
    whole = indicator is not None and indicator.whole
    address = f"kennzahl/{line.indicator_id}"
    return {
        "title": line.title[language],
        "address": link(request, address, zeitraum=value.name if value else None, stand=stand),
        "extension": line.extension,
        "demo": line.demo,
        "provisional": value and value.provisional and _provisional(value),
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
        "overdue_since": _overdue_since(line, language),
        "to_confirm": _to_confirm(line, language, whole=whole),
        "running": line.running and figures.number(line.running.value, language, whole=whole),
        "running_said": line.running
        and _provisional(line.running, "running_value", "so_far_value"),
        "running_period": line.running and figures.period(line.running.name, language),
    }
