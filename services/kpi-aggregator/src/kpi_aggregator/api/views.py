# SPDX-License-Identifier: EUPL-1.2
"""The forms of answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from kpi_aggregator.domain.causes import cause_words, completeness_words, reason_words
from kpi_aggregator.domain.diversity import told_evenness
from kpi_aggregator.domain.framework import Aim, Direction, Indicator, Parts, Source
from kpi_aggregator.domain.means import Means, persons_of
from kpi_aggregator.domain.outcome import Confidence, Reason
from kpi_aggregator.domain.periods import Period, name_of
from kpi_aggregator.domain.publication import ALL_FIELDS, Publication
from kpi_aggregator.domain.publication import Field as PublicField
from kpi_aggregator.standings import Horizon
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.meanings import Meaning
from kpi_aggregator.storage.value_files import FromFile
from kpi_aggregator.storage.values import State, StoredValue


class AimView(BaseModel):
    """A value at a date."""

    value: float
    at: date
    demo: bool = Field(description="made up for demonstration")
    source: str | None = Field(description="where it is from, or who set it")


class PublicationView(BaseModel):
    """What everybody is told of the indicator."""

    fields: tuple[PublicField, ...] = Field(description="told beside the number")
    delay_days: int = Field(description="how long after its period a value is told")
    least_count: int = Field(description="counts from 1 to below it are not told")
    least_period: Period | None = Field(description="shorter ones, and such not over, are not told")
    decimals: int | None = Field(description="of numbers; null: not rounded")


class LeitsatzView(BaseModel):
    """A guiding principle of the city's strategy."""

    leitsatz: str
    title: Mapping[str, str]


class ReferenceNoteView(BaseModel):
    """How an indicator compares with one of another framework."""

    fit: Literal["same", "related"]
    de: str
    en: str


class IndicatorView(BaseModel):
    """One indicator of the framework."""

    indicator_id: str
    mehrwert: str
    title: Mapping[str, str]
    measured: str = Field(description="the framework's own words")
    unit: str
    whole: bool = Field(description="values are whole numbers; a survey's count persons")
    direction: Direction
    source: Source
    formula: str | None
    period: Period
    baseline: AimView | None
    target: AimView | None
    method: str
    owner: str
    groups: tuple[str, ...]
    parts: Parts | None = Field(
        description="what numbers of groups are: part or all of a count, or percent"
    )
    parts_unit: str = Field(description="what groups are told in")
    share_of: tuple[str, ...] = Field(description="groups in percent that the value is made of")
    mean_groups: tuple[str, ...] = Field(description="groups that a survey may tell means of")
    group_titles: Mapping[str, Mapping[str, str]] = Field(description="what groups are called")
    least_group: int
    publication: PublicationView
    fields: tuple[str, ...] = Field(description="Handlungsfelder")
    field_titles: Mapping[str, Mapping[str, str]] = Field(description="what they are called")
    leitsaetze: list[LeitsatzView] = Field(description="guiding principles that it serves")
    extension: bool = Field(description="not of the framework, added by the city")
    references: Mapping[str, str] = Field(description="ids in frameworks of others")
    reference_notes: Mapping[str, ReferenceNoteView] = Field(
        description="how close those are, where the city said so"
    )
    version: int


class ReasonView(BaseModel):
    """Why there is no value."""

    code: Reason
    de: str
    en: str


class GroupMeanView(BaseModel):
    """What a group says on the mean, and how many persons of it were asked."""

    mean: float
    persons: int


class ValueView(BaseModel):
    """A value that holds, or that there is none, with the reason."""

    value_id: int | None = Field(description="null: computed")
    period: Period
    period_start: date
    name: str = Field(description="the period as people write it, such as 2026-Q4")
    value: float | None = Field(description="null: no value, see reason")
    reason: ReasonView | None
    parts: Mapping[str, int] | None
    hidden_parts: tuple[str, ...] = Field(
        description="groups left out of the parts since too few are in them"
    )
    means: Mapping[str, GroupMeanView] | None = Field(
        description="what groups of a survey say on the mean"
    )
    hidden_means: tuple[str, ...] = Field(
        description="groups left out of the means since too few are in them"
    )
    evenness: float | None = Field(
        description="how evenly it is spread over its groups, 0 to 1 (Shannon, Pielou)"
    )
    group_size: int | None
    completeness: float | None = Field(description="null: not computed from data")
    source: str | None = Field(description="null: not public, as are the next three")
    source_date: date | None
    evidence: str | None
    author_role: str | None
    computed_at: datetime = Field(description="when it was computed, or approved")
    unit: str = Field(description="of the version that the value is of")
    formula_version: int = Field(description="of the formula; of entered values the indicator's")
    in_force: bool = Field(
        description="that version is in force; values of others are not comparable with it"
    )
    cause: str
    numerator: float | None = Field(
        description="null: entered, as are the next five, or told rounded only"
    )
    denominator: float | None
    confidence: Confidence | None = Field(
        description="high from 95 % of the data, medium from 80 %, else low"
    )
    lowest: float | None = Field(description="the least it could be, whatever the missing data are")
    highest: float | None
    note: Mapping[str, str] | None = Field(description="how complete it is, in words")
    provisional: bool = Field(
        description="the period is not over, or the value or its source is of before its end and nobody confirmed it"
    )
    unconfirmed: bool = Field(description="the latter: the period is over")
    simulated: bool


class ProposalView(BaseModel):
    """A value with who entered it and what became of it."""

    value_id: int
    indicator_id: str
    period: Period
    period_start: date
    value: float
    parts: Mapping[str, int] | None
    means: Mapping[str, GroupMeanView] | None
    group_size: int | None
    source: str
    source_date: date
    evidence: str | None
    author_role: str
    cause: str
    author: str
    proposed_at: datetime
    state: State
    withdrawn: bool = Field(description="rejected by who entered it")
    so_far: bool = Field(
        description="it or its source is of before the period's end: not of the whole period until confirmed"
    )
    decided_by: str | None
    decided_role: str | None
    decided_at: datetime | None
    decision_note: str | None
    file_id: int | None = Field(description="of the file it came with; null: entered one by one")
    file_line: int | None


def indicator_view(indicator: Indicator) -> IndicatorView:
    """Return an indicator as it is answered."""
    return IndicatorView(
        indicator_id=indicator.indicator_id,
        mehrwert=indicator.mehrwert,
        title=indicator.title,
        measured=indicator.measured,
        unit=indicator.unit,
        whole=indicator.whole,
        direction=indicator.direction,
        source=indicator.source,
        formula=indicator.formula,
        period=indicator.period,
        baseline=_aim(indicator.baseline),
        target=_aim(indicator.target),
        method=indicator.method,
        owner=indicator.owner,
        groups=indicator.groups,
        parts=indicator.parts,
        parts_unit=indicator.parts_unit,
        share_of=indicator.share_of,
        mean_groups=indicator.mean_groups,
        group_titles=indicator.group_titles,
        least_group=indicator.least_group,
        publication=_policy(indicator.publication),
        fields=indicator.fields,
        field_titles=indicator.field_titles,
        leitsaetze=[
            LeitsatzView(leitsatz=each.leitsatz, title=each.title) for each in indicator.leitsaetze
        ],
        extension=indicator.extension,
        references=indicator.references,
        reference_notes={
            name: ReferenceNoteView.model_validate(note)
            for name, note in indicator.reference_notes.items()
        },
        version=indicator.version,
    )


def _policy(policy: Publication) -> PublicationView:
    return PublicationView(
        fields=policy.fields,
        delay_days=policy.delay_days,
        least_count=policy.least_count,
        least_period=policy.least_period,
        decimals=policy.decimals,
    )


def _aim(aim: Aim | None) -> AimView | None:
    return None if aim is None else AimView(**aim._asdict())


_NOT_COMPUTED: Mapping[str, Any] = dict.fromkeys(
    ("numerator", "denominator", "confidence", "lowest", "highest", "note")
)


def value_view(
    indicator: Indicator,
    stored: StoredValue,
    meaning: Meaning,
    *,
    sees_all: bool,
    horizon: Horizon,
) -> ValueView:
    """Return an entered value that holds; to everybody what the indicator's policy allows."""
    policy = indicator.publication
    told = ALL_FIELDS if sees_all else policy.fields
    total = indicator.total_of_parts(stored.value, stored.group_size)
    parts = stored.parts if sees_all else policy.parts(stored.parts, total)
    means = stored.means if sees_all else policy.means(stored.means, stored.group_size)
    hidden = not sees_all and policy.is_small(stored.value, whole=indicator.whole)
    has_source = PublicField.SOURCE in told
    return ValueView(
        value_id=stored.value_id,
        period=stored.period,
        period_start=stored.period_start,
        name=name_of(stored.period, stored.period_start),
        value=None if hidden else stored.value,
        reason=reason_view(Reason.SMALL_COUNT) if hidden else None,
        parts=None if hidden else indicator.by_group(parts),
        hidden_parts=() if sees_all or hidden else indicator.hidden_groups(stored.parts, total),
        means=None if hidden else means_view(indicator.by_group(means)),
        hidden_means=()
        if sees_all or hidden
        else indicator.hidden_groups(persons_of(stored.means), stored.group_size),
        evenness=None if hidden else _evenness(indicator, stored.parts, parts),
        group_size=None if hidden else stored.group_size,
        completeness=stored.completeness,
        source=stored.source if has_source else None,
        source_date=stored.source_date if has_source else None,
        evidence=stored.evidence if PublicField.EVIDENCE in told else None,
        author_role=stored.author_role if has_source else None,
        computed_at=stored.decided_at or stored.proposed_at,
        unit=meaning.unit,
        formula_version=stored.indicator_version,
        in_force=meaning.in_force,
        cause=stored.cause,
        **_NOT_COMPUTED,
        provisional=horizon.is_running(stored),
        unconfirmed=horizon.is_unconfirmed(stored),
        simulated=stored.is_made_up,
    )


def means_view(means: Means | None) -> dict[str, GroupMeanView] | None:
    """Return the means of groups as they are answered."""
    if means is None:
        return None
    return {group: GroupMeanView(**each._asdict()) for group, each in means.items()}


def _evenness(
    indicator: Indicator, parts: Mapping[str, int] | None, told: Mapping[str, int] | None
) -> float | None:
    """Return the evenness of the parts, where all of them are told."""
    return None if indicator.group_scores else told_evenness(parts, told, indicator.groups)


def computed_view(
    indicator: Indicator, computed: ComputedValue, meaning: Meaning, *, sees_all: bool
) -> ValueView:
    """Return a computed value that holds; to everybody what the indicator's policy allows."""
    policy = indicator.publication
    hidden = not sees_all and policy.is_small(computed.value, whole=indicator.whole)
    has_sums = sees_all or policy.tells_sums
    return ValueView(
        value_id=None,
        period=computed.period,
        period_start=computed.period_start,
        name=name_of(computed.period, computed.period_start),
        value=None if hidden else computed.value,
        reason=reason_view(Reason.SMALL_COUNT if hidden else computed.reason),
        parts=None,
        hidden_parts=(),
        means=None,
        hidden_means=(),
        evenness=None,
        group_size=None,
        completeness=computed.completeness,
        source=f"formula {computed.formula_id}",
        source_date=computed.computed_at.date(),
        evidence=None,
        author_role="computed",
        computed_at=computed.computed_at,
        unit=meaning.unit,
        formula_version=computed.formula_version,
        in_force=meaning.in_force,
        cause=cause_words(computed.cause)["en"],
        numerator=computed.numerator if has_sums and not hidden else None,
        denominator=computed.denominator if has_sums else None,
        confidence=computed.confidence,
        lowest=None if hidden else computed.lowest,
        highest=None if hidden else computed.highest,
        note=completeness_words(computed.completeness),
        provisional=computed.provisional,
        unconfirmed=False,
        simulated=computed.simulated,
    )


def reason_view(reason: Reason | None) -> ReasonView | None:
    """Return why there is no value; none where there is one."""
    return None if reason is None else ReasonView(code=reason, **reason_words(reason))


def proposal_view(stored: StoredValue, filed: FromFile | None = None) -> ProposalView:
    """Return a value with its history, and which line of which file said it."""
    kept = ProposalView.model_fields.keys() & StoredValue.__dataclass_fields__.keys()
    return ProposalView(
        **{name: getattr(stored, name) for name in kept - {"means"}},
        means=means_view(stored.means),
        withdrawn=stored.is_withdrawn,
        file_id=None if filed is None else filed.file_id,
        file_line=None if filed is None else filed.line,
    )
