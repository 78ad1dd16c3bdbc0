# SPDX-License-Identifier: EUPL-1.2
"""A report's document in which everything that a report can say is said once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from kpi_aggregator.reporting.document import (
    Chapter,
    LastReport,
    Line,
    MeasureLine,
    Point,
    Reason,
    ReportDocument,
    Since,
    ToldValue,
)

NASTY = '<script>alert(1)</script> #panic() $x$ *b* @ref "q" \\ =1+1'


def points(number: int = 13, **more: Any) -> tuple[Point, ...]:
    months = [date(2025 + (9 + n) // 12, (9 + n) % 12 + 1, 1) for n in range(number)]
    return tuple(
        Point(period=f"{month:%Y-%m}", begin=month, value=60.5 + n,
              **{"expected": 80.0 - n, "completeness": 0.9, **more})
        for n, month in enumerate(months)
    )  # fmt: skip


def line(indicator_id: str = "auslastung", **changes: Any) -> Line:
    fields: dict[str, Any] = {
        "indicator_id": indicator_id, "title": "Auslastung der Parkplätze", "unit": "%",
        "whole": False, "direction": "down", "measured": "Auslastungszahlen",
        "method": "Belegte durch bekannte Stellplätze.", "formula": "100 × a / b",
        "source": "formula", "origin": None, "owner": "zu benennen", "extension": False,
        "version": 1, "references": {}, "baseline": (80.0, date(2025, 1, 1)),
        "target": (60.0, date(2027, 6, 30)),
        "value": ToldValue(period="2026-10", value=72.5, completeness=0.9, simulated=False),
        "confidence": "medium", "trend": "rising", "expected": 68.0, "light": "yellow",
        "rule": "höchstens 2 hinter dem Zielpfad (Soll 68)", "missing": None,
        "since": Since(step="moved", by=1.0, period="2026-09", value=71.5, light="red"),
        "reasons": (Reason(at=datetime(2026, 11, 1, 3, tzinfo=UTC), text="erste Berechnung"),),
        "points": points(),
        "measures": (MeasureLine(measure_id="im", title="Integrierte Mobilität", state="läuft"),),
    }  # fmt: skip
    return Line(**{**fields, **changes})


def entered(**changes: Any) -> Line:
    told = ToldValue(period="2025", value=1234, completeness=None, simulated=False)
    fields: dict[str, Any] = {
        "title": "Vernetzungsformate", "unit": "Formate", "whole": True, "direction": "up",
        "source": "manual", "formula": None, "origin": "Liste (01.10.2026, Koordination)",
        "baseline": None, "target": None, "value": told, "confidence": None, "trend": None,
        "expected": None, "light": "grey", "rule": "kein Zielpfad", "measures": (),
        "since": Since(step="new", by=None, period=None, value=None, light=None),
        "points": points(1, expected=None, completeness=None),
    }  # fmt: skip
    return line("formate", **{**fields, **changes})


def nothing() -> Line:
    return line(
        "leer", title="Reisezeit", value=None, light="grey", rule="kein Wert", points=(),
        reasons=(), missing="zu wenige Daten", expected=None, trend=None, confidence=None,
        since=Since(step="none", by=None, period=None, value=None, light=None), measures=(),
    )  # fmt: skip


def document(*lines: Line, **changes: Any) -> ReportDocument:
    chapter = Chapter(
        mehrwert="erreichbarkeit", title="Erreichbarkeit verbessern", description="Angebote",
        lines=lines or (line(), entered(), nothing()),
    )  # fmt: skip
    fields: dict[str, Any] = {
        "report_id": "awwsd", "report_version": 1, "title": "Bericht zu den Kennzahlen",
        "recipient": "Ausschuss", "occasion": "zur Kenntnisnahme", "office": "Stabsstelle",
        "every": "month", "public": True, "city_name": "Halle (Saale)",
        "timezone": "Europe/Berlin", "period": "2026-10", "begin": date(2026, 10, 1),
        "last_day": date(2026, 10, 31), "known_at": datetime(2026, 11, 6, 4, 30, tzinfo=UTC),
        "framework_version": 3, "traffic_light": "Der Zielpfad ist gerade.",
        "compared": LastReport(every="month", period="2026-09",
                               known_at=datetime(2026, 10, 6, 4, tzinfo=UTC), number=1),
        "chapters": (chapter,),
    }  # fmt: skip
    return ReportDocument(**{**fields, **changes})
