"""The forms of answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from pydantic import BaseModel, Field

from kpi_aggregator.domain.framework import Aim, Direction, Indicator, Source
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.scorecard import Light, Standing, Trend
from kpi_aggregator.storage.values import State, StoredValue


class AimView(BaseModel):
    """A value at a date."""

    value: float
    at: date


class IndicatorView(BaseModel):
    """One indicator of the framework."""

    indicator_id: str
    mehrwert: str
    title: Mapping[str, str]
    measured: str = Field(description="the framework's own words")
    unit: str
    direction: Direction
    source: Source
    formula: str | None
    period: Period
    baseline: AimView | None
    target: AimView | None
    method: str
    owner: str
    groups: tuple[str, ...]
    least_group: int
    fields: tuple[str, ...] = Field(description="Handlungsfelder")
    extension: bool = Field(description="not of the framework, added by the city")
    references: Mapping[str, str]
    version: int


class ValueView(BaseModel):
    """A value that holds."""

    value_id: int
    period: Period
    period_start: date
    value: float
    parts: Mapping[str, int] | None
    group_size: int | None
    completeness: float | None = Field(description="null: not computed from data")
    source: str
    source_date: date
    evidence: str | None
    author_role: str
    computed_at: datetime = Field(description="when it was approved")
    formula_version: int
    cause: str


class ProposalView(BaseModel):
    """A value with who entered it and what became of it."""

    value_id: int
    indicator_id: str
    period: Period
    period_start: date
    value: float
    parts: Mapping[str, int] | None
    group_size: int | None
    source: str
    source_date: date
    evidence: str | None
    author_role: str
    cause: str
    author: str
    proposed_at: datetime
    state: State
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str | None


class KnownView(BaseModel):
    """A value on the scorecard."""

    period: Period
    period_start: date
    value: float
    completeness: float | None


class StandingView(BaseModel):
    """One line of the scorecard."""

    indicator_id: str
    title: Mapping[str, str]
    unit: str
    value: KnownView | None
    before: KnownView | None
    trend: Trend | None
    expected: float | None
    light: Light
    rule: Mapping[str, str]
    causes: list[str] = Field(description="why the newest value is what it is, oldest first")


class MehrwertView(BaseModel):
    """A Mehrwert with its indicators."""

    mehrwert: str
    title: Mapping[str, str]
    description: str
    indicators: list[StandingView]


class ScorecardView(BaseModel):
    """How the framework stands, as was known on a day."""

    as_of: date
    mehrwerte: list[MehrwertView]


def indicator_view(indicator: Indicator) -> IndicatorView:
    """Return an indicator as it is answered."""
    return IndicatorView(
        indicator_id=indicator.indicator_id,
        mehrwert=indicator.mehrwert,
        title=indicator.title,
        measured=indicator.measured,
        unit=indicator.unit,
        direction=indicator.direction,
        source=indicator.source,
        formula=indicator.formula,
        period=indicator.period,
        baseline=_aim(indicator.baseline),
        target=_aim(indicator.target),
        method=indicator.method,
        owner=indicator.owner,
        groups=indicator.groups,
        least_group=indicator.least_group,
        fields=indicator.fields,
        extension=indicator.extension,
        references=indicator.references,
        version=indicator.version,
    )


def _aim(aim: Aim | None) -> AimView | None:
    return None if aim is None else AimView(value=aim.value, at=aim.at)


def value_view(stored: StoredValue) -> ValueView:
    """Return a value that holds."""
    return ValueView(
        value_id=stored.value_id,
        period=stored.period,
        period_start=stored.period_start,
        value=stored.value,
        parts=stored.parts,
        group_size=stored.group_size,
        completeness=stored.completeness,
        source=stored.source,
        source_date=stored.source_date,
        evidence=stored.evidence,
        author_role=stored.author_role,
        computed_at=stored.decided_at or stored.proposed_at,
        formula_version=stored.indicator_version,
        cause=stored.cause,
    )


def proposal_view(stored: StoredValue) -> ProposalView:
    """Return a value with its history."""
    return ProposalView(
        value_id=stored.value_id,
        indicator_id=stored.indicator_id,
        period=stored.period,
        period_start=stored.period_start,
        value=stored.value,
        parts=stored.parts,
        group_size=stored.group_size,
        source=stored.source,
        source_date=stored.source_date,
        evidence=stored.evidence,
        author_role=stored.author_role,
        cause=stored.cause,
        author=stored.author,
        proposed_at=stored.proposed_at,
        state=stored.state,
        decided_by=stored.decided_by,
        decided_at=stored.decided_at,
        decision_note=stored.decision_note,
    )


def standing_view(indicator: Indicator, found: Standing, causes: list[str]) -> StandingView:
    """Return a line of the scorecard."""
    pair = [
        None
        if known is None
        else KnownView(
            period=known.period,
            period_start=known.period_start,
            value=known.value,
            completeness=known.completeness,
        )
        for known in (found.value, found.before)
    ]
    return StandingView(
        indicator_id=indicator.indicator_id,
        title=indicator.title,
        unit=indicator.unit,
        value=pair[0],
        before=pair[1],
        trend=found.trend,
        expected=found.expected,
        light=found.light,
        rule=found.rule,
        causes=causes,
    )
