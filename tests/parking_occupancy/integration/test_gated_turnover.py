# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parking_occupancy.domain.history import floor
from stadttakt_runtime.clock import utc_now

from .gated import apply, tell, write_gated_city
from .harness import Running, Wire, World, until

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
GATE = "[{gate: nord, kind: barrier, heartbeat_limit_s: 7200}]\n"


@pytest.fixture
def begin() -> datetime:
    """The beginning of an hour that ended some hours ago."""
    return floor(utc_now() - 4 * HOUR, HOUR)


async def turnover(service: Running, begin: datetime) -> dict[str, Any]:
    query = f"from={begin:%Y-%m-%dT%H:%M:%SZ}&to={begin + 2 * HOUR:%Y-%m-%dT%H:%M:%SZ}&bucket=1h"
    answer = await service.get(f"/v1/lots/platz/turnover?{query}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
async def service(bare_world: World, tmp_path: Path) -> AsyncIterator[Running]:
    city = write_gated_city(tmp_path, capacity=10, gates=GATE, rules="      overfill: 2\n")
    await apply(bare_world, city)
    key = await bare_world.key("parking:operate")
    async with bare_world.service() as service:
        service.client.headers["Authorization"] = f"Bearer {key}"
        yield service


async def traffic(service: Running, wire: Wire, begin: datetime) -> None:
    """Ten places, empty at first: 10 park and stay an hour, 2 come to a full lot and leave."""
    passes = [(10, 10, 0), (30, 1, 0), (32, 1, 0), (34, 0, 1), (36, 0, 1), (70, 0, 10)]
    for minute, inwards, outwards in [(-5, 0, 0), *passes, (110, 0, 0)]:
        await tell(wire, inwards, outwards, at=begin + minute * MINUTE)
    await until(lambda: service.fetch("select from parking.gate_event"), lambda r: len(r) == 8)
    body = {"occupied": 0, "at": (begin - MINUTE).isoformat(), "reason": "seen empty"}
    assert (await service.client.post("/v1/lots/platz/count-reset", json=body)).status_code == 201


async def test_turnover_of_a_lot_with_gates_tells_who_came_while_it_was_full(
    service: Running, bare_world: World, begin: datetime
) -> None:
    async with bare_world.wire() as wire:
        await traffic(service, wire, begin)
        told = await until(
            lambda: turnover(service, begin), lambda t: t["total"]["arrivals_while_full"]["value"]
        )
        total, (first, second) = told["total"], told["items"]
        assert (told["method"], told["simulated"]) == ("balancing", False)
        # the first may have come before, the gate had been silent; none is sure to be one
        assert total["arrivals"] == {"value": 12, "min": 1, "max": 13}
        assert total["departures"]["value"] == 12
        assert (first["arrivals"]["value"], second["arrivals"]["value"]) == (12, 0)
        assert total["arrivals_per_h"] == 6
        # 12 arrivals at 10 places in 2 hours
        assert total["turnover"] == pytest.approx(12 / 10 * 12)
        # full from minute 10 to 70; ten stayed 60 minutes, two 4
        assert total["full_share"] == pytest.approx(60 / 120, abs=1e-4)
        dwell = total["dwell_mean_min"]
        # one may have been missed and be inside still: a day must pass before there is an upper bound
        assert dwell["min"] <= 608 / 12
        assert dwell["max"] is None
        assert dwell["value"] == pytest.approx(608 / 12, abs=1.5)
        assert total["arrivals_while_full"]["value"] == 2
        failed = total["failed_entries"]
        # ten leave within the hour, so that two who leave are not unusual
        assert failed["min"] == 0 <= failed["value"] <= 2
        assert failed["max"] >= 2
        assert (total["completeness"], total["dwell"], total["found"]) == (1, None, None)
        assert told["not_known"][0]["fields"] == ["found", "lost", "overstays", "dwell", "by_kind"]


async def test_late_counts_change_turnover_and_the_day_of_a_lot_with_gates(
    service: Running, bare_world: World, begin: datetime
) -> None:
    async with bare_world.wire() as wire:
        await traffic(service, wire, begin)
        await until(
            lambda: turnover(service, begin), lambda t: t["total"]["arrivals"]["value"] == 12
        )
        # Late: two more came while it was full, and left.
        for minute, inwards, outwards in ((40, 2, 0), (45, 0, 2)):
            await tell(wire, inwards, outwards, at=begin + minute * MINUTE)
        told = await until(
            lambda: turnover(service, begin),
            lambda t: t["total"]["arrivals_while_full"]["value"] == 4,
        )
        assert told["total"]["arrivals"]["value"] == 14
        days = await until(
            lambda: service.fetch(
                "select sum(arrivals) as arrivals, sum(full_arrivals) as full_arrivals,"
                " sum(failed_entries) as failed from parking.v1_stay_day"
            ),
            lambda rows: rows[0]["arrivals"] == 14,
        )
        assert days[0]["full_arrivals"] == 4
        assert 0 <= days[0]["failed"] <= 4


async def test_lot_with_gates_and_sensed_bays_tells_what_each_of_them_sees(
    bare_world: World, tmp_path: Path, begin: datetime
) -> None:
    city = write_gated_city(
        tmp_path,
        capacity=4,
        gates=GATE,
        detection="mixed",
        bays="platz-1,platz,general,51.48,11.96,\n",
    )
    await apply(bare_world, city)
    async with bare_world.service() as service, bare_world.wire() as wire:
        for minute in (-5, 30, 100):
            await tell(wire, minute == 30, 0, at=begin + minute * MINUTE)
        for minute, occupied in ((-2, False), (31, True), (61, False)):
            await wire.observe("platz-1", occupied, at=begin + minute * MINUTE)
        told = await until(
            lambda: turnover(service, begin),
            lambda t: t["total"]["arrivals"]["value"] == 1 and t["total"]["by_kind"],
        )
        assert told["method"] == "mixed"
        (kind,) = told["total"]["by_kind"]
        assert (kind["kind"], kind["bays"]) == ("general", 1)
        assert told["not_known"][0]["fields"] == ["found", "lost"]
        # no number was ever certain: nobody knows when the lot was full
        assert told["total"]["full_share"] is None
        assert told["total"]["arrivals_while_full"] == {"value": 0, "min": 0, "max": 2}


async def test_lot_of_single_bays_says_that_it_cannot_see_who_searched(
    world: World, begin: datetime
) -> None:
    async with world.service() as service:
        told = await turnover(service, begin)
        assert told["method"] == "single_bay"
        (unknown,) = told["not_known"]
        assert {told["total"][name] for name in unknown["fields"]} == {None}
        assert "who found a place" in unknown["why"]
