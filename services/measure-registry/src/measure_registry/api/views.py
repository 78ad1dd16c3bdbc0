# SPDX-License-Identifier: EUPL-1.2
"""Ideas as answers tell them: to everybody, and with more to staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import orjson
from fastapi import Request, Response
from pydantic import BaseModel, Field

from measure_registry.api.versions import answered
from measure_registry.domain.criteria import (
    Catalogue,
    Judged,
    Priority,
    Rating,
    Verdict,
    Vote,
    judge,
    told,
)
from measure_registry.domain.idea import Channel, Idea
from measure_registry.domain.steckbrief import Steckbrief
from measure_registry.storage.changes import Change
from measure_registry.storage.lineage import Link

_TEXTS = tuple(name for name in Steckbrief.__slots__ if name != "place")
_STANDING = (
    "idea_id", "version", "state", "state_since", "submitted_at", "changed_at", "call_id", "priority",
    "merged_into", "goes_on",
)  # fmt: skip


class PlaceView(BaseModel):
    """Where an idea belongs."""

    name: str | None
    lat: float | None
    lon: float | None


class VoteView(BaseModel):
    """One rater's word; `outdated` where the criterion is worded otherwise since."""

    rater: str
    rating: Rating
    comment: str
    at: datetime
    outdated: bool


class RatingView(BaseModel):
    """A criterion with what all raters together say; single votes are for staff, and what is strittig is offen for others."""

    criterion_id: str
    verdict: Verdict
    votes: list[VoteView] | None = Field(
        None, description="null for everybody else than staff, and on the board"
    )


class LinkView(BaseModel):
    """An idea that this one came of, or went to."""

    idea_id: str
    kind: Literal["merged_into", "merged_from", "split_into", "split_from"]
    at: datetime


class IdeaView(BaseModel):
    """An idea, in the same form wherever it is told."""

    idea_id: str
    version: int
    title: str
    summary: str
    handlungsfeld: str
    further_fields: list[str]
    goal: str
    benefit: str
    mehrwerte: list[str]
    leitsaetze: list[str]
    target_groups: list[str]
    place: PlaceView
    partners: str
    timeframe: str
    budget: str
    transferable: str
    state: str
    state_since: datetime
    submitted_at: datetime
    changed_at: datetime
    call_id: str | None
    priority: Priority | None
    public: bool
    merged_into: str | None
    goes_on: bool = Field(
        description="merged or split: its state says nothing any more, it is counted in what it goes on in"
    )
    goes_on_in: list[str] = Field(description="the ideas it goes on in that the caller may see")
    ratings: list[RatingView]
    submitter_kind: str | None = None
    pseudonym: str | None = Field(None, description="null for everybody else than staff")
    channel: Channel | None = Field(None, description="null for everybody else than staff")


class SourceView(BaseModel):
    """Where an idea was read first; `url` leads to it and to what was said of it there."""

    name: str
    url: str | None


class IdeaDetailView(IdeaView):
    """One idea with where it came from, and, for staff, where it may be moved."""

    links: list[LinkView]
    source: SourceView | None = Field(None, description="null for one that was submitted here")
    transitions: list[str] | None = None


class SimilarView(BaseModel):
    """An idea that says something alike; the higher the likeness, the more."""

    idea_id: str
    title: str
    state: str
    likeness: float


class SubmittedView(IdeaView):
    """An idea that was taken; `status_token` opens its status page and is told this once."""

    status_token: str
    similar: list[SimilarView]


class ChangeView(BaseModel):
    """Something that was done; `author` is a key or subject, never a name."""

    change_id: int
    at: datetime
    author: str
    author_role: str
    action: str
    from_state: str | None
    to_state: str | None
    reason: str | None
    details: dict[str, Any] | None


def idea_fields(
    idea: Idea, votes: Sequence[Vote], catalogue: Catalogue, *, for_staff: bool
) -> dict[str, Any]:
    """Return the fields of an idea as a caller may see them."""
    fields = _own_fields(idea, for_staff=for_staff)
    fields["ratings"] = [
        {
            "criterion_id": each.criterion.criterion_id,
            "verdict": each.verdict if for_staff else told(each),
            "votes": _votes(each) if for_staff else None,
        }
        for each in judge(catalogue, votes)
    ]
    return fields


def overview_fields(
    idea: Idea, verdicts: Mapping[str, Verdict], catalogue: Catalogue, *, for_staff: bool
) -> dict[str, Any]:
    """Return the fields of an idea without the single votes; what is disputed is open to everybody but staff."""
    fields = _own_fields(idea, for_staff=for_staff)
    fields["ratings"] = []
    for each in catalogue.criteria:
        verdict = verdicts.get(each.criterion_id, Verdict.OPEN)
        if verdict is Verdict.DISPUTED and not for_staff:
            verdict = Verdict.OPEN
        fields["ratings"].append(
            {"criterion_id": each.criterion_id, "verdict": verdict, "votes": None}
        )
    return fields


def listed_fields(
    idea: Idea, said: Mapping[str, tuple[Verdict, str]], catalogue: Catalogue
) -> dict[str, Any]:
    """Return the fields of an idea for staff, with single votes that are JSON already."""
    fields = _own_fields(idea, for_staff=True)
    fields["ratings"] = []
    for each in catalogue.criteria:
        verdict, words = said.get(each.criterion_id, (Verdict.OPEN, "[]"))
        fields["ratings"].append(
            {
                "criterion_id": each.criterion_id,
                "verdict": verdict,
                "votes": orjson.Fragment(words),
            }
        )
    return fields


def _own_fields(idea: Idea, *, for_staff: bool) -> dict[str, Any]:
    brief = idea.steckbrief
    fields = {name: getattr(brief, name) for name in _TEXTS}
    fields |= {name: getattr(idea, name) for name in _STANDING}
    fields["place"] = {"name": brief.place.name, "lat": brief.place.lat, "lon": brief.place.lon}
    fields["public"] = idea.is_public
    fields["goes_on_in"] = []
    fields["pseudonym"] = idea.pseudonym if for_staff else None
    fields["channel"] = idea.channel if for_staff else None
    return fields


def _votes(judged: Judged) -> list[dict[str, Any]]:
    return [
        {
            "rater": vote.rater,
            "rating": vote.rating,
            "comment": vote.comment,
            "at": vote.at,
            "outdated": vote in judged.outdated,
        }
        for vote in (*judged.votes, *judged.outdated)
    ]


def as_json(request: Request, document: Mapping[str, Any]) -> Response:
    """Answer with what has the form of a model already: many ideas, read from the database; 304 where the client has it."""
    body = orjson.dumps(document, option=orjson.OPT_UTC_Z)
    return answered(request, body, "application/json")


def link_views(idea_id: str, links: Sequence[Link]) -> list[LinkView]:
    """Return an idea's links, told from its side."""
    return [
        LinkView(
            idea_id=link.target_id if link.source_id == idea_id else link.source_id,
            kind=f"{link.kind}_{'into' if link.source_id == idea_id else 'from'}",
            at=link.at,
        )
        for link in links
    ]


def similar_views(found: Sequence[tuple[Idea, float]]) -> list[SimilarView]:
    """Return ideas that are alike, without what they say at length."""
    return [
        SimilarView(
            idea_id=idea.idea_id,
            title=idea.steckbrief.title,
            state=idea.state,
            likeness=likeness,
        )
        for idea, likeness in found
    ]


def change_view(change: Change) -> ChangeView:
    """Return a change."""
    return ChangeView(**{name: getattr(change, name) for name in ChangeView.model_fields})
