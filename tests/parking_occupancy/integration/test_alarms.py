# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from .gated import apply, tell, write_gated_city
from .harness import Running, Wire, World, ago, eventually, until

GATE = "[{gate: nord, kind: camera, heartbeat_limit_s: 3}]\n"
BAYS = "".join(f"platz-{n},platz,general,51.48,11.96,2\n" for n in range(1, 4))


@pytest.fixture
async def service(bare_world: World, tmp_path: Path) -> AsyncIterator[Running]:
    """A mixed lot of 20 places, three of them sensed, whose gate and bays may be silent for seconds."""
    city = write_gated_city(
        tmp_path, gates=GATE, bays=BAYS, detection="mixed", rules="      drift_limit: 6\n"
    )
    await apply(bare_world, city)
    key = await bare_world.key("parking:operate")
    async with bare_world.service() as service:
        service.client.headers["Authorization"] = f"Bearer {key}"
        yield service


@pytest.fixture
async def wire(bare_world: World, service: Running) -> AsyncIterator[Wire]:
    async with bare_world.wire() as wire:
        yield wire


async def alerts(service: Running) -> dict[tuple[str, str], str]:
    items = (await service.get("/v1/alerts?active=true")).json()["items"]
    return {(each["kind"], each["alert_id"]): each["severity"] for each in items}


async def reset(service: Running, occupied: int) -> None:
    body = {"occupied": occupied, "reason": "counted by hand"}
    answer = await service.client.post("/v1/lots/platz/count-reset", json=body)
    assert answer.status_code == 201


async def test_silence_raises_alerts_and_speech_ends_them(service: Running, wire: Wire) -> None:
    await tell(wire, 0, 0)
    for number in range(1, 4):
        await wire.observe(f"platz-{number}", occupied=False)
    await reset(service, 4)
    raised = await until(lambda: alerts(service), lambda found: len(found) == 3)
    assert set(raised) == {
        ("lot-unknown", "platz"),
        ("gate-silent", "platz:nord"),
        ("bays-silent", "platz"),
    }
    await eventually(lambda: wire.last("gate-silent/platz:nord"))

    async def spoken() -> dict[tuple[str, str], str]:
        await tell(wire, 0, 0)
        for number in range(1, 4):
            await wire.observe(f"platz-{number}", occupied=False)
        return await alerts(service)

    await until(spoken, lambda found: not found)
    await eventually(lambda: wire.states["gate-silent/platz:nord"][-1] is None)


async def test_alert_of_what_is_still_so_outlives_a_restart(
    bare_world: World, tmp_path: Path
) -> None:
    city = write_gated_city(tmp_path, gates=GATE, bays=BAYS, detection="mixed")
    await apply(bare_world, city)
    key = await bare_world.key("parking:operate")
    for _ in range(2):
        async with bare_world.service() as service:
            service.client.headers["Authorization"] = f"Bearer {key}"
            await until(
                lambda: alerts(service),
                lambda found: (
                    {("lot-unknown", "platz"), ("gate-silent", "platz:nord")} <= set(found)
                ),
            )
            # Long enough for the first telling after this start.
            await asyncio.sleep(8)
            cleared = await service.fetch("select kind from alert where cleared_at is not null")
            assert cleared == []


async def test_impossible_count_is_told_and_drift_above_the_limit_warns(
    service: Running, wire: Wire
) -> None:
    await tell(wire, 0, 0, at=ago(1))
    await reset(service, 2)
    await tell(wire, 0, 3)
    found = await until(lambda: alerts(service), lambda found: ("count-drift", "platz") in found)
    assert found["count-drift", "platz"] == "info"
    await tell(wire, 0, 8)
    await until(
        lambda: alerts(service), lambda found: found.get(("count-drift", "platz")) == "warning"
    )
    drift: dict[str, Any] = (await service.get("/v1/lots/platz/drift")).json()
    (day,) = drift["items"]
    assert (day["vehicles"], day["net"], day["by_cause"]) == (9, 9, {"left_when_empty": 9})
    assert (drift["drift_limit"], drift["anchored_by"], drift["resets"]) == (6, "operator", 0)
    assert [gate["gate"] for gate in drift["gates"]] == ["nord"]
