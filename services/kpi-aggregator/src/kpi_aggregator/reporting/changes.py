# SPDX-License-Identifier: EUPL-1.2
"""German of what is different from the last report: of a line, of all lines, in a sentence."""

from __future__ import annotations

from kpi_aggregator.domain.report import Step
from kpi_aggregator.reporting.document import (
    Correction,
    Line,
    Redefined,
    Redefinition,
    ReportDocument,
    Since,
)
from kpi_aggregator.reporting.words import DIRECTIONS, LIGHTS, day, number, period, when, with_unit

CORRECTED = "frühere Werte berichtigt"


def corrected(document: ReportDocument) -> list[Line]:
    """Return the lines that say something else than in the edition before, held against that one."""
    held = [
        line.model_copy(update={"since": line.corrects, "corrections": ()})
        for line in document.lines
        if line.corrects
    ]
    return [line for line in held if is_change(line)]


def since(line: Line) -> str:
    """Return what is different from the last report, in a sentence without its end."""
    return _told(line) + (f"; {CORRECTED}" if line.corrections else "")


def in_full(line: Line) -> str:
    """Return what is different from the last report, each correction with its cause."""
    told = _told(line)
    if line.since.step is Step.CORRECTED and line.reasons:
        told += f" – Grund: {line.reasons[-1].text}"
    return "; ".join([told, *map(str, corrections(line))])


def corrections(line: Line) -> list[str]:
    """Return what became of the values of earlier periods that the last report told."""
    return [_correction(line, each) for each in line.corrections]


def _correction(line: Line, told: Correction) -> str:
    when = period(told.period)
    before = number(told.before, whole=line.whole)
    mark = ", simuliert" if told.simulated_before else ""
    if told.value is None:
        why = ", ".join(each for each in (told.reason, told.cause) if each)
        return f"{when} zurückgenommen (zuvor {before}{mark}), gilt nicht mehr" + (
            why and f": {why}"
        )
    now = number(told.value, whole=line.whole)
    if told.so_far:
        return f"{when} wieder offen (zuvor {before}{mark}; Zwischenstand {now}): {told.cause}"
    if told.simulated_before != told.simulated:
        before += " (simuliert)" if told.simulated_before else ""
        now += " (simuliert)" if told.simulated else ""
    if now == before:
        return f"{when} geringfügig berichtigt ({now}): {told.cause}"
    return f"{when} berichtigt von {before} auf {now}: {told.cause}"


def _mixed(line: Line) -> str:
    """Return that a step is none of reality: one of both values was made up, or means something else."""
    if line.since.renewed and line.since.value is not None:
        return " (nicht vergleichbar: neue Fassung)"
    if not line.since.mixed or line.value is None:
        return ""
    which = (
        "der jetzige Wert ist simuliert, der frühere nicht"
        if line.value.simulated
        else "der frühere Wert war simuliert"
    )
    return f" (nicht vergleichbar: {which})"


def _told(line: Line) -> str:
    told = line.since
    if told.renewed and told.value is None:
        rest = (
            "noch kein Wert" if line.value is None else "mit dem früheren Wert nicht vergleichbar"
        )
        return f"neue Fassung in anderer Einheit, {rest}"
    return _since(line) + _mixed(line)


def _since(line: Line) -> str:
    told = line.since
    light = ""
    if told.light is not None:
        light = f"; Ampel zuvor „{LIGHTS[told.light]}“"
    match told.step:
        case Step.NEW:
            return "neuer Wert, ohne Vergleich" if line.corrections else "erstmals mit Wert"
        case Step.GONE | Step.LOST:
            return _gone(told) + light
        case Step.MOVED:
            return f"{with_unit(told.by or 0, line, signed=True)} gegenüber {_before(line)}{light}"
        case Step.CORRECTED:
            now = "–" if line.value is None else with_unit(line.value.value, line)
            return f"berichtigt von {_number_before(line)} auf {now}{light}"
        case Step.STEADY:
            return f"unverändert{light}"
        case Step.NONE:
            return "weiterhin kein Wert"


def _gone(told: Since) -> str:
    if told.step is Step.GONE or told.period is None:
        return "kein Wert mehr"
    return f"ohne Vergleich: der zuletzt berichtete Wert für {period(told.period)} gilt nicht mehr"


def _number_before(line: Line) -> str:
    value = line.since.value
    return "–" if value is None else number(value, whole=line.whole)


def _before(line: Line) -> str:
    told = line.since.period
    return _number_before(line) + ("" if told is None else f" ({period(told)})")


def redefined(document: ReportDocument) -> list[tuple[str, str]]:
    """Return which indicators the framework defines otherwise than before: title, and what is new."""
    return [(each.title, _redefined(each)) for each in document.redefined]


def _redefined(told: Redefined) -> str:
    match told.kind:
        case Redefinition.REMOVED:
            return "nicht mehr berichtet" + _last(told)
        case Redefinition.ADDED | Redefinition.SHOWN:
            return "neu im Rahmenplan" if told.kind is Redefinition.ADDED else "neu im Bericht"
        case Redefinition.BASELINE | Redefinition.TARGET:
            return _aims("Ausgangswert" if told.kind is Redefinition.BASELINE else "Zielwert", told)
        case Redefinition.DIRECTION:
            before = DIRECTIONS[told.direction_before or told.direction]
            return f"Richtung geändert von „{before}“ auf „{DIRECTIONS[told.direction]}“"
        case Redefinition.VERSION:
            return f"neu festgelegt (Fassung {told.version}, bisher {told.version_before})"


def _last(told: Redefined) -> str:
    value = told.value
    if value is None:
        return ""
    return f" (zuletzt {number(value.value, whole=told.whole)}\u00a0{told.unit}, {when(value)})"


def _aims(name: str, told: Redefined) -> str:
    before, now = (
        each and f"{number(each[0], whole=told.whole)}\u00a0{told.unit} ({day(each[1])})"
        for each in (told.aim_before, told.aim)
    )
    if before is None:
        return f"{name} festgelegt: {now}"
    return (
        f"{name} aufgehoben, bisher {before}"
        if now is None
        else f"{name} geändert von {before} auf {now}"
    )


def is_change(line: Line) -> bool:
    """Tell whether a line belongs to what changed since the last report."""
    return (
        line.since.step not in {Step.STEADY, Step.NONE}
        or line.since.light is not None
        or bool(line.corrections)
        or line.since.renewed
    )


def summary(document: ReportDocument) -> str:
    """Return how all indicators stand, in a sentence."""
    lines = document.lines
    valued = sum(line.value is not None for line in lines)
    lights = [
        f"{sum(line.light is light for line in lines)} „{word}“" for light, word in LIGHTS.items()
    ]
    changed = sum(is_change(line) for line in lines)
    words = (
        f"haben sich {changed} Kennzahlen"
        if changed > 1
        else f"hat sich {changed or 'keine'} Kennzahl"
    )
    demo = sum(line.demo_aims for line in lines)
    otherwise = len({each.indicator_id for each in document.redefined})
    defined = (
        " Neu, anders festgelegt oder nicht mehr berichtet:"
        f" {otherwise} {'Kennzahl' if otherwise == 1 else 'Kennzahlen'}."
    )
    made_up = (
        f" Bei {demo} {'Kennzahl' if demo == 1 else 'Kennzahlen'} sind Ausgangs- und Zielwert Beispiele zur Vorführung; ihre Ampeln sagen"
        " nichts über die Stadt."
    )
    return (
        (
            f"Von {len(lines)} berichteten Kennzahlen liegt für {valued} ein Wert vor. Nach der Ampel sind "
            f"{', '.join(lights[:-1])} und {lights[-1]}. Gegenüber dem letzten Bericht {words} verändert."
        )
        + (defined if otherwise else "")
        + (made_up if demo else "")
    )
