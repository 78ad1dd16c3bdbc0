# SPDX-License-Identifier: EUPL-1.2
"""What a report says, apart from how it looks; the files of all formats are made of it alone."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from kpi_aggregator.domain.framework import Direction, Source
from kpi_aggregator.domain.outcome import Confidence
from kpi_aggregator.domain.report import Step
from kpi_aggregator.domain.scorecard import Light, Trend
from kpi_aggregator.domain.spans import Interval

FORM: Literal[1] = 1
WRITING = 6
"""Grows whenever the program tells the same data in other words; 1 is of documents that do not say it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GroupPart(_Part):
    """How many of a value are of a group; `group` is its id, for programs."""

    group: str
    title: str
    number: int


class GroupMeanPart(_Part):
    """What a group says on the mean, and how many persons of it were asked."""

    group: str
    title: str
    mean: float
    persons: int


class ToldValue(_Part):
    """A value and how far it can be trusted."""

    period: str
    value: float
    completeness: float | None
    simulated: bool
    parts: tuple[GroupPart, ...] = ()
    parts_unit: str = ""
    hidden: tuple[str, ...] = ()
    evenness: float | None = None
    means: tuple[GroupMeanPart, ...] = ()
    hidden_means: tuple[str, ...] = ()
    so_far: bool = False

    @model_serializer(mode="wrap")
    def _given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what documents of former versions do not have, so that they stay the same bytes."""
        written: dict[str, Any] = serialize(self)
        younger = {"parts", "parts_unit", "hidden", "evenness", "means", "hidden_means", "so_far"}
        return {name: each for name, each in written.items() if each or name not in younger}


class Point(_Part):
    """A value of a past period, for the chart and the tables."""

    period: str
    begin: date
    value: float
    expected: float | None
    completeness: float | None
    simulated: bool = False

    @model_serializer(mode="wrap")
    def _given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what documents of former versions do not have, so that they stay the same bytes."""
        written: dict[str, Any] = serialize(self)
        return {name: each for name, each in written.items() if each or name != "simulated"}


class Reason(_Part):
    """Why a value became what it is."""

    at: datetime
    text: str


class MeasureLine(_Part):
    """A measure behind an indicator."""

    measure_id: str
    title: str
    state: str


class Since(_Part):
    """What is different from the last report; `mixed`: one of both values was made up, the other not.

    `renewed`: the indicator was defined anew in between, so that both say different things.
    """

    step: Step
    by: float | None
    period: str | None
    value: float | None
    light: Light | None
    mixed: bool = False
    renewed: bool = False

    @model_serializer(mode="wrap")
    def _given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what documents of former versions do not have, so that they stay the same bytes."""
        written: dict[str, Any] = serialize(self)
        younger = {"mixed", "renewed"}
        return {name: each for name, each in written.items() if each or name not in younger}


class Correction(_Part):
    """What the last report told of an earlier period, what holds now, and why; none: no value does, with the reason.

    `so_far`: what holds now is not of the whole period, which is open again.
    """

    period: str
    before: float
    value: float | None
    cause: str
    reason: str = ""
    so_far: bool = False
    simulated_before: bool = False
    simulated: bool = False

    @model_serializer(mode="wrap")
    def _given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what documents of former versions do not have, so that they stay the same bytes."""
        written: dict[str, Any] = serialize(self)
        younger = {"reason", "so_far", "simulated_before", "simulated"}
        return {name: each for name, each in written.items() if each or name not in younger}


class Line(_Part):
    """One indicator."""

    indicator_id: str
    title: str
    unit: str
    whole: bool
    direction: Direction
    measured: str
    method: str
    formula: str | None
    source: Source
    origin: str | None
    owner: str
    extension: bool
    version: int
    references: dict[str, str]
    baseline: tuple[float, date] | None
    target: tuple[float, date] | None
    value: ToldValue | None
    confidence: Confidence | None
    trend: Trend | None
    expected: float | None
    light: Light
    rule: str
    missing: str | None
    since: Since
    reasons: tuple[Reason, ...]
    points: tuple[Point, ...]
    measures: tuple[MeasureLine, ...]
    demo_aims: bool = False
    baseline_source: str | None = None
    corrects: Since | None = None
    corrections: tuple[Correction, ...] = ()

    @model_serializer(mode="wrap")
    def _given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what documents of former versions do not have, so that they stay the same bytes."""
        written: dict[str, Any] = serialize(self)
        younger = {"demo_aims", "baseline_source", "corrects", "corrections"}
        return {name: each for name, each in written.items() if each or name not in younger}


class Redefinition(StrEnum):
    """What became of an indicator in the framework since the last report."""

    REMOVED = "removed"
    ADDED = "added"
    SHOWN = "shown"
    """It was in the framework, but not in the report."""
    BASELINE = "baseline"
    TARGET = "target"
    DIRECTION = "direction"
    VERSION = "version"


class Redefined(_Part):
    """An indicator that the framework defines otherwise; `value` is the last one of what was removed."""

    indicator_id: str
    title: str
    kind: Redefinition
    unit: str
    whole: bool
    direction: Direction
    version: int
    value: ToldValue | None = None
    aim_before: tuple[float, date] | None = None
    aim: tuple[float, date] | None = None
    direction_before: Direction | None = None
    version_before: int | None = None


class Chapter(_Part):
    """A Mehrwert with its indicators."""

    mehrwert: str
    title: str
    description: str
    lines: tuple[Line, ...]


class LastReport(_Part):
    """The report that this one is compared with; `number` none: none was made, what it would have said."""

    every: Interval
    period: str
    known_at: datetime
    number: int | None


class ReportDocument(_Part):
    """One report on one stretch of time, by what was known at a time."""

    form: Literal[1] = FORM
    report_id: str
    report_version: int
    title: str
    recipient: str
    occasion: str
    office: str
    every: Interval
    public: bool
    city_name: str
    timezone: str
    period: str
    begin: date
    last_day: date
    known_at: datetime
    framework_version: int | None
    traffic_light: str
    compared: LastReport
    chapters: tuple[Chapter, ...]
    reference: str = ""
    edition: int | None = None
    corrects: LastReport | None = None
    redefined: tuple[Redefined, ...] = ()
    writing: int = 1

    @property
    def number(self) -> str:
        """Return by which number the report is found: AWWSD 2026-10/1; a preview has no edition."""
        return self.number_of(self.edition)

    def number_of(self, edition: int | None) -> str:
        """Return by which number an edition on the same stretch is found."""
        name = f"{self.report_id.upper()} {self.period}"
        return name if edition is None else f"{name}/{edition}"

    @property
    def lines(self) -> list[Line]:
        """Return the indicators in the order of the framework."""
        return [line for chapter in self.chapters for line in chapter.lines]

    @property
    def simulated(self) -> bool:
        """Tell whether any value stems from a simulation."""
        return any(
            (line.value is not None and line.value.simulated)
            or any(point.simulated for point in line.points)
            for line in self.lines
        )

    @property
    def stem(self) -> str:
        """Return the name of its files, without the ending."""
        return f"{self.report_id}-{self.period}"

    def to_bytes(self) -> bytes:
        """Return the document as it is archived: the same one gives the same bytes."""
        options = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
        told = self.model_dump(mode="json")
        # Documents of former versions have none of them; they are to be the same bytes when read.
        missing = {
            name for name in ("reference", "edition", "corrects", "redefined") if not told[name]
        }
        missing |= {"writing"} if told["writing"] == 1 else set()
        return orjson.dumps({k: v for k, v in told.items() if k not in missing}, option=options)

    @classmethod
    def from_bytes(cls, kept: bytes) -> ReportDocument:
        """Return an archived document."""
        return cls.model_validate_json(kept)
