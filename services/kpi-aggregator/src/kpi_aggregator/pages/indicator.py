# SPDX-License-Identifier: EUPL-1.2
"""`/kennzahl/{id}`: one indicator down to its method, formula, data, completeness and causes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from kpi_aggregator.api.explanation import ExplanationView, explained
from kpi_aggregator.api.views import indicator_view
from kpi_aggregator.api.visible import IndicatorId, horizon_of, one_visible
from kpi_aggregator.domain.causes import reason_words, said_words
from kpi_aggregator.domain.formula import Aggregation
from kpi_aggregator.domain.framework import Indicator, Parts, Source
from kpi_aggregator.domain.periods import Period, end_of, gaps, name_of, read_period
from kpi_aggregator.domain.scorecard import Known, expected_at
from kpi_aggregator.pages import figures
from kpi_aggregator.pages.choosing import Listed, course_of, listed_of
from kpi_aggregator.pages.city import city_now, past_day
from kpi_aggregator.pages.frame import language_of, page
from kpi_aggregator.pages.rooms import Staff
from kpi_aggregator.pages.texts import TEXTS, Language, words_in
from kpi_aggregator.reporting.words import measure
from kpi_aggregator.standings import Horizon, Stood, read_standings
from kpi_aggregator.storage import computed, framework, measures
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.meanings import meanings
from stadttakt_runtime.bar_chart import Bar, draw, period_name, with_gaps
from stadttakt_runtime.database import Database

router = APIRouter(include_in_schema=False)


@router.get("/kennzahl/{indicator_id}")
async def one_indicator(
    request: Request,
    sees_all: Staff,
    indicator_id: IndicatorId,
    zeitraum: str = "",
    stand: str = "",
) -> Response:
    """Show an indicator and how the number of one period comes about."""
    city = await city_now(request)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        indicator = await one_visible(connection, indicator_id, sees_all=sees_all)
        mehrwerte = {each.mehrwert: each.title for each in await framework.mehrwerte(connection)}
        day = past_day(stand, city.today)
        horizon = await horizon_of(connection, sees_all=sees_all, day=day)
        stood = (await read_standings(connection, [indicator], horizon))[indicator_id]
        held = await _held(connection, indicator, horizon)
        listed = listed_of(indicator, stood, held, horizon)
        chosen = _chosen(listed, zeitraum, indicator.period)
        points = course_of(indicator, stood, held, chosen, horizon)
        found = await _explained(connection, indicator, chosen, horizon)
        behind = await measures.by_indicator(connection)
    language = language_of(request)
    return page(
        request,
        "indicator.html",
        city=city.name,
        active="scorecard",
        staff=sees_all,
        title=indicator.title[language],
        mehrwert=mehrwerte[indicator.mehrwert][language],
        about=indicator_view(indicator),
        public=indicator.public,
        whole=indicator.whole,
        standing=_standing(stood, chosen),
        measures=[measure(each.title, each.state) for each in behind.get(indicator_id, ())],
        chosen=chosen,
        stand=day if horizon.is_past else None,
        missing=stood.missing and reason_words(stood.missing)[language],
        lengths=_options(listed, chosen, indicator.period, language),
        course_length=_other_length(chosen, indicator.period, language),
        simulated=_is_simulated(points, found),
        **_course(indicator, points, language),
        **_data(found, language),
    )


def _course(indicator: Indicator, points: Sequence[Known], language: Language) -> dict[str, Any]:
    return {
        "points": [_point(each) for each in points],
        "drawing": _drawing(indicator, points, language) if points else None,
        "has_path": any(_expected(indicator, each) is not None for each in points),
    }


def _is_simulated(points: Sequence[Known], found: ExplanationView | None) -> bool:
    shown = None if found is None else found.value
    return any(each.simulated for each in points) or (shown is not None and shown.simulated)


def _expected(indicator: Indicator, known: Known) -> float | None:
    """Return what the target path says; it is of the indicator's own length of period."""
    if known.period is not indicator.period:
        return None
    return expected_at(indicator, end_of(known.period, known.period_start))


def _point(known: Known) -> dict[str, Any]:
    return {
        "name": name_of(known.period, known.period_start),
        "value": known.value,
        "completeness": known.completeness,
    }


async def _held(connection: Any, indicator: Indicator, horizon: Horizon) -> list[ComputedValue]:
    """Return the computed values of all lengths that may be told and are in the indicator's unit, oldest first."""
    if indicator.source is not Source.FORMULA:
        return []
    meant = await meanings(connection)
    found = await computed.holding(connection, [indicator.indicator_id], known_at=horizon.known_at)
    return [
        each
        for each in found
        if horizon.holds(indicator, each) and meant.is_in_unit(indicator, each)
    ]


def _options(
    listed: Sequence[Listed], chosen: str | None, own: Period, language: Language
) -> list[dict[str, Any]]:
    """Return what can be chosen by length of period, the indicator's own first."""
    names = {each.name for each in listed}
    if chosen is not None and chosen not in names:
        listed = [Listed(chosen), *listed]
    order = [own, *(each for each in reversed(Period) if each is not own)]
    return [
        {
            "title": words_in(language)(f"length_{length}"),
            "periods": [
                _option(each, language) for each in listed if read_period(each.name)[0] is length
            ],
        }
        for length in order
        if any(read_period(each.name)[0] is length for each in listed)
    ]


def _other_length(chosen: str | None, own: Period, language: Language) -> str:
    """Return what the course is of where that is not the indicator's own length."""
    length = own if chosen is None else read_period(chosen)[0]
    return "" if length is own else words_in(language)(f"length_{length}")


def _option(listed: Listed, language: Language) -> dict[str, str]:
    note = "so_far" if listed.unconfirmed else "running"
    notes = [words_in(language)(note)] if listed.running else []
    notes += [reason_words(listed.reason)[language]] if listed.reason else []
    name = figures.period(listed.name, language)
    return {"name": listed.name, "words": f"{name} ({', '.join(notes)})" if notes else name}


def _chosen(listed: Sequence[Listed], wanted: str, own: Period) -> str | None:
    """Return the period asked for if it is one, else the newest own one that is over, else the running one."""
    try:
        read_period(wanted)
    except ValueError:
        same = [each for each in listed if read_period(each.name)[0] is own]
        over = [each.name for each in same if not each.running]
        return next(iter([*over, *(each.name for each in same)]), None)
    return wanted


async def _explained(
    connection: Any, indicator: Indicator, chosen: str | None, horizon: Horizon
) -> ExplanationView | None:
    if chosen is None:
        return None
    return await explained(connection, indicator, read_period(chosen), horizon)


def _standing(stood: Stood, chosen: str | None) -> Any:
    """Return how the indicator stands where the newest period is shown: the light is of that one."""
    newest = stood.standing.value
    if newest is None or name_of(newest.period, newest.period_start) != chosen:
        return None
    return stood.standing


def _data(found: ExplanationView | None, language: Language) -> dict[str, Any]:
    if found is None:
        nothing: dict[str, Any] = {
            "parts": [],
            "days": [],
            "causes": [],
            "groups": [],
            "hidden_groups": [],
            "mean_groups": [],
        }
        return {
            "value": None,
            "formula": None,
            "by": "",
            "has_quotient": False,
            "role": "",
            "evenness": None,
            "groups_unit": "",
            **nothing,
        }
    by = f"by_{found.by}"
    return {
        "value": found.value and found.value.model_dump(mode="python"),
        "formula": found.formula,
        "has_quotient": found.formula is not None
        and Aggregation(found.formula.aggregation).is_share,
        "role": _role(found, language),
        "evenness": _evenness(found, language),
        "groups": _groups(found),
        "hidden_groups": found.value.hidden_parts if found.value else (),
        "mean_groups": _mean_groups(found),
        "groups_unit": _groups_unit(found, language),
        "by": words_in(language)(by if by in TEXTS else "by_part"),
        "parts": found.parts,
        "days": found.days,
        "causes": [each.model_dump() for each in found.causes],
    }


def _evenness(found: ExplanationView, language: Language) -> str | None:
    value = None if found.value is None else found.value.evenness
    return None if value is None else figures.evenness(value, language)


def _role(found: ExplanationView, language: Language) -> str:
    """Return who entered a value, in the words of the page where nobody said."""
    role = None if found.value is None else found.value.author_role
    return "" if role is None else said_words(role)[language]


def _groups_unit(found: ExplanationView, language: Language) -> str:
    """Return what groups are told in: persons in the page's language, else the unit as it is."""
    unit, about = found.indicator.parts_unit, found.indicator
    is_persons = about.source is Source.SURVEY and about.parts is not Parts.PERCENT
    return words_in(language)("persons") if is_persons else unit


def _groups(found: ExplanationView) -> list[str]:
    """Return the groups that a value is told by."""
    return list((found.value and found.value.parts) or ())


def _mean_groups(found: ExplanationView) -> list[str]:
    """Return the groups that means are told of."""
    return list((found.value and found.value.means) or ())


def _drawing(indicator: Indicator, points: Sequence[Known], language: Language) -> Markup:
    bars = [
        Bar(
            period_name(each.period, each.period_start),
            each.value,
            _expected(indicator, each),
        )
        for each in points
    ]
    said = words_in(language)(
        "course_words",
        title=indicator.title[language],
        number=len(points),
        first=figures.period(name_of(points[0].period, points[0].period_start), language),
        last=figures.period(name_of(points[-1].period, points[-1].period_start), language),
        value=figures.number(points[-1].value, language, whole=indicator.whole),
        unit=indicator.unit,
    )
    bars = with_gaps(bars, gaps([(each.period, each.period_start) for each in points]))
    drawn = Markup(  # noqa: S704 (numbers and periods only)
        draw(bars, lambda value, whole: figures.number(value, language, whole=whole))
    )
    return Markup('<div role="img" aria-label="{}">{}</div>').format(said, drawn)
