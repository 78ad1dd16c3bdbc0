# SPDX-License-Identifier: EUPL-1.2
"""What a day or period amounts to, kept as sums so that parts of time can be put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from math import isclose
from typing import NamedTuple

from kpi_aggregator.domain.formula import Formula

CLOSE = 1e-9
"""Sums that differ by less are the same: the order of rows decides the last digits."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Numerator and denominator, and how much of what was expected is known."""

    numerator: float = 0.0
    denominator: float = 0.0
    known: float = 0.0
    expected: float = 0.0
    simulated: bool = False

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.numerator + other.numerator,
            self.denominator + other.denominator,
            self.known + other.known,
            self.expected + other.expected,
            self.simulated or other.simulated,
        )

    def is_like(self, other: Amount) -> bool:
        """Tell whether two amounts differ by rounding only."""
        return self.simulated == other.simulated and all(
            isclose(own, others, rel_tol=CLOSE, abs_tol=CLOSE)
            for own, others in (
                (self.numerator, other.numerator),
                (self.denominator, other.denominator),
                (self.known, other.known),
                (self.expected, other.expected),
            )
        )


class Place(NamedTuple):
    """Which part of a day's number, and of which member."""

    day: date
    part: str
    member: str


@dataclass(frozen=True, slots=True)
class Sums:
    """A stretch of time: its amount, and of how many days there was anything."""

    amount: Amount = Amount()
    days: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.amount + other.amount, self.days + other.days)


def total(parts: Iterable[Sums]) -> Sums:
    """Return the sums of what lies beside each other in time."""
    found = Sums()
    for each in parts:
        found += each
    return found


Keys = tuple[str | None, ...]
Row = tuple[date, bool, Sequence[float]]
"""A day, whether anything was simulated, and the four sums of each cell of a scan."""

AMOUNTS = 4

_Sums = tuple[float, float, float, float, bool]
"""An amount as bare numbers, of which there are millions."""


def select(
    formula: Formula,
    rows: Mapping[Keys, Sequence[Row]],
    *,
    keys: tuple[str, ...],
    cell: int,
    days: AbstractSet[date],
) -> dict[Place, Amount]:
    """Return a formula's amounts per day, part and member, of rows that many formulas share."""
    counted = {day for day in days if formula.counts(day)}
    begin, end = AMOUNTS * cell, AMOUNTS * (cell + 1)
    found: defaultdict[tuple[str, str], dict[date, _Sums]] = defaultdict(dict)
    for values, own in rows.items():
        chosen = _place(formula, dict(zip(keys, values, strict=True)))
        if chosen is not None:
            _add(found[chosen], own, counted, slice(begin, end))
    return {
        Place(day, *chosen): Amount(*sums)
        for chosen, by_day in found.items()
        for day, sums in by_day.items()
    }


def _add(
    sums: dict[date, _Sums], rows: Sequence[Row], days: AbstractSet[date], cell: slice
) -> None:
    """Add rows to the sums of their days."""
    for day, mark, numbers in rows:
        if day not in days:
            continue
        numerator, denominator, known, expected = numbers[cell]
        simulated = mark
        if (before := sums.get(day)) is not None:
            numerator += before[0]
            denominator += before[1]
            known += before[2]
            expected += before[3]
            simulated = mark or before[4]
        sums[day] = numerator, denominator, known, expected, simulated


def _place(formula: Formula, values: Mapping[str, str | None]) -> tuple[str, str] | None:
    """Return where rows of these keys belong; none where the formula leaves them out."""
    if any(values[name] not in allowed for name, allowed in formula.only.items()):
        return None
    if any(values[name] in refused for name, refused in formula.without.items()):
        return None
    part = values[formula.by] if formula.by else ""
    member = values[formula.member] if formula.member else ""
    return None if member is None else (part or "", member)


class Member(NamedTuple):
    """One of all there are: of which part, and from which day on."""

    name: str
    part: str = ""
    since: date | None = None


def with_all_members(
    found: Mapping[Place, Amount], days: Iterable[date], members: Sequence[Member]
) -> dict[Place, Amount]:
    """Return amounts in which exactly the members there are have their place on each day of theirs."""
    nothing = Amount(known=1.0, expected=1.0)
    own: defaultdict[tuple[date, str], Amount] = defaultdict(Amount)
    for place, amount in found.items():
        own[place.day, place.member] += replace(amount, known=0, expected=0)
    return {
        Place(day, each.part, each.name): nothing + own.get((day, each.name), Amount())
        for day in days
        for each in members
        if each.since is None or each.since <= day
    }


Beats = Mapping[date, tuple[float, float]]
"""How much of each day somebody counted, of how much."""


def with_silence(beats: Beats, days: Iterable[date]) -> Beats:
    """Return beats of all days: those of which a register's owner tells none were not kept.

    What people entered of such days later stays: who was seen then is new no more.
    """
    return {**dict.fromkeys(days, (0.0, 1.0)), **beats}


def with_heartbeat(
    found: Mapping[Place, Amount], days: Iterable[date], beats: Beats
) -> dict[Place, Amount]:
    """Return amounts that are as complete as the heartbeat of their day says; none of days without."""
    told = {place: replace(own, known=0, expected=0) for place, own in found.items()}
    for day in days:
        if day in beats:
            known, expected = beats[day]
            told[Place(day, "", "")] = told.get(Place(day, "", ""), Amount()) + Amount(
                known=known, expected=expected
            )
    return {place: own for place, own in told.items() if place.day in beats}


def changed_days(
    before: Mapping[Place, Amount], after: Mapping[Place, Amount], days: Iterable[date]
) -> set[date]:
    """Return the days whose amounts are not what they were."""
    wanted = set(days)
    return {
        place.day
        for place in before.keys() | after.keys()
        if place.day in wanted and not _alike(before.get(place), after.get(place))
    }


def _alike(before: Amount | None, after: Amount | None) -> bool:
    if before is None or after is None:
        return before is after
    return before.is_like(after)
