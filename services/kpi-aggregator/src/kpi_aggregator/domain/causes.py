# SPDX-License-Identifier: EUPL-1.2
"""Why a computed value is what it is, and why it is not what it was; in German and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kpi_aggregator.domain.outcome import Reason

MOST_DAYS_TOLD = 20


class Cause(StrEnum):
    """What made a value be computed; the later ones weigh more."""

    ONGOING = "ongoing"
    FIRST = "first"
    COMPLETED = "completed"
    SOURCE = "source"
    RECOMPUTED = "recomputed"
    LATE_DATA = "late-data"
    FORMULA = "formula"
    FRAMEWORK = "framework"


Words = Mapping[str, str]

_CAUSES: Mapping[Cause, tuple[str, str]] = {
    Cause.ONGOING: (
        "Zeitraum läuft noch, ein Tag kam hinzu",
        "the period goes on, a day was added",
    ),
    Cause.FIRST: ("erste Berechnung", "computed for the first time"),
    Cause.COMPLETED: ("Zeitraum ist zu Ende", "the period is over"),
    Cause.SOURCE: ("Datenquelle fehlt oder ist neu", "a source is missing or new"),
    Cause.RECOMPUTED: ("auf Anweisung neu berechnet", "computed anew on order"),
    Cause.LATE_DATA: ("verspätete oder berichtigte Daten", "late or corrected data"),
    Cause.FORMULA: ("neue Fassung der Formel", "new version of the formula"),
    Cause.FRAMEWORK: ("Kennzahl neu festgelegt", "the indicator was defined anew"),
}
_REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.SOURCE_MISSING: ("Datenquelle fehlt", "the source is missing"),
    Reason.NO_DATA: ("keine Daten", "no data"),
    Reason.INCOMPLETE: ("zu wenige Daten", "too few data"),
    Reason.DIVISION_BY_ZERO: ("Bezugsgröße ist null", "nothing to divide by"),
    Reason.NOTHING_BEFORE: (
        "zu wenige Daten des Zeitraums vor der Maßnahme",
        "too few data of the time before the measure",
    ),
    Reason.NOT_KEPT: (
        "Register wurde noch nicht geführt",
        "the register was not kept yet",
    ),
    Reason.SMALL_COUNT: (
        "zu kleine Anzahl, nicht veröffentlicht",
        "too small a number, not published",
    ),
    Reason.NOT_ENTERED: ("noch nicht erfasst", "not entered yet"),
    Reason.NOT_CONFIRMED: (
        "erfasst, für den ganzen Zeitraum nicht bestätigt",
        "entered, not confirmed for the whole period",
    ),
    Reason.NOT_COMPUTED: ("noch nicht berechnet", "not computed yet"),
    Reason.IMPOSSIBLE: (
        "Ergebnis außerhalb des möglichen Bereichs",
        "the result is outside of what is possible",
    ),
}


FIRST_ENTRY, CSV_IMPORT = "first entry", "CSV import"
"""What stands as the cause of an entered value of which nobody said one."""
_UNSAID: Mapping[str, Words] = {
    FIRST_ENTRY: {"de": "Ersterfassung", "en": FIRST_ENTRY},
    CSV_IMPORT: {"de": "aus einer Datei eingelesen", "en": CSV_IMPORT},
}


UNTOLD = "corrected by too few persons to be told"
"""Stands as the cause of a correction whose numbers would show a small group: those told before stay."""
_STANDING: Mapping[str, Words] = {
    **_UNSAID,
    UNTOLD: {
        "de": "berichtigt; die Änderung betrifft zu wenige Personen und ist nicht veröffentlicht",
        "en": "corrected; the change is of too few persons and is not published",
    },
}


def says_why(cause: str) -> bool:
    """Tell whether somebody said a cause: not dashes, nor the words that stand in its place."""
    return (plain := _plain(cause)) != "" and plain not in _PLAIN_UNSAID


def _plain(text: str) -> str:
    """Return a text in small letters without what is no letter."""
    return "".join(letter for letter in text.casefold() if letter.isalpha())


_PLAIN_UNSAID = {_plain(each) for key, words in _UNSAID.items() for each in (key, *words.values())}


def said_words(cause: str) -> Words:
    """Return the cause of an entered value for people: as somebody said it, whatever the language."""
    return _STANDING.get(cause, {"de": cause, "en": cause})


@dataclass(frozen=True, slots=True)
class Change:
    """Why a value was computed: the cause, the days whose data made the difference, the versions."""

    cause: Cause
    days: tuple[date, ...] = ()
    version_before: int | None = None


def cause_words(cause: Cause) -> Words:
    """Return a cause for people."""
    german, english = _CAUSES[cause]
    return {"de": german, "en": english}


def reason_words(reason: Reason) -> Words:
    """Return a reason for people."""
    german, english = _REASONS[reason]
    return {"de": german, "en": english}


def completeness_words(share: float) -> Words:
    """Return how complete a value is, for people; not all is never 100 %."""
    percent = f"{min(share * 100, 99 if share < 1 else 100):.0f}"
    return {"de": f"beruht auf {percent} % der Daten", "en": f"from {percent} % of the data"}


def weightiest(causes: Mapping[Cause, list[date]]) -> Change:
    """Return the cause that explains most, with its days."""
    order = list(Cause)
    chosen = max(causes, key=order.index, default=Cause.RECOMPUTED)
    days = causes.get(chosen, [])
    told = chosen in {Cause.LATE_DATA, Cause.RECOMPUTED}
    return Change(chosen, tuple(sorted(days)[:MOST_DAYS_TOLD]) if told else ())
