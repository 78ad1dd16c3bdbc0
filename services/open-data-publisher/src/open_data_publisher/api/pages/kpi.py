# SPDX-License-Identifier: EUPL-1.2
"""The indicators: the KPI aggregator's scorecard as a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from open_data_publisher.domain.portal import Language, PortalCity
from open_data_publisher.portal.formats import day, number
from open_data_publisher.portal.frame import page
from open_data_publisher.portal.language import language_of
from open_data_publisher.portal.words import Words, words_in
from open_data_publisher.upstream import SCORECARD, AwayError, MissingError, Upstream
from stadttakt_runtime.clock import utc_now

router = APIRouter(include_in_schema=False)
FIRST_DAY = date(1990, 1, 1)


@router.get("/kennzahlen")
async def kpi(request: Request, stand: str = "", as_of: str = "") -> Response:
    """Show how the framework stands, as was known on a day; `as_of` is what programs call it."""
    words = words_in(language_of(request))
    city: PortalCity = request.app.state.portal.city
    today = utc_now().date()
    written = stand or as_of
    known_on = _date(written, today) if written else today
    upstream: Upstream = request.app.state.upstream
    message, later, mehrwerte, age_min, reports = None, None, [], 0, None
    query = {"as_of": known_on.isoformat()} if known_on else {}
    try:
        reading = await upstream.read(SCORECARD, query=query)
    except (AwayError, MissingError):
        message = words("kpi.away")
    else:
        mehrwerte = [
            _mehrwert(each, language_of(request), words) for each in reading.body["mehrwerte"]
        ]
        reports = reading.body.get("reports_address")
        later = _applied_later(reading.body, city, language_of(request))
        age_min = int(reading.age_s // 60) if reading.age_s > 2 * SCORECARD.fresh_s else 0
        message = None if any(each["indicators"] for each in mehrwerte) else words("kpi.empty")
    return page(
        request,
        "kpi.html",
        active="kpi",
        title=words("kpi.title"),
        mehrwerte=mehrwerte,
        reports=reports,
        message=message,
        applied_later=later,
        age_min=age_min,
        status=200 if known_on else 422,
        bad_date=known_on is None,
        as_of=(known_on or today).isoformat(),
        today=today.isoformat(),
        zone=city.timezone,
        simulated=any(line["any_simulated"] for each in mehrwerte for line in each["indicators"]),
    )


def _applied_later(
    card: Mapping[str, Any], city: PortalCity, language: Language
) -> tuple[int, str] | None:
    """Return number and day of the framework that a day is shown by though it came later, where it did."""
    # an older KPI aggregator tells nothing of it
    if card.get("framework_in_force", True) or card["framework_applied_at"] is None:
        return None
    applied = datetime.fromisoformat(card["framework_applied_at"])
    local = applied.astimezone(ZoneInfo(city.timezone)).date()
    return card["framework_version"], day(local, language)


def _date(written: str, today: date) -> date | None:
    """Return a day of the past, or nothing: everything else would be another address to ask for."""
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found if FIRST_DAY <= found <= today else None


def _mehrwert(each: Mapping[str, Any], language: Language, words: Words) -> dict[str, Any]:
    return {
        "title": each["title"][language],
        "description": each["description"],
        "indicators": [_line(line, language, words) for line in each["indicators"]],
    }


def _line(line: Mapping[str, Any], language: Language, words: Words) -> dict[str, Any]:
    value, complete = line["value"], None
    if value and value["completeness"] is not None and value["completeness"] < 1:
        complete = words("kpi.complete", share=number(value["completeness"] * 100, language))
    expected = line["expected"]
    # an older KPI aggregator tells neither `demo`, nor `running`, nor what comes last
    made_up = f" {words('kpi.demo')}" if line.get("demo") else ""
    return {
        "title": line["title"][language],
        "unit": line["unit"],
        "value": _written(value["value"], language) if value else None,
        "period": _period(value["period"], value["period_start"], language, words)
        if value
        else None,
        "complete": complete,
        "trend": line["trend"],
        "light": line["light"],
        # an older KPI aggregator tells none
        "light_words": line.get("light_words", line["rule"])[language],
        "rule": line["rule"][language],
        "expected": None
        if expected is None
        else f"{_written(expected, language)} {line['unit']}{made_up}",
        "missing": line["missing"][language] if line["missing"] else None,
        "running": _running(line, language, words),
        "simulated": bool(value and value["simulated"]),
        "any_simulated": any(each["simulated"] for each in (value, line.get("running")) if each),
        "provisional": _provisional(value),
        "extension": line.get("extension", False),
        "address": line.get("address"),
        "causes": [cause[language] for cause in line["causes"]],
    }


def _provisional(value: Mapping[str, Any] | None) -> str | None:
    """Return the name of the text that tells why a value is provisional; none where it is not."""
    if not value or not value.get("provisional"):
        return None
    return "kpi.unconfirmed" if value.get("unconfirmed") else "kpi.provisional"


def _running(line: Mapping[str, Any], language: Language, words: Words) -> str | None:
    """Return the value of the period that goes on, or one so far, which is not rated; none where there is none."""
    value = line.get("running")
    if not value:
        return None
    told = f"{_written(value['value'], language)} {line['unit']}"
    period = _period(value["period"], value["period_start"], language, words)
    key = "kpi.running_simulated" if value["simulated"] else "kpi.running"
    if value.get("unconfirmed"):
        key = "kpi.so_far"
    return words(key, period=period, value=told)


def _written(value: float, language: Language) -> str:
    digits = 0 if float(value).is_integer() else 1 if abs(value) >= 10 else 2
    return number(value, language, digits)


def _period(period: str, start: str, language: Language, words: Words) -> str:
    begin = date.fromisoformat(start)
    return words(
        f"kpi.period_{period}",
        day=day(begin, language),
        month=begin.strftime("%m/%Y"),
        quarter=(begin.month + 2) // 3,
        year=begin.year,
    )
