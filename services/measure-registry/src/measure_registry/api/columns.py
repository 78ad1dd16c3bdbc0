# SPDX-License-Identifier: EUPL-1.2
"""The columns of exported files, described for people and for machines (CSV on the Web, W3C 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

Datatype = Literal["string", "integer", "number", "boolean", "date", "dateTime"]


class Column(NamedTuple):
    """A column; in one that is `several`, values stand with `|` between."""

    name: str
    datatype: Datatype
    de: str
    en: str
    several: bool = False


COMMON = (
    Column("title", "string", "Titel", "Title"),
    Column("title_en", "string", "Titel auf Englisch", "Title in English"),
    Column("summary", "string", "Kurzfassung", "Summary"),
    Column("summary_en", "string", "Kurzfassung auf Englisch", "Summary in English"),
    Column("modellhaft", "string", "Was modellhaft und übertragbar ist", "What others can take from it"),
    Column("handlungsfelder", "string", "Handlungsfelder", "Fields of action", several=True),
    Column("mehrwerte", "string", "Mehrwerte", "Values", several=True),
    Column("leitsaetze", "string", "Leitsätze", "Principles", several=True),
    Column("isek", "string", "Bezug zur Stadtentwicklung", "Urban development", several=True),
    Column("target_groups", "string", "Zielgruppen", "Target groups", several=True),
    Column("place_name", "string", "Ort", "Place"),
    Column("lat", "number", "Breite (WGS 84)", "Latitude (WGS 84)"),
    Column("lon", "number", "Länge (WGS 84)", "Longitude (WGS 84)"),
    Column("reifegrad", "string", "Reifegrad: idee, konzept, pilot, umsetzung, verstetigung, nicht_angegeben",
           "Maturity: idee, konzept, pilot, umsetzung, verstetigung, nicht_angegeben (not given)"),
    Column("state", "string", "Stand: geplant, laufend, abgeschlossen, eingestellt, nicht_angegeben",
           "Status: geplant (planned), laufend (running), abgeschlossen (finished), eingestellt (stopped), nicht_angegeben (not given)"),
    Column("starts_on", "date", "Beginn", "First day"),
    Column("ends_on", "date", "Ende", "Last day"),
    Column("budget_frame_eur", "integer", "Budgetrahmen in Euro", "Budget in euros"),
    Column("funding", "string", "Förderung", "Funding"),
    Column("partners", "string", "Partner", "Partners", several=True),
    Column("godparents", "string", "Maßnahmen-Patenschaften", "Accompanied by", several=True),
    Column("milestones", "integer", "Zahl der Meilensteine", "Number of milestones"),
    Column("milestones_reached", "integer", "davon erreicht", "of which reached"),
    Column("next_milestone", "string", "Nächster offener Meilenstein", "Next milestone that is open"),
    Column("next_milestone_on", "date", "fällig am", "due on"),
    Column("key_results", "integer", "Zahl der Schlüsselergebnisse", "Number of key results"),
    Column("risks", "integer", "Zahl der öffentlichen Risiken", "Number of public risks"),
    Column("pilots", "string", "Kennungen der Pilotprojekte", "Ids of pilots", several=True),
    Column("indicators", "string", "Kennungen der Kennzahlen", "Ids of indicators", several=True),
    Column("source", "string", "Quelle", "Source"),
    Column("version", "integer", "Fassung; zählt die Änderungen", "Version, counts changes"),
    Column("changed_at", "dateTime", "Zuletzt geändert (UTC)", "Last changed (UTC)"),
    Column("url", "string", "Seite", "Page"),
)  # fmt: skip
MEASURES = (
    Column("measure_id", "string", "Kennung der Maßnahme", "Id of the measure"),
    *COMMON,
    Column("subprojects", "string", "Kennungen der Teilprojekte", "Ids of sub-projects", several=True),
)  # fmt: skip
SUBPROJECTS = (
    Column("subproject_id", "string", "Kennung des Teilprojekts", "Id of the sub-project"),
    Column("measures", "string", "Kennungen der Maßnahmen", "Ids of measures", several=True),
    Column("priority", "string", "Priorität: A, B, C", "Priority: A, B, C"),
    *COMMON,
)


def metadata(url: str, title: str, key: str, columns: Sequence[Column]) -> dict[str, Any]:
    """Return the description of a CSV file (Metadata Vocabulary for Tabular Data)."""
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "de"}],
        "url": url,
        "dc:title": title,
        "dialect": {"delimiter": ",", "encoding": "utf-8", "header": True},
        "tableSchema": {"primaryKey": key, "columns": [_described(each) for each in columns]},
    }


def _described(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": column.name,
        "titles": column.name,
        "datatype": column.datatype,
        "dc:description": {"de": column.de, "en": column.en},
    }
    return {**described, "separator": "|"} if column.several else described
