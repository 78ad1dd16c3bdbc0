# SPDX-License-Identifier: EUPL-1.2
"""The KPI framework: Mehrwerte and their indicators, as a city defines them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple, TypeVar

from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.publication import OPEN, Publication

Told = TypeVar("Told")


class Direction(StrEnum):
    """Which way is better."""

    UP = "up"
    DOWN = "down"
    NONE = "none"


class Source(StrEnum):
    """Where values come from."""

    FORMULA = "formula"
    MANUAL = "manual"
    SURVEY = "survey"
    CSV = "csv"


class Parts(StrEnum):
    """What the numbers of a value's groups are, where a city says it."""

    OF_COUNT = "of_count"
    """Some of what is counted: they add up to no more."""
    EXHAUSTIVE = "exhaustive"
    """All of what is counted: they add up to it."""
    PERCENT = "percent"
    """Shares of all in whole percent: they add up to 100 but for rounding."""


class Aim(NamedTuple):
    """A value at a date: where it began, or where it is to be; `demo` was made up to show how it looks."""

    value: float
    at: date
    demo: bool = False
    source: str | None = None


class Leitsatz(NamedTuple):
    """A guiding principle of the city's strategy."""

    leitsatz: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is measured of a Mehrwert; `groups` are the parts a value may be told by.

    A survey's value and each of its parts stand for `least_group` persons at least. Where groups
    have scores, from one to another, the value is their mean, as of grades. Of parts in percent the
    value is the share of `share_of` together, where these are named. Of `mean_groups` a survey may
    tell how many they are and what they say on the mean.
    """

    indicator_id: str
    mehrwert: str
    title: Mapping[str, str]
    unit: str
    direction: Direction
    source: Source
    period: Period
    version: int
    measured: str
    method: str
    owner: str
    public: bool
    extension: bool
    whole: bool
    minimum: float | None
    maximum: float | None
    groups: tuple[str, ...]
    least_group: int
    baseline: Aim | None
    target: Aim | None
    formula: str | None
    fields: tuple[str, ...]
    references: Mapping[str, str]
    leitsaetze: tuple[Leitsatz, ...] = ()
    field_titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    group_titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    group_scores: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    parts: Parts | None = None
    share_of: tuple[str, ...] = ()
    mean_groups: tuple[str, ...] = ()
    reference_notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    publication: Publication = OPEN

    @property
    def has_demo_aims(self) -> bool:
        """Tell whether baseline or target were made up for demonstration, and with them what is due."""
        return any(aim is not None and aim.demo for aim in (self.baseline, self.target))

    @property
    def parts_unit(self) -> str:
        """Return what groups are told in; of a survey they are persons, whatever the value is."""
        if self.parts is Parts.PERCENT:
            return "%"
        return "Personen" if self.source is Source.SURVEY else self.unit

    def by_group(self, told: Mapping[str, Told] | None) -> dict[str, Told] | None:
        """Return what is told of groups in the order of the framework, former ones last.

        The database keeps an order of its own.
        """
        if told is None:
            return None
        order = (*self.groups, *self.mean_groups)
        places = {group: order.index(group) for group in told if group in order}
        return {each: told[each] for each in sorted(told, key=lambda g: places.get(g, len(order)))}

    def total_of_parts(self, value: float | None, group_size: int | None) -> float | None:
        """Return what the parts of a value are parts of; none where they are shares, or it is unknown."""
        if self.parts is Parts.PERCENT:
            return None
        return value if self.whole else group_size

    def hidden_groups(
        self, groups: Mapping[str, int] | None, total: float | None
    ) -> tuple[str, ...]:
        """Return the groups that everybody is told no number of, beside a total, in the same order."""
        hidden = self.publication.hidden(groups, total)
        return tuple(each for each in self.by_group(groups) or () if each in hidden)

    def group_title(self, group: str, language: str) -> str:
        """Return what a group is called; its id where nobody said."""
        return self.group_titles.get(group, {}).get(language, group)
