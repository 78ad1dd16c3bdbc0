# SPDX-License-Identifier: EUPL-1.2
"""What of a line's forecast is told, and why the rest is withheld."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from math import inf

SKILL_OVER = timedelta(days=14)
LEAST_SCORED = 200
"""Forecasts that decide together; what a line and direction lacks of them is taken from the city's."""


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
    NOT_ISSUED = "not_issued"
    WORSE_THAN_LAST_WEEK = "worse_than_last_week"
    WORSE_THAN_HISTORICAL_MEAN = "worse_than_historical_mean"
    WORSE_THAN_DAY_AHEAD = "worse_than_day_ahead"


WORDS: Mapping[Reason, tuple[str, str]] = {
    Reason.TOO_LITTLE_HISTORY: (
        "Für eine Prognose ist noch zu wenig gezählt.",
        "Too little was counted yet for a forecast.",
    ),
    Reason.NOT_ISSUED: (
        "Für diesen Betriebstag gibt es keine Prognosen.",
        "There are no forecasts of this service day.",
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
        """Return whether enough forecasts were scored to judge by them alone."""
        return self.forecasts >= LEAST_SCORED

    @property
    def baselines(self) -> Iterator[tuple[Reason, float]]:
        """Yield the errors that it must not exceed, with what is said where it does."""
        yield Reason.WORSE_THAN_HISTORICAL_MEAN, self.mae_historical_mean
        yield Reason.WORSE_THAN_LAST_WEEK, self.mae_last_week
        if self.mae_day_ahead is not None:
            yield Reason.WORSE_THAN_DAY_AHEAD, self.mae_day_ahead

    def reason(self, city: City) -> Reason | None:
        """Return why such forecasts are withheld; None where they are no worse than any baseline."""
        return next((why for why, base in self.baselines if self._is_worse(base, why, city)), None)

    def _is_worse(self, base: float, why: Reason, city: City) -> bool:
        if self.is_decisive:
            return self.mae > base
        usual = city.get((self.horizon, why))
        if usual is None:
            return False
        own = self.mae / base if base else inf if self.mae else 1.0
        lacking = LEAST_SCORED - self.forecasts
        return self.forecasts * own + lacking * usual > LEAST_SCORED


City = Mapping[tuple[Horizon, Reason], float]
"""Errors of all lines together in parts of a baseline's, where enough forecasts were scored."""


def city_of(skills: Iterable[Skill]) -> City:
    """Return how good forecasts of all lines were together."""
    sums: defaultdict[tuple[Horizon, Reason], list[tuple[int, float, float]]] = defaultdict(list)
    for each in skills:
        for why, base in each.baselines:
            n = each.forecasts
            sums[each.horizon, why].append((n, n * each.mae, n * base))
    found = {}
    for key, rows in sums.items():
        forecasts, error, base = (sum(column) for column in zip(*rows, strict=True))
        if forecasts >= LEAST_SCORED and base:
            found[key] = error / base
    return found


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


def withheld(skills: Sequence[Skill], like: Sequence[Skill] | None = None) -> Withheld:
    """Return what is withheld; a live forecast of which too few were scored goes with the day before's.

    `like` are the forecasts of all lines, if `skills` are of some: by these are judged, as far as
    they lack scores of their own, those that have fewer than `LEAST_SCORED`.
    """
    city = city_of(skills if like is None else like)
    judged = {((each.line, each.direction), each.horizon): each for each in skills}
    day_ahead, live = (
        {
            way: reason
            for (way, horizon), skill in judged.items()
            if horizon is kind and (reason := skill.reason(city)) is not None
        }
        for kind in (Horizon.DAY_AHEAD, Horizon.LIVE)
    )
    for way, reason in day_ahead.items():
        scored = judged.get((way, Horizon.LIVE))
        if scored is None or not scored.is_decisive:
            live[way] = reason
    return Withheld(day_ahead, live)
