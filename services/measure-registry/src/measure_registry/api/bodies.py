# SPDX-License-Identifier: EUPL-1.2
"""What clients send about ideas."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from measure_registry.api.texts import (
    IDEA_ID,
    Email,
    Line,
    Reason,
    Summary,
    Text,
    Title,
    Word,
    Words,
)
from measure_registry.domain.criteria import Rating
from measure_registry.domain.steckbrief import Place, Steckbrief
from measure_registry.sealing import Contact
from stadttakt_runtime.http.model import WriteModel

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
IdeaIdText = Annotated[str, StringConstraints(pattern=IDEA_ID)]


class PlaceBody(WriteModel):
    """Where an idea belongs."""

    name: Line | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None


class ProfileBody(WriteModel):
    """The Projektsteckbrief."""

    title: Title
    summary: Summary
    handlungsfeld: Word
    further_fields: Words = ()
    goal: Text = ""
    benefit: Text = ""
    mehrwerte: Words = ()
    leitsaetze: Words = ()
    target_groups: Words = ()
    place: PlaceBody = PlaceBody()
    partners: Text = ""
    timeframe: Line = ""
    budget: Line = ""
    transferable: Text = ""
    submitter_kind: Word | None = None

    def steckbrief(self) -> Steckbrief:
        """Return it as the registry keeps it."""
        fields = {name: getattr(self, name) for name in ProfileBody.model_fields}
        return Steckbrief(**{**fields, "place": Place(**dict(self.place))})


class ContactBody(WriteModel):
    """Who may be asked; kept sealed and apart from the idea."""

    name: Line = ""
    email: Email = ""
    phone: Line = ""
    organisation: Line = ""

    def contact(self) -> Contact:
        """Return it as it is sealed."""
        return Contact(**dict(self))


class IdeaBody(ProfileBody):
    """An idea that is submitted; staff may say that it came on paper."""

    call_id: Word | None = None
    contact: ContactBody | None = None
    language: Literal["de", "en"] = "de"
    channel: Literal["api", "paper"] = "api"


class CorrectionBody(WriteModel):
    """Fields of an idea to be changed, and why; with `redact` the history forgets the old words.

    `confirmed` by somebody who looked at the passages that may name persons in a public idea's new words.
    """

    title: Title | None = None
    summary: Summary | None = None
    handlungsfeld: Word | None = None
    further_fields: Words | None = None
    goal: Text | None = None
    benefit: Text | None = None
    mehrwerte: Words | None = None
    leitsaetze: Words | None = None
    target_groups: Words | None = None
    place: PlaceBody | None = None
    partners: Text | None = None
    timeframe: Line | None = None
    budget: Line | None = None
    transferable: Text | None = None
    reason: Reason
    redact: bool = False
    confirmed: bool = False

    def fields(self) -> dict[str, Any]:
        """Return what is to be changed."""
        given = {
            name: getattr(self, name)
            for name in self.model_fields_set - {"reason", "redact", "confirmed"}
            if getattr(self, name) is not None
        }
        if self.place is not None:
            given["place"] = Place(**dict(self.place))
        return given


class TransitionBody(WriteModel):
    """A move, and why."""

    to: Word
    reason: Reason


class ReasonBody(WriteModel):
    """Why something is done."""

    reason: Reason


class PublishBody(ReasonBody):
    """Why an idea is published; `confirmed` by somebody who looked at the passages that may name persons."""

    confirmed: bool = False


class RatingBody(WriteModel):
    """A rater's word on a criterion."""

    rating: Rating
    comment: Text = ""


class MergeBody(WriteModel):
    """Into which idea an idea goes on, and why."""

    into: IdeaIdText
    reason: Reason


class SplitBody(WriteModel):
    """Parts that become ideas of their own, and why."""

    parts: Annotated[tuple[ProfileBody, ...], Field(min_length=2, max_length=10)]
    reason: Reason
