# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any

import httpx
import pytest

from stadttakt_runtime.clock import utc_now
from support.service import start
from support.stack import free_ports

from .harness import Wire, World, eventually, until

BAYS = 4


class Instance:
    """A parking process of a pair: same session name, another port."""

    def __init__(self, world: World) -> None:
        (self.port,) = free_ports(1)
        settings = world.settings
        self.process = start(
            "parking_occupancy",
            STADTTAKT_DATABASE_URL=world.database_url,
            STADTTAKT_MQTT_URL=world.mqtt_url,
            STADTTAKT_TOPIC_ROOT=world.root,
            STADTTAKT_INSTANCE=settings.instance,
            STADTTAKT_HTTP_PORT=str(self.port),
            STADTTAKT_PARKING_RELOAD_EVERY_S="0.2",
            STADTTAKT_PARKING_CATCH_UP_EVERY_S="1",
        )

    async def get(self, path: str, within_s: float = 1) -> httpx.Response | None:
        """Ask; nothing where the process does not answer."""
        try:
            async with httpx.AsyncClient(timeout=within_s) as client:
                return await client.get(f"http://127.0.0.1:{self.port}{path}")
        except httpx.TransportError:
            return None

    async def is_ready(self) -> bool:
        answer = await self.get("/ready")
        return answer is not None and answer.status_code == 200

    async def sign(self) -> dict[str, Any] | None:
        answer = await self.get("/v1/signs/tor")
        return answer.json() if answer is not None and answer.status_code == 200 else None

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        return await asyncio.to_thread(self.process.wait, 15)


@contextmanager
def pair(world: World) -> Iterator[tuple[Instance, Instance]]:
    instances = (Instance(world), Instance(world))
    try:
        yield instances
    finally:
        for instance in instances:
            instance.send(signal.SIGCONT)
            instance.process.kill()
            instance.process.communicate()


@asynccontextmanager
async def leading(world: World) -> AsyncIterator[tuple[Instance, Instance, Wire]]:
    """Yield the active instance, the standby and a wire; three of four bays are free."""
    with pair(world) as both:
        await until(lambda: _ready(both), lambda ready: len(ready) == 1, within_s=30)
        (active,) = await _ready(both)
        standby = both[1] if active is both[0] else both[0]
        async with world.wire() as wire:
            for number in range(1, BAYS + 1):
                await wire.observe(f"platz-{number}", occupied=number == 1)
            await until(active.sign, lambda sign: sign and sign["free"] == BAYS - 1)
            yield active, standby, wire


async def _ready(both: tuple[Instance, Instance]) -> list[Instance]:
    return [instance for instance in both if await instance.is_ready()]


async def test_standby_is_not_ready_and_tells_nothing_of_signs(world: World) -> None:
    async with leading(world) as (_, standby, _wire):
        await until(lambda: standby.get("/live"), lambda answer: answer is not None)
        for path in ("/v1/signs/tor", "/v1/signs", "/v1/lots/platz"):
            answer = await standby.get(path)
            assert answer is not None
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
        ready = await standby.get("/ready")
        assert ready is not None
        assert "standby" in ready.text


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
async def test_standby_takes_over_without_a_wrong_sign(world: World, death: signal.Signals) -> None:
    async with leading(world) as (active, standby, wire):
        before = await active.sign()
        assert before is not None
        active.send(death)
        await wire.observe("platz-2", occupied=True)
        seen: list[dict[str, Any]] = []
        # Every answer until the new number is the old one, still valid; never another, never 404.
        while not seen or seen[-1]["free"] != BAYS - 2:
            sign = await standby.sign()
            if sign is not None:
                seen.append(sign)
                assert sign["free"] in (BAYS - 1, BAYS - 2)
                assert datetime.fromisoformat(sign["valid_until"]) > utc_now()
            await asyncio.sleep(0.02)
        assert seen[-1]["sequence"] > before["sequence"]
        await eventually(lambda: wire.last("sign/tor").get("free") == BAYS - 2)


async def test_hung_leader_that_wakes_tells_no_old_sign(world: World) -> None:
    async with leading(world) as (active, standby, wire):
        active.send(signal.SIGSTOP)
        await wire.observe("platz-2", occupied=True)
        await until(standby.sign, lambda sign: sign and sign["free"] == BAYS - 2, within_s=20)
        # What was asked while it hung is answered before anything else when it wakes.
        paths = ["/v1/signs/tor", "/v1/signs", "/v1/lots/platz"]
        asking = [asyncio.create_task(active.get(path, 30)) for path in paths]
        await asyncio.sleep(0.5)
        active.send(signal.SIGCONT)
        answers = await asyncio.gather(*asking)
        while (answer := await active.get("/v1/signs/tor")) is not None:
            answers.append(answer)
        told = [answer.status_code for answer in answers if answer is not None]
        assert told.count(503) >= len(paths)
        assert set(told) == {503}


async def test_standby_has_loaded_the_state_before_it_leads(world: World) -> None:
    async with leading(world) as (active, standby, wire):
        await wire.observe("platz-1", occupied=False)
        await until(active.sign, lambda sign: sign and sign["free"] == BAYS)
        await until(
            lambda: standby.get("/ready"),
            lambda answer: answer is not None and "at hand" in answer.text,
        )
        active.send(signal.SIGKILL)
        sign = await until(standby.sign, lambda sign: sign, within_s=20)
        assert sign is not None
        assert sign["free"] == BAYS


async def test_hung_leader_that_wakes_ends_and_has_changed_nothing(world: World) -> None:
    async with leading(world) as (active, standby, wire):
        active.send(signal.SIGSTOP)
        await wire.observe("platz-2", occupied=True)
        await until(standby.sign, lambda sign: sign and sign["free"] == BAYS - 2, within_s=20)
        await eventually(lambda: wire.last("sign/tor").get("free") == BAYS - 2)
        before = len(wire.states["sign/tor"])
        active.send(signal.SIGCONT)
        assert await active.ended() == 1
        assert "another instance" in (active.process.stderr or subprocess.PIPE).read()
        await wire.observe("platz-3", occupied=True)
        await until(standby.sign, lambda sign: sign and sign["free"] == BAYS - 3)
        await eventually(lambda: wire.last("sign/tor").get("free") == BAYS - 3)
        published = wire.states["sign/tor"][before - 1 :]
        sequences = [event["data"]["sequence"] for event in published if event is not None]
        assert sequences == sorted(sequences)
