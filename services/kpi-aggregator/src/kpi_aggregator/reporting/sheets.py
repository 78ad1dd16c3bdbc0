# SPDX-License-Identifier: EUPL-1.2
"""A report as tables: CSV for programs, XLSX for desks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from kpi_aggregator.reporting import changes, words
from kpi_aggregator.reporting.document import Correction, Line, ReportDocument

COLUMNS = (
    *("mehrwert", "indicator_id", "title", "unit", "period", "value", "completeness", "expected"),
    *("light", "trend", "since_last_report", "change", "previous_period", "previous_value"),
    *("source", "missing", "owner", "extension", "simulated", "measures"),
    *("parts", "evenness", "means", "demo_aims", "comparable", "corrections", "report"),
)
HEADINGS = (
    *("Mehrwert", "Kennzahl", "Einheit", "Zeitraum", "Wert", "Vollständigkeit", "Soll"),
    *("Ampel", "Entwicklung", "seit dem letzten Bericht", "Veränderung", "Zeitraum zuvor"),
    *("Wert zuvor", "Quelle", "Hinweis", "verantwortlich", "Ergänzung", "simuliert", "Maßnahmen"),
    *("Gruppen", "Vielfalt", "Mittel nach Gruppen", "Soll ist ein Beispiel", "vergleichbar"),
    *("Berichtigungen", "Bericht", "Kennung"),
)
WIDTHS = (
    *(
        24,
        38,
        14,
        18,
        12,
        14,
        12,
        16,
        14,
        34,
        14,
        18,
        12,
        26,
        26,
        20,
        11,
        10,
        40,
        40,
        10,
        40,
        20,
        14,
        40,
        24,
    ),
    30,
)
SHARE = "Vollständigkeit"
COURSE_HEADINGS = (
    *(
        "Kennzahl",
        "Einheit",
        "Zeitraum",
        "Wert",
        "Soll",
        SHARE,
        "simuliert",
        "Soll ist ein Beispiel",
    ),
    "Kennung",
)
# What a spreadsheet would take for a formula when it reads CSV.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(document: ReportDocument, *, preview: bool = False) -> bytes:
    """Return the lines of a report as CSV (RFC 4180, UTF-8, points in numbers)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in _rows(document, german=False, preview=preview):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _number(document: ReportDocument, *, preview: bool) -> str:
    """Return by which number a report is found; of a preview that it is one."""
    return f"{document.number}, Vorabfassung" if preview else document.number


def _rows(document: ReportDocument, *, german: bool, preview: bool) -> Iterator[Sequence[Any]]:
    report = _number(document, preview=preview)
    for chapter in document.chapters:
        for line in chapter.lines:
            row = (
                *_row(chapter.title if german else chapter.mehrwert, line, german=german),
                report,
            )
            # Ids are for programs: on a desk they come last.
            yield (row[0], *row[2:], row[1]) if german else row


def _row(mehrwert: str, line: Line, *, german: bool) -> Sequence[Any]:
    told = line.value
    trend = line.trend and (words.TRENDS[line.trend] if german else line.trend.value)
    return (
        *(mehrwert, line.indicator_id, line.title, line.unit),
        _period(None if told is None else told.period, german=german),
        *(told and told.value, told and told.completeness, line.expected),
        words.LIGHTS[line.light] if german else line.light.value,
        trend,
        changes.since(line) if german else line.since.step.value,
        *(line.since.by, _period(line.since.period, german=german), line.since.value),
        words.SOURCES[line.source] if german else line.source.value,
        *(line.missing, line.owner, line.extension, bool(told and told.simulated)),
        "; ".join(each.title for each in line.measures) or (words.NO_MEASURES if german else None),
        _groups(line, german=german),
        told and told.evenness,
        _means(line, german=german),
        line.demo_aims,
        # With a value before; a step between a real and a made-up one is none of reality.
        None
        if line.since.value is None or told is None
        else not (line.since.mixed or line.since.renewed),
        _corrections(line, german=german),
    )


def _corrections(line: Line, *, german: bool) -> str | None:
    if german:
        return "; ".join(changes.corrections(line)) or "keine"
    return "|".join(map(_correction, line.corrections)) or None


def _correction(told: Correction) -> str:
    """Return what became of a value, for programs: `2025=6.0 (simulated)>8.0 (so far)`; nothing where none holds."""
    before = f"{told.before!r}{' (simulated)' if told.simulated_before else ''}"
    now = "" if told.value is None else repr(told.value)
    marks = " (so far)" if told.so_far else ""
    return f"{told.period}={before}>{now}{' (simulated)' if told.simulated else ''}{marks}"


def _period(name: str | None, *, german: bool) -> str | None:
    """Return the period of a value: a word for people, its name for programs."""
    return words.period(name) if german and name else name


def _groups(line: Line, *, german: bool) -> str | None:
    parts = line.value.parts if line.value else ()
    if german:
        return words.groups(line) or None
    return "|".join(f"{each.group}={each.number}" for each in parts) or None


def _means(line: Line, *, german: bool) -> str | None:
    if german:
        return words.means(line) or None
    means = line.value.means if line.value else ()
    return "|".join(f"{each.group}={each.mean!r} ({each.persons})" for each in means) or None


def to_xlsx(document: ReportDocument, *, preview: bool = False) -> bytes:
    """Return a report as a workbook: what it is, its lines, and the courses of their values."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        # The time of making would make each file another one.
        created = document.known_at.replace(microsecond=0, tzinfo=None)
        book.set_properties(
            {
                "title": f"{document.title}, {words.reported(document)}",
                "author": document.city_name,
                "subject": document.recipient,
                "created": created,
            }
        )
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        plain = book.add_format({"text_wrap": True, "valign": "top"})
        percent = book.add_format({"num_format": "0 %", "valign": "top"})
        _about(book.add_worksheet("Bericht"), _facts(document, preview=preview), bold, plain)
        rows = list(_rows(document, german=True, preview=preview))
        _lines(book.add_worksheet("Kennzahlen"), rows, bold, plain, percent)
        _courses(book.add_worksheet("Verläufe"), document, bold, percent)
    return out.getvalue()


def _facts(document: ReportDocument, *, preview: bool) -> list[tuple[str, str]]:
    """Return what a report says of itself."""
    reference = [("Aktenzeichen", document.reference)] if document.reference else []
    return [
        ("Bericht", document.title),
        ("Nummer", _number(document, preview=preview)),
        *reference,
        ("Herausgeber", document.city_name),
        ("An", document.recipient),
        ("Anlass", document.occasion),
        ("Federführung", document.office),
        ("Berichtszeitraum", f"{words.reported(document)} (bis {words.day(document.last_day)})"),
        ("Datenstand", words.moment(document.known_at, document.timezone)),
        ("Letzter Bericht", words.compared(document)),
        *_edition_before(document),
        *_redefined(document),
        *_marks(document),
        ("Ampel", document.traffic_light),
        ("Zusammenfassung", changes.summary(document)),
    ]


def _edition_before(document: ReportDocument) -> list[tuple[str, str]]:
    """Return which edition was made before, and what this one says otherwise."""
    before = words.edition_before(document)
    if not before:
        return []
    told = "; ".join(f"{line.title}: {changes.since(line)}" for line in changes.corrected(document))
    return [
        ("Frühere Ausgabe", before),
        ("Anders als in ihr", told or "nichts: alle Werte sind dieselben"),
    ]


def _redefined(document: ReportDocument) -> list[tuple[str, str]]:
    """Return what the framework says otherwise than when the last report was made."""
    told = "; ".join(f"{title}: {said}" for title, said in changes.redefined(document))
    return [("Rahmenplan", told)] if told else []


def _marks(document: ReportDocument) -> list[tuple[str, str]]:
    """Return that what the workbook says is not all of it true, as the other forms do."""
    return [("Simulierte Daten", words.SIMULATED)] if document.simulated else []


def _about(sheet: Worksheet, rows: Sequence[tuple[str, str]], bold: Format, plain: Format) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 90)
    for number, (name, text) in enumerate(rows):
        sheet.write_string(number, 0, name, bold)
        sheet.write_string(number, 1, text, plain)


def _lines(
    sheet: Worksheet,
    rows: Sequence[Sequence[Any]],
    bold: Format,
    plain: Format,
    percent: Format,
) -> None:
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    for column, heading in enumerate(HEADINGS):
        sheet.write_string(0, column, heading, bold)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            sheet.write(
                number, column, _shown(value), percent if HEADINGS[column] == SHARE else plain
            )
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, len(rows), len(HEADINGS) - 1)


def _courses(sheet: Worksheet, document: ReportDocument, bold: Format, percent: Format) -> None:
    for column, width in enumerate((38, 14, 18, 12, 12, 14, 10, 20, 30)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, COURSE_HEADINGS[column], bold)
    number = 0
    for line in document.lines:
        for point in line.points:
            number += 1
            row = (
                *(line.title, line.unit, words.period(point.period), point.value, point.expected),
                *(point.completeness, point.simulated, line.demo_aims, line.indicator_id),
            )
            for column, value in enumerate(row):
                style = percent if COURSE_HEADINGS[column] == SHARE else None
                sheet.write(number, column, _shown(value), style)
    sheet.freeze_panes(1, 1)


def _shown(value: Any) -> Any:
    """Return a cell as people read it."""
    return ("ja" if value else "nein") if isinstance(value, bool) else value
