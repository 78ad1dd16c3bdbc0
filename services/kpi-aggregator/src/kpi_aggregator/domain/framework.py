# SPDX-License-Identifier: EUPL-1.2
"""The KPI framework: Mehrwerte and their indicators, as a city defines them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.publication import OPEN, Publication


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


class Aim(NamedTuple):
    """A value at a date: where it began, or where it is to be; `demo` was made up to show how it looks."""

    value: float
    at: date
    demo: bool = False


class Leitsatz(NamedTuple):
    """A guiding principle of the city's strategy."""

    leitsatz: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is measured of a Mehrwert; `groups` are the parts a value may be told by.

    A survey's value and each of its parts stand for `least_group` persons at least. Where groups
    have scores, from one to another, the value is their mean, as of grades.
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
    reference_notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    publication: Publication = OPEN

    @property
    def has_demo_aims(self) -> bool:
        """Tell whether baseline or target were made up for demonstration, and with them what is due."""
        return any(aim is not None and aim.demo for aim in (self.baseline, self.target))

    def group_title(self, group: str, language: str) -> str:
        """Return what a group is called; its id where nobody said."""
        return self.group_titles.get(group, {}).get(language, group)
