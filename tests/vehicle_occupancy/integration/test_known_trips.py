# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.clock import utc_now
from support.gtfs import FILES, a_folder
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.city.timetable import apply_timetable
from vehicle_occupancy.domain.journeys import Journeys
from vehicle_occupancy.domain.reading import Assignment

from .harness import Running, World, ago, event, until, write_city

VEHICLE = "tram-1"
LATER = "extra"
TIMETABLE = "transit/timetable.yaml"


def feed(*trip_ids: str, daily: bool = True) -> dict[str, str]:
    """Trips that are on their way all day, on every day around now."""
    now = utc_now()
    trips, calls = [FILES["trips.txt"].splitlines()[0]], [FILES["stop_times.txt"].splitlines()[0]]
    for trip_id in trip_ids:
        trips.append(f"r7,all,{trip_id},Chaussee,0,,")
        for number, stop in enumerate("abc"):
            calls.append(f"{trip_id},{10 * number:02}:00:00,{10 * number:02}:00:00,{stop},{number}")
    days = f"{now - timedelta(days=3):%Y%m%d},{now + timedelta(days=3):%Y%m%d}"
    return {
        **FILES,
        "agency.txt": FILES["agency.txt"].replace("Europe/Berlin", "UTC"),
        "calendar.txt": FILES["calendar.txt"].splitlines()[0] + f"\nall,1,1,1,1,1,1,1,{days}\n",
        "calendar_dates.txt": "service_id,date,exception_type\n",
        "trips.txt": "\n".join(trips) + "\n",
        "stop_times.txt": "\n".join(calls) + "\n",
    }


async def import_trips(world: World, *trip_ids: str) -> None:
    folder = world.city
    assert folder is not None
    a_folder(folder / "transit/feed", feed(*trip_ids))
    (folder / TIMETABLE).write_text("feed: feed\n")
    url = world.settings.database_url.get_secret_value()
    await asyncio.to_thread(apply_timetable, folder, url)


@pytest.fixture
async def world(database_url: str, mqtt_url: str, tmp_path: Path) -> World:
    folder = write_city(tmp_path, VEHICLE, "tram-2")
    (folder / "city.yaml").write_text("timezone: UTC\nbbox: [11.8, 51.4, 12.1, 51.6]\n")
    await asyncio.to_thread(apply_city, folder, database_url)
    return World(database_url, mqtt_url, city=folder)


def trip(trip_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "line": "7",
        "direction": 0,
        "trip_id": trip_id,
        "start_date": f"{utc_now():%Y%m%d}",
    } | fields


async def shown(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = (await running.get(f"/v1/vehicles/{VEHICLE}")).json()
    return found


async def assignments(running: Running) -> list[tuple[Any, ...]]:
    rows = await running.fetch("select trip_id, trip_known from assignment order by observed_at")
    return [tuple(row) for row in rows]


async def test_unknown_trip_is_told_of_counted_and_shown_nowhere(world: World) -> None:
    await import_trips(world, "out")
    async with world.service() as running, world.wire() as wire:
        await wire.assign(VEHICLE, trip("out"), at=ago(60))
        await until(lambda: shown(running), lambda found: found.get("trip_id") == "out")
        await wire.assign(VEHICLE, trip("no-such-trip"), at=ago(30))
        found = await until(lambda: shown(running), lambda found: found.get("trip_id") is None)
        assert found["line"] == "7"
        assert await assignments(running) == [("out", True), ("no-such-trip", False)]
        rows = await running.fetch("select reason, detail, payload from rejected")
        assert [row["reason"] for row in rows] == ["unknown_trip"]
        assert rows[0]["detail"].startswith("no-such-trip: in no timetable on ")
        assert orjson.loads(rows[0]["payload"])["data"]["trip_id"] == "no-such-trip"
        counted = (await running.get("/metrics")).text
        assert 'stadttakt_transit_rejected_total{reason="unknown_trip"}' in counted


async def test_over_http_an_unknown_trip_is_answered_as_such(world: World) -> None:
    await import_trips(world, "out")
    async with world.service() as running:
        writer = await world.bearer("transit:write")
        said = [
            orjson.loads(event("trip-assignment", f"vehicle/{VEHICLE}", trip(each)))
            for each in ("out", "nowhere")
        ]
        answer = await running.client.post("/v1/observations", json=said, headers=writer)
        assert answer.status_code == 200
        assert (answer.json()["taken"], answer.json()["rejected"]) == (1, 1)
        assert answer.json()["items"][1]["reason"] == "unknown_trip"


async def test_assignments_that_come_before_their_timetable_are_used_after_its_import(
    world: World,
) -> None:
    await import_trips(world, "back", "out")
    async with world.service() as running, world.wire() as wire:
        await wire.assign(VEHICLE, trip("back"), at=ago(900))
        await wire.assign(VEHICLE, trip("out"), at=ago(300))
        await wire.count(VEHICLE, "1", 40, at=ago(290))
        # doors missed two of them
        await wire.count(VEHICLE, "1", 0, 38, at=ago(100))
        await wire.assign(VEHICLE, trip(LATER), at=ago(60))
        await until(lambda: assignments(running), lambda rows: (LATER, False) in rows)
        await wire.count(VEHICLE, "1", 9, at=ago(30))
        reader = await world.bearer("transit:read")

        async def load() -> Any:
            return (await running.get(f"/v1/vehicles/{VEHICLE}", **reader)).json()

        # of an unknown trip of the same line nobody knows that a terminal was between
        before = await until(load, lambda found: (found.get("load") or 0) >= 9)
        assert before["load"] > 9
        await import_trips(world, "back", "out", LATER)
        found = await until(load, lambda found: found.get("trip_id") == LATER, within_s=30)
        assert found["load"] == 9
        assert await assignments(running) == [("back", True), ("out", True), (LATER, True)]
        served = await until(
            lambda: running.fetch("select trip_id from served_trip order by begun_at"),
            lambda rows: len(rows) == 3,
            within_s=60,
        )
        assert [row[0] for row in served] == ["back", "out", LATER]


async def test_without_a_timetable_of_the_day_all_trips_are_believed(world: World) -> None:
    async with world.service() as running, world.wire() as wire:
        await wire.assign(VEHICLE, trip("anything"))
        await until(lambda: shown(running), lambda found: found.get("trip_id") == "anything")
        assert await running.fetch("select * from rejected") == []


async def test_a_made_up_timetable_does_not_judge_real_trips(world: World) -> None:
    await import_trips(world, "out")
    async with world.service() as running, world.wire() as wire:
        async with running.database.connection() as connection:
            await connection.execute("update timetable_version set simulated = true")
        await wire.assign(VEHICLE, trip("real"))
        await wire.assign("tram-2", trip("simulated"), simulated=True)
        await until(lambda: assignments(running), lambda rows: len(rows) == 2)
        assert sorted(await assignments(running)) == [("real", True), ("simulated", False)]


async def test_a_start_date_that_is_no_day_is_refused(world: World) -> None:
    async with world.service() as running, world.wire() as wire:
        await wire.assign(VEHICLE, trip("out", start_date="20261340"))
        rows = await until(
            lambda: running.fetch("select reason, detail from rejected"),
            lambda rows: len(rows) == 1,
        )
        assert tuple(rows[0]) == ("wrong_form", "data.start_date: 20261340 is no day")


def test_of_unknown_trips_line_and_direction_tell_that_a_trip_was_over() -> None:
    def said(second: int, *, known: bool = True, **fields: Any) -> Assignment:
        at = utc_now().replace(microsecond=0, second=0) + timedelta(seconds=second)
        return Assignment(
            event_id=str(second),
            vehicle_id=VehicleId(VEHICLE),
            observed_at=at,
            trip_known=known,
            **fields,
        )

    known = said(0, line="7", direction=0, trip_id="a")
    assert said(1, line="7", direction=0, trip_id="b").begins_another(known)
    assert not said(1, known=False, line="7", direction=0, trip_id="x").begins_another(known)
    assert not said(1, known=False, trip_id="x").begins_another(known)
    assert said(1, known=False, line="7", direction=1, trip_id="x").begins_another(known)
    assert said(1, known=False, trip_id="x").as_believed().trip_id is None
    assert len(Journeys().plus([known, said(1, known=False)]).assignments) == 2
