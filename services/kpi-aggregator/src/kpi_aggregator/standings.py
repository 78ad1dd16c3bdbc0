# SPDX-License-Identifier: EUPL-1.2
"""How indicators stand by what was known at a time: for the scorecard, its page, and reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from kpi_aggregator.domain.framework import Indicator, Source
from kpi_aggregator.domain.means import Means, persons_of
from kpi_aggregator.domain.outcome import Reason
from kpi_aggregator.domain.periods import end_of, start_before, start_of
from kpi_aggregator.domain.scorecard import Known, Standing, Valueless, standing
from kpi_aggregator.storage import computed, values
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.meanings import Meanings, meanings
from kpi_aggregator.storage.values import StoredValue

Found = TypeVar("Found", StoredValue, ComputedValue)


@dataclass(frozen=True, slots=True)
class Stood:
    """How an indicator stood; `known` are its values in the order of time.

    `told` is all that was ever told of the newest value's period, oldest first; `missing` why the
    newest period that is over has no value; `valueless` are all periods that have none, with theirs.
    """

    standing: Standing
    known: tuple[Known, ...]
    told: tuple[StoredValue | ComputedValue, ...]
    missing: Reason | None
    newest: StoredValue | ComputedValue | None
    valueless: tuple[Valueless, ...] = ()

    @property
    def to_confirm(self) -> Known | None:
        """Return what was entered of the newest period that is over, where that is a value so far."""
        if self.missing is not Reason.NOT_CONFIRMED:
            return None
        return next((each for each in reversed(self.known) if each.unconfirmed), None)


@dataclass(frozen=True, slots=True)
class Horizon:
    """What was known before `known_at`, of periods that began by `began` and ended by `ended`.

    Periods that end after the day `on` go on. With `public_on` it is what everybody is told on that day, by the policy of each indicator.
    """

    known_at: datetime
    began: date = date.max
    ended: date = date.max
    on: date = date.max
    public_on: date | None = None
    is_past: bool = False

    def knows(self, found: StoredValue) -> bool:
        """Tell whether a value was approved by then."""
        return found.decided_at is not None and found.decided_at < self.known_at

    def holds(self, indicator: Indicator, found: StoredValue | ComputedValue) -> bool:
        """Tell whether a value's period lies within, and is public where only such ones are asked for."""
        end = end_of(found.period, found.period_start)
        within = found.period_start <= self.began and end <= self.ended
        if self.public_on is None:
            return within
        policy = indicator.publication
        withheld = policy.withholds(found.period, provisional=self.is_running(found))
        return within and not withheld and not policy.holds_back(end, self.public_on)

    def is_running(self, found: StoredValue | ComputedValue) -> bool:
        """Tell whether a value is not of its whole period: of a computed one by the days that are counted."""
        if isinstance(found, ComputedValue):
            return found.provisional
        return found.so_far or end_of(found.period, found.period_start) > self.on

    def is_unconfirmed(self, found: StoredValue) -> bool:
        """Tell whether a value is one so far of a period that is over."""
        return found.so_far and end_of(found.period, found.period_start) <= self.on

    def seen(self, indicator: Indicator, found: Found) -> Found:
        """Return a value as who is asked for may see it."""
        if self.public_on is None:
            return found
        return as_told(indicator, found)

    def tells(self, indicator: Indicator, found: StoredValue | ComputedValue) -> bool:
        """Tell whether a value lies within, and is none of too few for who is asked for."""
        policy = indicator.publication
        hidden = self.public_on is not None and policy.is_small(found.value, whole=indicator.whole)
        return self.holds(indicator, found) and not hidden


def as_told(indicator: Indicator, found: Found) -> Found:
    """Return a value as everybody is told it: rounded, and then without what tells it exactly."""
    policy = indicator.publication
    value = policy.rounded(found.value)
    if isinstance(found, StoredValue):
        return replace(found, value=found.value if value is None else value)
    if policy.tells_sums:
        return replace(found, value=value)
    return replace(found, value=value, lowest=None, highest=None, days=())


async def read_standings(
    connection: Any, indicators: Sequence[Indicator], horizon: Horizon
) -> dict[str, Stood]:
    """Return how indicators stood."""
    by_id = {each.indicator_id: each for each in indicators}
    ids = list(by_id)
    meant = await meanings(connection)
    approved: defaultdict[str, list[StoredValue]] = defaultdict(list)
    for each in await values.approved(connection, ids, known_at=horizon.known_at):
        indicator = by_id[each.indicator_id]
        if horizon.holds(indicator, each) and meant.is_in_unit(indicator, each):
            approved[each.indicator_id].append(horizon.seen(indicator, each))
    known: defaultdict[str, list[ComputedValue]] = defaultdict(list)
    for found in await computed.holding(connection, ids, known_at=horizon.known_at):
        indicator = by_id[found.indicator_id]
        is_told = horizon.holds(indicator, found) and not found.provisional
        if is_told and meant.is_in_unit(indicator, found):
            known[found.indicator_id].append(horizon.seen(indicator, found))
    return {
        each.indicator_id: await _computed(
            connection, each, known[each.indicator_id], meant, horizon
        )
        if each.source is Source.FORMULA
        else _entered(each, approved[each.indicator_id], horizon)
        for each in indicators
    }


def _entered(indicator: Indicator, approved: Sequence[StoredValue], horizon: Horizon) -> Stood:
    """Return how an indicator stands by all its approved values, in the order of approval."""
    same = [each for each in approved if each.period is indicator.period]
    holding = sorted({each.period_start: each for each in same}.values(), key=_begin)
    missing = _missing(indicator, holding, horizon)
    small = [each for each in holding if _is_small(indicator, each, horizon)]
    holding = [each for each in holding if not _is_small(indicator, each, horizon)]
    known = tuple(
        Known(
            *(each.period, each.period_start, each.value, each.completeness, each.cause),
            simulated=each.is_made_up,
            parts=_parts(indicator, each, horizon),
            provisional=horizon.is_running(each),
            unconfirmed=horizon.is_unconfirmed(each),
            version=each.indicator_version,
            unit=indicator.unit,
            all_parts=_parts(indicator, each, horizon) == each.parts,
            hidden=_hidden(indicator, each.parts, _total(indicator, each), horizon),
            means=_means(indicator, each, horizon),
            hidden_means=_hidden(indicator, persons_of(each.means), each.group_size, horizon),
        )
        for each in holding
    )
    found = standing(indicator, known)
    begin = None if found.value is None else found.value.period_start
    newest = next((each for each in holding if each.period_start == begin), None)
    told = tuple(
        each
        for each in same
        if newest
        and each.period_start == newest.period_start
        and not _is_small(indicator, each, horizon)
    )
    return Stood(found, known, told, missing, newest, tuple(map(_valueless, small)))


def _missing(
    indicator: Indicator, holding: Sequence[StoredValue], horizon: Horizon
) -> Reason | None:
    """Return why the newest period that is over and may be told has no value."""
    due = newest_over(indicator, horizon)
    found = next((each for each in holding if each.period_start == due), None)
    if due is None:
        return None
    if found is None:
        return Reason.NOT_ENTERED
    if _is_small(indicator, found, horizon):
        return Reason.SMALL_COUNT
    return Reason.NOT_CONFIRMED if found.so_far else None


def newest_over(indicator: Indicator, horizon: Horizon) -> date | None:
    """Return when that period began; none where none of its length is told to who is asked for."""
    length, policy = indicator.period, indicator.publication
    # Where `on` is not said: a day of a city is at most one after that of UTC.
    today = min(horizon.on, horizon.ended, horizon.known_at.date() + timedelta(days=1))
    start = start_before(length, start_of(length, today))
    if horizon.public_on is None:
        return start
    if policy.withholds(length, provisional=False):
        return None
    while policy.holds_back(end_of(length, start), horizon.public_on):
        start = start_before(length, start)
    return start


def _is_small(indicator: Indicator, found: StoredValue | ComputedValue, horizon: Horizon) -> bool:
    """Tell whether a number is too small for everybody."""
    return horizon.holds(indicator, found) and not horizon.tells(indicator, found)


def _valueless(found: StoredValue | ComputedValue) -> Valueless:
    """Return a period without a value; one that has a number has too small a one."""
    reason = Reason.SMALL_COUNT if found.value is not None else found.reason
    return Valueless(found.period, found.period_start, reason, found.cause)


def _total(indicator: Indicator, found: StoredValue) -> float | None:
    return indicator.total_of_parts(found.value, found.group_size)


def _hidden(
    indicator: Indicator, groups: Mapping[str, int] | None, total: float | None, horizon: Horizon
) -> tuple[str, ...]:
    """Return the groups that are too small to be told to who is asked for."""
    return () if horizon.public_on is None else indicator.hidden_groups(groups, total)


def _means(indicator: Indicator, found: StoredValue, horizon: Horizon) -> Means | None:
    if horizon.public_on is None:
        return found.means
    return indicator.publication.means(found.means, found.group_size)


def _parts(indicator: Indicator, found: StoredValue, horizon: Horizon) -> Mapping[str, int] | None:
    if horizon.public_on is None:
        return found.parts
    return indicator.publication.parts(found.parts, _total(indicator, found))


def _begin(found: StoredValue | ComputedValue) -> date:
    return found.period_start


def _why(indicator: Indicator, over: Sequence[ComputedValue], horizon: Horizon) -> Reason | None:
    """Return why the newest period that is over has no value: it may not be computed yet."""
    due = newest_over(indicator, horizon)
    if over and due is not None and over[-1].period_start < due:
        return Reason.NOT_COMPUTED
    return over[-1].reason if over else None


async def _computed(
    connection: Any,
    indicator: Indicator,
    found: Sequence[ComputedValue],
    meant: Meanings,
    horizon: Horizon,
) -> Stood:
    over = sorted((each for each in found if each.period is indicator.period), key=_begin)
    hidden = bool(over) and _is_small(indicator, over[-1], horizon)
    valued = [
        each for each in over if each.value is not None and not _is_small(indicator, each, horizon)
    ]
    known = tuple(
        Known(
            *(each.period, each.period_start, each.value, each.completeness, each.cause),
            each.simulated,
            version=each.formula_version,
            unit=indicator.unit,
        )
        for each in valued
        if each.value is not None
    )
    told = await _told(connection, indicator, valued[-1], meant, horizon) if valued else ()
    return Stood(
        standing(indicator, known),
        known,
        told,
        Reason.SMALL_COUNT if hidden else _why(indicator, over, horizon),
        valued[-1] if valued else None,
        tuple(
            _valueless(each)
            for each in over
            if each.value is None or _is_small(indicator, each, horizon)
        ),
    )


async def _told(
    connection: Any,
    indicator: Indicator,
    newest: ComputedValue,
    meant: Meanings,
    horizon: Horizon,
) -> tuple[ComputedValue, ...]:
    """Return all that was ever told of the newest value's period, oldest first."""
    history = await computed.history(
        connection,
        [indicator.indicator_id],
        indicator.period,
        start=newest.period_start,
        known_at=horizon.known_at,
    )
    return tuple(
        horizon.seen(indicator, each)
        for each in history
        if not each.provisional
        and meant.is_in_unit(indicator, each)
        and not _is_small(indicator, each, horizon)
    )
