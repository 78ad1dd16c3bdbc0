# SPDX-License-Identifier: EUPL-1.2
"""A formula in a sentence, German and English, for who asks how a number comes about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from kpi_aggregator.domain.expression import Expression, Number, text
from kpi_aggregator.domain.formula import Aggregation, Formula
from kpi_aggregator.domain.naming import UNNAMED, Naming

Words = dict[str, str]
_PHRASES: Mapping[str, Mapping[str, str]] = {
    "de": {
        "only": "nur {name}: {values}",
        "without": "ohne {name}: {values}",
        "hours": "von {0} bis {1} Uhr",
        "since": "ab {day}",
        "before": "abzüglich des Werts vom {begin} bis {last}",
        "quiet": "ein Tag ohne Eintrag zählt null, soweit das Register geführt wurde",
        "known": "Vollständigkeit: {share}",
        "least": "kein Wert unter {share} % der Daten",
        "from": "Daten: {view}",
        "sum": "Summe ({measure})",
        "ratio": "Summe ({measure}) / Summe ({per})",
        "mean": "Mittel ({measure})",
        "weighted": "Mittel ({measure}), gewichtet nach: {per}",
        "members": "Anzahl ({member})",
        "new": "Anzahl ({member}), erstmals vorhanden",
        "share": "Anteil ({member}), bei denen {what} {limit}",
    },
    "en": {
        "only": "only {name}: {values}",
        "without": "without {name}: {values}",
        "hours": "from {0} to {1} o'clock",
        "since": "from {day} on",
        "before": "less the value from {begin} to {last}",
        "quiet": "a day without an entry counts as zero, as far as the register was kept",
        "known": "completeness: {share}",
        "least": "no value below {share} % of the data",
        "from": "data: {view}",
        "sum": "sum ({measure})",
        "ratio": "sum ({measure}) / sum ({per})",
        "mean": "mean ({measure})",
        "weighted": "mean ({measure}), weighted by: {per}",
        "members": "number ({member})",
        "new": "number ({member}), seen for the first time",
        "share": "share ({member}) for which {what} {limit}",
    },
}
_WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "de": ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def words(formula: Formula) -> Words:
    """Return what a formula does, in German and English, by the names that its city gives."""
    return {language: _told(formula, formula.naming, language) for language in _PHRASES}


def technical_words(formula: Formula) -> Words:
    """Return what a formula does by the names of columns and views, for who wants to check it."""
    return {language: _told(formula, UNNAMED, language) for language in _PHRASES}


def _told(formula: Formula, naming: Naming, language: str) -> str:
    phrases = _PHRASES[language]
    view = formula.view if naming.view is None else naming.view[language]
    found = [_what(formula, naming, language), *_conditions(formula, naming, language)]
    if formula.quiet_days:
        found.append(phrases["quiet"])
    known, expected = formula.known, formula.expected
    if formula.heartbeat is not None:
        known, expected = formula.heartbeat.known, formula.heartbeat.expected
    if known is not None and expected is not None:
        share = _named(known, naming, language)
        if expected != Number(1):
            share += f" / {_named(expected, naming, language)}"
        found.append(phrases["known"].format(share=share))
    found.append(phrases["least"].format(share=f"{formula.least_completeness * 100:.0f}"))
    found.append(phrases["from"].format(view=view))
    return "; ".join(found)


def _conditions(formula: Formula, naming: Naming, language: str) -> Iterator[str]:
    """Yield which rows and days count."""
    phrases = _PHRASES[language]
    for phrase, columns in (("only", formula.only), ("without", formula.without)):
        for name, values in columns.items():
            told = ", ".join(naming.value(each, language) for each in values)
            yield phrases[phrase].format(name=naming.term(name, language), values=told)
    if formula.hours is not None:
        yield phrases["hours"].format(*formula.hours)
    if formula.weekdays:
        yield ", ".join(_WEEKDAYS[language][day - 1] for day in formula.weekdays)
    if formula.since is not None:
        yield phrases["since"].format(day=_day(formula.since, language))
    if formula.before is not None:
        begin, last = formula.before.begin, formula.before.until - timedelta(days=1)
        yield phrases["before"].format(begin=_day(begin, language), last=_day(last, language))


def _day(day: date, language: str) -> str:
    return f"{day:%d.%m.%Y}" if language == "de" else day.isoformat()


def _named(expression: Expression, naming: Naming, language: str) -> str:
    return text(
        expression,
        lambda column: naming.term(column, language),
        lambda value: _number(value, language),
    )


def _number(value: float, language: str) -> str:
    return f"{value:g}".replace(".", "," if language == "de" else ".")


def _what(formula: Formula, naming: Naming, language: str) -> str:
    phrases = _PHRASES[language]
    measure = _named(formula.measure, naming, language)
    per = None if formula.per is None else _named(formula.per, naming, language)
    member = naming.term(formula.member or "", language)
    factor = "100 × " if formula.factor == 100 else ""
    match formula.aggregation:
        case Aggregation.SUM:
            return phrases["sum"].format(measure=measure)
        case Aggregation.RATIO:
            return factor + phrases["ratio"].format(measure=measure, per=per)
        case Aggregation.MEAN:
            name = "mean" if per is None else "weighted"
            return factor + phrases[name].format(measure=measure, per=per)
        case Aggregation.MEMBERS:
            return phrases["members"].format(member=member)
        case Aggregation.NEW_MEMBERS:
            return phrases["new"].format(member=member)
        case Aggregation.SHARE_OF_MEMBERS:
            what = measure if per is None else f"{measure} / ({per})"
            least = formula.at_least
            limit = "> 0" if least is None else f"≥ {_number(least, language)}"
            return factor + phrases["share"].format(member=member, what=what, limit=limit)
