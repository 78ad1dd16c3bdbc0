# SPDX-License-Identifier: EUPL-1.2
"""Which periods of an indicator can be chosen, of all lengths that it has, and its course in the chosen one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kpi_aggregator.domain.framework import Indicator, Source
from kpi_aggregator.domain.outcome import Reason
from kpi_aggregator.domain.periods import Period, name_of, read_period
from kpi_aggregator.domain.scorecard import Known
from kpi_aggregator.standings import Horizon, Stood
from kpi_aggregator.storage.computed import ComputedValue

MOST_POINTS = 25
"""Of each length, the newest ones."""


class Listed(NamedTuple):
    """A period that can be chosen: why it has no value, and whether it is not over yet, or its value is so far."""

    name: str
    reason: Reason | None = None
    running: bool = False
    unconfirmed: bool = False


def listed_of(
    indicator: Indicator, stood: Stood, held: Sequence[ComputedValue], horizon: Horizon
) -> list[Listed]:
    """Return the newest periods of each length that anything is told of, newest first."""
    if indicator.source is not Source.FORMULA:
        entered = [
            Listed(
                name_of(each.period, each.period_start),
                running=each.provisional,
                unconfirmed=each.unconfirmed,
            )
            for each in stood.known
        ]
        return entered[::-1][:MOST_POINTS]
    return [
        Listed(
            name_of(each.period, each.period_start),
            each.reason if horizon.tells(indicator, each) else Reason.SMALL_COUNT,
            each.provisional,
        )
        for length in Period
        for each in _newest(held, length)[::-1]
    ]


def course_of(
    indicator: Indicator,
    stood: Stood,
    held: Sequence[ComputedValue],
    chosen: str | None,
    horizon: Horizon,
) -> tuple[Known, ...]:
    """Return the newest values of the chosen length that are of whole periods, oldest first."""
    length = indicator.period if chosen is None else read_period(chosen)[0]
    if indicator.source is not Source.FORMULA or length is indicator.period:
        whole = tuple(each for each in stood.known if not each.provisional)
        return whole[-MOST_POINTS:] if length is indicator.period else ()
    told = [
        horizon.seen(indicator, each)
        for each in held
        if each.period is length and not each.provisional and horizon.tells(indicator, each)
    ]
    known = [
        Known(
            *(each.period, each.period_start, each.value, each.completeness, each.cause),
            each.simulated,
        )
        for each in told
        if each.value is not None
    ]
    return tuple(known[-MOST_POINTS:])


def _newest(held: Iterable[ComputedValue], length: Period) -> list[ComputedValue]:
    same = sorted(
        (each for each in held if each.period is length), key=lambda each: each.period_start
    )
    return same[-MOST_POINTS:]
