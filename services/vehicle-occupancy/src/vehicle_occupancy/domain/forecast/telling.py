"""What of a line's forecast is told, and why the rest is withheld."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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

    @property
    def reason(self) -> Reason | None:
        """Return why such forecasts are withheld; None where they are better than both."""
        if self.forecasts < LEAST_SCORED:
            return None
        if self.mae > self.mae_historical_mean:
            return Reason.WORSE_THAN_HISTORICAL_MEAN
        return Reason.WORSE_THAN_LAST_WEEK if self.mae > self.mae_last_week else None


def withheld(skills: Iterable[Skill]) -> dict[tuple[str, int], Reason]:
    """Return the lines and directions whose forecasts of the day before are withheld."""
    return {
        (skill.line, skill.direction): skill.reason
        for skill in skills
        if skill.horizon is Horizon.DAY_AHEAD and skill.reason is not None
    }
