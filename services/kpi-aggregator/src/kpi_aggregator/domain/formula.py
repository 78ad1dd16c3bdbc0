# SPDX-License-Identifier: EUPL-1.2
"""A formula: from which view, which days, and how they become one number; declared, never code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from kpi_aggregator.domain.expression import Expression, columns, parse
from kpi_aggregator.domain.naming import UNNAMED, Naming, naming_of

PERCENT = "%"
POINTS = "Prozentpunkte"
"""What the difference of two shares is told in."""


class Aggregation(StrEnum):
    """How a period's value is made of its rows."""

    SUM = "sum"
    RATIO = "ratio"
    MEAN = "mean"
    MEMBERS = "members"
    NEW_MEMBERS = "new-members"
    SHARE_OF_MEMBERS = "share-of-members"

    @property
    def is_additive(self) -> bool:
        """Tell whether sums of days make up the sums of a period; sets of members overlap."""
        return self not in {Aggregation.MEMBERS, Aggregation.SHARE_OF_MEMBERS}

    @property
    def has_members(self) -> bool:
        """Tell whether things are counted, not amounts."""
        return self in {
            Aggregation.MEMBERS,
            Aggregation.NEW_MEMBERS,
            Aggregation.SHARE_OF_MEMBERS,
        }

    @property
    def is_share(self) -> bool:
        """Tell whether there is something to divide by."""
        return self in {Aggregation.RATIO, Aggregation.MEAN, Aggregation.SHARE_OF_MEMBERS}


@dataclass(frozen=True, slots=True)
class Among:
    """A view of all members there are, of which a share is told; each from a time on, of a part."""

    view: str
    member: str
    only: Mapping[str, tuple[str, ...]]
    since: str | None = None
    by: str | None = None

    @property
    def columns(self) -> frozenset[str]:
        """Return all columns of the view that are read."""
        named = {name for name in (self.since, self.by) if name is not None}
        return frozenset({self.member, *self.only, *named})


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A view that tells of each day for how much of it somebody counted at all."""

    view: str
    time: str
    known: Expression
    expected: Expression

    @property
    def columns(self) -> frozenset[str]:
        """Return all columns of the view that are read."""
        return frozenset({self.time}) | columns(self.known) | columns(self.expected)


class Stretch(NamedTuple):
    """Days from one to before another."""

    begin: date
    until: date


@dataclass(frozen=True, slots=True)
class Formula:
    """What a period's number is made of.

    `measure` and `per` are summed per city day; of a mean, `per` is the weight. `known` of
    `expected` is the completeness. `by` splits the number for readers, `member` names what is
    counted. A day without rows is zero where `quiet_days` or a `heartbeat` says so, else it is
    missing. What was before `since` is no part of it; of a value the one of `before` is taken off.
    `naming` is for readers alone.
    """

    formula_id: str
    version: int
    unit: str
    aggregation: Aggregation
    view: str
    time: str
    measure: Expression
    per: Expression | None
    known: Expression | None
    expected: Expression | None
    by: str | None
    member: str | None
    only: Mapping[str, tuple[str, ...]]
    without: Mapping[str, tuple[str, ...]]
    hours: tuple[int, int] | None
    weekdays: tuple[int, ...]
    at_least: float | None
    among: Among | None
    quiet_days: bool
    least_completeness: float
    heartbeat: Heartbeat | None = None
    since: date | None = None
    before: Stretch | None = None
    naming: Naming = UNNAMED

    @property
    def factor(self) -> float:
        """Return by what the quotient is multiplied for the unit."""
        return 100.0 if self.unit in {PERCENT, POINTS} else 1.0

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the columns that rows are told apart by, in a stable order."""
        named = {*self.only, *self.without}
        named |= {name for name in (self.by, self.member) if name is not None}
        return tuple(sorted(named))

    @property
    def columns(self) -> frozenset[str]:
        """Return all columns of the view that are read."""
        found = frozenset({self.time, *self.keys})
        for each in (self.measure, self.per, self.known, self.expected):
            if each is not None:
                found |= columns(each)
        return found

    @property
    def all_columns(self) -> frozenset[str]:
        """Return what it reads of its view and of those beside it."""
        among = frozenset[str]() if self.among is None else self.among.columns
        return self.columns | among | (self.heartbeat.columns if self.heartbeat else frozenset())

    def counts(self, day: date) -> bool:
        """Tell whether a day is of the weekdays that count."""
        return not self.weekdays or day.isoweekday() in self.weekdays


def formula_of(fields: Mapping[str, Any]) -> Formula:
    """Return a formula from its definition; raises ExpressionError."""
    among = fields.get("among")
    hours = fields.get("hours")
    return Formula(
        formula_id=fields["formula"],
        version=fields["version"],
        unit=fields["unit"],
        aggregation=Aggregation(fields["aggregation"]),
        view=fields["view"],
        time=fields["time"],
        measure=parse(fields["measure"]),
        per=_optional(fields, "per"),
        known=_optional(fields, "known"),
        expected=_optional(fields, "expected"),
        by=fields.get("by"),
        member=fields.get("member"),
        only=_lists(fields.get("only") or {}),
        without=_lists(fields.get("without") or {}),
        hours=(hours[0], hours[1]) if hours else None,
        weekdays=tuple(fields.get("weekdays") or ()),
        at_least=fields.get("at_least"),
        among=None
        if among is None
        else Among(
            *(among["view"], among["member"], _lists(among.get("only") or {})),
            *(among.get("since"), among.get("by")),
        ),
        quiet_days=fields.get("quiet_days") == "zero",
        least_completeness=fields["least_completeness"],
        heartbeat=_heartbeat(fields.get("heartbeat")),
        since=_day(fields.get("since")),
        before=_stretch(fields.get("before")),
        naming=naming_of(fields.get("words")),
    )


def _heartbeat(given: Mapping[str, Any] | None) -> Heartbeat | None:
    if given is None:
        return None
    known, expected = parse(given["known"]), parse(given["expected"])
    return Heartbeat(given["view"], given["time"], known, expected)


def _stretch(given: Mapping[str, Any] | None) -> Stretch | None:
    if given is None:
        return None
    return Stretch(date.fromisoformat(given["begin"]), date.fromisoformat(given["until"]))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _optional(fields: Mapping[str, Any], name: str) -> Expression | None:
    text = fields.get(name)
    return None if text is None else parse(text)


def _lists(given: Mapping[str, Sequence[Any]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(_text(each) for each in values) for name, values in given.items()}


def _text(value: Any) -> str:
    """Return a value as the database writes it as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
