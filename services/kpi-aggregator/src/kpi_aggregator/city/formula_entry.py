# SPDX-License-Identifier: EUPL-1.2
"""The form of a formula in `kpi/*.yaml`; docs/reference/city-folder.md tells it to people."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from kpi_aggregator.city.entries import Version
from kpi_aggregator.city.formula_words_entry import FormulaWordsEntry, Name, ViewName
from kpi_aggregator.domain.expression import ExpressionError, constant, parse
from kpi_aggregator.domain.formula import PERCENT, POINTS, Aggregation, formula_of

Choice = Annotated[list[str | bool | int], Field(min_length=1, max_length=1000)]
Hour = Annotated[int, Field(ge=0, le=24)]
Weekday = Annotated[int, Field(ge=1, le=7)]


def _arithmetic(text: str) -> str:
    try:
        parse(text)
    except ExpressionError as error:
        raise ValueError(str(error)) from error
    return text


Arithmetic = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(_arithmetic),
]


class AmongEntry(BaseModel):
    """All members that there are, of which a share is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    view: ViewName
    member: Name
    only: dict[Name, Choice] = {}
    since: Name | None = None
    by: Name | None = None


class HeartbeatEntry(BaseModel):
    """A view that tells of each day for how much of it somebody counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    view: ViewName
    time: Name
    known: Arithmetic
    expected: Arithmetic


class BeforeEntry(BaseModel):
    """The days that others are held against; the second is not among them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    begin: Annotated[date, Field(alias="from")]
    until: Annotated[date, Field(alias="to")]

    @model_validator(mode="after")
    def _has_days(self) -> Self:
        if self.begin >= self.until:
            raise ValueError("to: must be after from")
        return self


class FormulaEntry(BaseModel):
    """One formula; see the reference for what each field means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    formula: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]
    version: Version
    unit: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    aggregation: Aggregation
    view: ViewName
    time: Name
    measure: Arithmetic
    per: Arithmetic | None = None
    known: Arithmetic | None = None
    expected: Arithmetic | None = None
    by: Name | None = None
    member: Name | None = None
    only: dict[Name, Choice] = {}
    without: dict[Name, Choice] = {}
    hours: tuple[Hour, Hour] | None = None
    weekdays: list[Weekday] = []
    at_least: Annotated[float, Field(allow_inf_nan=False)] | None = None
    among: AmongEntry | None = None
    quiet_days: Literal["missing", "zero"] = "missing"
    least_completeness: Annotated[float, Field(ge=0, le=1)] = 0.6
    heartbeat: HeartbeatEntry | None = None
    since: date | None = None
    before: BeforeEntry | None = None
    words: FormulaWordsEntry | None = None

    @model_serializer(mode="wrap")
    def _given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is younger than definitions that are kept, so that these are still the same."""
        written: dict[str, Any] = serialize(self)
        for name in ("heartbeat", "since", "before", "words"):
            if written[name] is None:
                del written[name]
        among = written["among"]
        if among is not None:
            written["among"] = {k: v for k, v in among.items() if v is not None}
        return written

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        way = self.aggregation
        if way is Aggregation.RATIO and self.per is None:
            raise ValueError("per: a ratio needs what it is divided by")
        if self.per is not None and constant(parse(self.per)) == 0:
            raise ValueError("per: divides by zero")
        if way.has_members != (self.member is not None):
            raise ValueError("member: belongs to aggregations of members, and only to them")
        if self.among is not None and way is not Aggregation.SHARE_OF_MEMBERS:
            raise ValueError("among: belongs to share-of-members")
        if self.at_least is not None and not way.has_members:
            raise ValueError("at_least: belongs to aggregations of members")
        if self.hours is not None and self.hours[0] >= self.hours[1]:
            raise ValueError("hours: the first must be before the second")
        if (self.known is None) != (self.expected is None):
            raise ValueError("known and expected belong together")
        if self.unit in {PERCENT, POINTS} and not way.is_share:
            raise ValueError("unit: only a share is told in % or Prozentpunkte")
        self._check_times()
        self._check_words()
        return self

    def _check_words(self) -> None:
        if self.words is None:
            return
        known = formula_of(self.model_dump(mode="json")).all_columns
        for column in self.words.terms:
            if column not in known:
                raise ValueError(f"words: the formula reads no column {column}")
        if self.words.part_names is not None and self.by is None:
            raise ValueError("words: part_names belongs to formulas with by")

    def _check_times(self) -> None:
        if self.heartbeat is not None and self.known is not None:
            raise ValueError("heartbeat: takes the place of known and expected")
        if self.before is not None and not self.aggregation.is_additive:
            raise ValueError("before: belongs to aggregations whose days add up")
        if (self.before is not None) != (self.unit == POINTS):
            raise ValueError("before: a difference of shares is told in Prozentpunkte, and only it")
        if self.before is not None and self.since is None:
            raise ValueError("before: needs since, the day from which on there is an effect")
        if self.before is not None and self.since is not None and self.since < self.before.until:
            raise ValueError("since: must not be before the end of before")
