# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parking_occupancy.city.apply import apply_city
from parking_occupancy.domain.history import floor
from stadttakt_runtime.clock import utc_now

from .harness import Running, Wire, World, eventually, until, write_city

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def apply_kinds(world: World, folder: Path, kinds: Mapping[int, str]) -> None:
    """Apply the city of four bays, of which some are of other kinds than general."""
    bays = write_city(folder) / "parking" / "bays.csv"
    text = bays.read_text()
    for bay, kind in kinds.items():
        text = text.replace(f"platz-{bay},platz,general", f"platz-{bay},platz,{kind}")
    bays.write_text(text)
    await asyncio.to_thread(apply_city, folder, world.database_url)


async def listed(service: Running, path: str) -> list[str]:
    items = (await service.get(path)).json()["items"]
    return [each["bay_id"] for each in items]


async def test_bay_that_becomes_a_persons_is_withdrawn_everywhere_and_told_of_no_more(
    world: World, tmp_path: Path
) -> None:
    async with world.service() as service, world.wire() as wire:
        await wire.observe("platz-1", occupied=True)
        await eventually(lambda: wire.last("bay/platz-1").get("state") == "occupied")
        cursor = (await service.get("/v1/bays")).json()["changes_cursor"]
        await apply_kinds(world, tmp_path, {1: "resident"})
        await eventually(lambda: wire.states["bay/platz-1"][-1] is None)
        for path in ("/v1/bays", "/v1/lots/platz/bays", "/v1/bays?changed_since="):
            assert "platz-1" not in await listed(service, path)
        assert "platz-1" not in await listed(service, f"/v1/bays?changed_since={cursor}")
        assert (await service.get("/v1/bays/platz-1")).status_code == 404
        shapes = await service.get("/v1/bays", accept="application/geo+json")
        assert [each["id"] for each in shapes.json()["features"]] == [
            "platz-2",
            "platz-3",
            "platz-4",
        ]
        said = len(wire.states["bay/platz-1"])
        await wire.observe("platz-1", occupied=False)
        heard = "select state from parking.bay_state where bay_id = 'platz-1' and state = 'free'"
        await until(lambda: service.fetch(heard), len)
        assert "platz-1" not in await listed(service, f"/v1/bays?changed_since={cursor}")
        await wire.observe("platz-2", occupied=False)
        await eventually(lambda: wire.last("bay/platz-2").get("state") == "free")
        assert len(wire.states["bay/platz-1"]) == said
    await nothing_is_retained(world, "bay/platz-1", but="bay/platz-2")


async def nothing_is_retained(world: World, entity: str, *, but: str) -> None:
    async with world.wire() as newcomer:
        await eventually(lambda: newcomer.last(but))
        assert entity not in newcomer.states


async def test_bay_that_became_a_persons_while_the_service_was_away_is_withdrawn_at_its_start(
    world: World, tmp_path: Path
) -> None:
    async with world.service(), world.wire() as wire:
        await wire.observe("platz-1", occupied=True)
        await eventually(lambda: wire.last("bay/platz-1").get("state") == "occupied")
    await apply_kinds(world, tmp_path, {1: "disabled_assigned"})
    async with world.wire() as wire:
        await eventually(lambda: wire.last("bay/platz-1"))
        async with world.service():
            await eventually(lambda: wire.states["bay/platz-1"][-1] is None)
    await nothing_is_retained(world, "bay/platz-1", but="bay/platz-2")


@pytest.fixture
def begin() -> datetime:
    """The beginning of an hour that ended some hours ago."""
    return floor(utc_now() - 5 * HOUR, HOUR)


async def test_time_before_a_kind_changed_is_counted_as_it_was(
    world: World, tmp_path: Path, begin: datetime
) -> None:
    changed = begin + 2 * HOUR
    async with world.service() as service, world.wire() as wire:
        await apply_kinds(world, tmp_path, {2: "disabled", 3: "resident"})
        # As if it had been applied two hours after the beginning.
        noted = "update parking.bay_kind set {0} = $1 where {0} not in ('infinity', '-infinity')"
        for border in ("since", "until"):
            await service.fetch(noted.format(border), changed)
        await was_a_residents(service, 4, changed)
        for bay in (1, 2, 3, 4):
            await observe(wire, begin, bay, "f0 o10 f40 f90 o130 f170 f220")
        stretch = f"from={begin:%Y-%m-%dT%H:%M:%SZ}&to={begin + 4 * HOUR:%Y-%m-%dT%H:%M:%SZ}"
        told = await until(
            lambda: body(service, f"/v1/lots/platz/turnover?{stretch}"),
            # Nothing of the stays of residents; when the one of today arrived, nobody may have seen.
            lambda told: told["total"]["departures"]["value"] == 6,
        )
        assert (told["total"]["arrivals"]["value"], told["total"]["found"]) == (5, 1)
        first, _, third, _ = told["items"]
        assert kinds(first) == {"general": (3, 0.5)}
        assert kinds(third) == {"disabled": (1, 0.6667), "general": (2, 0.7273)}
        assert kinds(told["total"]).keys() == {"disabled", "general"}
        await places_were_those_of_the_time(service, f"/v1/lots/platz/history?{stretch}&bucket=1h")
        await views_tell_the_same(service, changed)


async def was_a_residents(service: Running, bay: int, until: datetime) -> None:
    """Note that a bay, which is general today, was a resident's until a time."""
    past = """
        update parking.bay_kind set kind = 'resident', personal = true, until = $2
         where bay_id = $1"""
    today = """
        insert into parking.bay_kind (bay_id, since, until, kind, personal)
        values ($1, $2, 'infinity', 'general', false)"""
    for sql in (past, today):
        await service.fetch(sql, f"platz-{bay}", until)


async def places_were_those_of_the_time(service: Running, path: str) -> None:
    hours = await until(
        lambda: body(service, path),
        lambda told: len(told["items"]) == 4 and told["items"][2]["completeness"] > 0,
    )
    # The first three; then the first and the last.
    assert [places(each) for each in hours["items"]] == [
        (1.5, 3.0),
        (0.0, 3.0),
        (pytest.approx(4 / 3), pytest.approx(2.0)),
        (0.0, 2.0),
    ]


async def views_tell_the_same(service: Running, changed: datetime) -> None:
    rows = await service.fetch(
        "select kind, bays, occupied_s, known_s from parking.v1_kind_hour where start = $1"
        " order by kind",
        changed,
    )
    assert [tuple(row) for row in rows] == [("disabled", 1, 2400, 3600), ("general", 2, 4800, 6600)]
    await until(
        lambda: service.fetch("select sum(arrivals) as arrivals from parking.v1_stay_day"),
        lambda rows: rows[0]["arrivals"] == 5,
    )
    of_a_person = """
        select from parking.bay_stretch
         where (bay_id = 'platz-3' and begun_to >= $1) or (bay_id = 'platz-4' and begun_to < $1)"""
    assert await service.fetch(of_a_person, changed) == []


async def body(service: Running, path: str) -> dict[str, Any]:
    answer = await service.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def kinds(told: Mapping[str, Any]) -> dict[str, tuple[int, float]]:
    return {each["kind"]: (each["bays"], each["occupied_share"]) for each in told["by_kind"]}


def places(bucket: Mapping[str, Any]) -> tuple[float, float]:
    """Return how many places were occupied, and how many there were."""
    known = bucket["occupied_mean"] + bucket["free_mean"]
    return bucket["occupied_mean"], known + bucket["unknown_mean"]


async def observe(wire: Wire, begin: datetime, bay: int, changes: str) -> None:
    """Send `f0 o10 f40`: free at minute 0, occupied at 10, free again at 40."""
    for change in changes.split():
        at = begin + int(change[1:]) * MINUTE
        await wire.observe(f"platz-{bay}", change[0] == "o", at=at)
