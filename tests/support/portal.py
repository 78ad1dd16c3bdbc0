# SPDX-License-Identifier: EUPL-1.2
"""A small city whose portal can be looked at, and what the other services would answer its pages."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from open_data_publisher.app import create_app
from open_data_publisher.city import read_names
from open_data_publisher.city_portal import read_portal
from open_data_publisher.domain.portal import PortalCity
from open_data_publisher.domain.states import Entry, Kind
from open_data_publisher.settings import Settings
from stadttakt_messages.states import KindCount, LotState, SiteStatus, VehicleState
from support.http_app import served
from support.open_data import PUBLICATION, lot, vehicle

HALLE = Path(__file__).parents[2] / "deploy/cities/halle"
STOPS = {
    "s-1": ("Marktplatz", 51.4829, 11.9690),
    "s-2": ("Hauptbahnhof", 51.4776, 11.9870),
    "s-3": ("Reileck", 51.4950, 11.9660),
}
LINES = {
    "2": ("Nietleben – Hauptbahnhof – Büschdorf", {"0": "Büschdorf", "1": "Nietleben"}),
    "7": ("Kröllwitz – Büschdorf", {"0": "Büschdorf", "1": "Kröllwitz"}),
}


def utc() -> datetime:
    return datetime.now(tz=UTC)


def lots(**more: Any) -> list[LotState]:
    """Return a lot of each state; `more` holds for all."""
    now = utc()
    times = {
        "measured_at": now - timedelta(seconds=20),
        "computed_at": now - timedelta(seconds=10),
        "valid_until": now + timedelta(minutes=10),
        "trend": "rising",
        **more,
    }
    nobody = {"free": 0, "free_min": 0, "free_max": 0, "occupied": 40}
    personal = KindCount(capacity=1, free=0, occupied=1, unknown=0, out_of_service=0)
    kinds = {**lot().by_kind, "resident": personal, "disabled_assigned": personal}
    return [
        lot("markt", name="Tiefgarage Markt & Süd", by_kind=kinds, max_height_cm=205, **times),
        lot("bahnhof", name="Hauptbahnhof", free=3, free_min=3, free_max=3, occupied=36,
            state=SiteStatus.ALMOST_FULL, lat=51.4769, lon=11.9879, **times),
        lot("ratshof", name="Ratshof", state=SiteStatus.FULL, lat=51.4822, lon=11.9735, **nobody,
            **times),
        lot("zoo", name="Parkplatz am Zoo", state=SiteStatus.CLOSED, closed_by="hours",
            opening="Mo-Fr 08:00-18:00; PH off", lat=51.5010, lon=11.9620, **nobody, **times),
        lot("pr-nord", name="P+R Nord mit einem recht langen Namen", state=SiteStatus.UNKNOWN,
            lat=51.5196, lon=11.9580, unknown=39,
            **{**times, "free": None, "free_min": None, "free_max": None, "occupied": 0}),
    ]  # fmt: skip


def vehicles(**more: Any) -> list[VehicleState]:
    """Return a vehicle of each level, and one of which nothing is told."""
    until = utc() + timedelta(minutes=5)
    said = {"valid_until": until, "measured_at": utc(), "confidence": None, **more}
    unknown = {"level": None, "occupancy_status": "NO_DATA_AVAILABLE"}
    return [
        vehicle("tram-601", level="low", stop_id="s-1", **said),
        vehicle("tram-602", level="medium", stop_id="s-2", direction=1, **said),
        vehicle("tram-603", level="high", line="7", stop_id="s-3", **said),
        vehicle("tram-604", line="7", stop_id="s-2", direction=1, **{**said, **unknown}),
        vehicle("tram-605", line=None, stop_id=None, trip_id=None, **said),
    ]


def tell(app: FastAPI, *states: LotState | VehicleState) -> None:
    """Put states on an application's board, as its consumer does."""
    now = utc()

    def entry(state: LotState | VehicleState) -> tuple[Kind, str, Entry]:
        if isinstance(state, LotState):
            return "lot", state.lot_id, Entry(state, now, now, now)
        return "vehicle", state.vehicle_id, Entry(state, now, now, now)

    app.state.board.load(entry(state) for state in states)


@dataclass
class Others:
    """The other services as pages see them; `away` are paths that fail, `changed` what paths say otherwise."""

    app: FastAPI
    away: set[str]
    changed: dict[str, dict[str, Any]]


def other_services(*, simulated: bool = False) -> Others:
    """Return an application that answers as parking, transit and KPI aggregator do."""
    app, away, changed = FastAPI(), set[str](), dict[str, dict[str, Any]]()
    bodies = {
        "/v1/lots/{lot_id}/forecast": lambda: forecast(simulated=simulated),
        "/v1/lots/{lot_id}/history": history,
        "/v1/stops": stops,
        "/v1/lines": lines,
        "/v1/levels": levels,
        "/v1/scorecard": scorecard,
        "/v1/measures": measures,
        "/v1/vocabulary": vocabulary,
    }

    def endpoint(path: str, make: Any) -> Any:
        async def answer() -> JSONResponse:
            if path in away:
                return JSONResponse({}, 503)
            return JSONResponse(make() | changed.get(path, {}))

        return answer

    for path, make in bodies.items():
        app.get(path)(endpoint(path, make))
    return Others(app, away, changed)


def forecast(*, simulated: bool = False) -> dict[str, Any]:
    now = utc().replace(second=0, microsecond=0)
    return {
        "lot_id": "markt",
        "issued_at": now.isoformat(),
        "valid_until": (now + timedelta(minutes=15)).isoformat(),
        "model": "trees-1",
        "items": [
            {
                "at": (now + timedelta(minutes=minutes)).isoformat(),
                "horizon_min": minutes,
                "free": 12 - minutes // 15,
                "p10": max(11 - minutes // 10, 0),
                "p90": 13,
            }
            for minutes in range(15, 121, 15)
        ],
        "left_out": [],
        "skill": None,
        "withheld": None,
        "simulated": simulated,
    }


def history() -> dict[str, Any]:
    begin = utc().replace(minute=0, second=0, microsecond=0) - timedelta(hours=24)
    return {
        "lot_id": "markt",
        "bucket": "15m",
        "timezone": "Europe/Berlin",
        "items": [_bucket(begin + timedelta(minutes=15 * number), number) for number in range(96)],
    }


def _bucket(start: datetime, number: int) -> dict[str, Any]:
    mean = 20 + 15 * math.sin(number / 15)
    known = not 40 <= number < 46
    return {
        "start": start.isoformat(),
        "free_mean": round(mean, 2) if known else None,
        "free_min": max(int(mean) - 3, 0) if known else None,
        "free_max": int(mean) + 3 if known else None,
        "occupied_mean": round(40 - mean, 2) if known else None,
        "unknown_mean": 0.0 if known else 40.0,
        "completeness": 1.0 if known else 0.0,
        "known_share": 1.0 if known else 0.0,
    }


def stops() -> dict[str, Any]:
    items = [
        {"stop_id": key, "name": name, "lat": lat, "lon": lon, "parent_id": None, "lines": ["2"]}
        for key, (name, lat, lon) in STOPS.items()
    ]
    return {"items": items, "next_cursor": None, "timetable": None}


def lines() -> dict[str, Any]:
    items = [
        {"line": line, "long_name": name, "mode": "tram", "colour": None, "text_colour": None,
         "route_ids": [line], "ends": ends}
        for line, (name, ends) in LINES.items()
    ]  # fmt: skip
    return {"items": items, "next_cursor": None, "timetable": None}


def levels() -> dict[str, Any]:
    words = {
        "low": ("leer", "many seats free"),
        "medium": ("mittel", "few seats free"),
        "high": ("stark besetzt", "standing room only"),
    }
    items = [
        {"level": level, "labels": {"de": de, "en": en}, "occupancy_status": "FULL"}
        for level, (de, en) in words.items()
    ]
    return {"items": items}


def _kind_of_indicator(*, is_extension: bool) -> dict[str, Any]:
    page = "https://stadt.example/kpi/kennzahl/x" if is_extension else None
    return {"demo": is_extension, "extension": is_extension, "address": page}


def _of_month(start: str, name: str, value: float, completeness: float) -> dict[str, Any]:
    return {"period": "month", "period_start": start, "value": value, "completeness": completeness,
            "name": name, "simulated": True, "provisional": True, "unconfirmed": False, "parts": None,
            "evenness": None}  # fmt: skip


def _erreichbarkeit(indicators: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "mehrwert": "erreichbarkeit",
        "title": {"de": "Erreichbarkeit verbessern", "en": "Improve accessibility"},
        "description": "Angebote für Multimodalität",
        "indicators": indicators,
    }


def scorecard() -> dict[str, Any]:
    words = {"green": ("im Ziel", "on target"), "yellow": ("knapp verfehlt", "narrowly missed"),
             "red": ("weit vom Ziel", "far from target"), "grey": ("nicht bewertet", "not rated")}  # fmt: skip
    rule = {"de": "grün: mindestens auf dem Zielpfad", "en": "green: on the target path at least"}
    cause = {"at": utc().isoformat(), "value": 61.25, "unit": "%", "reason": None, "de": "späte Daten",
             "en": "late data", "days": ["2026-10-03"], "formula_version": 1}  # fmt: skip
    no_data = {"code": "no_data", "de": "keine Daten", "en": "no data"}
    october = _of_month("2026-10-01", "October 2026", 61.25, 0.6)
    november = _of_month("2026-11-01", "November 2026", 58.5, 0.9)
    indicators = [
        {
            "indicator_id": f"indicator-{number}",
            "title": {"de": f"Auslastung der Parkplätze {number}", "en": f"Use of lots {number}"},
            "unit": "%",
            "value": None if light == "grey" else october,
            "before": None, "running": november if light == "green" else None,
            "trend": None if light == "grey" else "rising",
            "expected": 60.0,
            "light": light,
            "light_words": {"de": de, "en": en},
            "rule": rule,
            "missing": no_data if light == "grey" else None,
            "to_confirm": None,
            "causes": [cause] if light == "red" else [],
            **_kind_of_indicator(is_extension=light == "red"),
        }
        for number, (light, (de, en)) in enumerate(words.items())
    ]  # fmt: skip
    return {
        "as_of": utc().date().isoformat(),
        "framework_version": 1,
        "framework_applied_at": utc().isoformat(),
        "framework_in_force": True,
        "traffic_light": rule,
        "reports_address": "https://stadt.example/kpi/berichte",
        "mehrwerte": [_erreichbarkeit(indicators)],
    }


def measures() -> dict[str, Any]:
    project = {"subproject_id": "s-1", "title": {"de": "Parkplätze mit Sensoren", "en": "Sensors"},
               "priority": "A", "reifegrad": "pilot", "state": "geplant"}  # fmt: skip
    bare = {"subproject_id": "s-2", "title": {"de": "Ohne Angaben", "en": "Nothing given"},
            "priority": "A", "reifegrad": "nicht_angegeben", "state": "nicht_angegeben"}  # fmt: skip
    measure = {
        "measure_id": "messen",
        "title": {"de": "Messen, was auf Straßen und Plätzen geschieht", "en": "To measure"},
        "summary": {"de": "Sensoren für alle", "en": "Sensors for all"},
        "handlungsfelder": ["mobilitaet", "neues-feld"],
        "reifegrad": "umsetzung",
        "state": "laufend",
        "subprojects": [project, bare],
    }
    return {"items": [measure], "next_cursor": None}


def vocabulary() -> dict[str, Any]:
    terms = [{"term": "mobilitaet", "title": {"de": "Mobilität", "en": "Mobility"}}]
    others = ("mehrwerte", "leitsaetze", "target_groups", "submitters")
    return {"handlungsfelder": terms, **{name: [] for name in others}}


@asynccontextmanager
async def portal(
    *states: LotState | VehicleState, city: PortalCity | None = None
) -> AsyncIterator[Any]:
    """Yield address, application and the other services of a portal that shows some states."""
    others = other_services()
    async with served(others.app) as beside:
        address = str(beside.base_url).rstrip("/")
        settings = Settings(
            parking_url=address, transit_url=address, kpi_url=address, registry_url=address
        )
        app = create_app(settings, PUBLICATION, city or a_city())
        tell(app, *(states or (*lots(), *vehicles())))
        async with served(app) as client:
            yield str(client.base_url).rstrip("/"), app, others


def a_city() -> PortalCity:
    """Return the demonstration's city under another name: its blanks and its base map."""
    return replace(read_portal(HALLE, read_names(HALLE)), city_name="Musterstadt")
