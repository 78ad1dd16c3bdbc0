# SPDX-License-Identifier: EUPL-1.2
"""A formula in a sentence, German and English, for who asks how a number comes about."""

from __future__ import annotations

from datetime import timedelta

from kpi_aggregator.domain.expression import text
from kpi_aggregator.domain.formula import Aggregation, Formula

Words = dict[str, str]


def words(formula: Formula) -> Words:
    """Return what a formula does, in German and English."""
    what = _what(formula)
    german, english = [f"{what[0]}, aus {formula.view}"], [f"{what[1]}, from {formula.view}"]
    for name, allowed in formula.only.items():
        german.append(f"nur {name} = {', '.join(allowed)}")
        english.append(f"only {name} = {', '.join(allowed)}")
    for name, refused in formula.without.items():
        german.append(f"ohne {name} = {', '.join(refused)}")
        english.append(f"without {name} = {', '.join(refused)}")
    if formula.hours is not None:
        german.append(f"von {formula.hours[0]} bis {formula.hours[1]} Uhr")
        english.append(f"from {formula.hours[0]} to {formula.hours[1]} o'clock")
    if formula.weekdays:
        days = ", ".join(str(day) for day in formula.weekdays)
        german.append(f"Wochentage {days} (1 = Montag)")
        english.append(f"weekdays {days} (1 = Monday)")
    if formula.since is not None:
        german.append(f"ab {formula.since:%d.%m.%Y}")
        english.append(f"from {formula.since} on")
    if formula.before is not None:
        last = formula.before.until - timedelta(days=1)
        german.append(
            f"abzüglich des Werts vom {formula.before.begin:%d.%m.%Y} bis {last:%d.%m.%Y}"
        )
        english.append(f"less the value from {formula.before.begin} to {last}")
    if formula.quiet_days:
        german.append("ein Tag ohne Eintrag zählt null, soweit das Register geführt wurde")
        english.append("a day without an entry counts as zero, as far as the register was kept")
    if formula.heartbeat is not None:
        share = f"{text(formula.heartbeat.known)} / {text(formula.heartbeat.expected)}"
        german.append(f"Vollständigkeit {share}, aus {formula.heartbeat.view}")
        english.append(f"completeness {share}, from {formula.heartbeat.view}")
    if formula.known is not None and formula.expected is not None:
        share = f"{text(formula.known)} / {text(formula.expected)}"
        german.append(f"Vollständigkeit {share}")
        english.append(f"completeness {share}")
    least = f"{formula.least_completeness * 100:.0f} %"
    german.append(f"kein Wert unter {least} der Daten")
    english.append(f"no value below {least} of the data")
    return {"de": "; ".join(german), "en": "; ".join(english)}


def _what(formula: Formula) -> tuple[str, str]:
    measure = text(formula.measure)
    per = None if formula.per is None else text(formula.per)
    factor = "100 × " if formula.factor == 100 else ""
    match formula.aggregation:
        case Aggregation.SUM:
            return f"Summe von {measure}", f"sum of {measure}"
        case Aggregation.RATIO:
            return (
                f"{factor}Summe von {measure} / Summe von {per}",
                f"{factor}sum of {measure} / sum of {per}",
            )
        case Aggregation.MEAN:
            weight = f" ({per})" if per else ""
            return (
                f"{factor}gewichtetes Mittel{weight} von {measure}",
                f"{factor}mean{weight} of {measure}",
            )
        case Aggregation.MEMBERS:
            return f"Anzahl von {formula.member}", f"number of {formula.member}"
        case Aggregation.NEW_MEMBERS:
            return (
                f"Anzahl von {formula.member}, erstmals vorhanden",
                f"number of {formula.member} seen for the first time",
            )
        case Aggregation.SHARE_OF_MEMBERS:
            what = measure if per is None else f"{measure} / ({per})"
            limit = "> 0" if formula.at_least is None else f"≥ {formula.at_least:g}"
            return (
                f"{factor}Anteil von {formula.member} mit {what} {limit}",
                f"{factor}share of {formula.member} with {what} {limit}",
            )
