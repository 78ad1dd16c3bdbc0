# SPDX-License-Identifier: EUPL-1.2
"""The sources there are: one view of a service each, described in German and English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from open_data_publisher.domain.columns import (
    SIMULATED,
    Column,
    ColumnType,
    day,
    moment,
    number,
    position,
    text,
    whole,
)
from open_data_publisher.domain.sources import Source

_QUARTER, _HOUR, _DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
_NONE = timedelta()
TIMETABLE = "timetable"
_LOT = (
    text("lot_id", "Kennung des Parkplatzes", "id of the car park"),
    text("name", "Name des Parkplatzes", "name of the car park"),
    *position(),
)
_STOP = (
    text("stop_id", "Haltestelle, Kennung des Fahrplans", "stop, id of the timetable"),
    text("stop_name", "Name der Haltestelle", "name of the stop", origin=TIMETABLE),
    *position("stop_", origin=TIMETABLE),
)
_LINE = (
    text("line", "Linie", "line"),
    whole(
        "direction", "Richtung nach dem Fahrplan, 0 oder 1", "direction of the timetable, 0 or 1"
    ),
)

LOT_HISTORY = Source(
    "lot-history",
    "parking.v1_lot_history",
    (
        *_LOT,
        moment("start", "Beginn des Zeitraums", "begin of the bucket"),
        number("free_mean", "freie Plätze, zeitlich gemittelt", "free places, mean over time"),
        whole("free_min", "freie Plätze, mindestens", "free places, at least"),
        whole("free_max", "freie Plätze, höchstens", "free places, at most"),
        number("occupied_mean", "belegte Plätze, zeitlich gemittelt", "taken places, mean over time"),
        number("unknown_mean", "Plätze ohne Angabe, gemittelt", "places not known, mean over time"),
        number("completeness", "Anteil bekannter Platzzeit, 0 bis 1", "share of place time known, 0 to 1"),
        SIMULATED,
    ),
    key=("lot_id", "start"),
    time="start",
    aggregations={"5m": timedelta(minutes=5), "15m": _QUARTER, "1h": _HOUR, "1d": _DAY},
    position=("lat", "lon"),
)  # fmt: skip
KIND_HOUR = Source(
    "kind-hour",
    "parking.v1_kind_hour",
    (
        *_LOT,
        text("kind", "Art der Stellplätze", "kind of bays"),
        moment("start", "Beginn der Stunde", "begin of the hour"),
        whole("bays", "Stellplätze dieser Art mit Sensor", "bays of this kind with a sensor"),
        number("occupied_share", "Anteil belegter an bekannter Platzzeit", "share of known bay time that was taken"),
        number("known_share", "Anteil bekannter Platzzeit", "share of bay time that was known"),
        SIMULATED,
    ),
    key=("lot_id", "kind", "start"),
    time="start",
    aggregations={"1h": _HOUR},
    counts=("bays",),
    least_protected=3,
    position=("lat", "lon"),
)  # fmt: skip
STAY_DAY = Source(
    "stay-day",
    "parking.v1_stay_day",
    (
        text("lot_id", "Kennung des Parkplatzes", "id of the car park"),
        day("day", "Tag", "day"),
        whole("arrivals", "Ankünfte", "arrivals"),
        whole("departures", "Abfahrten", "departures"),
        number("dwell_median_min", "Parkdauer, Median", "dwell time, median", unit="min"),
        number("dwell_mean_min", "Parkdauer, Mittel", "dwell time, mean", unit="min"),
        number("turnover", "Ankünfte je Platz und Tag", "arrivals per place and day"),
        number("full_share", "Anteil der Zeit ohne freien Platz", "share of time without a free place"),
        number("completeness", "Anteil bekannter Zeit, 0 bis 1", "share of time known, 0 to 1"),
        SIMULATED,
    ),
    key=("lot_id", "day"),
    time="day",
    aggregations={"1d": _DAY},
    counts=("arrivals", "departures"),
    sensitive=("arrivals", "departures", "dwell_median_min", "dwell_mean_min", "turnover"),
    least_protected=3,
)  # fmt: skip
DEPARTURE_LEVEL = Source(
    "departure-level",
    "transit.v1_departure_level",
    (
        day("day", "Betriebstag", "service day"),
        *_LINE,
        text("trip_id", "Fahrt, Kennung des Fahrplans", "trip, id of the timetable"),
        whole("call", "Halt der Fahrt, ab 0", "call of the trip, from 0"),
        *_STOP,
        moment("planned_departure", "Abfahrt nach dem Fahrplan", "departure as planned"),
        text("level", "Auslastung: low, medium, high; leer: keine Angabe", "how full: low, medium, high; empty: no data"),
        SIMULATED,
    ),
    key=("day", "trip_id", "call"),
    time="planned_departure",
    aggregations={"departure": _NONE},
    position=("stop_lat", "stop_lon"),
)  # fmt: skip
DEPARTURE_HOUR = Source(
    "departure-hour",
    "transit.v1_departure_level",
    (
        *_LINE,
        *_STOP,
        moment("start", "Beginn der Stunde", "begin of the hour"),
        whole("departures", "Abfahrten mit Angabe", "departures with a level"),
        whole("low", "davon leer", "of these low"),
        whole("medium", "davon mittel", "of these medium"),
        whole("high", "davon stark", "of these high"),
        SIMULATED,
    ),
    key=("line", "direction", "stop_id", "start"),
    time="start",
    aggregations={"1h": _HOUR},
    counts=("departures",),
    position=("stop_lat", "stop_lon"),
)
ENVIRONMENT = Source(
    "environment",
    "uplink.v1_environment",
    (
        text("asset_id", "Kennung der Messstelle", "id of the place"),
        text("name", "Name der Messstelle", "name of the place"),
        *position(),
        number("height_m", "Höhe über Grund", "height above the ground", unit="m"),
        text("quantity", "Messgröße", "quantity"),
        text("unit", "Einheit", "unit"),
        moment("start", "Beginn des Zeitraums", "begin of the bucket"),
        whole("count", "Anzahl der Messwerte", "number of readings"),
        number("mean", "Mittel", "mean"),
        number("min", "kleinster Wert", "least value"),
        number("max", "größter Wert", "greatest value"),
        SIMULATED,
    ),
    key=("asset_id", "quantity", "start"),
    time="start",
    aggregations={"15m": _QUARTER, "1h": _HOUR, "1d": _DAY},
    counts=("count",),
    position=("lat", "lon"),
)
INDICATORS = Source(
    "indicators",
    "kpi.v1_indicator_value",
    (
        text("indicator_id", "Kennung des Messwerts", "id of the indicator"),
        text("mehrwert", "Mehrwert, dem er dient", "added value it serves"),
        text("title_de", "Bezeichnung, deutsch", "title, German"),
        text("title_en", "Bezeichnung, englisch", "title, English"),
        text("unit", "Einheit der Fassung, nach der der Wert erhoben ist", "unit of the version by which the value was made"),
        text("period", "Zeitraum: day, week, month, quarter, year", "period: day, week, month, quarter, year"),
        day("period_start", "Beginn des Zeitraums", "begin of the period"),
        number("value", "Wert; leer, wo es keinen gibt", "value; empty where there is none"),
        text("reason", "warum es keinen Wert gibt", "why there is no value"),
        number("completeness", "Anteil der vorhandenen Daten, 0 bis 1", "share of the data there, 0 to 1"),
        text("confidence", "Verlässlichkeit", "confidence"),
        Column("provisional", ColumnType.BOOLEAN, "vorläufig: wahr, solange der Zeitraum nicht vorüber ist, und bei einem Zwischenstand, der vor seinem Ende erfasst und seither nicht bestätigt wurde", "provisional: true while the period is not over, and where the value was entered before its end and not confirmed since"),
        text("source", "Herkunft: formula, manual, survey, csv", "whence: formula, manual, survey, csv"),
        Column("extension", ColumnType.BOOLEAN, "Erweiterung: wahr, wo die Stadt den Messwert dem Rahmenplan hinzugefügt hat", "extension: true where the city added the indicator to the framework"),
        whole("version", "Fassung der Berechnung; Werte verschiedener Fassungen sind nicht vergleichbar", "version of the definition; values of different ones are not comparable"),
        text("parts", "Anzahl je Gruppe, gruppe=zahl|…; leer: keine Gruppen", "number of each group, group=number|…; empty: no groups"),
        number("evenness", "Gleichverteilung auf die Gruppen, 0 bis 1 (Shannon, Pielou)", "how evenly it is spread over the groups, 0 to 1 (Shannon, Pielou)"),
        text("means", "Mittel und Befragte je Gruppe einer Befragung, gruppe=mittel (personen)|…; leer: keine", "mean and persons asked of each group of a survey, group=mean (persons)|…; empty: none"),
        SIMULATED,
    ),
    key=("indicator_id", "period", "period_start"),
    time="period_start",
    small=True,
    published_at="changed_at",
    told_by="value",
)  # fmt: skip
IDEAS = Source(
    "ideas",
    "registry.v1_idea",
    (
        text("idea_id", "Kennung der Idee", "id of the idea"),
        text("title", "Titel", "title"),
        text("summary", "Kurzfassung", "summary"),
        text("handlungsfeld", "Handlungsfeld", "field of action"),
        text("state", "Stand", "state"),
        text("priority", "Priorität A, B oder C", "priority A, B or C"),
        moment("submitted_at", "eingereicht", "submitted"),
        Column(
            "goes_on",
            ColumnType.BOOLEAN,
            "ob sie zusammengeführt oder geteilt wurde: Dann sagt ihr Stand nichts mehr, und sie zählt in anderen Ideen",
            "whether it was merged or split: its state then says nothing any more, and it counts in other ideas",
        ),
        text(
            "goes_on_in",
            "die öffentlichen Ideen, in denen sie weitergeht, mit | dazwischen",
            "the public ideas in which it goes on, with | between",
        ),
    ),
    key=("idea_id",),
    time=None,
    small=True,
    keeps_former=False,
)
MEASURES = Source(
    "measures",
    "registry.v1_measure",
    (
        text("measure_id", "Kennung der Maßnahme", "id of the measure"),
        text("title", "Titel", "title"),
        text("summary", "Kurzfassung", "summary"),
        text("handlungsfelder", "Handlungsfelder", "fields of action"),
        text("reifegrad", "Reifegrad", "maturity"),
        text("state", "Stand", "state"),
    ),
    key=("measure_id",),
    time=None,
    small=True,
    keeps_former=False,
)

SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        source.source_id: source
        for source in (
            LOT_HISTORY,
            KIND_HOUR,
            STAY_DAY,
            DEPARTURE_LEVEL,
            DEPARTURE_HOUR,
            ENVIRONMENT,
            INDICATORS,
            IDEAS,
            MEASURES,
        )
    }
)
