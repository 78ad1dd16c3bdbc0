# SPDX-License-Identifier: EUPL-1.2
"""German as offices write it: numbers, days, periods, and what the report says of a line."""

from __future__ import annotations

from datetime import date, datetime
from math import floor, log10
from zoneinfo import ZoneInfo

from kpi_aggregator.domain.framework import Direction, Source
from kpi_aggregator.domain.outcome import Confidence
from kpi_aggregator.domain.periods import Period, read_period
from kpi_aggregator.domain.scorecard import LIGHT_WORDS, Trend
from kpi_aggregator.domain.spans import Interval, Span, read_span
from kpi_aggregator.reporting.document import Line, ReportDocument, ToldValue

MONTHS = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September"),
    *("Oktober", "November", "Dezember"),
)
LIGHTS = {light: words["de"] for light, words in LIGHT_WORDS.items()}
TRENDS = {
    Trend.RISING: "gestiegen",
    Trend.FALLING: "gefallen",
    Trend.STEADY: "unverändert",
}
SOURCES = {
    Source.FORMULA: "berechnet",
    Source.MANUAL: "von Hand erfasst",
    Source.SURVEY: "Befragung",
    Source.CSV: "eingelesen",
}
CONFIDENCES = {
    Confidence.HIGH: "hohe Verlässlichkeit",
    Confidence.MEDIUM: "mittlere Verlässlichkeit",
    Confidence.LOW: "geringe Verlässlichkeit",
}
DIRECTIONS = {
    Direction.UP: "mehr ist besser",
    Direction.DOWN: "weniger ist besser",
    Direction.NONE: "weder mehr noch weniger ist besser",
}
INTERVALS = {
    Interval.MONTH: "monatlich",
    Interval.TWO_MONTHS: "zweimonatlich",
    Interval.QUARTER: "vierteljährlich",
    Interval.HALF_YEAR: "halbjährlich",
    Interval.YEAR: "jährlich",
}
NOT_ENTERED = "noch nicht erfasst"
NOT_COMPUTED = "noch nicht berechnet"
SIMULATED = (
    "Werte dieses Berichts stammen ganz oder zum Teil aus einer Simulation und beschreiben nicht die"
    " Wirklichkeit."
)
HIDDEN = "zu wenige, nicht veröffentlicht"
NO_MEASURES = "noch keine Maßnahmen verknüpft"
EVENNESS = "auf einer Skala von 0 (alle in einer Gruppe) bis 1 (alle Gruppen gleich stark)"
THIN = "\u202f"


def number(value: float, *, whole: bool = False, signed: bool = False) -> str:
    """Return a number with points and a comma; of large ones no decimals, of small ones more."""
    digits = 0 if whole else _digits(abs(value))
    sign = "+" if signed and value > 0 else ""
    written = f"{sign}{value:,.{digits}f}".translate(str.maketrans(",.", ".,"))
    return "0" if written.strip("-+0,.") == "" else written.replace("-", "−")


def _digits(size: float) -> int:
    if size >= 1000:
        return 0
    if size >= 10 or size == 0:
        return 1
    return 2 if size >= 0.1 else min(1 - floor(log10(size)), 6)


def with_unit(value: float, line: Line, *, signed: bool = False) -> str:
    """Return a value of an indicator with its unit; differences of shares are of points."""
    unit = "Prozentpunkte" if signed and line.unit == "%" else line.unit
    return f"{number(value, whole=line.whole, signed=signed)}\u00a0{unit}"


def share(part: float) -> str:
    """Return a share in percent, without decimals; not all is never 100."""
    percent = round(part * 100)
    return f"{min(percent, 99) if part < 1 else percent}\u00a0%"


def evenness(value: float) -> str:
    """Return an evenness; what is not quite even is never 1."""
    return number(min(value, 0.99) if value < 1 - 1e-9 else 1.0)


def day(value: date) -> str:
    """Return a day."""
    return f"{value:%d.%m.%Y}"


def moment(value: datetime, timezone: str) -> str:
    """Return a time of the city."""
    return f"{value.astimezone(ZoneInfo(timezone)):%d.%m.%Y, %H:%M} Uhr"


def period(name: str) -> str:
    """Return the period of a value: Oktober 2026, 3. Quartal 2026."""
    length, start = read_period(name)
    match length:
        case Period.DAY:
            return day(start)
        case Period.WEEK:
            return f"Woche ab {day(start)}"
        case Period.MONTH:
            return f"{MONTHS[start.month - 1]} {start.year}"
        case Period.QUARTER:
            return f"{(start.month - 1) // 3 + 1}. Quartal {start.year}"
        case Period.YEAR:
            return f"{start.year}"


def span_words(span: Span) -> str:
    """Return what a report is about."""
    year, begin = span.begin.year, MONTHS[span.begin.month - 1]
    match span.interval:
        case Interval.MONTH:
            return f"{begin} {year}"
        case Interval.TWO_MONTHS:
            return f"{begin} und {MONTHS[span.last.month - 1]} {year}"
        case Interval.QUARTER:
            return f"{span.number}. Quartal {year}"
        case Interval.HALF_YEAR:
            return f"{span.number}. Halbjahr {year}"
        case Interval.YEAR:
            return f"Jahr {year}"


def reported(document: ReportDocument) -> str:
    """Return what a report is about."""
    return span_words(read_span(document.every, document.period))


def compared(document: ReportDocument) -> str:
    """Return the report that is compared with."""
    last = document.compared
    name = span_words(read_span(last.every, last.period))
    told = moment(last.known_at, document.timezone)
    if last.number is None:
        return f"{name} (kein Bericht erstellt; verglichen mit dem Stand vom {told})"
    return f"{name} (Stand {told})"


def has_course(line: Line) -> bool:
    """Tell whether there is a course to be drawn: of one value there is none."""
    return len(line.points) > 1


def when(value: ToldValue) -> str:
    """Return the period of a value, and that the value is not of the whole of it."""
    return period(value.period) + (", Zwischenstand" if value.so_far else "")


def no_value(line: Line) -> str:
    """Return why a line has no value."""
    if line.missing is not None:
        return line.missing
    return NOT_COMPUTED if line.source is Source.FORMULA else NOT_ENTERED


def told(line: Line) -> str:
    """Return a value with all that must be known of it, or why there is none."""
    value = line.value
    if value is None:
        return f"kein Wert: {no_value(line)}"
    said = f"{with_unit(value.value, line)} ({when(value)})"
    if value.completeness is not None:
        said += f", aus {share(value.completeness)} der Daten"
    return f"{said}, simuliert" if value.simulated else said


def groups(line: Line) -> str:
    """Return how a value is spread over its groups; empty where nothing is told of them."""
    value = line.value
    if value is None or not (value.parts or value.hidden):
        return ""
    unit = f"\u00a0{value.parts_unit}" if value.parts_unit else ""
    told_ = [f"{each.title}: {number(each.number, whole=True)}{unit}" for each in value.parts]
    said = "; ".join([*told_, *(f"{each}: {HIDDEN}" for each in value.hidden)])
    if value.evenness is None:
        return said
    return f"{said}. Vielfalt: {evenness(value.evenness)} {EVENNESS}"


def means(line: Line) -> str:
    """Return what groups of a survey say on the mean; empty where nothing is told of them."""
    value = line.value
    if value is None:
        return ""
    told_ = [
        f"{each.title}: {with_unit(each.mean, line)} ({number(each.persons, whole=True)}\u00a0Personen)"
        for each in value.means
    ]
    return "; ".join([*told_, *(f"{each}: {HIDDEN}" for each in value.hidden_means)])


def measure(title: str, state: str) -> str:
    """Return a measure with its state, where the registry knows one."""
    return title if state == "nicht_angegeben" else f"{title} ({state.replace('_', ' ')})"


def head(document: ReportDocument) -> list[tuple[str, str]]:
    """Return where a report comes from, for the head of the letter."""
    found = [
        ("Datum", day(document.known_at.astimezone(ZoneInfo(document.timezone)).date())),
        ("Bericht", document.number),
    ]
    return [("Aktenzeichen", document.reference), *found] if document.reference else found


def facts(document: ReportDocument) -> list[tuple[str, str]]:
    """Return whom a report is for and what it is about."""
    before = edition_before(document)
    return [
        ("An", document.recipient),
        ("Anlass", f"{document.occasion} ({INTERVALS[document.every]})"),
        ("Berichtszeitraum", f"{day(document.begin)} bis {day(document.last_day)}"),
        ("Datenstand", moment(document.known_at, document.timezone)),
        ("Letzter Bericht", compared(document)),
        *([("Frühere Ausgabe", before)] if before else []),
    ]


def edition_before(document: ReportDocument) -> str:
    """Return the edition of the same period that was made before; empty where this is the first."""
    before = document.corrects
    if before is None:
        return ""
    told = moment(before.known_at, document.timezone)
    return f"{document.number_of(before.number)} (Stand {told})"


def expected(line: Line) -> str:
    """Return what is due, beside it where that was made up."""
    if line.expected is None:
        return "–"
    return number(line.expected, whole=line.whole) + (" (Beispiel)" if line.demo_aims else "")


def course(line: Line) -> str:
    """Return what the chart of a line shows, for whom it is read to."""
    points = line.points
    first, last = points[0], points[-1]
    low = min(points, key=lambda point: point.value)
    high = max(points, key=lambda point: point.value)
    return (
        f"{line.title}, {len(points)} Werte von {period(first.period)} bis {period(last.period)}:"
        f" zuerst {with_unit(first.value, line)}, zuletzt {with_unit(last.value, line)}, niedrigster"
        f" {with_unit(low.value, line)} ({period(low.period)}), höchster"
        f" {with_unit(high.value, line)} ({period(high.period)})."
    )


def remarks(document: ReportDocument) -> list[tuple[str, str]]:
    """Return which values are missing or of few data: title and remark."""
    found = []
    for line in document.lines:
        if line.missing is not None:
            found.append((line.title, f"kein Wert für den jüngsten Zeitraum: {line.missing}"))
        elif line.value is None:
            found.append((line.title, f"kein Wert: {no_value(line)}"))
        elif line.value.completeness is not None and line.value.completeness < 0.95:
            words = f"beruht auf {share(line.value.completeness)} der Daten"
            if line.confidence is not None:
                words += f", {CONFIDENCES[line.confidence]}"
            found.append((line.title, words))
    return found


def origin(line: Line) -> str:
    """Return where values come from."""
    return SOURCES[line.source] + (f": {line.origin}" if line.origin else "")


def rules(document: ReportDocument) -> str:
    """Return how lights come about, and which version of the framework they follow."""
    number_ = document.framework_version or "–"
    return f"{document.traffic_light} Grundlage ist Fassung {number_} des KPI-Rahmenplans."


def path(line: Line) -> str:
    """Return baseline, target and what is due now, in a sentence without its end."""
    if line.baseline is None:
        return "Ausgangs- und Zielwert sind noch nicht festgelegt"
    source = f", Quelle: {line.baseline_source}" if line.baseline_source else ""
    value, since = line.baseline[0], f"({day(line.baseline[1])}{source})"
    if line.target is None:
        words = (
            f"Ausgangswert {with_unit(value, line)} {since}, ein Zielwert ist noch nicht festgelegt"
        )
    else:
        end = line.target
        begin = f"{number(value, whole=line.whole)} {since}"
        words = f"von {begin} auf {with_unit(end[0], line)} ({day(end[1])})"
    if line.demo_aims:
        words += " (Beispielwerte zur Vorführung)"
    if line.expected is not None:
        words += f"; Soll jetzt {with_unit(line.expected, line)}"
    return words
