# SPDX-License-Identifier: EUPL-1.2
"""`GET /v1/indicators/{id}/explanation`: how a period's number comes about, and why it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from kpi_aggregator.api.causes import CauseView, computed_cause, entered_cause
from kpi_aggregator.api.polled import UNCHANGED, answer
from kpi_aggregator.api.views import (
    IndicatorView,
    ValueView,
    computed_view,
    indicator_view,
    value_view,
)
from kpi_aggregator.api.visible import IndicatorId, SeesAll, horizon_of, one_visible
from kpi_aggregator.computing.valuing import frame_of, whole_by
from kpi_aggregator.domain.formula import Formula, Stretch
from kpi_aggregator.domain.formula_words import technical_words, words
from kpi_aggregator.domain.framework import Indicator, Source
from kpi_aggregator.domain.outcome import completeness, outcome
from kpi_aggregator.domain.periods import Period, end_of, read_period
from kpi_aggregator.domain.publication import Field as PublicField
from kpi_aggregator.domain.sums import Sums
from kpi_aggregator.standings import Horizon
from kpi_aggregator.storage import computed, framework, part_names, progress, totals, values
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.meanings import Meanings, meanings
from stadttakt_runtime.auth.dependencies import OPEN
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound, ValidationFailed

router = APIRouter(prefix="/v1/indicators", tags=["indicators"], responses=UNCHANGED)
NONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such indicator"}}


class FormulaView(BaseModel):
    """How an indicator is computed."""

    formula_id: str
    version: int
    says: Mapping[str, str] | None = Field(description="what it does, in a plain sentence")
    words: Mapping[str, str] = Field(description="by the names that the city gives to what is read")
    technical: Mapping[str, str] = Field(description="by the names of columns and views")
    view: str
    aggregation: str
    least_completeness: float


class DayView(BaseModel):
    """What a day contributes."""

    day: date
    numerator: float
    denominator: float
    completeness: float


class PartView(BaseModel):
    """A part of the number, such as a lot, a line or a place."""

    part: str
    title: Mapping[str, str] = Field(description="what people call it")
    value: float | None
    completeness: float


class ExplanationView(BaseModel):
    """A period's value with all that made it."""

    indicator: IndicatorView
    formula: FormulaView | None = Field(description="null: values are entered")
    value: ValueView | None
    causes: list[CauseView] = Field(description="all that was ever told of it, oldest first")
    days: list[DayView] = Field(description="of formulas whose days add up")
    by: str | None = Field(description="what the parts are")
    parts: list[PartView]


@router.get(
    "/{indicator_id}/explanation",
    response_model=ExplanationView,
    responses=NONE,
    openapi_extra=OPEN,
)
async def explain_value(
    request: Request,
    sees_all: SeesAll,
    indicator_id: IndicatorId,
    period: Annotated[
        str, Query(max_length=10, description="2026, 2026-Q4, 2026-11, 2026-W48 or 2026-11-26")
    ],
) -> Response:
    """Tell how a period's number comes about: formula, days, parts, and each of its changes."""
    try:
        length, start = read_period(period)
    except ValueError as error:
        wrong = {"in": "query", "field": "period", "detail": str(error), "code": "invalid"}
        raise ValidationFailed([wrong]) from error
    database: Database = request.app.state.database
    async with database.connection() as connection:
        indicator = await one_visible(connection, indicator_id, sees_all=sees_all)
        horizon = await horizon_of(connection, sees_all=sees_all)
        found = await explained(connection, indicator, (length, start), horizon)
    return answer(request, found, sees_all=sees_all)


async def explained(
    connection: Any, indicator: Indicator, key: tuple[Period, date], horizon: Horizon
) -> ExplanationView:
    """Return how a period's number comes about; to everybody what the indicator's policy allows.

    Days and parts are kept as they are now: of what was known in the past there are none.
    """
    period, start = key
    sees_all = horizon.public_on is None
    if indicator.source is not Source.FORMULA:
        return await _entered(connection, indicator, key, horizon)
    known = {each.formula_id: each for each in await framework.formulas(connection)}
    formula = known.get(indicator.formula or "")
    if formula is None:
        raise NotFound(f"there is no formula {indicator.formula}")
    found = await computed.history(
        connection, [indicator.indicator_id], period, start=start, known_at=horizon.known_at
    )
    history = [horizon.seen(indicator, each) for each in found if horizon.tells(indicator, each)]
    meant = await meanings(connection)
    if found and not horizon.tells(indicator, found[-1]):
        return _untold(indicator, formula, found[-1], meant, horizon)
    stretch = Stretch(start, end_of(period, start))
    policy = indicator.publication
    # Small counts could be told from those of days and parts.
    whole = not horizon.is_past and (sees_all or not indicator.whole or policy.least_count == 1)
    has_days = whole and formula.aggregation.is_additive and (sees_all or policy.tells_sums)
    has_parts = whole and formula.by and (sees_all or _tells_parts(indicator))
    days = await totals.by_day(connection, formula, stretch) if has_days else {}
    parts = await _parts(connection, formula, indicator, key) if has_parts else []
    return ExplanationView(
        indicator=indicator_view(indicator),
        formula=_formula_view(formula),
        value=_newest(indicator, history, meant, sees_all=sees_all),
        causes=[computed_cause(each, meant.of(indicator, each).unit) for each in history],
        days=[_day(day, sums) for day, sums in sorted(days.items())],
        by=formula.by,
        parts=parts,
    )


def _newest(
    indicator: Indicator, history: Sequence[ComputedValue], meant: Meanings, *, sees_all: bool
) -> ValueView | None:
    if not history:
        return None
    newest = history[-1]
    return computed_view(indicator, newest, meant.of(indicator, newest), sees_all=sees_all)


def _tells_parts(indicator: Indicator) -> bool:
    policy = indicator.publication
    return policy.tells_sums and PublicField.PARTS in policy.fields


async def _parts(
    connection: Any, formula: Formula, indicator: Indicator, key: tuple[Period, date]
) -> list[PartView]:
    """Return what the parts of a period amount to, held against the same days as the whole."""
    reached = (await progress.progress(connection)).get(formula.formula_id)
    if reached is None:
        return []
    frame = frame_of(formula, reached)
    period, start = key
    stretch = Stretch(max(start, frame.since), end_of(period, start))
    parts: Mapping[str, Sums] = await totals.by_part(connection, formula, stretch)
    if formula.heartbeat is not None:
        parts = _by_heartbeat(parts)
    elapsed, covered = frame.elapsed(formula, *key), frame.covered(formula, *key)
    names = await part_names.names(connection, formula.naming.part_names)
    told = [
        _part(formula, indicator, part, whole_by(formula, sums, covered), elapsed)
        for part, sums in sorted(parts.items())
    ]
    return [each.model_copy(update={"title": _title(formula, each.part, names)}) for each in told]


def _by_heartbeat(parts: Mapping[str, Sums]) -> Mapping[str, Sums]:
    """Return parts that all are as complete as the whole, which is told as the part without name."""
    whole = parts.get("", Sums())
    known, expected = whole.amount.known, whole.amount.expected
    return {
        part: Sums(replace(own.amount, known=known, expected=expected), whole.days)
        for part, own in parts.items()
        if part
    }


async def _entered(
    connection: Any, indicator: Indicator, key: tuple[Period, date], horizon: Horizon
) -> ExplanationView:
    found = await values.approved_of(connection, indicator.indicator_id, *key)
    approved = [
        horizon.seen(indicator, each)
        for each in found
        if horizon.tells(indicator, each) and horizon.knows(each)
    ]
    sees_all = horizon.public_on is None
    meant = await meanings(connection)
    return ExplanationView(
        indicator=indicator_view(indicator),
        formula=None,
        value=value_view(
            indicator,
            approved[-1],
            meant.of(indicator, approved[-1]),
            sees_all=sees_all,
            horizon=horizon,
        )
        if approved
        else None,
        causes=[entered_cause(each, meant.of(indicator, each).unit) for each in approved],
        days=[],
        by=None,
        parts=[],
    )


def _untold(
    indicator: Indicator,
    formula: Formula,
    newest: ComputedValue,
    meant: Meanings,
    horizon: Horizon,
) -> ExplanationView:
    """Return an indicator and its formula without what would tell a number that is held back."""
    is_due = horizon.holds(indicator, newest)
    return ExplanationView(
        indicator=indicator_view(indicator),
        formula=_formula_view(formula),
        value=computed_view(indicator, newest, meant.of(indicator, newest), sees_all=False)
        if is_due
        else None,
        causes=[],
        days=[],
        by=formula.by,
        parts=[],
    )


def _formula_view(formula: Formula) -> FormulaView:
    return FormulaView(
        formula_id=formula.formula_id,
        version=formula.version,
        says=formula.naming.says,
        words=words(formula),
        technical=technical_words(formula),
        view=formula.view,
        aggregation=formula.aggregation,
        least_completeness=formula.least_completeness,
    )


def _day(day: date, sums: Sums) -> DayView:
    return DayView(
        day=day,
        numerator=sums.amount.numerator,
        denominator=sums.amount.denominator,
        completeness=completeness(sums, 1),
    )


def _part(formula: Formula, indicator: Indicator, part: str, sums: Sums, days: int) -> PartView:
    found = outcome(formula, indicator, sums, days=days)
    title = {"de": part, "en": part}
    return PartView(part=part, title=title, value=found.value, completeness=found.completeness)


def _title(formula: Formula, part: str, names: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a part is called: as its service names it, else as the city does."""
    if part in names:
        return dict.fromkeys(("de", "en"), names[part])
    return {each: formula.naming.value(part, each) for each in ("de", "en")}
