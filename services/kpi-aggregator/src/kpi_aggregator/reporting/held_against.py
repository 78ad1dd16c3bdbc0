# SPDX-License-Identifier: EUPL-1.2
"""What holds now, held against what the last report told: the change, and what was corrected since."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose

from kpi_aggregator.domain.causes import Cause, cause_words, said_words
from kpi_aggregator.domain.framework import Indicator, Source
from kpi_aggregator.domain.periods import name_of
from kpi_aggregator.domain.report import Step, Then, difference
from kpi_aggregator.domain.scorecard import Known
from kpi_aggregator.reporting.document import Correction, Since, ToldValue
from kpi_aggregator.standings import Stood


def since(indicator: Indicator, before: Stood | None, stood: Stood) -> Since:
    """Return how far an indicator moved, by what holds now of the period that was told before."""
    now = stood.standing.value
    if before is not None and _is_in_other_unit(before.standing.value, indicator):
        step = Step.NONE if now is None else Step.NEW
        return Since(step=step, by=None, period=None, value=None, light=None, renewed=True)
    told = None if before is None else _as_it_holds(_whole(before.standing.value), stood)
    then = None if before is None else Then(told, before.standing.light)
    found = difference(then, now, stood.standing.light)
    value = told_value(told)
    return Since(
        step=found.step,
        by=found.by,
        period=value and value.period,
        value=value and value.value,
        light=found.light_before,
        renewed=told is not None and now is not None and told.version != now.version,
        mixed=value is not None and now is not None and value.simulated != now.simulated,
    )


def _is_in_other_unit(told: Known | None, indicator: Indicator) -> bool:
    return told is not None and told.unit != indicator.unit


def _whole(told: Known | None) -> Known | None:
    """Return a value of a whole period; one so far is nothing to hold another one against."""
    return None if told is None or told.provisional else told


def _as_it_holds(told: Known | None, stood: Stood) -> Known | None:
    """Return what holds now of an earlier period; what is told of the same one is corrected itself."""
    now = stood.standing.value
    if told is None or now is None or _key(told) == _key(now):
        return told
    return _found(told, stood.known)


def corrections(
    indicator: Indicator, before: Stood | None, stood: Stood, at_most: int
) -> tuple[Correction, ...]:
    """Return what became of the newest values that were told before, but for the present period's."""
    if before is None:
        return ()
    now = stood.standing.value
    told = [
        each
        for each in before.known[-at_most:]
        if each.period is indicator.period
        and not each.provisional
        and not _is_in_other_unit(each, indicator)
    ]
    found = [
        (each, _found(each, stood.known)) for each in told if now is None or _key(each) != _key(now)
    ]
    return tuple(
        Correction(
            period=name_of(each.period, each.period_start),
            before=each.value,
            value=None if holds is None else holds.value,
            cause="" if holds is None else _cause(indicator, holds),
        )
        for each, holds in found
        if holds is None or not isclose(each.value, holds.value, rel_tol=1e-9)
    )


def _cause(indicator: Indicator, known: Known) -> str:
    is_computed = indicator.source is Source.FORMULA
    return (cause_words(Cause(known.cause)) if is_computed else said_words(known.cause))["de"]


def _found(wanted: Known, known: Sequence[Known]) -> Known | None:
    return next((each for each in known if _key(each) == _key(wanted)), None)


def _key(known: Known) -> tuple[object, ...]:
    return known.period, known.period_start


def told_value(known: Known | None) -> ToldValue | None:
    """Return a value as a report tells it, without its groups."""
    if known is None:
        return None
    return ToldValue(
        period=name_of(known.period, known.period_start),
        value=known.value,
        completeness=known.completeness,
        simulated=known.simulated,
        so_far=known.provisional,
    )
