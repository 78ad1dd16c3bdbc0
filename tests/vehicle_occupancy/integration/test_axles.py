# SPDX-License-Identifier: EUPL-1.2
"""What axles weigh becomes a load without any other sensor."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from vehicle_occupancy.city.apply import apply_city

from .harness import World, ago, event, until, write_city

TARE_KG, PERSON_KG = 40_000, 75


@pytest.fixture
async def world(database_url: str, mqtt_url: str, tmp_path: Path) -> World:
    city = write_city(tmp_path, "tram-1", "tram-2")
    vehicles = city / "transit/vehicles.yaml"
    axles = f"axles: {{tare_kg: {TARE_KG}, person_kg: {PERSON_KG}}}"
    vehicles.write_text(vehicles.read_text().replace("counting:", f"{axles}\n    counting:"))
    await asyncio.to_thread(apply_city, city, database_url)
    return World(database_url, mqtt_url)


async def test_weighed_axles_alone_tell_how_many_are_on_board(world: World) -> None:
    weighed: dict[str, dict[str, Any]] = {
        "tram-1": {"mass_kg": TARE_KG + 60 * PERSON_KG, "gross": True},
        "tram-2": {"mass_kg": 60 * PERSON_KG, "gross": False},
    }
    async with world.service() as service, world.wire() as wire:
        for vehicle, data in weighed.items():
            for seconds in (300, 240, 180, 120, 60):
                said = event("axle-load", f"vehicle/{vehicle}", data, at=ago(seconds))
                await wire.send(wire.topics.axle_load(vehicle), said)
        heavy = event("axle-load", "vehicle/tram-1", {"mass_kg": 900_000.0, "gross": True})
        await wire.send(wire.topics.axle_load("tram-1"), heavy)
        entitled = await world.bearer("transit:read")
        for vehicle in weighed:
            answer = await until(
                lambda vehicle=vehicle: service.get(f"/v1/vehicles/{vehicle}", **entitled),
                lambda found: found.json()["load"] is not None and found.json()["load_min"] > 40,
            )
            told = answer.json()
            assert told["load"] == pytest.approx(60, abs=8)
            assert told["load_min"] <= 60 <= told["load_max"]
            assert told["level"] == "high"
        rows = await until(
            lambda: service.fetch("select reason, detail from transit.rejected"), len
        )
        assert [row["reason"] for row in rows] == ["absurd_count"]
