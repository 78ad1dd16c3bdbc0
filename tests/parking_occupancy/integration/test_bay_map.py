# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson

from parking_occupancy.city.apply import apply_city

from .harness import World, until, write_city

RING = [[11.96, 51.48], [11.97, 51.48], [11.97, 51.49], [11.96, 51.48]]
MAP = {"accept": "application/geo+json"}


def write_map(folder: Path) -> Path:
    """Write a lot of four bays, two of them with outlines, one of a person."""
    city = write_city(
        folder,
        bays=2,
        extra_bays="platz-3,platz,loading,51.48,11.96,\nplatz-4,platz,resident,51.48,11.96,\n",
    )
    features = [
        {
            "type": "Feature",
            "properties": {"bay_id": bay_id},
            "geometry": {"type": "Polygon", "coordinates": [RING]},
        }
        for bay_id in ("platz-2", "platz-4")
    ]
    (city / "parking" / "bays.geojson").write_bytes(
        orjson.dumps({"type": "FeatureCollection", "features": features})
    )
    return city


async def test_bays_are_a_map_layer_with_outlines_or_points(
    bare_world: World, tmp_path: Path
) -> None:
    # Twice: what is the same changes nothing.
    for changed in (4, 0):
        told = await asyncio.to_thread(apply_city, write_map(tmp_path), bare_world.database_url)
        assert f"bays: 4 ({changed} new or changed, 0 retired)" in told
    async with bare_world.service() as service, bare_world.wire() as wire:
        await wire.observe("platz-2", occupied=True)

        async def layer() -> dict[str, Any]:
            answer = await service.client.get("/v1/bays", headers=MAP)
            assert answer.headers["content-type"] == "application/geo+json"
            assert answer.json()["type"] == "FeatureCollection"
            return {each["id"]: each for each in answer.json()["features"]}

        found = await until(
            layer, lambda found: found["platz-2"]["properties"]["state"] == "occupied"
        )
        assert sorted(found) == ["platz-1", "platz-2", "platz-3"]
        assert found["platz-1"]["geometry"] == {"type": "Point", "coordinates": [11.96, 51.48]}
        assert found["platz-2"]["geometry"] == {"type": "Polygon", "coordinates": [RING]}
        lot = (await service.get("/v1/lots/platz")).json()
        assert lot["by_kind"]["loading"]["capacity"] == 1


async def test_a_map_layer_comes_in_pages_and_is_not_taken_for_json(
    bare_world: World, tmp_path: Path
) -> None:
    await asyncio.to_thread(apply_city, write_map(tmp_path), bare_world.database_url)
    async with bare_world.service() as service:
        page = await service.client.get("/v1/lots/platz/bays?limit=1", headers=MAP)
        following = page.json()["next_cursor"]
        rest = await service.client.get(f"/v1/lots/platz/bays?cursor={following}", headers=MAP)
        assert [each["id"] for each in rest.json()["features"]] == ["platz-2", "platz-3"]
        plain = await service.get("/v1/bays")
        assert plain.headers["content-type"] == "application/json"
        assert "accept" in plain.headers["vary"]
        tag = {**MAP, "if-none-match": plain.headers["etag"]}
        assert (await service.client.get("/v1/bays", headers=tag)).status_code == 200


async def test_bays_of_a_person_at_times_are_nowhere_and_kinds_change_by_the_hour(
    bare_world: World, tmp_path: Path
) -> None:
    (tmp_path / "city.yaml").write_text("timezone: Europe/Berlin\npublic_holidays: DE-ST\n")
    folder = write_city(tmp_path, bays=3)
    (folder / "parking" / "restrictions.yaml").write_text(
        "restrictions:\n"
        "  - {bays: [platz-1], kind: resident, hours: 'off'}\n"
        "  - {bays: [platz-2], kind: loading, hours: 24/7}\n"
    )
    for changed in (3, 0):
        told = await asyncio.to_thread(apply_city, folder, bare_world.database_url)
        assert f"bays: 3 ({changed} new or changed, 0 retired)" in told
    async with bare_world.service() as service, bare_world.wire() as wire:
        for number in (1, 2, 3):
            await wire.observe(f"platz-{number}", occupied=False)

        async def lot() -> dict[str, Any]:
            answer: dict[str, Any] = (await service.get("/v1/lots/platz")).json()
            return answer

        counted = await until(lot, lambda lot: lot["by_kind"]["loading"]["free"] == 1)
        counted = await until(lot, lambda lot: lot["free"] == 2)
        assert (counted["capacity"], counted["by_kind"]["general"]["free"]) == (2, 2)
        listed = (await service.get("/v1/bays")).json()["items"]
        assert [(bay["bay_id"], bay["kind"]) for bay in listed] == [
            ("platz-2", "loading"),
            ("platz-3", "general"),
        ]
        assert (await service.client.get("/v1/bays/platz-1")).status_code == 404
        async with service.database.connection() as connection:
            seen = await connection.fetch("select bay_id from parking.v1_bay order by bay_id")
        assert [row["bay_id"] for row in seen] == ["platz-2", "platz-3"]
        assert "bay/platz-1" not in wire.states
