# SPDX-License-Identifier: EUPL-1.2
"""What of a forecast is told, and why the rest is withheld."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from parking_occupancy.domain.opening import Openings

ISSUED_EVERY = timedelta(minutes=5)
HOLDS = timedelta(minutes=10)
"""How long an issued forecast is told; a newer one comes twice as often."""
SKILL_OVER = timedelta(days=14)
LEAST_SCORED = 96
"""Forecasts of a horizon, a day's worth, before its scores decide."""


class Reason(StrEnum):
    """Why a forecast, or a horizon of it, is withheld."""

    TOO_LITTLE_HISTORY = "too_little_history"
    WORSE_THAN_PERSISTENCE = "worse_than_persistence"
    LOT_CLOSED = "lot_closed"
    CLOSED_THEN = "closed_then"
    DATA_STALE = "data_stale"


WORDS: Mapping[Reason, tuple[str, str]] = {
    Reason.TOO_LITTLE_HISTORY: (
        "Für eine Prognose ist noch zu wenig bekannt.",
        "Not enough is known yet for a forecast.",
    ),
    Reason.WORSE_THAN_PERSISTENCE: (
        "Die Prognose war zuletzt schlechter als die Annahme, dass alles bleibt, wie es ist.",
        "Lately the forecast was worse than assuming that nothing changes.",
    ),
    Reason.LOT_CLOSED: ("Der Parkplatz ist geschlossen.", "The lot is closed."),
    Reason.CLOSED_THEN: ("Der Parkplatz ist dann geschlossen.", "The lot is closed then."),
    Reason.DATA_STALE: (
        "Der jetzige Stand ist nicht bekannt.",
        "What the lot is at present is not known.",
    ),
}


class Source(StrEnum):
    """Whether forecasts were told and scored, or made by a learner of weeks held out from it."""

    SCORED = "scored"
    HELD_OUT = "held_out"


@dataclass(frozen=True, slots=True)
class Skill:
    """How good forecasts of one horizon were, in places, over some days."""

    horizon_min: int
    forecasts: int
    mae: float
    mae_persistence: float
    mae_seasonal_mean: float | None
    coverage: float
    source: Source = Source.SCORED

    @property
    def is_worse(self) -> bool:
        """Return whether enough was scored to say that persistence was better."""
        return self.forecasts >= LEAST_SCORED and self.mae > self.mae_persistence


@dataclass(frozen=True, slots=True)
class Stored:
    """A forecast as it was issued; no numbers where it was withheld then."""

    issued_at: datetime
    model: str
    withheld: Reason | None
    horizons_min: Sequence[int]
    free: Sequence[int]
    low: Sequence[int]
    high: Sequence[int]


@dataclass(frozen=True, slots=True)
class Item:
    """What is expected at one time."""

    at: datetime
    horizon_min: int
    free: int
    p10: int
    p90: int


@dataclass(frozen=True, slots=True)
class Told:
    """What is answered: items, or why there are none; and which horizons are left out, and why."""

    items: Sequence[Item]
    withheld: Reason | None
    left_out_min: Mapping[int, Reason]


def known_skills(scored: Sequence[Skill], held_out: Sequence[Skill]) -> list[Skill]:
    """Return what is known of each horizon: its scores once they decide, before that the check."""
    found = {skill.horizon_min: skill for skill in held_out}
    for skill in scored:
        if skill.forecasts >= LEAST_SCORED or skill.horizon_min not in found:
            found[skill.horizon_min] = skill
    return [found[minutes] for minutes in sorted(found)]


def tell(
    stored: Stored | None,
    skills: Sequence[Skill],
    *,
    learned: bool,
    openings: Openings,
    now: datetime,
    horizon_min: int,
) -> Told:
    """Return what of a forecast is told up to a horizon; `learned`: there is a model at all.

    Of a time at which the lot will be closed no free places are told, however many bays are empty.
    """
    if openings.standing(now).is_closed:
        return Told((), Reason.LOT_CLOSED, {})
    if stored is None:
        return Told((), Reason.DATA_STALE if learned else Reason.TOO_LITTLE_HISTORY, {})
    if stored.withheld is not None:
        return Told((), stored.withheld, {})
    if now >= stored.issued_at + HOLDS:
        return Told((), Reason.DATA_STALE, {})
    worse = {skill.horizon_min for skill in skills if skill.is_worse}
    asked = [
        Item(stored.issued_at + timedelta(minutes=minutes), minutes, free, low, high)
        for minutes, free, low, high in zip(
            stored.horizons_min, stored.free, stored.low, stored.high, strict=True
        )
        if minutes <= horizon_min
    ]
    left_out: dict[int, Reason] = {}
    for item in asked:
        if openings.standing(item.at).is_closed:
            left_out[item.horizon_min] = Reason.CLOSED_THEN
        elif item.horizon_min in worse:
            left_out[item.horizon_min] = Reason.WORSE_THAN_PERSISTENCE
    items = [item for item in asked if item.horizon_min not in left_out]
    return Told(items, None if items else _why_none(left_out), left_out)


def _why_none(left_out: Mapping[int, Reason]) -> Reason:
    """Return why no horizon is told: closed only where nothing else stood in the way."""
    others = set(left_out.values()) - {Reason.CLOSED_THEN}
    return Reason.CLOSED_THEN if left_out and not others else Reason.WORSE_THAN_PERSISTENCE
