# SPDX-License-Identifier: EUPL-1.2
"""What holds now, held against what the last report told: the change, and what was corrected since."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from typing import TypeVar

from kpi_aggregator.domain.causes import Cause, cause_words, reason_words, said_words
from kpi_aggregator.domain.framework import Indicator, Source
from kpi_aggregator.domain.periods import name_of
from kpi_aggregator.domain.report import Step, Then, difference
from kpi_aggregator.domain.scorecard import Known, Light, Valueless
from kpi_aggregator.reporting.document import Correction, Since, ToldValue
from kpi_aggregator.standings import Stood

Found = TypeVar("Found", Known, Valueless)


def since(indicator: Indicator, before: Stood | None, stood: Stood) -> Since:
    """Return how far an indicator moved, by what holds now of the period that was told before."""
    now = stood.standing.value
    if before is not None and _is_in_other_unit(before.standing.value, indicator):
        step = Step.NONE if now is None else Step.NEW
        return Since(step=step, by=None, period=None, value=None, light=None, renewed=True)
    whole = None if before is None else _whole(before.standing.value)
    told = _as_it_holds(whole, stood)
    light = None if before is None else before.standing.light
    if whole is not None and now is not None and told is None:
        return _lost(whole, light if light is not stood.standing.light else None)
    then = None if light is None else Then(told, light)
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


def _lost(told: Known, light: Light | None) -> Since:
    """Return that what was told does not hold any more, so that there is nothing to hold another value against."""
    period = name_of(told.period, told.period_start)
    return Since(step=Step.LOST, by=None, period=period, value=None, light=light)


def _whole(told: Known | None) -> Known | None:
    """Return a value of a whole period; one so far is nothing to hold another one against."""
    return None if told is None or told.provisional else told


def _as_it_holds(told: Known | None, stood: Stood) -> Known | None:
    """Return what holds now of the whole of an earlier period; what is told of the same one is corrected itself."""
    now = stood.standing.value
    if told is None or now is None or _is_of(told, now):
        return told
    return _whole(_found(told, stood.known))


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
    earlier = [each for each in told if now is None or not _is_of(each, now)]
    found = [(each, _found(each, stood.known)) for each in earlier]
    return tuple(
        _withdrawn(indicator, each, _found(each, stood.valueless))
        if holds is None
        else _corrected(indicator, each, holds)
        for each, holds in found
        if holds is None or not _is_as_told(each, holds)
    )


def _is_as_told(told: Known, holds: Known) -> bool:
    is_same = isclose(told.value, holds.value, rel_tol=1e-9)
    return is_same and told.simulated == holds.simulated and not holds.provisional


def _corrected(indicator: Indicator, told: Known, holds: Known) -> Correction:
    return Correction(
        period=name_of(told.period, told.period_start),
        before=told.value,
        value=holds.value,
        cause=_cause(indicator, holds.cause),
        so_far=holds.provisional,
        simulated_before=told.simulated,
        simulated=holds.simulated,
    )


def _withdrawn(indicator: Indicator, told: Known, without: Valueless | None) -> Correction:
    """Return that no value holds, with the reason where there is a record of the period."""
    reason = None if without is None else without.reason
    return Correction(
        period=name_of(told.period, told.period_start),
        before=told.value,
        value=None,
        cause="" if without is None else _cause(indicator, without.cause),
        reason="" if reason is None else reason_words(reason)["de"],
        simulated_before=told.simulated,
    )


def _cause(indicator: Indicator, cause: str) -> str:
    is_computed = indicator.source is Source.FORMULA
    return (cause_words(Cause(cause)) if is_computed else said_words(cause))["de"]


def _found(wanted: Known, among: Sequence[Found]) -> Found | None:
    return next((each for each in among if _key(each) == _key(wanted)), None)


def _is_of(told: Known, now: Known) -> bool:
    """Tell whether what is told now is of the whole of the period that was told."""
    return _key(told) == _key(now) and not now.provisional


def _key(known: Known | Valueless) -> tuple[object, ...]:
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
