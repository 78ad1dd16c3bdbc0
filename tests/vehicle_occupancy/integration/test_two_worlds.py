# SPDX-License-Identifier: EUPL-1.2
"""Two worlds that differ by one passenger at one stop of each trip, as everybody sees them.

In each world each tram carries one passenger more or less from its second stop on, and one trip of yesterday
did. All that can be read without a key is compared: what differs must be what the secret boundaries
of levels make of the load on departure, and nothing else.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from support.gtfs import a_folder
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.city.timetable import apply_timetable
from vehicle_occupancy.domain.load.level import LevelRules
from vehicle_occupancy.domain.load.vehicle import VehicleRules
from vehicle_occupancy.domain.publication import Departure, PublicationPolicy, boundaries, windows
from vehicle_occupancy.publication_key import publication_key
from vehicle_occupancy.settings import Settings
from vehicle_occupancy.storage import forecast_history

from .harness import Running, Wire, World, eventually, until, write_city
from .rides import LINE, Ride, drive, past, timetable

LOADS = {"tram-1": (3, 39), "tram-2": (3, 22), "tram-3": (3, 27), "tram-4": (3, 32)}
"""Who boards: the first tram is far from all boundaries, the others within the window of medium."""
PLACES = VehicleRules(seats=60, standing=90)
OPERATION = {"/live", "/ready", "/metrics"}
"""For the operator's network: the proxy passes them to nobody (tests/proxy)."""
BY_CLOCK = {"valid_until", "issued_at", "changes_cursor", "next_cursor"}
"""Told by the time of the look, or of the last renewal by the clock, which is another in each world."""
LEVEL = {"level", "occupancy_status"}
CHANCES = {"low", "medium", "high"}


@dataclass(frozen=True)
class Secretive(World):
    """A world whose boundaries are those of its twin."""

    secret: str = ""

    @property
    def settings(self) -> Settings:
        own = {"publication_secret": SecretStr(self.secret), "forecast_every_s": 2.0}
        return super().settings.model_copy(update=own)


def telling_secret(now: datetime) -> str:
    """Return a secret by which a fuller tram is at a lower level than an emptier one.

    Whoever drew by no secret, or by one of all trips, would tell otherwise.
    """
    where = windows(PublicationPolicy(), LevelRules(), PLACES)
    assert where is not None
    for number in range(100_000):
        secret = f"the same secret of both worlds, drawn {number:06} times"
        key = publication_key(Settings(publication_secret=SecretStr(secret)))
        emptier, fuller = (
            boundaries(key, departure(each, now), where).medium for each in ("tram-2", "tram-4")
        )
        if emptier <= 22 and fuller >= 38:
            return secret
    raise AssertionError("no such secret")


def departure(vehicle_id: str, now: datetime) -> Departure:
    ride = Ride(vehicle_id, None)
    return Departure(vehicle_id, ride.trip_id, ride.assignment(now)["start_date"], "", now)


@pytest.fixture
def now() -> datetime:
    return utc_now()


@pytest.fixture
async def worlds(
    database_url: str,
    shared_database_url: str,
    mqtt_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
) -> tuple[World, World]:
    monkeypatch.setattr("vehicle_occupancy.stop_counter.LOOK_EVERY_S", 0.5)
    city = write_city(tmp_path, *LOADS)
    (city / "city.yaml").write_text("timezone: UTC\nbbox: [11.8, 51.4, 12.1, 51.6]\n")
    a_folder(city / "transit/feed", timetable(now, [Ride(each, None) for each in LOADS]))
    (city / "transit/timetable.yaml").write_text("feed: feed\n")
    for more, url in enumerate((database_url, shared_database_url)):
        await asyncio.to_thread(apply_city, city, url)
        await asyncio.to_thread(apply_timetable, city, url)
        counted = past(now, days=28, more=more)
        async with Database.open(url, schema="transit") as database:
            await database.persist(partial(forecast_history.store, loads=counted))
    secret = telling_secret(now)
    return (
        Secretive(database_url, mqtt_url, secret=secret),
        Secretive(shared_database_url, mqtt_url, secret=secret),
    )


async def live(world: World, running: Running, wire: Wire, *, now: datetime, more: int) -> None:
    """Let the trams ride with so many passengers more, until all there is to tell is told."""
    rides = [Ride(each, (first, second + more)) for each, (first, second) in LOADS.items()]
    await drive(running, await world.bearer("transit:write"), rides, now)
    for ride in rides:
        await until(partial(told_of, running, wire, ride), all, within_s=60)
    await until(
        lambda: running.get(f"/v1/forecast?{urlencode(period(now))}"),
        lambda answer: answer.json()["items"],
        within_s=60,
    )
    day = rides[0].assignment(now)["start_date"]
    trips = {f"trip/{day}:out{number}" for number in (1, 2)}
    await eventually(lambda: trips <= wire.states.keys(), within_s=60)


async def told_of(running: Running, wire: Wire, ride: Ride) -> list[bool]:
    """Tell whether everybody was told of a tram's second departure, everywhere."""
    shown = (await running.get(f"/v1/vehicles/{ride.vehicle_id}")).json()
    second = (await stops(running, ride.trip_id))["b"]
    retained = wire.last(f"vehicle/{ride.vehicle_id}")
    fields = ("stop_id", "level", "measured_at", "position_at")
    return [
        shown["stop_id"] == "c",
        shown["level"] is not None,
        second["level"] is not None,
        [retained.get(each) for each in fields] == [shown[each] for each in fields],
    ]


def period(now: datetime) -> dict[str, str]:
    begin, end = (now + timedelta(hours=hours) for hours in (-3, 3))
    return {"line": LINE, "from": begin.isoformat(), "to": end.isoformat()}


def asked(path: str, now: datetime) -> list[str]:
    """Return what is asked of a public route; a new one must be added here."""
    if path == "/v1/forecast":
        return [f"{path}?{urlencode(period(now))}"]
    types = ("weekday", "saturday", "sunday", "holiday")
    of_trips = [Ride(each, None) for each in LOADS]
    return {
        "/v1/levels": [path],
        "/v1/lines": [path],
        "/v1/stops": [path],
        "/v1/lines/{line}/profile": [f"/v1/lines/{LINE}/profile?day_type={each}" for each in types],
        "/v1/trips/{trip_id}/occupancy": [f"/v1/trips/{r.trip_id}/occupancy" for r in of_trips],
        "/v1/vehicles": [path, f"{path}?changed_since=", f"{path}?line={LINE}"],
        "/v1/vehicles/{vehicle_id}": [f"/v1/vehicles/{each}" for each in LOADS],
    }[path]


def public_routes(running: Running) -> list[str]:
    found = []
    for path, operations in running.app.openapi()["paths"].items():
        security = operations.get("get", {"security": ["none"]}).get("security", [{}])
        if {} in security and path not in OPERATION:
            found.append(path)
        for method in operations.keys() - {"get"}:
            assert {} not in operations[method].get("security", [{}]), f"{method} {path} is open"
    return found


def leaves(document: Any, where: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """Return every value of a document by its place."""
    parts: list[tuple[Any, Any]]
    if isinstance(document, dict):
        parts = list(document.items())
    elif isinstance(document, list):
        parts = [*enumerate(document), ("length", len(document))]
    else:
        return {where: document}
    return {
        place: value
        for name, part in parts
        for place, value in leaves(part, (*where, name)).items()
    }


def differences(one: Any, other: Any) -> set[tuple[Any, ...]]:
    """Return where two documents differ, but for what the clock tells."""
    first, second = leaves(one), leaves(other)
    assert first.keys() == second.keys()
    return {
        place for place, value in first.items()
        if value != second[place] and place[-1] not in BY_CLOCK
    }  # fmt: skip


def by_id(page: dict[str, Any]) -> dict[str, Any]:
    """Return vehicles in the order of their ids: that of changes is the clock's."""
    return {**page, "items": sorted(page["items"], key=lambda each: each["vehicle_id"])}


async def everything(running: Running, now: datetime) -> dict[str, Any]:
    found = {}
    for path in public_routes(running):
        for url in asked(path, now):
            answer = await running.get(url)
            assert answer.status_code == 200, (url, answer.text)
            body = answer.json()
            found[url] = by_id(body) if path == "/v1/vehicles" else body
            if path.startswith("/v1/trips"):
                # A late count must not show by when the answer was made.
                found[f"{url} made at"] = answer.headers["last-modified"]
    return found


async def test_all_that_is_public_differs_by_one_passenger_only_as_secret_boundaries_allow(
    worlds: tuple[World, World], now: datetime
) -> None:
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(world.service()) for world in worlds]
        wires = [await stack.enter_async_context(world.wire()) for world in worlds]
        both = zip(worlds, running, wires, strict=True)
        await asyncio.gather(*(live(*each, now=now, more=n) for n, each in enumerate(both)))
        one, other = [await everything(each, now) for each in running]
        assert one.keys() == other.keys()
        for url in one:
            allowed = CHANCES | {"level"} if url.startswith("/v1/forecast") else LEVEL
            places = differences(one[url], other[url])
            assert {place[-1] for place in places} <= allowed, (url, places)
            for place in places & leaves(one[url]).keys():
                if place[-1] in CHANCES:
                    chances = leaves(one[url])[place], leaves(other[url])[place]
                    assert abs(chances[0] - chances[1]) == pytest.approx(0.1)
        for world, each in zip(worlds, running, strict=True):
            await is_what_boundaries_make_of_the_load(world, each, now)
        await one_passenger_is_there(worlds, running)
        told = wires[0].states.keys() & wires[1].states.keys()
        public = [each for each in told if each.startswith(("vehicle/", "trip/"))]
        assert {each.partition("/")[0] for each in public} == {"vehicle", "trip"}
        for entity in public:
            states = [replaced(wire.last(entity)) for wire in wires]
            assert {place[-1] for place in differences(*states)} <= LEVEL, entity


def replaced(state: dict[str, Any]) -> dict[str, Any]:
    assert not {"load", "percentage", "confidence"} & {k for k, v in state.items() if v is not None}
    return state


async def stops(running: Running, trip_id: str, **headers: str) -> dict[str, dict[str, Any]]:
    answer = (await running.get(f"/v1/trips/{trip_id}/occupancy", **headers)).json()
    return {
        stop["stop_id"]: {**stop, "start_date": answer["start_date"]} for stop in answer["stops"]
    }


async def is_what_boundaries_make_of_the_load(
    world: World, running: Running, now: datetime
) -> None:
    """The level of each departure follows from the load then and from the secret alone."""
    entitled, key = await world.bearer("transit:read"), publication_key(world.settings)
    where = windows(PublicationPolicy(), LevelRules(), PLACES)
    assert where is not None
    levels = {}
    for vehicle_id in LOADS:
        trip_id = Ride(vehicle_id, None).trip_id
        public, numbers = await stops(running, trip_id), await stops(running, trip_id, **entitled)
        for stop_id in ("a", "b"):
            limits = boundaries(key, departure(vehicle_id, now), where)
            assert public[stop_id]["level"] == limits.level_of(numbers[stop_id]["load"])
        levels[vehicle_id] = public["b"]["level"]
    assert (levels["tram-2"], levels["tram-4"]) == ("medium", "low")


async def one_passenger_is_there(worlds: tuple[World, World], running: list[Running]) -> None:
    """Without a passenger to see, that nobody sees one would prove nothing."""
    for vehicle_id in LOADS:
        trip_id = Ride(vehicle_id, None).trip_id
        boarded = [
            (await stops(each, trip_id, **await world.bearer("transit:read")))["b"]["boarded"]
            for world, each in zip(worlds, running, strict=True)
        ]
        assert boarded[1] - boarded[0] == 1
