# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from .harness import World, ago, until


async def test_door_that_stopped_counting_is_alarmed_until_it_counts_again(world: World) -> None:
    async with world.service() as service, world.wire() as wire:

        async def alerts() -> list[str]:
            answer = await service.get("/v1/alerts?active=true", **await world.bearer("admin"))
            return [f"{each['kind']}/{each['details']['door']}" for each in answer.json()["items"]]

        for stop in range(10):
            await wire.count("tram-1", "1", 12, 11, at=ago(800 - 60 * stop))
        await until(alerts, lambda found: found == ["door-dead/2"], within_s=25)
        for door in ("1", "2"):
            await wire.count("tram-1", door, 9, 8, at=ago(120))
        await wire.count("tram-1", "1", 1, 1, at=ago(40))
        await until(alerts, lambda found: found == [], within_s=25)
