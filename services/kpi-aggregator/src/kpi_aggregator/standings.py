"""How indicators stand by what was known at a time: for the scorecard, its page, and reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kpi_aggregator.domain.framework import Indicator, Source
from kpi_aggregator.domain.outcome import Reason
from kpi_aggregator.domain.periods import end_of
from kpi_aggregator.domain.scorecard import Known, Standing, standing
from kpi_aggregator.storage import computed, values
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.values import StoredValue


@dataclass(frozen=True, slots=True)
class Stood:
    """How an indicator stood; `known` are its values in the order of time.

    `told` is all that was ever told of the newest value's period, oldest first; `missing` why the
    newest period that is over has no value.
    """

    standing: Standing
    known: tuple[Known, ...]
    told: tuple[StoredValue | ComputedValue, ...]
    missing: Reason | None
    newest: StoredValue | ComputedValue | None


@dataclass(frozen=True, slots=True)
class Horizon:
    """What was known before `known_at`, of periods that began by `began` and ended by `ended`."""

    known_at: datetime
    began: date = date.max
    ended: date = date.max

    def holds(self, found: StoredValue | ComputedValue) -> bool:
        """Tell whether a value's period lies within."""
        end = end_of(found.period, found.period_start)
        return found.period_start <= self.began and end <= self.ended


async def read_standings(
    connection: Any, indicators: Sequence[Indicator], horizon: Horizon
) -> dict[str, Stood]:
    """Return how indicators stood."""
    ids = [each.indicator_id for each in indicators]
    approved: defaultdict[str, list[StoredValue]] = defaultdict(list)
    for each in await values.approved(connection, ids, known_at=horizon.known_at):
        if horizon.holds(each):
            approved[each.indicator_id].append(each)
    known: defaultdict[str, list[ComputedValue]] = defaultdict(list)
    for found in await computed.holding(connection, ids, known_at=horizon.known_at):
        if horizon.holds(found) and not found.provisional:
            known[found.indicator_id].append(found)
    return {
        each.indicator_id: await _computed(connection, each, known[each.indicator_id], horizon)
        if each.source is Source.FORMULA
        else _entered(each, approved[each.indicator_id])
        for each in indicators
    }


def _entered(indicator: Indicator, approved: Sequence[StoredValue]) -> Stood:
    """Return how an indicator stands by all its approved values, in the order of approval."""
    same = [each for each in approved if each.period is indicator.period]
    holding = sorted({each.period_start: each for each in same}.values(), key=_begin)
    known = tuple(
        Known(each.period, each.period_start, each.value, each.completeness, each.cause)
        for each in holding
    )
    newest = holding[-1] if holding else None
    told = tuple(each for each in same if newest and each.period_start == newest.period_start)
    return Stood(standing(indicator, known), known, told, None, newest)


def _begin(found: StoredValue | ComputedValue) -> date:
    return found.period_start


async def _computed(
    connection: Any, indicator: Indicator, found: Sequence[ComputedValue], horizon: Horizon
) -> Stood:
    over = sorted((each for each in found if each.period is indicator.period), key=_begin)
    valued = [each for each in over if each.value is not None]
    known = tuple(
        Known(
            *(each.period, each.period_start, each.value, each.completeness, each.cause),
            each.simulated,
        )
        for each in valued
        if each.value is not None
    )
    told: tuple[ComputedValue, ...] = ()
    if valued:
        history = await computed.history(
            connection,
            [indicator.indicator_id],
            indicator.period,
            start=valued[-1].period_start,
            known_at=horizon.known_at,
        )
        told = tuple(each for each in history if not each.provisional)
    return Stood(
        standing(indicator, known),
        known,
        told,
        over[-1].reason if over else None,
        valued[-1] if valued else None,
    )
