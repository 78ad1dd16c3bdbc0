# SPDX-License-Identifier: EUPL-1.2
"""Who may park how long: from the city folder to the answers of bays and lots."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from parking_occupancy.city.apply import apply_city
from stadttakt_runtime.clock import utc_now

from .harness import Running, World, eventually, until, write_city

LOT = """    max_stay_min: 240
    max_height_cm: 210
    max_width_cm: 230
    restrictions:
      - {groups: [general, family], max_stay_min: 120, hours: "Mo-Sa 08:00-20:00"}
      - {max_stay_min: 720, hours: "Mo-Sa 20:00-08:00; Su"}
"""
BAYS = """bay_id,lot_id,kind,lat,lon,heartbeat_limit_s,groups,max_stay_min,orientation
platz-1,platz,general,51.48,11.96,,,,parallel
platz-2,platz,disabled,51.48,11.96,,disabled;family,60,angled
platz-3,platz,disabled_assigned,51.48,11.96,,,,
platz-4,platz,general,51.48,11.96,,,,
"""
RESTRICTIONS = """restrictions:
  - {bays: [platz-4], groups: [charging, carsharing], max_stay_min: 90, hours: 24/7}
  - {bays: [platz-1], max_stay_min: 30, hours: "Mo-Fr 07:00-09:00"}
"""


def write(folder: Path) -> Path:
    write_city(folder, lot=LOT)
    (folder / "city.yaml").write_text("timezone: Europe/Berlin\n")
    (folder / "parking" / "bays.csv").write_text(BAYS)
    (folder / "parking" / "restrictions.yaml").write_text(RESTRICTIONS)
    return folder


async def lot_of(service: Running) -> dict[str, Any]:
    answer: dict[str, Any] = (await service.get("/v1/lots/platz")).json()
    return answer


@pytest.fixture
async def world(bare_world: World, tmp_path: Path) -> World:
    """A lot of four bays for several groups, one of which belongs to a person."""
    folder = write(tmp_path)
    for changed in (4, 0):
        told = await asyncio.to_thread(apply_city, folder, bare_world.database_url)
        assert f"bays: 4 ({changed} new or changed, 0 retired)" in told
    return bare_world


async def test_restrictions_of_a_lot_are_told_and_counted_by_group(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        for number in (1, 2, 3, 4):
            await wire.observe(f"platz-{number}", occupied=number == 2)
        found = await until(
            lambda: lot_of(service), lambda lot: lot["free"] == 2 and not lot["unknown"]
        )
        limits = [found[name] for name in ("max_stay_min", "max_height_cm", "max_width_cm")]
        assert limits == [240, 210, 230]
        capacities = {kind: each["capacity"] for kind, each in found["by_kind"].items()}
        assert capacities == {"general": 2, "disabled": 1}
        groups = {
            group: (each["free"], each["capacity"]) for group, each in found["by_group"].items()
        }
        assert groups == {
            "general": (1, 1),
            "disabled": (0, 1),
            "family": (0, 1),
            "charging": (1, 1),
            "carsharing": (1, 1),
        }
        told = {(each["type"], each["hours"]): each for each in found["restrictions"]}
        by_day = told["general", "Mo-Sa 08:00-20:00"]
        assert (by_day["max_stay_min"], by_day["capacity"], by_day["free"]) == (120, 1, 1)
        by_night = told["general", "Mo-Sa 20:00-08:00; Su"]
        assert by_night["max_stay_min"] == 720
        assert by_day["active"] is not by_night["active"]
        assert told["charging", None]["active"] is True
        assert told["charging", None]["max_stay_min"] == 240
        await eventually(lambda: wire.last("lot/platz").get("by_group") == found["by_group"])
    async with world.service() as service:
        assert (await lot_of(service))["by_group"] == found["by_group"]


async def test_restrictions_of_bays_are_told_and_none_of_a_persons(world: World) -> None:
    async with world.service() as service:
        bays = {each["bay_id"]: each for each in (await service.get("/v1/bays")).json()["items"]}
    assert list(bays) == ["platz-1", "platz-2", "platz-4"]
    assert (bays["platz-1"]["orientation"], bays["platz-1"]["groups"]) == ("parallel", ["general"])
    always, by_hours = bays["platz-1"]["restrictions"]
    assert always == {"type": "general", "max_stay_min": 240, "hours": None, "active": True}
    assert (by_hours["max_stay_min"], by_hours["hours"]) == (30, "Mo-Fr 07:00-09:00")
    now = utc_now().astimezone(ZoneInfo("Europe/Berlin"))
    assert by_hours["active"] is (now.weekday() < 5 and 7 <= now.hour < 9)
    assert bays["platz-2"]["groups"] == ["disabled", "family"]
    assert bays["platz-2"]["max_stay_min"] == 60
    assert bays["platz-4"]["groups"] == ["charging", "carsharing"]


async def test_overstays_are_those_of_the_bay_where_it_has_a_limit_of_its_own(
    world: World,
) -> None:
    begin = (utc_now() - timedelta(hours=5)).replace(minute=0, second=0, microsecond=0)
    async with world.service() as service, world.wire() as wire:
        for number in (1, 2):
            for minute, taken in ((0, False), (10, True), (55, True), (100, False)):
                at = begin + timedelta(minutes=minute)
                await wire.observe(f"platz-{number}", taken, at=at)
        query = (
            f"from={begin:%Y-%m-%dT%H:%M:%SZ}&to={begin + timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"
        )

        async def turnover() -> dict[str, Any]:
            answer: dict[str, Any] = (await service.get(f"/v1/lots/platz/turnover?{query}")).json()
            return answer

        told = await until(turnover, lambda told: told["total"]["arrivals"]["value"] == 2)
        # Of 90 minutes each: one bay allows 60, the lot 240.
        assert told["total"]["overstays"]["value"] == 1


async def test_text_that_a_sign_cannot_show_as_a_whole_is_refused(
    bare_world: World, tmp_path: Path
) -> None:
    folder = write_city(tmp_path, sign="    max_characters: 8\n")
    await asyncio.to_thread(apply_city, folder, bare_world.database_url)
    key = await bare_world.key("parking:operate")
    async with bare_world.service() as service:
        service.client.headers["Authorization"] = f"Bearer {key}"
        until_then = (utc_now() + timedelta(hours=1)).isoformat()
        body = {"state": "full", "reason": "a fair", "expires_at": until_then}
        for text, status in (("BESETZT!", 200), ("Ärgernis", 200), ("Messe: voll", 422)):
            answer = await service.client.put("/v1/signs/tor/override", json={**body, "text": text})
            assert answer.status_code == status, answer.text
        assert "the sign shows 8 characters, not 11" in answer.text
