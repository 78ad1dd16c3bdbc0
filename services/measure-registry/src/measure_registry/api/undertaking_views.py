# SPDX-License-Identifier: EUPL-1.2
"""Measures, sub-projects and their effect as answers tell them, in one uniform form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from measure_registry.domain.effect import Effect, Side
from measure_registry.domain.undertaking import Reifegrad, Standing, Undertaking
from measure_registry.forms.undertakings import (
    BudgetForm,
    GodparentForm,
    IndicatorForm,
    MilestoneForm,
    ObjectiveForm,
    PartnerForm,
    PilotForm,
    PlaceForm,
    RiskForm,
    TitleForm,
    WordsForm,
)


class TakenUpView(BaseModel):
    """An idea that became part of it."""

    idea_id: str
    title: str


class UndertakingView(BaseModel):
    """What measures and sub-projects have in common; reads older definitions with defaults."""

    version: int
    title: TitleForm
    summary: WordsForm
    modellhaft: WordsForm | None = Field(None, description="what others can take from it")
    handlungsfelder: list[str]
    mehrwerte: list[str] = []
    leitsaetze: list[str] = []
    isek: list[str] = []
    target_groups: list[str] = []
    place: PlaceForm | None = None
    reifegrad: Reifegrad
    state: Standing
    starts_on: date | None = None
    ends_on: date | None = None
    budget: BudgetForm | None = None
    partners: list[PartnerForm] = []
    godparents: list[GodparentForm] = []
    milestones: list[MilestoneForm] = []
    risks: list[RiskForm] = []
    objectives: list[ObjectiveForm] = []
    pilots: list[PilotForm] = []
    indicators: list[IndicatorForm] = []
    source: str | None = None
    changed_at: datetime


class SubprojectView(UndertakingView):
    """A sub-project."""

    subproject_id: str
    measures: list[str]
    priority: Literal["A", "B", "C"]
    ideas: list[TakenUpView] | None = Field(None, description="null in lists")


class SubprojectBrief(BaseModel):
    """A sub-project as a measure names it."""

    subproject_id: str
    title: TitleForm
    priority: Literal["A", "B", "C"]
    reifegrad: Reifegrad
    state: Standing


class MeasureView(UndertakingView):
    """An integrated measure with its sub-projects."""

    measure_id: str
    subprojects: list[SubprojectBrief]
    ideas: list[TakenUpView] | None = Field(None, description="null in lists")


class ValueView(BaseModel):
    """What an indicator said of a period."""

    period_start: date
    period_end: date = Field(description="the first day after it")
    value: float | None
    completeness: float | None
    provisional: bool
    simulated: bool


class SideView(BaseModel):
    """The values of one side and their mean."""

    values: list[ValueView]
    mean: float | None
    least_completeness: float | None


class BaselineView(BaseModel):
    """Where an indicator began, by the framework of the city; `made_up`: an example, no statement of the city."""

    value: float
    at: date
    source: str | None
    made_up: bool


class IndicatorEffectView(BaseModel):
    """Before and after of one indicator; `reason` where nothing can be said."""

    indicator_id: str
    title: TitleForm | None
    unit: str | None
    effective_on: date | None
    expected: Literal["up", "down"] | None
    note: str | None
    period: str | None
    before: SideView | None
    after: SideView | None
    before_is: Literal["measured", "baseline"] | None = Field(
        description="what after is held against: the mean of measured values, or, where none was "
        "measured, the framework's baseline, if it is of a day before"
    )
    baseline: BaselineView | None
    difference: float | None
    relative: float | None
    same_season: bool = Field(description="both sides are of the same months of the year")
    left_out: int = Field(
        description="values of former versions of the indicator, which are not compared: their unit or method is another one"
    )
    reason: Literal["no_date", "no_values", "nothing_before", "nothing_after", "kpi_away"] | None


class EffectView(BaseModel):
    """What changed with a measure or sub-project; `warning` belongs to every use of the numbers."""

    kind: str
    id: str
    warning: TitleForm
    items: list[IndicatorEffectView]


def common_fields(found: Undertaking) -> dict[str, Any]:
    """Return the fields of an undertaking."""
    return {**found.definition, "version": found.version, "changed_at": found.changed_at}


def measure_view(
    found: Undertaking,
    subprojects: Sequence[Undertaking],
    ideas: Sequence[Any] | None = None,
) -> MeasureView:
    """Return a measure; `ideas` with their titles where they are to be told."""
    return MeasureView(
        **common_fields(found),
        subprojects=[
            SubprojectBrief(
                subproject_id=each.undertaking_id,
                **{
                    name: each.definition[name]
                    for name in ("title", "priority", "reifegrad", "state")
                },
            )
            for each in subprojects
        ],
        ideas=_taken_up(ideas),
    )


def subproject_view(found: Undertaking, ideas: Sequence[Any] | None = None) -> SubprojectView:
    """Return a sub-project."""
    return SubprojectView(**common_fields(found), ideas=_taken_up(ideas))


def _taken_up(ideas: Sequence[Any] | None) -> list[TakenUpView] | None:
    if ideas is None:
        return None
    return [TakenUpView(idea_id=each["idea_id"], title=each["title"]) for each in ideas]


def side_view(side: Side) -> SideView:
    """Return one side."""
    return SideView(
        values=[
            ValueView(
                period_start=each.period_start,
                period_end=each.end,
                value=each.value,
                completeness=each.completeness,
                provisional=each.provisional,
                simulated=each.simulated,
            )
            for each in side.values
        ],
        mean=side.mean,
        least_completeness=side.least_completeness,
    )


def effect_fields(found: Effect) -> dict[str, Any]:
    """Return what was computed of an indicator."""
    reason = None
    before_is = "baseline" if found.baseline else "measured" if found.before.values else None
    if before_is is None:
        reason = "nothing_before" if found.after.values else "no_values"
    elif not found.after.values:
        reason = "nothing_after"
    return {
        "period": found.period,
        "before": side_view(found.before),
        "after": side_view(found.after),
        "before_is": before_is,
        "difference": found.difference,
        "relative": found.relative,
        "same_season": found.same_season,
        "left_out": found.left_out,
        "reason": reason,
    }
