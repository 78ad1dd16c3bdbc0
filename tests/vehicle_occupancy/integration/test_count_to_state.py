# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from itertools import permutations
from pathlib import Path

import orjson
import pytest

from stadttakt_messages.envelope import CloudEvent
from stadttakt_messages.states import VehicleState
from vehicle_occupancy.city.apply import apply_city

from .harness import Running, World, ago, count, eventually, until, write_city

NUMBERS = ("load", "load_min", "load_max", "percentage", "confidence")
TRIP = {"line": "7", "direction": 0, "trip_id": "trip-1", "start_date": "20261126", "stop_id": "a"}


async def test_counts_become_rows_a_public_level_and_a_restricted_load(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        await wire.assign("tram-1", {"trip_id": None}, at=ago(400))
        await wire.assign("tram-1", TRIP, at=ago(300))
        await wire.assign("tram-1", {**TRIP, "trip_id": "trip-2"}, at=ago(200))
        for door in ("1", "2"):
            await wire.count("tram-1", door, 20, 0, at=ago(100))
        await until(lambda: _load(service, world), lambda load: 36 <= load <= 44)
        # Left once both doors were heard: the first word of a departure holds.
        await wire.assign("tram-1", {**TRIP, "trip_id": "trip-2", "stop_id": "b"}, at=ago(40))
        await eventually(lambda: (wire.last("vehicle/tram-1") or {}).get("stop_id") == "b")
        await eventually(lambda: (wire.last("vehicle-load/tram-1") or {}).get("stop_id") == "b")
        told = wire.last("vehicle-load/tram-1")
        assert told["load_min"] <= told["load"] <= told["load_max"]
        assert (told["line"], told["trip_id"], told["stop_id"]) == ("7", "trip-2", "b")
        public = wire.last("vehicle/tram-1")
        assert public["level"] == "medium"
        assert public["occupancy_status"] == "FEW_SEATS_AVAILABLE"
        assert [public[name] for name in NUMBERS] == [None] * len(NUMBERS)
        rows = await service.fetch("select kind, door from transit.reading order by door")
        assert [tuple(row) for row in rows] == [("door-count", "1"), ("door-count", "2")]
        wire.mqtt.stop_receiving()
        for events in wire.states.values():
            for told_event in events:
                CloudEvent[VehicleState].model_validate_json(orjson.dumps(told_event))


async def _load(service: Running, world: World) -> int:
    answer = await service.get("/v1/vehicles/tram-1", **await world.bearer("transit:read"))
    return int(answer.json()["load"] or 0)


async def test_numbers_are_for_the_entitled(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        await wire.assign("tram-1", TRIP, at=ago(300))
        await wire.assign("tram-1", {**TRIP, "trip_id": "trip-2"}, at=ago(200))
        for door in ("1", "2"):
            await wire.count("tram-1", door, 42, 0, at=ago(99))
        await eventually(lambda: (wire.last("vehicle-load/tram-1") or {}).get("load"))
        entitled = await world.bearer("transit:read")
        await until(lambda: _load(service, world), lambda load: load > 75)
        await wire.assign("tram-1", {**TRIP, "trip_id": "trip-2", "stop_id": "b"}, at=ago(40))
        await eventually(lambda: wire.last("vehicle/tram-1").get("level") == "high")
        public = (await service.get("/v1/vehicles/tram-1")).json()
        assert (public["level"], [public[name] for name in NUMBERS]) == ("high", [None] * 5)
        listed = (await service.get("/v1/vehicles?line=7")).json()["items"]
        assert [(each["vehicle_id"], each["load"]) for each in listed] == [("tram-1", None)]
        shown = (await service.get("/v1/vehicles?line=7", **entitled)).json()["items"]
        assert shown[0]["load"] > 75
        assert (await service.get("/v1/vehicles?line=8")).json()["items"] == []
        other = await world.bearer("devices:read")
        assert (await service.get("/v1/vehicles/tram-1", **other)).json()["load"] is None


async def test_any_order_of_arrival_ends_in_the_same_load(
    database_url: str, mqtt_url: str, tmp_path: Path
) -> None:
    told = [("a", 120.0, 30, 0), ("b", 90.0, 10, 5), ("c", 60.0, 0, 20), ("d", 30.0, 7, 1)]
    orders = list(permutations(told))[::3]
    vehicles = [f"tram-{number}" for number in range(len(orders))]
    city = write_city(tmp_path, *vehicles)
    await asyncio.to_thread(apply_city, city, database_url)
    world = World(database_url, mqtt_url)
    times = {name: ago(seconds) for name, seconds, *_ in told}
    async with world.service() as service, world.wire() as wire:
        for vehicle, order in zip(vehicles, orders, strict=True):
            await wire.assign(vehicle, TRIP, at=ago(600))
            await wire.assign(vehicle, {**TRIP, "trip_id": "trip-2"}, at=ago(300))
            for name, _, inwards, outwards in [*order, order[0]]:
                await wire.count(
                    vehicle, "1", inwards, outwards, at=times[name], event_id=f"{vehicle}-{name}"
                )
        await until(
            lambda: service.fetch("select count(*) from transit.reading"),
            lambda rows: rows[0][0] == len(orders) * len(told),
        )
        entitled = await world.bearer("transit:read")

        async def ended() -> list[tuple[object, ...]]:
            items = (await service.get("/v1/vehicles?limit=1000", **entitled)).json()["items"]
            return [
                tuple(each[name] for name in (*NUMBERS, "level", "measured_at")) for each in items
            ]

        # what is stored is shown a moment later
        found = await until(ended, lambda all_of_them: len(set(all_of_them)) == 1)
        assert len(found) == len(orders)
        assert found[0][0] is not None


async def test_load_outlives_a_restart_and_goes_on_from_the_counters(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        await wire.assign("tram-1", TRIP, at=ago(2000))
        await wire.assign("tram-1", {**TRIP, "trip_id": "trip-2"}, at=ago(1900))
        for seconds, counter in ((1800, 1000), (1100, 1010), (600, 1020)):
            await wire.count("tram-1", "1", counter, 900, mode="cumulative", at=ago(seconds))
        before = await until(lambda: _load(service, world), lambda load: load >= 18)
        assert await service.fetch("select from transit.load_checkpoint")
    async with world.service() as service, world.wire() as wire:
        assert await _load(service, world) == before
        await wire.count("tram-1", "1", 1025, 900, mode="cumulative", at=ago(60))
        await until(lambda: _load(service, world), lambda load: load >= before + 4)


async def test_silent_vehicle_has_no_data(database_url: str, mqtt_url: str, tmp_path: Path) -> None:
    city = write_city(tmp_path, "tram-1", silent_after_s=60)
    await asyncio.to_thread(apply_city, city, database_url)
    world = World(database_url, mqtt_url)
    async with world.service() as service, world.wire() as wire:
        await wire.assign("tram-1", TRIP, at=ago(90))
        await wire.assign("tram-1", {**TRIP, "trip_id": "trip-2"}, at=ago(80))
        await wire.count("tram-1", "1", 5, 0, at=ago(45))
        await eventually(lambda: (wire.last("vehicle/tram-1") or {}).get("level") == "low")
        await eventually(
            lambda: wire.last("vehicle/tram-1")["occupancy_status"] == "NO_DATA_AVAILABLE",
            within_s=30,
        )
        answer = (await service.get("/v1/vehicles/tram-1")).json()
        assert (answer["level"], answer["occupancy_status"]) == (None, "NO_DATA_AVAILABLE")
        assert answer["valid_until"]


async def test_levels_have_the_citys_words(world: World) -> None:
    async with world.service() as service:
        answer = await service.get("/v1/levels")
        assert [(each["level"], each["labels"]["de"]) for each in answer.json()["items"]] == [
            ("low", "leer"),
            ("medium", "mittel"),
            ("high", "stark"),
        ]
        tag = answer.headers["etag"]
        assert (await service.get("/v1/levels", **{"if-none-match": tag})).status_code == 304


@pytest.mark.parametrize("cursor", ["", "anything"])
async def test_changes_of_one_line_are_refused_since_they_would_not_tell_who_left_it(
    world: World, cursor: str
) -> None:
    async with world.service() as service:
        answer = await service.get(f"/v1/vehicles?line=7&changed_since={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert answer.json()["errors"][0]["code"] == "not_with_changed_since"
        assert (await service.get("/v1/vehicles?line=7")).status_code == 200


async def test_pollers_get_what_changed_and_nothing_else(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        first = (await service.get("/v1/vehicles?changed_since=")).json()
        assert [each["vehicle_id"] for each in first["items"]] == ["tram-1", "tram-2"]
        path = f"/v1/vehicles?changed_since={first['next_cursor']}"
        assert (await service.get(path)).json()["items"] == []
        await wire.assign("tram-2", TRIP)
        changed = await until(
            lambda: service.get(path), lambda answer: answer.json()["items"] != []
        )
        assert [each["vehicle_id"] for each in changed.json()["items"]] == ["tram-2"]
        again = await service.get("/v1/vehicles/tram-2")
        tag = again.headers["etag"]
        unchanged = await service.get("/v1/vehicles/tram-2", **{"if-none-match": tag})
        assert unchanged.status_code == 304


async def test_what_cannot_be_taken_is_quarantined_with_its_reason(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        topics = wire.topics
        await wire.count("tram-9", "1", 1)
        await wire.count("tram-1", "7", 1)
        await wire.count("tram-1", "1", 5000)
        await wire.count("tram-1", "1", 70_000, mode="cumulative")
        await wire.count("tram-1", "1", 1, at=ago(-900))
        await wire.send(topics.passenger_count("tram-1", "1"), b"\xff")
        await wire.send(topics.passenger_count("tram-1", "1"), b"{")
        negative = count("tram-1", "1", 5).replace(b'"in":5', b'"in":-5')
        await wire.send(topics.passenger_count("tram-1", "1"), negative)
        await wire.count("tram-1", "1", 3)
        reader = await world.bearer("transit:read")
        rows = await until(
            lambda: service.get("/v1/rejections?limit=1000", **reader),
            lambda answer: len(answer.json()["items"]) == 8,
        )
        assert sorted(each["reason"] for each in rows.json()["items"]) == [
            "absurd_count",
            "absurd_count",
            "invalid_json",
            "invalid_utf8",
            "time_in_future",
            "unknown_door",
            "unknown_vehicle",
            "wrong_form",
        ]
        absurd = [each for each in rows.json()["items"] if each["reason"] == "absurd_count"]
        assert all(each["detail"].startswith("tram-1/1: ") for each in absurd), "which door"
        assert (await service.get("/v1/rejections")).status_code == 401
        found = await service.fetch("select body from transit.reading")
        assert len(found) == 1


async def test_public_state_tells_of_no_single_passenger(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        await wire.assign("tram-1", TRIP, at=ago(300))
        await wire.assign("tram-1", {**TRIP, "trip_id": "trip-2"}, at=ago(200))
        await wire.count("tram-1", "1", 10, 0, at=ago(110))
        await eventually(lambda: (wire.last("vehicle/tram-1") or {}).get("level") == "low")
        before = (await service.get("/v1/vehicles?changed_since=")).json()["next_cursor"]
        # A state may be sent again as it was; what is new has another id.
        seen = wire.ids("vehicle/tram-1")
        told = len(wire.ids("vehicle-load/tram-1"))
        for number in range(6):
            await wire.count("tram-1", "1", 1, 0, at=ago(40 - number))
            await eventually(
                lambda wanted=told + number: len(wire.ids("vehicle-load/tram-1")) > wanted  # type: ignore[misc]
            )
        assert wire.ids("vehicle/tram-1") == seen
        changed = (await service.get(f"/v1/vehicles?changed_since={before}")).json()
        assert (changed["items"], changed["next_cursor"]) == ([], before)


async def test_http_takes_events_and_says_what_became_of_each(world: World) -> None:
    async with world.service() as service:
        writer = await world.bearer("transit:write")
        batch = {**writer, "content-type": "application/cloudevents-batch+json"}
        good, strange = count("tram-1", "1", 4), count("tram-7", "1", 4)
        body = b"[" + b",".join([good, strange, b"{}", b"7"]) + b"]"
        answer = await service.client.post("/v1/observations", content=body, headers=batch)
        assert answer.status_code == 200
        found = answer.json()
        assert (found["taken"], found["rejected"]) == (1, 3)
        assert [each["reason"] for each in found["items"]] == [
            None,
            "unknown_vehicle",
            "wrong_form",
            "wrong_form",
        ]
        again = await service.client.post(
            "/v1/observations", content=b"[" + good + b"]", headers=batch
        )
        assert again.json()["taken"] == 1
        assert len(await service.fetch("select from transit.reading")) == 1
        refused = await service.client.post("/v1/observations", content=body)
        assert refused.status_code == 401
        other = {**writer, "content-type": "text/plain"}
        assert (
            await service.client.post("/v1/observations", content=b"x", headers=other)
        ).status_code == 415
        wrong = {**writer, "content-type": "application/json"}
        assert (
            await service.client.post("/v1/observations", content=b"{", headers=wrong)
        ).status_code == 422
