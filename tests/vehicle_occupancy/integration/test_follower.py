# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from stadttakt_runtime.clock import utc_now
from support.gtfs import FILES, a_folder
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.city.timetable import apply_timetable
from vehicle_occupancy.domain.geometry import Line, Place

from .harness import Wire, World, event, until, write_city

PLACES = [Place(51.48, 11.90), Place(51.48, 11.92), Place(51.49, 11.95)]
WAY = Line(PLACES)
RIDE_S = 600
VEHICLE = "tram-1"


def trips_around(now: datetime) -> dict[str, str]:
    """A line of which a departure left five minutes ago, others 20 minutes before and after."""
    # of yesterday's service day where today's has hardly begun
    day_s = now.hour * 3600 + now.minute * 60 + now.second + (86_400 if now.hour < 2 else 0)
    trips, calls = [FILES["trips.txt"].splitlines()[0]], [FILES["stop_times.txt"].splitlines()[0]]
    for number in range(-3, 4):
        begin = day_s - RIDE_S // 2 + number * 1200
        trips.append(f"r7,all,out{number},Chaussee,0,,")
        for index, (stop, passed) in enumerate((("a", 0), ("b", 223), ("c", RIDE_S))):
            time = begin + passed
            clock = f"{time // 3600:02}:{time // 60 % 60:02}:{time % 60:02}"
            calls.append(f"out{number},{clock},{clock},{stop},{index + 1}")
    days = f"{now - timedelta(days=3):%Y%m%d},{now + timedelta(days=3):%Y%m%d}"
    return {
        **FILES,
        "agency.txt": FILES["agency.txt"].replace("Europe/Berlin", "UTC"),
        "calendar.txt": FILES["calendar.txt"].splitlines()[0] + f"\nall,1,1,1,1,1,1,1,{days}\n",
        "calendar_dates.txt": "service_id,date,exception_type\n",
        "trips.txt": "\n".join(trips) + "\n",
        "stop_times.txt": "\n".join(calls) + "\n",
    }


@pytest.fixture
async def world(database_url: str, mqtt_url: str, tmp_path: Path) -> World:
    folder = write_city(tmp_path, VEHICLE)
    (folder / "city.yaml").write_text("timezone: UTC\nbbox: [11.8, 51.4, 12.1, 51.6]\n")
    a_folder(folder / "transit/feed", trips_around(utc_now()))
    (folder / "transit/timetable.yaml").write_text("feed: feed\n")
    await asyncio.to_thread(apply_city, folder, database_url)
    await asyncio.to_thread(apply_timetable, folder, database_url)
    return World(database_url, mqtt_url)


async def drive(wire: Wire) -> None:
    """Say where the vehicle was in the last four minutes, a minute behind plan."""
    now = utc_now()
    for ago_s in range(240, -1, -15):
        place = WAY.at(WAY.length_m * (RIDE_S / 2 - ago_s - 60) / RIDE_S)
        data = {"lat": place.lat, "lon": place.lon}
        said = event(
            "vehicle-position", f"vehicle/{VEHICLE}", data, at=now - timedelta(seconds=ago_s)
        )
        await wire.send(wire.topics.vehicle_position(VEHICLE), said)


async def test_trip_of_a_vehicle_is_shown_though_nobody_told_it(world: World) -> None:
    async with world.service() as running, world.wire() as wire:
        await drive(wire)
        answer = await until(
            lambda: running.get(f"/v1/vehicles/{VEHICLE}"),
            lambda found: found.status_code == 200 and found.json()["trip_id"],
            within_s=30,
        )
        shown = answer.json()
        assert (shown["line"], shown["direction"], shown["trip_id"]) == ("7", 0, "out0")
        (row,) = await running.fetch("select source, trip_id, observed_at from assignment")
        assert (row["source"], row["trip_id"]) == ("followed", "out0")
        # it left five minutes ago by plan, a minute late: who boarded since then is on board
        left_s = (utc_now() - row["observed_at"]).total_seconds()
        assert 200 < left_s < 300


async def test_what_the_control_centre_tells_is_not_contradicted(world: World) -> None:
    async with world.service() as running, world.wire() as wire:
        told = {"line": "9", "direction": 1, "trip_id": "other", "start_date": "20261126"}
        await wire.assign(VEHICLE, told)
        await drive(wire)
        await until(
            lambda: running.fetch("select count(*) from position"), lambda rows: rows[0][0] == 17
        )
        await asyncio.sleep(6)
        assert [row[0] for row in await running.fetch("select source from assignment")] != [
            "followed"
        ]
        assert len(await running.fetch("select 1 from assignment")) == 1
        assert (await running.get(f"/v1/vehicles/{VEHICLE}")).json()["line"] == "9"
