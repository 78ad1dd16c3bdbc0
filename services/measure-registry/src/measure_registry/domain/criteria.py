# SPDX-License-Identifier: EUPL-1.2
"""The catalogue of criteria, what raters say of an idea, and the priority that follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

Priority = Literal["A", "B", "C"]


class Rating(StrEnum):
    """What one rater says of one criterion."""

    FULFILLED = "erfuellt"
    NOT_FULFILLED = "nicht_erfuellt"
    OPEN = "offen"


class Verdict(StrEnum):
    """What all raters together say of one criterion."""

    FULFILLED = "erfuellt"
    NOT_FULFILLED = "nicht_erfuellt"
    OPEN = "offen"
    DISPUTED = "strittig"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question; `since` is the version of the catalogue that has worded it so first.

    `relevance` marks the question whether an idea is especially relevant for the city.
    """

    criterion_id: str
    group: str
    title: Mapping[str, str]
    question: Mapping[str, str]
    required: bool
    relevance: bool
    since: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group of criteria."""

    group: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A version of the criteria, and in words how the priority follows from them."""

    version: int
    rule: Mapping[str, str]
    groups: tuple[Group, ...]
    criteria: tuple[Criterion, ...]

    def criterion(self, criterion_id: str) -> Criterion | None:
        """Return a criterion by its id."""
        return next((each for each in self.criteria if each.criterion_id == criterion_id), None)


@dataclass(frozen=True, slots=True)
class Vote:
    """One rater's word, given under a version of the catalogue."""

    criterion_id: str
    rater: str
    rating: Rating
    comment: str
    catalogue_version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion with what was said of it; votes on an earlier wording count no more."""

    criterion: Criterion
    verdict: Verdict
    votes: tuple[Vote, ...]
    outdated: tuple[Vote, ...]


def judge(catalogue: Catalogue, votes: Sequence[Vote]) -> list[Judged]:
    """Return every criterion of a catalogue with its verdict, in the catalogue's order."""
    said: dict[str, list[Vote]] = {}
    for each in votes:
        said.setdefault(each.criterion_id, []).append(each)
    return [_judge(each, said.get(each.criterion_id, ())) for each in catalogue.criteria]


def _judge(criterion: Criterion, own: Sequence[Vote]) -> Judged:
    if not own:
        return Judged(criterion, Verdict.OPEN, (), ())
    outdated = tuple(each for each in own if each.catalogue_version < criterion.since)
    valid = tuple(each for each in own if each not in outdated) if outdated else tuple(own)
    return Judged(criterion, _verdict(each.rating for each in valid), valid, outdated)


def _verdict(ratings: Iterable[Rating]) -> Verdict:
    """Return what ratings amount to; who leaves a criterion open contradicts nobody."""
    said = {*ratings}
    said.discard(Rating.OPEN)
    if len(said) > 1:
        return Verdict.DISPUTED
    return Verdict(said.pop()) if said else Verdict.OPEN


def told(judged: Judged) -> Verdict:
    """Return what everybody may know of a verdict: that raters contradict each other is theirs to settle first."""
    return Verdict.OPEN if judged.verdict is Verdict.DISPUTED else judged.verdict


def is_decided(judged: Sequence[Judged]) -> bool:
    """Tell whether no criterion is open or disputed."""
    return bool(judged) and all(
        each.verdict in {Verdict.FULFILLED, Verdict.NOT_FULFILLED} for each in judged
    )


def disputed(judged: Sequence[Judged]) -> int:
    """Return of how many criteria raters contradict each other."""
    return sum(each.verdict is Verdict.DISPUTED for each in judged)


def priority(judged: Sequence[Judged]) -> Priority | None:
    """Return the priority: A where all is fulfilled, B where all that is required is, else C.

    That an idea is especially relevant is a criterion too, so that A means both what the strategy
    says: every point of the catalogue and especially relevant. None until all is decided.
    """
    if not is_decided(judged):
        return None
    lacking = [each.criterion for each in judged if each.verdict is not Verdict.FULFILLED]
    if not lacking:
        return "A"
    return "C" if any(each.required for each in lacking) else "B"
