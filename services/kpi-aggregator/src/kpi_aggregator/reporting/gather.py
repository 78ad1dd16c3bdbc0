# SPDX-License-Identifier: EUPL-1.2
"""Gathers a report's document from what was known at a time; the same time gives the same document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from kpi_aggregator.domain.causes import cause_words, reason_words, said_words
from kpi_aggregator.domain.diversity import evenness
from kpi_aggregator.domain.formula_words import words
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.periods import end_of, name_of
from kpi_aggregator.domain.publication import Field as PublicField
from kpi_aggregator.domain.report import ReportDefinition
from kpi_aggregator.domain.scorecard import RULE, Known, expected_at
from kpi_aggregator.domain.spans import Span, read_span
from kpi_aggregator.reporting.document import (
    WRITING,
    Chapter,
    GroupMeanPart,
    GroupPart,
    LastReport,
    Line,
    MeasureLine,
    Point,
    Reason,
    ReportDocument,
    Since,
    ToldValue,
)
from kpi_aggregator.reporting.held_against import corrections, since, told_value
from kpi_aggregator.reporting.redefined import NOTHING, Past, redefined
from kpi_aggregator.reporting.words import number
from kpi_aggregator.standings import Horizon, Stood, read_standings
from kpi_aggregator.storage import framework, measures, reports
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.framework import City, Framework
from kpi_aggregator.storage.measures import Measure
from kpi_aggregator.storage.values import StoredValue

MOST_POINTS = 13
MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class _Around:
    """What all lines of a report share."""

    horizon: Horizon
    held: Framework
    stood: Mapping[str, Stood]
    then: Past
    edition_before: Past | None
    measures: Mapping[str, Sequence[Measure]]


async def gather(
    connection: Any,
    definition: ReportDefinition,
    span: Span,
    known_at: datetime,
    *,
    kept: ReportDocument | None = None,
    edition: int | None = None,
) -> ReportDocument:
    """Return what a report on a stretch says by what was known before `known_at`.

    `edition` is the number of one that is to be archived. `kept` is given where an archived report
    is made again: which report was the last one and which measures there were are another's, or not
    known of former times.
    """
    known_at = known_at.astimezone(UTC)
    last = kept.compared if kept else await _last_report(connection, definition, span, known_at)
    before = kept.corrects if kept else await _edition_before(connection, definition, span, edition)
    held = await framework.at(connection, known_at)
    covered = [each for each in held.indicators if definition.covers(each)]
    city = await _city(connection, held, kept)
    public_on = known_at.astimezone(ZoneInfo(city.timezone)).date() if definition.public else None
    horizon = Horizon(known_at, ended=span.end, public_on=public_on)
    around = _Around(
        horizon,
        held,
        await read_standings(connection, covered, horizon),
        await _then(connection, definition, last, (public_on, held)),
        None if before is None else await _then(connection, definition, before, (public_on, held)),
        _measures(kept) if kept else await measures.by_indicator(connection),
    )
    return ReportDocument(
        **_declared(definition, span),
        city_name=city.name,
        timezone=city.timezone,
        known_at=known_at,
        framework_version=held.number,
        traffic_light=RULE["de"],
        compared=last,
        chapters=tuple(_chapters(around, covered)),
        redefined=tuple(redefined(around.then, _by_id(covered), _by_id(held.indicators))),
        edition=kept.edition if kept else edition,
        corrects=before,
        writing=WRITING,
    )


def _declared(definition: ReportDefinition, span: Span) -> dict[str, Any]:
    """Return what a report says of itself, and of the stretch that it is about."""
    return {
        "report_id": definition.report_id,
        "report_version": definition.version,
        "title": definition.title["de"],
        "recipient": definition.recipient["de"],
        "occasion": definition.occasion,
        "office": definition.office,
        "every": definition.every,
        "public": definition.public,
        "reference": definition.reference,
        "period": span.name,
        "begin": span.begin,
        "last_day": span.last,
    }


async def _city(connection: Any, held: Framework, kept: ReportDocument | None) -> City:
    """Return what the city was called then; versions of the framework that do not say it are old."""
    if held.city is not None:
        return held.city
    if kept is not None:
        return City(kept.city_name, kept.timezone)
    return City(await framework.city_name(connection), await framework.timezone(connection))


def _measures(kept: ReportDocument) -> Mapping[str, list[Measure]]:
    return {
        line.indicator_id: [
            Measure(each.measure_id, each.title, each.state) for each in line.measures
        ]
        for line in kept.lines
    }


async def _last_report(
    connection: Any, definition: ReportDefinition, span: Span, known_at: datetime
) -> LastReport:
    """Return the report made before, else the one that would have been due on the stretch before."""
    found = await reports.last_before(connection, definition.report_id, span, known_at)
    if found is not None:
        return _last(found.span, found.known_at, found.number)
    zone = ZoneInfo(await framework.timezone(connection))
    due = definition.due(span.before)
    would_be = min(datetime(due.year, due.month, due.day, tzinfo=zone).astimezone(UTC), known_at)
    return _last(span.before, would_be, None)


async def _edition_before(
    connection: Any, definition: ReportDefinition, span: Span, edition: int | None
) -> LastReport | None:
    """Return the edition of the same stretch that was made before this one; none of the first."""
    if edition is None or edition == 1:
        return None
    wanted = reports.Wanted(span=span, number=edition - 1)
    (found,) = await reports.newest(connection, definition.report_id, wanted)
    return _last(found.span, found.known_at, found.number)


def _last(span: Span, known_at: datetime, number: int | None) -> LastReport:
    return LastReport(every=span.interval, period=span.name, known_at=known_at, number=number)


async def _then(
    connection: Any,
    definition: ReportDefinition,
    last: LastReport,
    told: tuple[date | None, Framework],
) -> Past:
    """Return how indicators stood in the last report, by the policies of this one."""
    public_on, now = told
    policies = {each.indicator_id: each.publication for each in now.indicators}
    held = await framework.at(connection, last.known_at)
    if held.applied_at is None or held.applied_at > last.known_at:
        return NOTHING
    covered = [
        replace(each, publication=policies.get(each.indicator_id, each.publication))
        for each in held.indicators
        if definition.covers(each)
    ]
    ended = read_span(last.every, last.period).end
    horizon = Horizon(last.known_at, ended=ended, public_on=public_on)
    stood = await read_standings(connection, covered, horizon)
    return Past(_by_id(covered), stood, frozenset(_by_id(held.indicators)))


def _by_id(indicators: Sequence[Indicator]) -> dict[str, Indicator]:
    return {each.indicator_id: each for each in indicators}


def _chapters(around: _Around, covered: Sequence[Indicator]) -> list[Chapter]:
    found = []
    for mehrwert in around.held.mehrwerte:
        lines = tuple(_line(around, each) for each in covered if each.mehrwert == mehrwert.mehrwert)
        if lines:
            found.append(
                Chapter(
                    mehrwert=mehrwert.mehrwert,
                    title=mehrwert.title["de"],
                    description=mehrwert.description,
                    lines=lines,
                )
            )
    return found


def _line(around: _Around, indicator: Indicator) -> Line:
    stood = around.stood[indicator.indicator_id]
    now, before = stood.standing, around.then.stood.get(indicator.indicator_id)
    formula = next((f for f in around.held.formulas if f.formula_id == indicator.formula), None)
    return Line(
        indicator_id=indicator.indicator_id,
        title=indicator.title["de"],
        unit=indicator.unit,
        whole=indicator.whole,
        direction=indicator.direction,
        measured=indicator.measured,
        method=indicator.method,
        formula=None if formula is None else words(formula)["de"],
        source=indicator.source,
        origin=_origin(around, indicator, stood.newest),
        owner=indicator.owner,
        extension=indicator.extension,
        version=indicator.version,
        references=dict(indicator.references),
        baseline=indicator.baseline and (indicator.baseline.value, indicator.baseline.at),
        target=indicator.target and (indicator.target.value, indicator.target.at),
        demo_aims=indicator.has_demo_aims,
        baseline_source=indicator.baseline and indicator.baseline.source,
        value=_told_with_groups(indicator, now.value),
        confidence=stood.newest.confidence if isinstance(stood.newest, ComputedValue) else None,
        trend=now.trend,
        expected=now.expected,
        light=now.light,
        rule=now.rule["de"],
        missing=_missing(indicator, stood),
        since=since(indicator, before, stood),
        corrections=corrections(indicator, before, stood, MOST_POINTS),
        corrects=_corrects(around, stood, indicator),
        reasons=_reasons(stood),
        points=tuple(_point(indicator, each) for each in _whole(stood.known)[-MOST_POINTS:]),
        measures=tuple(
            MeasureLine(measure_id=each.measure_id, title=each.title, state=each.state)
            for each in around.measures.get(indicator.indicator_id, ())
        ),
    )


def _missing(indicator: Indicator, stood: Stood) -> str | None:
    """Return why the newest period has no value, with the one that was entered and not confirmed."""
    if stood.missing is None:
        return None
    said, entered = reason_words(stood.missing)["de"], stood.to_confirm
    return f"{said}: {number(entered.value, whole=indicator.whole)}" if entered else said


def _origin(
    around: _Around, indicator: Indicator, newest: StoredValue | ComputedValue | None
) -> str | None:
    """Return where an entered value comes from; of a computed one the formula says it."""
    fields = indicator.publication.fields
    is_told = around.horizon.public_on is None or PublicField.SOURCE in fields
    if not isinstance(newest, StoredValue) or not is_told:
        return None
    return (
        f"{newest.source} ({newest.source_date:%d.%m.%Y}, {said_words(newest.author_role)['de']})"
    )


def _told_with_groups(indicator: Indicator, known: Known | None) -> ToldValue | None:
    """Return a value with how it is spread over groups, and what groups say on the mean."""
    told = told_value(known)
    if told is None or known is None:
        return told
    said = known.means or {}
    means = tuple(
        GroupMeanPart(group=each, title=indicator.group_title(each, "de"), **said[each]._asdict())
        for each in indicator.mean_groups
        if each in said
    )
    hidden = tuple(indicator.group_title(each, "de") for each in known.hidden_means)
    told = told.model_copy(update={"means": means, "hidden_means": hidden})
    return _with_parts(indicator, known, told) if known.parts or known.hidden else told


def _with_parts(indicator: Indicator, known: Known, told: ToldValue) -> ToldValue:
    told_parts = known.parts or {}
    parts = tuple(
        GroupPart(group=each, title=indicator.group_title(each, "de"), number=told_parts[each])
        for each in indicator.groups
        if each in told_parts
    )
    has_spread = known.all_parts and not indicator.group_scores
    spread = evenness(known.parts, indicator.groups) if has_spread else None
    hidden = tuple(indicator.group_title(each, "de") for each in known.hidden)
    unit = indicator.parts_unit
    return told.model_copy(
        update={"parts": parts, "parts_unit": unit, "hidden": hidden, "evenness": spread}
    )


def _whole(known: Sequence[Known]) -> list[Known]:
    """Return the values of whole periods: one so far is no point of a course."""
    return [each for each in known if not each.provisional]


def _point(indicator: Indicator, known: Known) -> Point:
    return Point(
        period=name_of(known.period, known.period_start),
        begin=known.period_start,
        value=known.value,
        expected=expected_at(indicator, end_of(known.period, known.period_start)),
        completeness=known.completeness,
        simulated=known.simulated,
    )


def _corrects(around: _Around, stood: Stood, indicator: Indicator) -> Since | None:
    """Return what is different from the edition before of the same stretch, where there is one."""
    before = around.edition_before
    if before is None:
        return None
    return since(indicator, before.stood.get(indicator.indicator_id), stood)


def _reasons(stood: Stood) -> tuple[Reason, ...]:
    return tuple(
        Reason(at=each.computed_at, text=cause_words(each.cause)["de"])
        if isinstance(each, ComputedValue)
        else Reason(at=each.decided_at or each.proposed_at, text=said_words(each.cause)["de"])
        for each in stood.told[-MOST_REASONS:]
    )
