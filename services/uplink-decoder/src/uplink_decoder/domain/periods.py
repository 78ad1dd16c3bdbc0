# SPDX-License-Identifier: EUPL-1.2
"""What a device watched from one time until another: a history without overlaps; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from uplink_decoder.domain.readings import Asset

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""A device's first assignment reaches back to here, so that uplinks stored before it count."""
FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """A device watched an asset from `valid_from` until before `valid_to`; `number` once stored."""

    asset: Asset
    valid_from: datetime
    valid_to: datetime | None = None
    number: int | None = None

    @property
    def end(self) -> datetime:
        """Return when it ends, far away for an open one."""
        return self.valid_to or FOR_EVER

    def holds(self, time: datetime) -> bool:
        """Tell whether the device watches the asset at a time."""
        return self.valid_from <= time < self.end

    def overlaps(self, other: Period) -> bool:
        """Tell whether there is a time at which both hold."""
        return self.valid_from < other.end and other.valid_from < self.end


History = tuple[Period, ...]
"""A device's periods, the newest first."""


class OverlapError(ValueError):
    """A device cannot watch two assets at one time; `others` are in the way."""

    def __init__(self, wanted: Period, others: Sequence[Period]) -> None:
        self.others = others
        named = ", ".join(describe(each) for each in others)
        super().__init__(f"{describe(wanted)} overlaps {named}")


class NotInOrderError(ValueError):
    """A period would end before it begins."""


def describe(period: Period) -> str:
    """Return a period in words: asset and times."""
    until = period.valid_to.isoformat() if period.valid_to else "open"
    asset = period.asset
    return f"{asset.kind}/{asset.asset_id} from {period.valid_from.isoformat()} until {until}"


def at(history: Iterable[Period], time: datetime) -> Period | None:
    """Return the period that holds at a time."""
    return next((each for each in history if each.holds(time)), None)


def sort(periods: Iterable[Period]) -> History:
    """Return periods as a history."""
    return tuple(sorted(periods, key=lambda each: each.valid_from, reverse=True))


def add(history: History, wanted: Period) -> History:
    """Return the history with one more period.

    Raises:
        OverlapError: another period holds at some time of it.
        NotInOrderError: it ends before it begins.

    """
    if wanted.valid_from >= wanted.end:
        raise NotInOrderError("valid_from must be before valid_to")
    others = [each for each in history if each.overlaps(wanted)]
    if others:
        raise OverlapError(wanted, others)
    return sort([*history, wanted])


def drop(history: History, number: int) -> History:
    """Return the history without one of its stored periods."""
    return tuple(each for each in history if each.number != number)


def end(history: History, time: datetime) -> History:
    """Return the history with the period that holds at a time ending then; others stay."""
    found = at(history, time)
    if found is None:
        return history
    kept = tuple(each for each in history if each is not found)
    if found.valid_from == time:
        return kept
    return sort([*kept, replace(found, valid_to=time)])


def move(
    history: History, asset: Asset | None, now: datetime, *, since: datetime | None = None
) -> History:
    """Return the history with this asset, or none, watched from now on, or since another time.

    Without that, the first period of all reaches back; what holds already stays as it is.

    Raises:
        OverlapError: a period planned for later is in the way.

    """
    found = at(history, now)
    if (found.asset if found else None) == asset:
        return history
    ended = end(history, since or now)
    if asset is None:
        return ended
    return add(ended, Period(asset, since or (now if history else ALWAYS)))


def resume(history: History, time: datetime) -> History:
    """Return the history with the period open again that ended at a time."""
    found = next((each for each in history if each.valid_to == time), None)
    if found is None or any(each.valid_from >= time for each in history):
        return history
    return sort([replace(found, valid_to=None), *(each for each in history if each is not found)])


def rewritten(before: History, after: History, now: datetime) -> tuple[datetime, datetime] | None:
    """Return between which past times a device's observations went to an asset they should not.

    What had no asset is none of it: its uplinks are flagged and found by that.
    """
    wrong = [part for each in before for part in _without(each, after)]
    past = [(begin, min(until, now)) for begin, until in wrong if begin < now]
    if not past:
        return None
    return min(begin for begin, _ in past), max(until for _, until in past)


def _without(period: Period, after: History) -> list[tuple[datetime, datetime]]:
    """Return the parts of a period in which its asset is watched no more."""
    left = [(period.valid_from, period.end)]
    for each in after:
        if each.asset == period.asset:
            left = [part for one in left for part in _cut(one, each)]
    return left


def _cut(part: tuple[datetime, datetime], by: Period) -> list[tuple[datetime, datetime]]:
    begin, until = part
    pieces = ((begin, min(until, by.valid_from)), (max(begin, by.end), until))
    return [(first, last) for first, last in pieces if first < last]
