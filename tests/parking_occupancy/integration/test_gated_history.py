# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parking_occupancy.domain.history import FINEST, floor
from parking_occupancy.domain.places import Place
from parking_occupancy.storage import history
from stadttakt_messages.base import BayId, LotId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database

from .gated import apply, tell, write_gated_city
from .harness import Running, Wire, World, until

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
GATE = "[{gate: nord, kind: camera, heartbeat_limit_s: 7200}]\n"


@pytest.fixture
def begin() -> datetime:
    """The beginning of an hour that ended some hours ago."""
    return floor(utc_now() - 4 * HOUR, HOUR)


@pytest.fixture
async def service(bare_world: World, tmp_path: Path) -> AsyncIterator[Running]:
    """A lot of 20 places with one gate that may be silent for two hours."""
    await apply(bare_world, write_gated_city(tmp_path, gates=GATE))
    key = await bare_world.key("parking:operate")
    async with bare_world.service() as service:
        service.client.headers["Authorization"] = f"Bearer {key}"
        yield service


@pytest.fixture
async def wire(bare_world: World, service: Running) -> AsyncIterator[Wire]:
    async with bare_world.wire() as wire:
        yield wire


async def hour(service: Running, begin: datetime) -> list[dict[str, Any]]:
    stretch = f"from={begin:%Y-%m-%dT%H:%M:%SZ}&to={begin + HOUR:%Y-%m-%dT%H:%M:%SZ}&bucket=1h"
    answer = await service.get(f"/v1/lots/platz/history?{stretch}")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_past_of_a_counted_lot_is_exact_for_late_counts_and_resets(
    service: Running, wire: Wire, begin: datetime
) -> None:
    await tell(wire, 0, 0, at=begin - MINUTE)
    await tell(wire, 6, 0, at=begin + 30 * MINUTE)
    await until(lambda: service.fetch("select from parking.gate_event"), lambda r: len(r) == 2)
    body = {"occupied": 4, "at": (begin - MINUTE).isoformat(), "reason": "counted by hand"}
    assert (await service.client.post("/v1/lots/platz/count-reset", json=body)).status_code == 201
    (found,) = await until(
        lambda: hour(service, begin), lambda items: items and items[0]["completeness"] == 1
    )
    assert found["occupied_mean"] == pytest.approx((4 + 10) / 2)
    assert (found["free_min"], found["free_max"]) == (10, 16)
    # An hour late: two more had gone in at the quarter.
    await tell(wire, 2, 0, at=begin + 15 * MINUTE)
    (found,) = await until(
        lambda: hour(service, begin), lambda items: items and items[0]["free_min"] == 8
    )
    assert found["occupied_mean"] == pytest.approx(4 * 0.25 + 6 * 0.25 + 12 * 0.5)


async def test_clock_that_stands_in_another_year_leaves_no_years_to_count(
    service: Running, wire: Wire
) -> None:
    await tell(wire, 1, 0, at=datetime(2020, 1, 1, tzinfo=UTC))
    await until(lambda: service.fetch("select from parking.gate_event"), len)
    marked = await service.fetch(
        "select start from parking.lot_history_dirty union select start from parking.lot_history"
        " where start < $1",
        utc_now() - 30 * DAY,
    )
    assert len(marked) <= DAY / FINEST + 1


async def test_count_that_comes_days_late_changes_all_that_was_counted_since(
    bare_world: World, tmp_path: Path
) -> None:
    gate = "[{gate: nord, kind: camera, heartbeat_limit_s: 400000}]\n"
    await apply(bare_world, write_gated_city(tmp_path, gates=gate))
    begin = floor(utc_now() - 3 * DAY, HOUR)
    async with bare_world.service() as service, bare_world.wire() as wire:
        service.client.headers["Authorization"] = (
            f"Bearer {await bare_world.key('parking:operate')}"
        )
        for days in range(3):
            await tell(wire, 1, 0, at=begin + days * DAY)
        await until(lambda: service.fetch("select from parking.gate_event"), lambda r: len(r) == 3)
        body = {"occupied": 4, "at": begin.isoformat(), "reason": "counted by hand"}
        assert (await service.client.post("/v1/lots/platz/count-reset", json=body)).is_success
        last = begin + 2 * DAY + HOUR
        await until(
            lambda: hour(service, last),
            lambda items: items and items[0]["occupied_mean"] == 6,
            within_s=45,
        )
        await tell(wire, 2, 0, at=begin + HOUR)
        await until(
            lambda: hour(service, last),
            lambda items: items and items[0]["occupied_mean"] == 8,
            within_s=45,
        )


async def test_past_that_rested_on_a_reset_alone_is_gone_with_it(
    service: Running, begin: datetime
) -> None:
    body = {"occupied": 4, "at": (begin - MINUTE).isoformat(), "reason": "counted by hand"}
    order = await service.client.post("/v1/lots/platz/count-reset", json=body)
    assert order.status_code == 201
    await until(lambda: hour(service, begin), len)
    undo = f"/v1/orders/{order.json()['order_id']}:undo"
    assert (await service.client.post(undo, json={"reason": "another lot"})).is_success
    await until(lambda: hour(service, begin), lambda items: not items)
    stored = (
        "select from parking.lot_history where start < $1 union all select from parking.lot_flow"
    )
    await until(lambda: service.fetch(stored, begin + 3 * HOUR), lambda rows: not rows)


async def test_bays_of_persons_are_known_as_such_in_the_past(
    bare_world: World, tmp_path: Path, begin: datetime
) -> None:
    kinds = ("general", "taxi", "resident", "disabled_assigned")
    bays = "".join(f"{kind},platz,{kind},51.48,11.96,3600\n" for kind in kinds)
    await apply(bare_world, write_gated_city(tmp_path, gates=GATE, bays=bays, detection="mixed"))
    async with Database.open(bare_world.database_url, schema="parking", size=1) as database:
        pasts = await database.persist(
            lambda c: history.all_pasts_of(c, LotId("platz"), begin, begin + HOUR)
        )
    usual = [pasts[BayId(kind)].usual for kind in kinds]
    assert usual == [Place.GENERAL, Place.OTHER, Place.PERSONAL, Place.PERSONAL]
