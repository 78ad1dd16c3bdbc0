# SPDX-License-Identifier: EUPL-1.2
"""Counting systems of other makers, from their bytes on the broker to the load."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from vehicle_occupancy import intake
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.reading import read_topic
from vehicle_occupancy.storage.readings import Event

from .harness import Wire, World, ago, until, write_city

VDV = """<PassengerCountingService.GetAllDataResponse><AllData>
<TimeStamp><Value>{at}</Value></TimeStamp>
<CountingData><DoorID><Value>1</Value></DoorID><Count><ObjectClass>Adult</ObjectClass>
<In><Value>{inwards}</Value></In><Out><Value>0</Value></Out><CountQuality>{quality}</CountQuality>
</Count></CountingData></AllData></PassengerCountingService.GetAllDataResponse>"""


def vdv(seconds: float, inwards: int, quality: str = "Regular") -> bytes:
    at = ago(seconds).isoformat()
    return VDV.format(at=at, inwards=inwards, quality=quality).encode()


def write_sources(city: Path, root: str) -> None:
    """Give the city sources of three dialects, and a sensor's name to its second tram."""
    vehicles = city / "transit/vehicles.yaml"
    vehicles.write_text(
        vehicles.read_text().replace("tram-2, kind: tram", "tram-2, kind: tram, sensors: [apc-7]")
    )
    (city / "transit/sources.yaml").write_text(
        "sources:\n"
        f"  - {{source_id: vdv, dialect: vdv301, topics: ['{root}/fleet/{{vehicle}}/pcs']}}\n"
        f"  - {{source_id: apc, dialect: waltti-apc, topics: ['{root}/apc/#']}}\n"
        f"  - {{source_id: pax, dialect: paxcounter, topics: ['{root}/pax/{{vehicle}}']}}\n"
    )


def waltti() -> bytes:
    door = {"door": "1", "count": [{"class": "adult", "in": 9, "out": 0}]}
    apc = {
        "schemaVersion": "1-2-0",
        "countingSystemId": "apc-7",
        "messageId": "m-1",
        "tst": ago(60).isoformat(),
        "vehiclecounts": {"countquality": "regular", "doorcounts": [door]},
    }
    return orjson.dumps({"APC": apc})


async def speak(wire: Wire, root: str) -> None:
    trip = {"line": "7", "trip_id": "a"}
    for vehicle in ("tram-1", "tram-2"):
        await wire.assign(vehicle, trip, at=ago(900))
        await wire.assign(vehicle, {**trip, "trip_id": "b"}, at=ago(800))
    counters = (vdv(700, 500), vdv(400, 512), vdv(200, 9999, "Defect"), vdv(90, 530))
    said = [(f"{root}/fleet/tram-1/pcs", message) for message in counters]
    said.append((f"{root}/apc/x", waltti()))
    for topic, message in said:
        # The broker may bring a message twice.
        await wire.send(topic, message)
        await wire.send(topic, message)
    await wire.send(f"{root}/pax/tram-1", b"\x01/\x17\x00\x11\x00")
    await wire.send(f"{root}/pax/tram-1", b"paxcounter-24:0A:C4:00:00:01")
    await wire.send(f"{root}/pax/tram-9", b"\x01/\x17\x00\x11\x00")
    await wire.send(f"{root}/fleet/tram-1/pcs", b"<a/>")


async def test_message_at_which_the_reader_has_a_fault_is_quarantined_and_the_next_one_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(levels: Sequence[str], payload: bytes, now: datetime) -> Event:
        if levels[-1] == "1":
            raise TypeError("nobody foresaw this")
        return read_topic(levels, payload, now)

    monkeypatch.setattr(intake, "read_topic", faulty)
    async with world.service() as service, world.wire() as wire:
        for door in ("1", "2"):
            await wire.count("tram-1", door, 20, 0, at=ago(100))
        rows = await until(
            lambda: service.fetch("select door from transit.reading"), lambda found: len(found) == 1
        )
        assert [row["door"] for row in rows] == ["2"]
        refused = await service.fetch("select reason, detail from transit.rejected")
        assert [tuple(row) for row in refused] == [
            ("reader_failed", "TypeError: nobody foresaw this")
        ]


async def test_foreign_counts_are_taken_once_each_and_fold_into_a_load(
    database_url: str, mqtt_url: str, tmp_path: Path
) -> None:
    city = write_city(tmp_path, "tram-1", "tram-2")
    world = replace(World(database_url, mqtt_url), city=city)
    write_sources(city, world.root)
    await asyncio.to_thread(apply_city, city, database_url)
    async with world.service() as service, world.wire() as wire:
        await speak(wire, world.root)
        kinds = await until(
            lambda: service.fetch(
                "select vehicle_id, kind, count(*) from transit.reading group by 1, 2 order by 1, 2"
            ),
            lambda rows: len(rows) == 3 and rows[1][2] == 4,
        )
        assert [tuple(row) for row in kinds] == [
            ("tram-1", "devices-seen", 1),
            ("tram-1", "door-count", 4),
            ("tram-2", "door-count", 1),
        ]
        entitled = await world.bearer("transit:read")
        answer = await until(
            lambda: service.get("/v1/vehicles/tram-2", **entitled),
            lambda found: (found.json()["load"] or 0) >= 8,
        )
        assert answer.json()["load"] <= 12
        refused = await until(
            lambda: service.fetch("select reason from transit.rejected order by reason"),
            lambda rows: len(rows) == 2,
        )
        assert [row["reason"] for row in refused] == ["unknown_vehicle", "wrong_form"]
