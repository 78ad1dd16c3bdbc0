# SPDX-License-Identifier: EUPL-1.2
"""Vehicles of a made-up line, counted for four weeks, so that peaks are past, measured and to come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fuzz.answering import Target
from fuzz.running import Place, target
from fuzz.walking import CSV, Walk
from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from support.counted_town import LINE, feed, loads
from support.gtfs import a_folder
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.forecasting.forecaster import Forecaster
from vehicle_occupancy.importing import ImportOptions, import_feed
from vehicle_occupancy.settings import Settings
from vehicle_occupancy.storage import forecast_history
from vehicle_occupancy.storage.forecast_settings import service_day

VEHICLE, TRIP = "tram-1", "out-450"
CITY = "timezone: Europe/Berlin\npublic_holidays: ''\n"
VEHICLES = f"""\
kinds:
  - {{kind: tram, name: Tram, mode: tram, seats: 60, standing: 90, doors: ["1", "2"], silent_after_s: 900,
     counting: {{counter_bits: 16}}}}
vehicles:
  - {{vehicle_id: {VEHICLE}, kind: tram}}
"""
COUNTED = "vehicle_id,event_id,door,manual_in,manual_out,automatic_in,automatic_out\n" + "\n".join(
    f"{VEHICLE},e{number},1,{number % 6},{number % 4},{number % 6},{number % 4}"
    for number in range(90)
)
PAST_DAYS, DAYS = 2, 28


@contextmanager
def running(url: str, place: Place) -> Iterator[Target]:
    """Yield the service of a town whose trip at half past seven is too full every day."""
    city = place.folder / "city"
    (city / "transit").mkdir(parents=True)
    (city / "transit/vehicles.yaml").write_text(VEHICLES, encoding="utf-8")
    (city / "city.yaml").write_text(CITY, encoding="utf-8")
    list(apply_city(city, url))
    asyncio.run(_forecast(url, place.folder))
    with target("vehicle_occupancy", url, place.mqtt_url, STADTTAKT_CITY=str(city)) as found:
        yield found


async def _forecast(url: str, folder: Path) -> None:
    """Issue forecasts the day before yesterday and today, as if the service had run since."""
    zone = ZoneInfo("Europe/Berlin")
    async with Database.open(url, schema="transit") as database:
        path = a_folder(folder / "feed", feed())
        await import_feed(database, path, ImportOptions(), lambda _: lambda _: None)
        async with database.connection() as connection:
            today = ServiceDay(await service_day(connection, utc_now()), zone)
        counted = list(loads(today.day - timedelta(days=DAYS), DAYS))
        before = today.day - timedelta(days=PAST_DAYS)
        for is_past in (True, False):
            told = [each for each in counted if (each.day < before) is is_past]
            await database.persist(partial(forecast_history.store, loads=told))
            days = -PAST_DAYS if is_past else 0
            await Forecaster(Settings(), database).work(today.next(days).at(4 * 3600))


def walk(way: Walk) -> None:
    """Ask for everything once."""
    _count(way)
    past, to_come = _peaks(way)
    way.ask("GET /v1/peaks/{peak_id}/outcome", {"peak_id": past})
    day = way.ask("GET /v1/peaks/{peak_id}", {"peak_id": to_come})["at"][:10]
    of = "/v1/peaks/{peak_id}/actions"
    for number in range(3):
        body = {"kind": "other", "note": f"Ansage {number}"}
        acted = way.ask(f"POST {of}", {"peak_id": to_come}, body)
        named = {"peak_id": to_come, "action_id": acted["actions"][-1]["action_id"]}
        do = way.ask if number == 0 else way.offer
        do(f"DELETE {of}/{{action_id}}", named)
    made = way.ask("POST /v1/acceptance-tests", {"label": "Herbst"}, COUNTED, kind=CSV)
    known: dict[str, Any] = {
        "acceptance_id": made["acceptance_id"],
        "deviation_percent": "5",
        "line": LINE,
        "trip_id": TRIP,
        "vehicle_id": VEHICLE,
    }
    way.ask_all_readable(known)
    way.target.known["{tag}"] = day


def _count(way: Walk) -> None:
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/test",
        "type": event_type("passenger-count"),
        "subject": f"vehicle/{VEHICLE}/door/1",
        "time": utc_now().isoformat(),
        "datacontenttype": "application/json",
        "dataschema": schema_urn("passenger-count"),
        "data": {
            "mode": "delta",
            "counts": [{"class": "adult", "in": 3, "out": 0}],
            "quality": "regular",
        },
    }
    way.ask("POST /v1/observations", {}, event, kind="application/cloudevents+json")


def _peaks(way: Walk) -> tuple[str, str]:
    """Return a peak that is over and was measured, and one that is to come."""
    now = utc_now()
    period = {"from": _said(now - timedelta(days=3)), "to": _said(now + timedelta(days=2))}
    found = way.ask("GET /v1/peaks", period)["items"]
    measured = [each["peak_id"] for each in found if each["outcome"] is not None]
    return measured[0], found[-1]["peak_id"]


def _said(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
