# SPDX-License-Identifier: EUPL-1.2
"""When a lot is open: its hours, closures, an operator's word; knows no syntax of hours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from parking_occupancy.domain.orders import Opening

_MOST_STEPS = 400


class ClosedBy(StrEnum):
    """What closes a lot."""

    HOURS = "hours"
    CLOSURE = "closure"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Span:
    """Open or closed, until that changes; without an end it stays so for a year at least."""

    is_open: bool
    until: datetime | None = None


ALWAYS = Span(is_open=True)
"""What most places of a city say, asked for many times a second."""

Hours = Callable[[datetime], Span]
"""What opening hours say of a time."""


def always_open(_now: datetime) -> Span:
    """Return that a lot never closes."""
    return ALWAYS


def always_closed(_now: datetime) -> Span:
    """Return that a lot is closed until further notice."""
    return Span(is_open=False)


@dataclass(frozen=True, slots=True)
class Closure:
    """A lot is closed from a time to another one whatever its hours say, for a public reason."""

    begin: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What closes a lot now, if anything does, and when to look again."""

    closed_by: ClosedBy | None = None
    reason: str | None = None
    until: datetime | None = None

    @property
    def is_closed(self) -> bool:
        """Return whether anything closes the lot."""
        return self.closed_by is not None


_OPEN = Standing()


@dataclass(frozen=True, slots=True)
class Openings:
    """All that says when a lot is open; `beside` are hours at which something else of it changes."""

    hours: Hours = always_open
    closures: tuple[Closure, ...] = ()
    order: Opening | None = None
    beside: tuple[Hours, ...] = ()

    def standing(self, now: datetime) -> Standing:
        """Return what holds at a time, and until when nothing of the lot changes by the clock."""
        standing = self._standing(now)
        if not self.beside:
            return standing
        until = _first([standing.until, *(hours(now).until for hours in self.beside)])
        return replace(standing, until=until)

    def _standing(self, now: datetime) -> Standing:
        """Return what holds: an operator's word goes before closures, they before hours."""
        order = self.order
        if order is not None and order.holds(now):
            return Standing(ClosedBy.OPERATOR if order.closed else None, None, order.until)
        for closure in self.closures:
            if closure.begin <= now < closure.end:
                return Standing(ClosedBy.CLOSURE, closure.reason, closure.end)
        span = self.hours(now)
        if not self.closures and span.is_open:
            return _OPEN if span.until is None else Standing(until=span.until)
        coming = (closure.begin for closure in self.closures if now < closure.begin)
        closed_by = None if span.is_open else ClosedBy.HOURS
        return Standing(closed_by, None, _first([span.until, *coming]))

    def next_change(self, now: datetime) -> datetime | None:
        """Return when the lot will open or close next; None where that is not within a year."""
        standing = self._standing(now)
        is_closed = standing.is_closed
        for _ in range(_MOST_STEPS):
            moment = standing.until
            if moment is None:
                return None
            standing = self._standing(moment)
            if standing.is_closed is not is_closed:
                return moment
        return None


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((each for each in moments if each is not None), default=None)
