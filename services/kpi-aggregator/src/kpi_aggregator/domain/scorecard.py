# SPDX-License-Identifier: EUPL-1.2
"""How an indicator stands: its newest value, trend, target path and traffic light, with the rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import floor, log10
from typing import NamedTuple

from kpi_aggregator.domain.framework import Aim, Direction, Indicator
from kpi_aggregator.domain.means import Means
from kpi_aggregator.domain.outcome import Reason
from kpi_aggregator.domain.periods import Period, end_of, start_before

TOLERANCE = 0.1
"""Yellow is what lies behind the target path by at most this part of the whole way."""

ROUNDING = 1e-9
"""By so small a part binary fractions miss what they are meant to be: 3.1 reached is not 3.1 missed."""

RULE = {
    "de": (
        "Der Zielpfad ist gerade vom Ausgangswert zum Zielwert. Grün: auf dem Pfad oder besser; gelb:"
        " höchstens ein Zehntel des ganzen Weges dahinter; rot: mehr; grau: kein Wert, kein Pfad oder"
        " keine bessere Richtung."
    ),
    "en": (
        "The target path is straight from baseline to target. Green: on it or better; yellow: behind"
        " by at most a tenth of the whole way; red: more; grey: no value, no path, or no better"
        " direction."
    ),
}


GOES_ON = {"de": "der Zeitraum läuft noch", "en": "the period goes on"}
UNCONFIRMED = {
    "de": "Zwischenstand, nach dem Ende des Zeitraums nicht bestätigt",
    "en": "a value so far, not confirmed after the period ended",
}


class Light(StrEnum):
    """Whether an indicator is where it should be; grey is not known."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    GREY = "grey"


LIGHT_WORDS: Mapping[Light, Mapping[str, str]] = {
    Light.GREEN: {"de": "im Ziel", "en": "on target"},
    Light.YELLOW: {"de": "knapp verfehlt", "en": "narrowly missed"},
    Light.RED: {"de": "weit vom Ziel", "en": "far from target"},
    Light.GREY: {"de": "nicht bewertet", "en": "not rated"},
}
"""What a light says, to everybody alike: pages, reports, and other services by the API."""


class Trend(StrEnum):
    """Which way the value went since the one before; better or worse is the direction's matter."""

    RISING = "rising"
    FALLING = "falling"
    STEADY = "steady"


class Known(NamedTuple):
    """A value that was known at some time; `unconfirmed`: it is one so far of a period that is over.

    `version` is the indicator's, of what is computed the formula's: values of two are not compared.
    """

    period: Period
    period_start: date
    value: float
    completeness: float | None
    cause: str
    simulated: bool = False
    parts: Mapping[str, int] | None = None
    provisional: bool = False
    all_parts: bool = True
    hidden: tuple[str, ...] = ()
    means: Means | None = None
    hidden_means: tuple[str, ...] = ()
    unconfirmed: bool = False
    version: int = 1
    unit: str = ""


class Valueless(NamedTuple):
    """A period that is over and of which no value is told, though there is a record of it."""

    period: Period
    period_start: date
    reason: Reason | None
    cause: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the scorecard; `rule` says in German and English why the light is what it is.

    `running` is the newest value that is provisional, beside that of the newest period that is over.
    """

    value: Known | None
    before: Known | None
    trend: Trend | None
    expected: float | None
    light: Light
    rule: dict[str, str]
    running: Known | None = None


def standing(indicator: Indicator, known: Sequence[Known]) -> Standing:
    """Return how an indicator stands by the values known, in whatever order.

    One of a period that goes on is told, but neither rated nor held against another.
    """
    ordered = sorted(known, key=lambda each: each.period_start)
    over = [each for each in ordered if not each.provisional]
    running = ordered[-1] if over and ordered[-1].provisional else None
    rated = over or ordered
    newest = rated[-1] if rated else None
    before = rated[-2] if len(rated) > 1 else None
    expected = None
    if newest is not None and newest.provisional:
        rule = UNCONFIRMED if newest.unconfirmed else GOES_ON
        return Standing(newest, before, None, None, Light.GREY, rule)
    if newest is not None:
        expected = expected_at(indicator, end_of(newest.period, newest.period_start))
    light, rule = _light(indicator, newest, expected)
    return Standing(newest, before, _trend(newest, before), expected, light, rule, running)


def _trend(newest: Known | None, before: Known | None) -> Trend | None:
    """Return which way a value went since the period directly before; none since made-up ones, nor since those of another version."""
    if newest is None or before is None or newest.simulated != before.simulated:
        return None
    if newest.version != before.version:
        return None
    if start_before(newest.period, newest.period_start) != before.period_start:
        return None
    if newest.value == before.value:
        return Trend.STEADY
    return Trend.RISING if newest.value > before.value else Trend.FALLING


def expected_at(indicator: Indicator, day: date) -> float | None:
    """Return where the straight way from baseline to target is on a day; the target after it."""
    begin, end = indicator.baseline, indicator.target
    if begin is None or end is None:
        return None
    gone = (day - begin.at).days / max((end.at - begin.at).days, 1)
    return begin.value + (end.value - begin.value) * min(max(gone, 0.0), 1.0)


def _light(
    indicator: Indicator, newest: Known | None, expected: float | None
) -> tuple[Light, dict[str, str]]:
    if newest is None:
        return Light.GREY, {"de": "kein Wert", "en": "no value"}
    begin, end = indicator.baseline, indicator.target
    if expected is None or begin is None or end is None or indicator.direction is Direction.NONE:
        return Light.GREY, {"de": "kein Zielpfad", "en": "no target path"}
    rated = _rated(indicator, newest)
    ahead = rated - expected
    if indicator.direction is Direction.DOWN:
        ahead = -ahead
    allowed = TOLERANCE * _way(begin, end)
    least = ROUNDING * max(abs(rated), abs(expected), _way(begin, end))
    by = _rounding_words(newest, rated)
    if ahead >= -least:
        return Light.GREEN, {
            "de": f"auf dem Zielpfad (Soll {_german(expected)}){by['de']}",
            "en": f"on the target path ({_plain(expected)} expected){by['en']}",
        }
    if allowed == 0:
        return Light.RED, {
            "de": f"nicht auf dem Soll {_german(expected)}, das zu halten ist{by['de']}",
            "en": f"not at {_plain(expected)}, which is to be kept{by['en']}",
        }
    light = Light.YELLOW if -ahead <= allowed + least else Light.RED
    german, english = (
        ("höchstens", "at most") if light is Light.YELLOW else ("mehr als", "more than")
    )
    return light, {
        "de": f"{german} {_german(allowed)} hinter dem Zielpfad (Soll {_german(expected)}){by['de']}",
        "en": f"{english} {_plain(allowed)} behind the target path ({_plain(expected)} expected){by['en']}",
    }


def _rounding_words(newest: Known, rated: float) -> Mapping[str, str]:
    """Return that another number is rated than is told, to who reads the exact one."""
    if rated == newest.value:
        return {"de": "", "en": ""}
    return {
        "de": f"; bewertet ist der gerundete Wert {_german(rated)}, wie er veröffentlicht wird",
        "en": f"; rated is the rounded value {_plain(rated)}, as it is published",
    }


def _rated(indicator: Indicator, newest: Known) -> float:
    """Return the number that is rated: the one everybody is told, so that all read one light.

    The light of the exact number would tell on which side of a border it lies, more than the rounded one.
    """
    told = indicator.publication.rounded(newest.value)
    return newest.value if told is None else told


def _plain(number: float) -> str:
    """Return a number in four digits, whole ones in all of them, never with an exponent."""
    decimals = 0 if number == 0 else max(3 - floor(log10(abs(number))), 0)
    written = f"{number:,.{decimals}f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _german(number: float) -> str:
    return _plain(number).translate(str.maketrans(",.", ".,"))


def _way(begin: Aim, end: Aim) -> float:
    return abs(end.value - begin.value)
