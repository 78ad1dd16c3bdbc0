# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from parking_occupancy.city.apply import apply_city
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.plugins import CityError

from .harness import World, until, write_city

BERLIN = ZoneInfo("Europe/Berlin")


def write(folder: Path, lot: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "city.yaml").write_text("timezone: Europe/Berlin\npublic_holidays: DE-ST\n")
    return write_city(folder, lot=lot)


async def apply(world: World, folder: Path, lot: str) -> None:
    await asyncio.to_thread(apply_city, write(folder, lot), world.database_url)


async def test_lot_is_closed_by_its_hours_and_says_when_it_opens(
    bare_world: World, tmp_path: Path
) -> None:
    tomorrow = utc_now().astimezone(BERLIN) + timedelta(days=1)
    day = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")[tomorrow.weekday()]
    await apply(bare_world, tmp_path, f"    opening: {day} 12:00-13:00\n")
    async with bare_world.service() as service, bare_world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)

        async def lot() -> dict[str, Any]:
            answer: dict[str, Any] = (await service.get("/v1/lots/platz")).json()
            return answer

        counted = await until(lot, lambda lot: lot["free"] == 4)
        noon = tomorrow.replace(hour=12, minute=0, second=0, microsecond=0)
        assert (counted["state"], counted["closed_by"]) == ("closed", "hours")
        assert datetime.fromisoformat(counted["opens_at"]) == noon
        assert counted["closes_at"] is None
        assert (await service.sign())["text"] == "ZU"
        # An operator's word goes first, and a new configuration is taken over.
        await apply(bare_world, tmp_path, "    opening: 24/7\n")
        assert (await until(lot, lambda lot: lot["state"] == "free"))["opens_at"] is None


async def test_lot_closes_and_opens_at_the_moment_of_a_closure(
    bare_world: World, tmp_path: Path
) -> None:
    begin, end = ((utc_now() + timedelta(seconds=seconds)).astimezone(BERLIN) for seconds in (3, 9))
    closure = (
        f"    closures:\n      - {{from: '{begin.replace(tzinfo=None).isoformat()}',"
        f" to: '{end.replace(tzinfo=None).isoformat()}', reason: Wochenmarkt}}\n"
    )
    await apply(bare_world, tmp_path, closure)
    async with bare_world.service() as service, bare_world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)
        sign = await until(service.sign, lambda sign: sign["free"] == 4)
        assert datetime.fromisoformat(sign["valid_until"]) <= begin
        await until(service.sign, lambda sign: sign["state"] == "closed")
        assert begin <= utc_now() < end
        lot = (await service.get("/v1/lots/platz")).json()
        assert (lot["closed_by"], lot["closed_reason"]) == ("closure", "Wochenmarkt")
        assert datetime.fromisoformat(lot["opens_at"]) == end
        await until(service.sign, lambda sign: sign["free"] == 4)
        assert end <= utc_now()


async def test_wrong_hours_change_nothing(world: World, tmp_path: Path) -> None:
    with pytest.raises(CityError, match=r"lots.yaml:9: opening: 'Mo-Xx 10' is not understood"):
        await apply(world, tmp_path / "wrong", "    opening: Mo-Xx 10\n")
    async with world.service() as service:
        assert (await service.get("/v1/lots/platz")).json()["opening"] == "24/7"
