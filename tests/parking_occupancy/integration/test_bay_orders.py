# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parking_occupancy.city.apply import apply_city
from stadttakt_runtime.clock import utc_now

from .harness import Running, Wire, World, eventually, until, write_city

BAY = "/v1/bays/platz-1"
RESERVED = {"reason": "kept for the ambulance"}
FLAPPING = "    flapping: {changes: 4, within_s: 60, calm_s: 6}\n"


def soon(seconds: float) -> str:
    return (utc_now() + timedelta(seconds=seconds)).isoformat()


@pytest.fixture
async def world(bare_world: World, tmp_path: Path) -> World:
    """Four bays that may be silent for an hour, where flapping is looked for; one of a person."""
    folder = write_city(
        tmp_path,
        lot=FLAPPING,
        extra_bays="platz-9,platz,resident,51.48,11.96,\n",
    )
    await asyncio.to_thread(apply_city, folder, bare_world.database_url)
    return bare_world


@pytest.fixture
async def service(world: World) -> AsyncIterator[Running]:
    key = await world.key("parking:operate")
    async with world.service() as service:
        service.client.headers["Authorization"] = f"Bearer {key}"
        yield service


@pytest.fixture
async def wire(world: World, service: Running) -> AsyncIterator[Wire]:
    async with world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)
        await until(service.sign, lambda sign: sign["free"] == 4)
        yield wire


async def bay(service: Running) -> dict[str, Any]:
    answer: dict[str, Any] = (await service.get(BAY)).json()
    return answer


async def test_reservation_holds_in_its_time_and_is_shown_without_its_reason(
    service: Running, wire: Wire
) -> None:
    body = {**RESERVED, "from": soon(2), "until": soon(7)}
    planned = (await service.client.put(f"{BAY}/reservation", json=body)).json()
    assert (planned["state"], planned["reason"]) == ("free", None)
    begin, end = (datetime.fromisoformat(body[name]) for name in ("from", "until"))
    assert datetime.fromisoformat(planned["valid_until"]) == begin
    reserved = await until(lambda: bay(service), lambda bay: bay["reason"] == "reserved")
    assert begin <= utc_now() < end
    assert reserved["state"] == "out_of_service"
    await until(service.sign, lambda sign: sign["free"] == 3)
    await until(lambda: bay(service), lambda bay: bay["state"] == "free")
    assert end <= utc_now()
    assert not any("ambulance" in str(event) for event in wire.states["bay/platz-1"])


async def test_reservation_is_ended_undone_and_audited(service: Running, wire: Wire) -> None:
    body = {**RESERVED, "until": soon(600)}
    assert (await service.client.put(f"{BAY}/reservation", json=body)).json()[
        "reason"
    ] == "reserved"
    ended = (await service.client.delete(f"{BAY}/reservation")).json()
    assert (ended["state"], ended["reason"]) == ("free", None)
    newest, first = (await service.get("/v1/orders?kind=bay&entity_id=platz-1")).json()["items"]
    assert (first["name"], first["reason"], newest["value"]) == (
        "reservation",
        RESERVED["reason"],
        None,
    )
    why = {"reason": "still needed"}
    await service.client.post(f"/v1/orders/{newest['order_id']}:undo", json=why)
    assert (await bay(service))["reason"] == "reserved"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{BAY}/reservation", RESERVED, 422),
        (f"{BAY}/reservation", {**RESERVED, "until": "2020-01-01T00:00:00Z"}, 422),
        (f"{BAY}/reservation", {**RESERVED, "from": soon(60), "until": soon(30)}, 422),
        (f"{BAY}/reservation", {**RESERVED, "until": soon(30), "for": "me"}, 422),
        ("/v1/bays/platz-9/reservation", {**RESERVED, "until": soon(60)}, 404),
        ("/v1/bays/nowhere/reservation", {**RESERVED, "until": soon(60)}, 404),
        (f"{BAY}/service", {"in_service": True, "from": soon(60), "reason": "done"}, 422),
    ],
)
async def test_wrong_orders_of_bays_are_refused(
    service: Running, wire: Wire, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await service.client.put(path, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )


async def test_maintenance_is_planned_from_a_time(service: Running, wire: Wire) -> None:
    body = {"in_service": False, "from": soon(1.5), "expires_at": soon(60), "reason": "new paint"}
    assert (await service.client.put(f"{BAY}/service", json=body)).json()["state"] == "free"
    begun = await until(lambda: bay(service), lambda bay: bay["state"] == "out_of_service")
    assert begun["reason"] == "out_of_service"


async def test_flapping_sensor_makes_its_bay_unknown_is_told_and_forgiven(
    service: Running, wire: Wire
) -> None:
    begin = utc_now()
    for index in range(5):
        await wire.observe(
            "platz-1", occupied=index % 2 == 0, at=begin + timedelta(seconds=index / 10)
        )
    await until(lambda: bay(service), lambda bay: bay["reason"] == "flapping")
    lot = (await service.get("/v1/lots/platz")).json()
    # Below the limit of unknown bays a lot would be known: one of four is above it.
    assert (lot["unknown"], lot["state"]) == (1, "unknown")
    await eventually(lambda: bool(wire.states.get("bay-flapping/platz-1")))
    told = wire.last("bay-flapping/platz-1")
    assert told["details"] == {"lot_id": "platz", "bay_id": "platz-1"}
    calm = await until(lambda: bay(service), lambda bay: bay["reason"] is None)
    assert calm["state"] == "occupied"
    await eventually(lambda: wire.states["bay-flapping/platz-1"][-1] is None)


async def test_what_was_said_lately_survives_a_restart(world: World) -> None:
    begin = utc_now()
    async with world.service() as first, world.wire() as wire:
        for index in range(3):
            await wire.observe(
                "platz-1", occupied=index % 2 == 0, at=begin + timedelta(seconds=index / 10)
            )
        await until(lambda: bay(first), lambda bay: bay["state"] == "occupied")
    async with world.service() as second, world.wire() as wire:
        for index in range(3, 5):
            await wire.observe(
                "platz-1", occupied=index % 2 == 0, at=begin + timedelta(seconds=index / 10)
            )
        await until(lambda: bay(second), lambda bay: bay["reason"] == "flapping")
