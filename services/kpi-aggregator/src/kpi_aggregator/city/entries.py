# SPDX-License-Identifier: EUPL-1.2
"""The forms of `kpi/*.yaml`; docs/reference/city-folder.md tells them to people."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_serializer,
    model_validator,
)

from kpi_aggregator.domain.framework import Direction, Parts, Source
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.publication import ALL_FIELDS, OPEN, Publication, publication_of
from kpi_aggregator.domain.publication import Field as PublicField

IdText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Version = Annotated[int, Field(ge=1, le=10_000, strict=True)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TextEntry(_Entry):
    """A text in German and English."""

    de: Title
    en: Title


class MehrwertEntry(_Entry):
    """One of the values that the city wants to add."""

    mehrwert: IdText
    title: TextEntry
    description: Words


class FieldEntry(_Entry):
    """A Handlungsfeld, which indicators name."""

    handlungsfeld: IdText
    title: TextEntry


class LeitsatzEntry(_Entry):
    """A guiding principle, which indicators name."""

    leitsatz: IdText
    title: TextEntry


class AimEntry(_Entry):
    """A value at a date; `demo` marks one that was made up for demonstration, `source` says where it is from."""

    value: Finite
    at: date
    demo: bool = False
    source: Title | None = None


class PublicationEntry(_Entry):
    """What everybody is told of an indicator: all of it at once, where nothing is said."""

    fields: tuple[PublicField, ...] = ALL_FIELDS
    delay_days: Annotated[int, Field(ge=0, le=3660)] = 0
    least_count: Annotated[int, Field(ge=1, le=10_000)] = 1
    least_period: Period | None = None
    decimals: Annotated[int, Field(ge=0, le=6)] | None = None

    @property
    def policy(self) -> Publication:
        """Return what it means."""
        return publication_of(self.model_dump())


IsoNumber = Annotated[str, StringConstraints(pattern=r"^\d{1,2}(\.\d{1,2}){1,2}$")]


class ReferencesEntry(_Entry):
    """The numbers that an indicator has in frameworks of others, where the city compares itself."""

    iso37120: IsoNumber | None = None
    iso37122: IsoNumber | None = None
    u4ssc: (
        Annotated[
            str, StringConstraints(pattern=r"^(EC|EN|SC): ?[A-Z&]{1,5}: ?[A-Z]{1,5}: ?\d{1,2}[CA]$")
        ]
        | None
    ) = None

    @model_serializer
    def _given(self) -> dict[str, str]:
        return {
            name: value
            for name in ("iso37120", "iso37122", "u4ssc")
            if (value := getattr(self, name)) is not None
        }


class ReferenceNoteEntry(TextEntry):
    """How close an indicator is to another framework's, and what is different."""

    fit: Literal["same", "related"]


FrameworkName = Literal["iso37120", "iso37122", "u4ssc"]


class IndicatorEntry(_Entry):
    """One indicator; see the reference for what each field means."""

    indicator_id: IdText
    mehrwert: IdText
    title: TextEntry
    measured: Words
    unit: Title
    direction: Direction
    source: Source
    period: Period
    version: Version
    method: Words
    owner: Title
    public: bool = False
    extension: bool = False
    whole: bool = False
    minimum: Finite | None = None
    maximum: Finite | None = None
    groups: tuple[IdText, ...] = ()
    least_group: Annotated[int, Field(ge=1, le=10_000)] = 10
    parts: Parts | None = None
    share_of: tuple[IdText, ...] = ()
    mean_groups: tuple[IdText, ...] = ()
    baseline: AimEntry | None = None
    target: AimEntry | None = None
    formula: IdText | None = None
    fields: tuple[IdText, ...] = ()
    leitsaetze: tuple[IdText, ...] = ()
    references: ReferencesEntry = ReferencesEntry()
    reference_notes: dict[FrameworkName, ReferenceNoteEntry] = {}
    group_titles: dict[IdText, TextEntry] = {}
    group_scores: dict[IdText, tuple[Finite, Finite]] = {}
    publication: PublicationEntry | None = None

    @property
    def policy(self) -> Publication:
        """Return what everybody is told."""
        return OPEN if self.publication is None else self.publication.policy

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.source is Source.FORMULA) != (self.formula is not None):
            raise ValueError("formula: belongs to source formula, and only to it")
        if None not in (self.minimum, self.maximum) and self.minimum > self.maximum:  # type: ignore[operator]
            raise ValueError("minimum: is above maximum")
        if self.policy.withholds(self.period, provisional=False):
            raise ValueError("publication: least_period is longer than the period")
        if self.target and not self.baseline:
            raise ValueError("target: needs a baseline, where the way to it begins")
        if self.baseline and self.target and self.baseline.at >= self.target.at:
            raise ValueError("target: must be after the baseline")
        if self.baseline and self.target and self._is_worse(self.target.value, self.baseline.value):
            raise ValueError(
                f"target: is worse than the baseline, as direction is {self.direction}"
            )
        for name, aim in (("baseline", self.baseline), ("target", self.target)):
            if aim is not None and not self._allows(aim.value):
                raise ValueError(f"{name}: must lie between minimum and maximum")
        return self

    @model_validator(mode="after")
    def _has_bounds(self) -> Self:
        """Refuse what an impossible value could not be told by: 140 %, or minus three events."""
        if self.minimum is None and self.whole:
            raise ValueError("minimum: must be given where values are counts (whole: true)")
        for name in ("minimum", "maximum"):
            if self.unit == "%" and getattr(self, name) is None:
                raise ValueError(f"{name}: must be given where the unit is %")
        return self

    def _is_worse(self, target: float, baseline: float) -> bool:
        return (self.direction is Direction.UP and target < baseline) or (
            self.direction is Direction.DOWN and target > baseline
        )

    @model_validator(mode="after")
    def _names_what_is_given(self) -> Self:
        if {*self.reference_notes} - {*self.references.model_dump()}:
            raise ValueError("reference_notes: must be of references that are given")
        for name in ("groups", "mean_groups", "fields", "leitsaetze"):
            given = getattr(self, name)
            if len({*given}) < len(given):
                raise ValueError(f"{name}: one is named twice")
        titled = {*self.groups, *self.mean_groups}
        for name, known in (("group_titles", titled), ("group_scores", {*self.groups})):
            other = sorted({*getattr(self, name)} - known)
            if other:
                raise ValueError(f"{name}: {other[0]} is none of the groups")
        if self.group_scores and {*self.group_scores} != {*self.groups}:
            raise ValueError("group_scores: all groups have one, or none")
        if any(low > high for low, high in self.group_scores.values()):
            raise ValueError("group_scores: the first must not be above the second")
        return self

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        is_survey = self.source is Source.SURVEY
        if self.mean_groups and (self.whole or not is_survey):
            raise ValueError("mean_groups: belongs to surveys whose value is no count")
        if self.parts is not None and not self.groups:
            raise ValueError("parts: belongs to indicators with groups")
        if self.parts is Parts.PERCENT and (self.unit != "%" or self.group_scores):
            raise ValueError(
                "parts: percent belongs to indicators in % whose groups have no scores"
            )
        counts = self.parts in {Parts.OF_COUNT, Parts.EXHAUSTIVE}
        if counts and not self.whole and not is_survey:
            raise ValueError(
                "parts: of_count and exhaustive belong to whole numbers and to surveys"
            )
        if self.share_of and self.parts is not Parts.PERCENT:
            raise ValueError("share_of: belongs to parts: percent")
        other = sorted({*self.share_of} - {*self.groups})
        if other:
            raise ValueError(f"share_of: {other[0]} is none of the groups")
        return self

    def _allows(self, value: float) -> bool:
        above = self.minimum is None or value >= self.minimum
        return above and (self.maximum is None or value <= self.maximum)
