# SPDX-License-Identifier: EUPL-1.2
"""The uniform profile of measures and sub-projects, in the city folder, over HTTP and stored."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from measure_registry.domain.undertaking import Reifegrad, Standing

IdText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]
Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$"
    ),
]
Words = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=4000,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$",
    ),
]
Ids = Annotated[tuple[IdText, ...], Field(max_length=30)]
Degree = Literal["gering", "mittel", "hoch"]
Euros = Annotated[int, Field(ge=0, le=10_000_000_000)]
Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]


class RuleError(ValueError):
    """A rule that a definition breaks: its code, and the field of which it is told."""

    def __init__(self, code: str, field: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.field = field


class Form(BaseModel):
    """The base of all parts: frozen, and an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TitleForm(Form):
    """A name in German and English."""

    de: Line
    en: Line


class WordsForm(Form):
    """A text in German and English."""

    de: Words
    en: Words


class PlaceForm(Form):
    """Where something is or works."""

    name: Line
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise RuleError("half_position", "lat", "lat and lon belong together")
        return self


class PartnerForm(Form):
    """An organisation that takes part."""

    name: Line
    part: Line | None = None


class GodparentForm(Form):
    """A body that accompanies the work, as a Maßnahmen-Patenschaft; bodies, not persons."""

    body: Line
    part: Line | None = None


class MilestoneForm(Form):
    """Something to be reached by a day."""

    milestone_id: IdText
    title: TitleForm
    due_on: date | None = None
    status: Literal["offen", "erreicht", "verspaetet", "entfallen"] = "offen"
    reached_on: date | None = None

    @model_validator(mode="after")
    def _reached(self) -> Self:
        if (self.reached_on is not None) != (self.status == "erreicht"):
            text = "reached_on: belongs to status erreicht, and only to it"
            raise RuleError("reached_on", "reached_on", text)
        return self


class RiskForm(Form):
    """What may go wrong, and what is done about it; one that is not public is told to staff alone."""

    risk: Line
    likelihood: Degree | None = None
    impact: Degree | None = None
    response: Line
    public: bool = True


class BudgetForm(Form):
    """The frame of money; no sum where the city has not published one."""

    frame_eur: Euros | None = None
    funding: Line | None = None
    note: Line | None = None


class KeyResultForm(Form):
    """How an objective is seen to be met."""

    key_result: Line
    unit: Line
    baseline: Number | None = None
    target: Number
    current: Number | None = None


class ObjectiveForm(Form):
    """What is to be achieved, with its key results."""

    objective: Line
    key_results: Annotated[tuple[KeyResultForm, ...], Field(min_length=1, max_length=10)]


class PilotForm(Form):
    """A trial on a small scale."""

    pilot_id: IdText
    title: TitleForm
    summary: WordsForm
    place: PlaceForm
    starts_on: date | None = None
    ends_on: date | None = None
    partners: Annotated[tuple[PartnerForm, ...], Field(max_length=30)] = ()
    next_step: WordsForm
    status: Literal["geplant", "laufend", "abgeschlossen", "nicht_angegeben"]


class IndicatorForm(Form):
    """An indicator that is to change, since which day, and which way."""

    indicator_id: IdText
    effective_on: date | None = None
    expected: Literal["up", "down"] | None = None
    note: Line | None = None


class UndertakingForm(Form):
    """What measures and sub-projects have in common."""

    title: TitleForm
    summary: WordsForm
    modellhaft: WordsForm | None = None
    handlungsfelder: Annotated[tuple[IdText, ...], Field(min_length=1, max_length=10)]
    mehrwerte: Ids = ()
    leitsaetze: Ids = ()
    isek: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    target_groups: Ids = ()
    place: PlaceForm | None = None
    reifegrad: Reifegrad
    state: Standing
    starts_on: date | None = None
    ends_on: date | None = None
    budget: BudgetForm | None = None
    partners: Annotated[tuple[PartnerForm, ...], Field(max_length=50)] = ()
    godparents: Annotated[tuple[GodparentForm, ...], Field(max_length=20)] = ()
    milestones: Annotated[tuple[MilestoneForm, ...], Field(max_length=100)] = ()
    risks: Annotated[tuple[RiskForm, ...], Field(max_length=50)] = ()
    objectives: Annotated[tuple[ObjectiveForm, ...], Field(max_length=10)] = ()
    pilots: Annotated[tuple[PilotForm, ...], Field(max_length=20)] = ()
    indicators: Annotated[tuple[IndicatorForm, ...], Field(max_length=30)] = ()
    source: Line | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise RuleError("ends_before_start", "ends_on", "ends_on: before starts_on")
        named = (
            ("milestones", [each.milestone_id for each in self.milestones]),
            ("pilots", [each.pilot_id for each in self.pilots]),
            ("indicators", [each.indicator_id for each in self.indicators]),
        )
        for field, names in named:
            if len(set(names)) != len(names):
                raise RuleError("named_twice", field, f"{field}: names one twice")
        return self


class MeasureForm(UndertakingForm):
    """An integrated measure."""

    measure_id: IdText


class SubprojectForm(UndertakingForm):
    """A sub-project, of one or more measures."""

    subproject_id: IdText
    measures: Annotated[tuple[IdText, ...], Field(min_length=1, max_length=10)]
    priority: Literal["A", "B", "C"]
