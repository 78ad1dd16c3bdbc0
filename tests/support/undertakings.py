# SPDX-License-Identifier: EUPL-1.2
"""A measure that says all that one can say, and one whose every text would run if it could."""

from __future__ import annotations

from typing import Any

from measure_registry.forms.undertakings import MeasureForm

_TITLE = {"de": "Ein Titel", "en": "A title"}
FULL: dict[str, Any] = MeasureForm.model_validate(
    {
        "measure_id": "voll",
        "title": _TITLE,
        "summary": {"de": "Erste Zeile.\nZweite Zeile.", "en": "One line."},
        "modellhaft": {"de": "Für andere", "en": "For others"},
        "handlungsfelder": ["mobilitaet", "bildung"],
        "mehrwerte": ["clever"],
        "isek": ["ISEK 2025", "Klimakonzept"],
        "place": {"name": "Marktplatz", "lat": 51.4825, "lon": 11.97},
        "reifegrad": "pilot",
        "state": "laufend",
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "budget": {"frame_eur": 120000, "funding": "MPSC", "note": "ohne Personal"},
        "partners": [{"name": "Stadtwerke", "part": "Betrieb"}, {"name": "HAVAG"}],
        "godparents": [{"body": "Beirat", "part": "berät"}],
        "milestones": [
            {"milestone_id": "eins", "title": _TITLE, "status": "erreicht", "reached_on": "2026-02-01"},
            {"milestone_id": "zwei", "title": _TITLE, "due_on": "2026-03-01"},
        ],
        "risks": [
            {"risk": "teuer", "likelihood": "hoch", "impact": "mittel", "response": "sparen", "public": False},
            {"risk": "spät", "response": "eilen"},
        ],
        "objectives": [
            {
                "objective": "Weniger Suchverkehr",
                "key_results": [
                    {"key_result": "Fahrten", "unit": "je Tag", "baseline": 120.0, "target": 80.5, "current": 100.0},
                    {"key_result": "Zufriedene", "unit": "%", "target": 70.0},
                ],
            }
        ],
        "pilots": [
            {
                "pilot_id": "versuch", "title": _TITLE, "summary": _TITLE, "place": {"name": "Neustadt"},
                "starts_on": "2026-04-01", "partners": [{"name": "Schule", "part": "Raum"}, {"name": "Verein"}],
                "next_step": _TITLE, "status": "laufend",
            }
        ],
        "indicators": [{"indicator_id": "modal-split", "effective_on": "2026-01-01", "expected": "up", "note": "Beginn"}],
        "source": "Beschluss",
    }
).model_dump(mode="json")  # fmt: skip
_KEPT = ("_id", "_on", "status", "likelihood", "impact", "expected", "reifegrad", "state", "handlungsfelder", "mehrwerte",
         "leitsaetze", "target_groups")  # fmt: skip


def hostile(text: str, value: Any = FULL, key: str = "") -> Any:
    """Return a full measure with each of its own words replaced by a text."""
    if isinstance(value, dict):
        return {name: hostile(text, each, name) for name, each in value.items()}
    if key.endswith(_KEPT):
        return value
    if isinstance(value, list):
        return [hostile(text, each, key) for each in value]
    return text if isinstance(value, str) else value
