# SPDX-License-Identifier: EUPL-1.2
"""A report as PDF: what its template is filled in with."""

from __future__ import annotations

from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from kpi_aggregator.reporting import changes, words
from kpi_aggregator.reporting.document import Chapter, Line, ReportDocument
from kpi_aggregator.reporting.drawing import drawing
from stadttakt_runtime.typesetting import FONT, typeset

_TEMPLATE = (files("kpi_aggregator.reporting") / "templates/report.typ").read_bytes()


def to_pdf(document: ReportDocument, *, preview: bool = False) -> bytes:
    """Return a report as PDF; the same document gives the same bytes."""
    return typeset(_TEMPLATE, _content(document, preview=preview), document.known_at)


def _content(document: ReportDocument, *, preview: bool) -> dict[str, Any]:
    made = document.known_at.astimezone(ZoneInfo(document.timezone))
    parts = ("year", "month", "day", "hour", "minute", "second")
    return {
        "title": document.title,
        "reported": words.reported(document),
        "city": document.city_name,
        "office": document.office,
        "recipient": document.recipient,
        "made": {part: getattr(made, part) for part in parts},
        "preview": preview,
        "simulated": document.simulated,
        "letter": words.head(document),
        "head": words.facts(document),
        "summary": changes.summary(document),
        "changes": [
            *(
                (line.title, changes.in_full(line))
                for line in document.lines
                if changes.is_change(line)
            ),
            *changes.redefined(document),
        ],
        "edition_before": words.edition_before(document),
        "corrected": [(line.title, changes.in_full(line)) for line in changes.corrected(document)],
        "chapters": [_chapter(document, chapter) for chapter in document.chapters],
        "remarks": words.remarks(document),
        "rules": words.rules(document),
    }


def _chapter(document: ReportDocument, chapter: Chapter) -> dict[str, Any]:
    return {
        "title": chapter.title,
        "description": chapter.description,
        "lines": [_line(document, line) for line in chapter.lines],
    }


def _line(document: ReportDocument, line: Line) -> dict[str, Any]:
    value = line.value
    caption = f"Verlauf, Einheit: {line.unit}"
    return {
        "title": line.title,
        "extension": line.extension,
        "light": line.light,
        "light_words": words.LIGHTS[line.light],
        "rule": line.rule,
        "period": words.when(value) if value else "–",
        "value": words.with_unit(value.value, line) if value else words.no_value(line),
        "expected": words.expected(line),
        "since": changes.since(line),
        "told": words.told(line),
        "facts": _facts(document, line),
        "chart": drawing(line, FONT) if words.has_course(line) else None,
        "chart_words": words.course(line) if words.has_course(line) else "",
        "chart_caption": caption
        if line.expected is None
        else f"{caption}; gestrichelt der Zielpfad",
        "measured": line.measured,
        "method": line.method,
        "formula": line.formula,
        "source": words.origin(line),
        "owner": line.owner,
    }


def _facts(document: ReportDocument, line: Line) -> list[tuple[str, str]]:
    zone = ZoneInfo(document.timezone)
    found = [
        ("Zielpfad", f"{words.path(line)}; {words.DIRECTIONS[line.direction]}"),
        ("Seit dem letzten Bericht", changes.in_full(line)),
    ]
    if words.means(line):
        found.insert(0, ("Mittel nach Gruppen", words.means(line)))
    if words.groups(line):
        found.insert(0, ("Gruppen", words.groups(line)))
    if line.reasons:
        told = [f"{words.day(each.at.astimezone(zone))}: {each.text}" for each in line.reasons]
        found.append(("Grund des Werts", "; ".join(told)))
    measures = [words.measure(each.title, each.state) for each in line.measures]
    found.append(("Maßnahmen", "; ".join(measures) or words.NO_MEASURES))
    return found
