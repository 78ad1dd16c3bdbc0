# SPDX-License-Identifier: EUPL-1.2
"""Steckbriefe of Halle's measures and of an idea, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from measure_registry.city.apply import catalogue_of, parts_of
from measure_registry.city.folder import read_folder
from measure_registry.domain.criteria import judge
from measure_registry.domain.idea import Idea
from measure_registry.domain.steckbrief import Place, Steckbrief
from measure_registry.domain.undertaking import Kind, Undertaking
from measure_registry.profiles.idea import Around, sheet_of_idea
from measure_registry.profiles.sheet import Sheet
from measure_registry.profiles.undertaking import Related, sheet_of_undertaking
from measure_registry.profiles.wording import Wording
from measure_registry.site.frame import Language
from measure_registry.storage.changes import Change
from measure_registry.storage.city import City, of_parts
from support.ideas import HALLE

THEN = datetime(2026, 10, 2, 8, 30, tzinfo=UTC)
SECRET_RISK = "Vergabe noch nicht entschieden"
OBJECTIVE = "Weniger Gedränge im Berufsverkehr"
NASTY = '#eval("1+1") <script>alert(1)</script>\n= kein Titel'


@cache
def halle() -> City:
    folder = read_folder(HALLE)
    catalogue = catalogue_of(folder)
    catalogue["criteria"] = [{**each, "since": 1} for each in catalogue["criteria"]]
    return of_parts(parts_of(folder), catalogue)


@cache
def undertakings() -> dict[str, Undertaking]:
    return {
        each.name: Undertaking(
            each.kind, each.name, 3, each.definition, each.definition, THEN, THEN, None
        )
        for each in read_folder(HALLE).undertakings
    }


def shipped() -> list[Sheet]:
    """Return the Steckbriefe of all that Halle ships."""
    wording = Wording(halle(), "de")
    none = Related([], [], [])
    return [sheet_of_undertaking(each, none, wording) for each in undertakings().values()]


def measure_sheet(language: Language = "de", related: Related | None = None) -> Sheet:
    """Return that of a measure that says all that one can say."""
    found = undertakings()["integrierte-mobilitaet"]
    said: dict[str, Any] = {
        **found.definition,
        "budget": {"frame_eur": 1_250_000, "funding": "MPSC", "note": None},
        "risks": [
            *found.definition["risks"],
            {"risk": SECRET_RISK, "likelihood": "hoch", "impact": None, "response": "-",
             "public": False},
        ],
        "objectives": [
            {"objective": OBJECTIVE, "key_results": [
                {"key_result": "Fahrten über der Komfortgrenze", "unit": "%", "baseline": 15.0,
                 "target": 5.0, "current": 11.0}]}
        ],
    }  # fmt: skip
    made = Undertaking(Kind.MEASURE, found.undertaking_id, 3, said, None, THEN, THEN, None)
    parts = [
        each
        for each in undertakings().values()
        if found.undertaking_id in each.definition.get("measures", ())
    ]
    moved = {"before": "konzept", "after": "umsetzung"}
    change = Change("measure", found.undertaking_id, THEN, "schluessel-von-frau-x", "editor",
                    "changed", reason="ein Grund der Verwaltung",
                    details={"reifegrad": moved, "risks": {"before": [], "after": [SECRET_RISK]}})  # fmt: skip
    if related is None:
        related = Related(parts, [{"idea_id": "idea-0001", "title": "Eine Idee"}], [change])
    return sheet_of_undertaking(made, related, Wording(halle(), language))


def idea_sheet(**changes: Any) -> Sheet:
    """Return that of an idea."""
    fields: dict[str, Any] = {
        "title": "Freie Stellplätze anzeigen",
        "summary": "Schilder zeigen freie Stellplätze.\nSo sucht niemand mehr.",
        "handlungsfeld": "mobilitaet",
        "goal": "Weniger Suchverkehr",
        "place": Place("Friedemann-Bach-Platz", 51.4872, 11.9673),
        "mehrwerte": ("erreichbarkeit",),
        "submitter_kind": "zivilgesellschaft",
        **changes,
    }
    idea = Idea("idea-0001", 1, 4, Steckbrief(**fields), "gesichtet", THEN, THEN, THEN, "web",
                "Ideengeber-1", None, None, THEN, None)  # fmt: skip
    way = [(datetime(2022, 11, 20, tzinfo=UTC), "eingereicht"), (THEN, "gesichtet")]
    city = halle()
    return sheet_of_idea(
        idea, Around(way, judge(city.catalogue, []), [], [], []), Wording(city, "de")
    )
