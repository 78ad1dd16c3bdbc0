# SPDX-License-Identifier: EUPL-1.2
"""What of a line's forecast is told, and why the rest is withheld."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

SKILL_OVER = timedelta(days=14)
LEAST_SCORED = 200
"""Forecasts of a line and direction before its scores decide."""


class Horizon(StrEnum):
    """When a forecast was made."""

    DAY_AHEAD = "day_ahead"
    LIVE = "live"


class Source(StrEnum):
    """Whether forecasts were told and scored, or made by the learner of days held out from it."""

    SCORED = "scored"
    HELD_OUT = "held_out"


class Reason(StrEnum):
    """Why a line's forecast is withheld."""

    TOO_LITTLE_HISTORY = "too_little_history"
    WORSE_THAN_LAST_WEEK = "worse_than_last_week"
    WORSE_THAN_HISTORICAL_MEAN = "worse_than_historical_mean"
    WORSE_THAN_DAY_AHEAD = "worse_than_day_ahead"


WORDS: Mapping[Reason, tuple[str, str]] = {
    Reason.TOO_LITTLE_HISTORY: (
        "Für eine Prognose ist noch zu wenig gezählt.",
        "Too little was counted yet for a forecast.",
    ),
    Reason.WORSE_THAN_LAST_WEEK: (
        "Die Prognose war zuletzt schlechter als die Zahlen der Vorwoche.",
        "Lately the forecast was worse than last week's numbers.",
    ),
    Reason.WORSE_THAN_HISTORICAL_MEAN: (
        "Die Prognose war zuletzt schlechter als das langjährige Mittel der Tagesart.",
        "Lately the forecast was worse than the mean of the type of day.",
    ),
    Reason.WORSE_THAN_DAY_AHEAD: (
        "Die laufende Prognose war zuletzt schlechter als die vom Vortag.",
        "Lately the forecast as of now was worse than that of the day before.",
    ),
}


@dataclass(frozen=True, slots=True)
class Skill:
    """How good forecasts of a line and direction were, in persons, over some days."""

    line: str
    direction: int
    horizon: Horizon
    source: Source
    forecasts: int
    mae: float
    mae_last_week: float
    mae_historical_mean: float
    coverage: float
    width: float
    level_accuracy: float
    level_accuracy_last_week: float
    level_accuracy_historical_mean: float
    brier: float
    mae_day_ahead: float | None = None
    """of live forecasts: the error of those of the day before, of the same departures"""

    @property
    def is_decisive(self) -> bool:
        """Return whether enough forecasts were scored to judge."""
        return self.forecasts >= LEAST_SCORED

    @property
    def reason(self) -> Reason | None:
        """Return why such forecasts are withheld; None where they are better than all baselines."""
        if not self.is_decisive:
            return None
        if self.mae > self.mae_historical_mean:
            return Reason.WORSE_THAN_HISTORICAL_MEAN
        if self.mae > self.mae_last_week:
            return Reason.WORSE_THAN_LAST_WEEK
        worse = self.mae_day_ahead is not None and self.mae > self.mae_day_ahead
        return Reason.WORSE_THAN_DAY_AHEAD if worse else None


Way = tuple[str, int]
"""A line and a direction."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Which forecasts are not told and why, each kind on its own."""

    day_ahead: Mapping[Way, Reason] = field(default_factory=dict)
    live: Mapping[Way, Reason] = field(default_factory=dict)

    def told(self, way: Way, *, live: bool) -> Horizon | None:
        """Return what is told of a trip: as of now if there is that, else of the day before, else nothing."""
        if live and way not in self.live:
            return Horizon.LIVE
        return None if way in self.day_ahead else Horizon.DAY_AHEAD

    def tells(self, way: Way, horizon: Horizon) -> bool:
        """Return whether forecasts of a kind are told."""
        return way not in (self.live if horizon is Horizon.LIVE else self.day_ahead)


def withheld(skills: Iterable[Skill]) -> Withheld:
    """Return what is withheld; a live forecast of which too few were scored goes with the day before's."""
    judged = {((each.line, each.direction), each.horizon): each for each in skills}
    day_ahead = {
        way: skill.reason
        for (way, horizon), skill in judged.items()
        if horizon is Horizon.DAY_AHEAD and skill.reason is not None
    }
    live = {
        way: skill.reason
        for (way, horizon), skill in judged.items()
        if horizon is Horizon.LIVE and skill.reason is not None
    }
    for way, reason in day_ahead.items():
        scored = judged.get((way, Horizon.LIVE))
        if scored is None or not scored.is_decisive:
            live[way] = reason
    return Withheld(day_ahead, live)
