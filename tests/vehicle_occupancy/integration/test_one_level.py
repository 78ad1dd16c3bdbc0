# SPDX-License-Identifier: EUPL-1.2
"""One departure has one level, in whatever form it leaves the platform: real outputs side by side."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from google.transit import gtfs_realtime_pb2 as pb
from lxml import etree

from open_data_publisher.board import Board
from open_data_publisher.domain.disclosure import Disclosure
from open_data_publisher.domain.policy import CLOSED
from open_data_publisher.domain.states import Said
from open_data_publisher.feeds.gtfs_rt import trip_updates, vehicle_positions
from open_data_publisher.feeds.siri_vm import NAMESPACE, vehicle_monitoring
from open_data_publisher.reading import read_message
from stadttakt_runtime.clock import utc_now
from support.gtfs import a_folder
from support.open_data import PUBLICATION
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.city.timetable import apply_timetable

from .desk import Desk
from .harness import Running, Wire, World, until, write_city
from .rides import Ride, drive, timetable
from .test_trip_teller import telling

EXPECTED = {
    # level, GTFS-Realtime OccupancyStatus, SIRI 2.1 OccupancyEnumeration
    "low": ("low", "MANY_SEATS_AVAILABLE", "manySeatsAvailable"),
    "medium": ("medium", "FEW_SEATS_AVAILABLE", "fewSeatsAvailable"),
    "high": ("high", "STANDING_ROOM_ONLY", "standingRoomOnly"),
    "dark": (None, "NO_DATA_AVAILABLE", "unknown"),
}
BOARDING = {"low": (1, 2), "medium": (3, 39), "high": (30, 60), "dark": None}
SIRI = f"{{{NAMESPACE}}}"


@pytest.fixture
async def tramway(
    database_url: str, mqtt_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    monkeypatch.setattr("vehicle_occupancy.stop_counter.LOOK_EVERY_S", 0.5)
    city = write_city(tmp_path, *BOARDING)
    (city / "city.yaml").write_text("timezone: UTC\nbbox: [11.8, 51.4, 12.1, 51.6]\n")
    rides = [Ride(each, None) for each in BOARDING]
    a_folder(city / "transit/feed", timetable(utc_now(), rides))
    (city / "transit/timetable.yaml").write_text("feed: feed\n")
    await asyncio.to_thread(apply_city, city, database_url)
    await asyncio.to_thread(apply_timetable, city, database_url)
    return World(database_url, mqtt_url)


def published(wire: Wire, kind: str, disclosure: Disclosure | None = None) -> Board:
    """Return what the publisher makes of the states that are retained at the broker."""
    board, said = Board(), []
    for entity, events in wire.states.items():
        if entity.startswith(f"{kind}/") and events[-1] is not None:
            said.append(
                read_message(f"{wire.topics.root}/state/{entity}", orjson.dumps(events[-1]))
            )
    told: list[Said] = said if disclosure is None else disclosure.of_said(said)
    board.take(board.reckon(told, utc_now()))
    return board


def in_gtfs(board: Board, now: datetime) -> dict[str, str]:
    feed = pb.FeedMessage.FromString(vehicle_positions(board.truth(now), PUBLICATION))
    return {
        each.id: pb.VehiclePosition.OccupancyStatus.Name(each.vehicle.occupancy_status)
        for each in feed.entity
    }


def in_siri(board: Board, now: datetime) -> dict[str, str]:
    root = etree.fromstring(vehicle_monitoring(board.truth(now), PUBLICATION))
    return {
        str(each.findtext(f"{SIRI}VehicleRef")): str(each.findtext(f"{SIRI}Occupancy"))
        for each in root.iter(f"{SIRI}MonitoredVehicleJourney")
    }


async def shown(running: Running, vehicle_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await running.get(f"/v1/vehicles/{vehicle_id}")).json()
    return found


async def departure(running: Running, vehicle_id: str) -> dict[str, Any]:
    trip_id = Ride(vehicle_id, None).trip_id
    found = (await running.get(f"/v1/trips/{trip_id}/occupancy")).json()
    return next(dict(stop) for stop in found["stops"] if stop["stop_id"] == "b")


async def everybody_heard(running: Running, wire: Wire) -> bool:
    told = [await shown(running, each) for each in BOARDING]
    left = [(await departure(running, each))["departed_at"] for each in BOARDING]
    retained = [wire.last(f"vehicle/{each}").get("stop_id") for each in BOARDING]
    on_the_way = {each["stop_id"] for each in told} == {"c"} == set(retained)
    return on_the_way and all(left) and sum(each["level"] is not None for each in told) == 3


async def test_one_departure_has_one_level_in_every_output(tramway: World) -> None:
    async with tramway.service() as running, tramway.wire() as wire:
        now = utc_now()
        rides = [Ride(vehicle_id, boarding) for vehicle_id, boarding in BOARDING.items()]
        await drive(running, await tramway.bearer("transit:write"), rides, now)
        await until(lambda: everybody_heard(running, wire), bool, within_s=60)
        of_departures = await running.fetch(
            "select trip_id, level from transit.v1_departure_level where stop_id = 'b'"
        )
        dataset = {row["trip_id"]: row["level"] for row in of_departures}
        listed = {
            each["vehicle_id"]: each for each in (await running.get("/v1/vehicles")).json()["items"]
        }
        board = published(wire, "vehicle")
        gtfs, siri = in_gtfs(board, utc_now()), in_siri(board, utc_now())
        for vehicle_id, (level, status, siri_word) in EXPECTED.items():
            trip_id = Ride(vehicle_id, None).trip_id
            for told in (
                await shown(running, vehicle_id),
                listed[vehicle_id],
                wire.last(f"vehicle/{vehicle_id}"),
                await departure(running, vehicle_id),
            ):
                assert (told["level"], told["occupancy_status"]) == (level, status)
            assert dataset.get(trip_id) == level
            assert gtfs[vehicle_id] == status
            assert siri[vehicle_id] == siri_word
        closed = published(wire, "vehicle", Disclosure(CLOSED))
        assert in_gtfs(closed, utc_now()) == in_siri(closed, utc_now()) == {}


async def test_one_expected_departure_has_one_level_in_every_output(
    issued: Desk, world: World
) -> None:
    now = issued.at(240)
    key = issued.publication_key
    async with telling(world, issued.database, key) as teller, world.wire() as wire:
        await teller.tell(lambda: now)
        period = {"from": issued.at(440).isoformat(), "to": issued.at(470).isoformat()}
        asked = await issued.get("/v1/forecast", key=False, line="7", **period)
        wanted = {each["trip_id"]: each for each in asked["items"]}
        keys = {f"trip/{each['start_date']}:{each['trip_id']}" for each in asked["items"]}
        await until(lambda: _heard(wire, keys), bool)
        at = issued.at(435)
        feed = pb.FeedMessage.FromString(
            trip_updates(published(wire, "trip").truth(at), PUBLICATION)
        )
        expected = {
            (update.trip.trip_id, stop.stop_id): pb.VehiclePosition.OccupancyStatus.Name(
                stop.departure_occupancy_status
            )
            for each in feed.entity
            for update in [each.trip_update]
            for stop in update.stop_time_update
        }
        seen = set()
        for trip_id, trip in wanted.items():
            retained = wire.last(f"trip/{trip['start_date']}:{trip_id}")
            by_stop = {stop["stop_id"]: stop for stop in retained["stops"]}
            for stop in trip["stops"]:
                level, status, _ = EXPECTED[stop["level"]]
                assert by_stop[stop["stop_id"]]["level"] == level
                assert by_stop[stop["stop_id"]]["occupancy_status"] == status
                assert expected[trip_id, stop["stop_id"]] == status
                seen.add(level)
        assert seen == {"low", "medium", "high"}


async def _heard(wire: Wire, keys: set[str]) -> bool:
    return keys <= wire.states.keys()
