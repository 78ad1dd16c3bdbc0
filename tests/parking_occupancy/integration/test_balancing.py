# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from stadttakt_runtime.clock import utc_now

from .gated import apply, count_event, send, tell, write_gated_city
from .harness import Running, Wire, World, ago, eventually, until

RESET = "/v1/lots/platz/count-reset"


@pytest.fixture
async def gated(bare_world: World, tmp_path: Path) -> World:
    """A lot of twenty places with two gates, and its sign."""
    await apply(bare_world, write_gated_city(tmp_path))
    return bare_world


@pytest.fixture
async def service(gated: World) -> AsyncIterator[Running]:
    key = await gated.key("parking:operate")
    async with gated.service() as service:
        service.client.headers["Authorization"] = f"Bearer {key}"
        yield service


@pytest.fixture
async def wire(gated: World, service: Running) -> AsyncIterator[Wire]:
    async with gated.wire() as wire:
        yield wire


async def lot(service: Running) -> dict[str, Any]:
    answer: dict[str, Any] = (await service.get("/v1/lots/platz")).json()
    return answer


async def reset(
    service: Running, occupied: int, *, at: datetime | None = None, key: str | None = None
) -> httpx.Response:
    body = {"occupied": occupied, "reason": "counted by hand"}
    body |= {"at": at.isoformat()} if at else {}
    headers = {"Idempotency-Key": key} if key else {}
    return await service.client.post(RESET, json=body, headers=headers)


async def heard_from_both(service: Running, wire: Wire) -> None:
    for gate in ("nord", "sued"):
        await tell(wire, 0, 0, gate=gate, at=ago(60))
    await until(lambda: stored(service), lambda count: count == 2)


async def stored(service: Running) -> int:
    return len(await service.fetch("select from parking.gate_event"))


async def corrections(service: Running) -> list[tuple[str, int]]:
    items = (await service.get("/v1/lots/platz/corrections")).json()["items"]
    return [(each["cause"], each["amount"]) for each in items]


async def test_counts_of_gates_reach_lot_and_sign(service: Running, wire: Wire) -> None:
    await heard_from_both(service, wire)
    assert (await lot(service))["state"] == "unknown"
    assert (await service.sign())["text"] == "P"
    assert (await reset(service, 5)).status_code == 201
    assert (await lot(service))["free"] == 15
    await tell(wire, 4, 1)
    # Inverted: what this gate calls in goes out.
    await tell(wire, 1, 0, gate="sued")
    shown = await until(lambda: lot(service), lambda shown: shown["occupied"] == 7)
    assert (shown["free"], shown["free_min"], shown["free_max"]) == (13, 12, 14)
    assert (shown["detection"], shown["capacity"], shown["unknown"]) == ("balancing", 20, 0)
    sign = await until(service.sign, lambda sign: sign["free"] == 13)
    assert (sign["state"], sign["text"], sign["detection"]) == ("free", "13", "balancing")
    await eventually(lambda: wire.last("lot/platz").get("free") == 13)
    await eventually(lambda: wire.last("sign/tor").get("text") == "13")


async def test_lost_late_and_repeated_messages_end_in_the_same_count(
    service: Running, wire: Wire
) -> None:
    await heard_from_both(service, wire)
    await reset(service, 0, at=ago(50))
    totals = [(65_530, 10, 40), (65_534, 10, 30), (3, 12, 20), (6, 14, 10)]
    sent = [
        count_event(n_in, n_out, mode="cumulative", at=ago(seconds), event_id=f"t{seconds}")
        for n_in, n_out, seconds in totals
    ]
    # The last first, one twice, one never.
    for payload in (sent[3], sent[0], sent[0], sent[2]):
        await send(wire, payload)
    shown = await until(lambda: lot(service), lambda shown: shown["occupied"] == 8)
    await send(wire, sent[1])
    await until(lambda: stored(service), lambda count: count == 6)
    assert (await lot(service))["occupied"] == shown["occupied"]


async def test_restart_goes_on_counting_where_it_was(gated: World) -> None:
    key = await gated.key("parking:operate")
    async with gated.service() as service, gated.wire() as wire:
        service.client.headers["Authorization"] = f"Bearer {key}"
        await heard_from_both(service, wire)
        await reset(service, 6)
        await tell(wire, 3, 0)
        await until(lambda: lot(service), lambda shown: shown["occupied"] == 9)
    async with gated.service() as service, gated.wire() as wire:
        await tell(wire, 3, 0)
        await until(lambda: lot(service), lambda shown: shown["occupied"] == 12)


async def test_vehicle_that_leaves_an_empty_lot_never_shows_a_negative_count(
    service: Running, wire: Wire
) -> None:
    await heard_from_both(service, wire)
    await reset(service, 1)
    await tell(wire, 0, 4)
    shown = await until(lambda: lot(service), lambda shown: shown["occupied"] == 0)
    assert shown["free"] == 20
    assert await corrections(service) == [("left_when_empty", 3)]
    await tell(wire, 23, 0)
    shown = await until(lambda: lot(service), lambda shown: shown["occupied"] == 20)
    assert (shown["free"], shown["state"]) == (0, "full")
    assert await corrections(service) == [("left_when_empty", 3), ("entered_when_full", -3)]


async def test_reset_is_audited_and_undone(service: Running, wire: Wire) -> None:
    await heard_from_both(service, wire)
    await reset(service, 4)
    second = await reset(service, 12)
    order = second.json()
    assert (order["name"], order["value"]["occupied"], order["reason"]) == (
        "count",
        12,
        "counted by hand",
    )
    assert await corrections(service) == [("operator", 8)]
    await tell(wire, 1, 0)
    await until(lambda: lot(service), lambda shown: shown["occupied"] == 13)
    undo = f"/v1/orders/{order['order_id']}:undo"
    undone = await service.client.post(undo, json={"reason": "wrong lot"})
    assert (undone.status_code, undone.json()["undoes"]) == (200, order["order_id"])
    assert (await lot(service))["occupied"] == 5
    assert await corrections(service) == []
    orders = (await service.get("/v1/orders")).json()["items"]
    assert [each["value"] is None for each in orders] == [True, False, False]
    again = await service.client.post(undo, json={"reason": "once more"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_reset_sent_twice_with_one_key_counts_once(service: Running, wire: Wire) -> None:
    await heard_from_both(service, wire)
    first = await reset(service, 4, key="a")
    await tell(wire, 2, 0)
    await until(lambda: lot(service), lambda shown: shown["occupied"] == 6)
    again = await reset(service, 4, key="a")
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert (await lot(service))["occupied"] == 6


async def test_reset_of_the_past_is_counted_on_from_there(service: Running, wire: Wire) -> None:
    await heard_from_both(service, wire)
    await tell(wire, 3, 0, at=ago(40))
    await tell(wire, 2, 0, at=ago(20))
    await until(lambda: stored(service), lambda count: count == 4)
    await reset(service, 10, at=ago(30))
    assert (await lot(service))["occupied"] == 12


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"occupied": -1}, 422, "validation_failed"),
        ({"occupied": 21}, 422, "validation_failed"),
        ({"occupied": 1, "at": "2020-01-01T00:00:00Z"}, 422, "validation_failed"),
        ({"occupied": 1, "at": "2126-01-01T00:00:00Z"}, 422, "validation_failed"),
        ({"occupied": 1, "by": "me"}, 422, "validation_failed"),
    ],
)
async def test_impossible_resets_are_refused(
    service: Running, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await service.client.post(RESET, json={"reason": "because", **body})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_counts_are_reset_with_the_scope_alone_and_only_where_there_are_gates(
    service: Running, world: World
) -> None:
    # The fixture `world` took the gates away again.
    await until(lambda: lot(service), lambda shown: shown["detection"] == "single_bay")
    assert (await reset(service, 1)).status_code == 409
    assert (await service.client.post("/v1/lots/weg/count-reset", json={})).status_code == 422
    del service.client.headers["Authorization"]
    assert (await reset(service, 1)).status_code == 401
    assert (await service.get("/v1/lots/platz/drift")).status_code == 401


async def test_silent_gate_makes_the_lot_unknown(bare_world: World, tmp_path: Path) -> None:
    gates = "[{gate: nord, kind: camera, heartbeat_limit_s: 2}]\n"
    await apply(bare_world, write_gated_city(tmp_path, gates=gates))
    key = await bare_world.key("parking:operate")
    async with bare_world.service() as service, bare_world.wire() as wire:
        service.client.headers["Authorization"] = f"Bearer {key}"
        await tell(wire, 0, 0)
        await reset(service, 3)
        await until(lambda: lot(service), lambda shown: shown["free"] == 17)
        gone = await until(lambda: lot(service), lambda shown: shown["state"] == "unknown")
        assert (gone["free"], gone["free_min"], gone["unknown"]) == (None, None, 20)
        assert (await service.sign())["text"] == "P"
        await tell(wire, 1, 0)
        await until(lambda: lot(service), lambda shown: shown["free"] == 16)


async def test_what_gates_cannot_have_counted_is_quarantined(service: Running, wire: Wire) -> None:
    await heard_from_both(service, wire)
    await reset(service, 3)
    await send(wire, count_event(1, 0, gate="weg"), gate="weg")
    await send(wire, count_event(1, 0), lot="weg")
    await send(wire, count_event(-1, 0))
    await send(wire, count_event(4_000_000_000, 0))
    await send(wire, count_event(70_000, 0, mode="cumulative"))
    await send(wire, count_event(1, 0, at=utc_now() + timedelta(minutes=6)))
    await send(wire, count_event("viele", 0))
    await tell(wire, 1, 0)
    await until(lambda: lot(service), lambda shown: shown["occupied"] == 4)
    rows = await service.fetch("select reason from parking.rejected order by reason")
    assert [row["reason"] for row in rows] == [
        "absurd_count",
        "absurd_count",
        "time_in_future",
        "unknown_gate",
        "unknown_gate",
        "wrong_form",
        "wrong_form",
    ]


MISSED = """
insert into uplink.observation (observed_at, seq, event_id, uplink_id, kind, topic, source_id,
    subject, asset_id, dev_eui, received_at, simulated, writer, data)
values ($1, $2, $3, gen_random_uuid(), 'vehicle-count', '', 'test', $4, 'platz', 'test',
    now(), false, 'test', $5)
"""


async def test_missed_counts_are_fetched_from_the_decoders_view(
    gated: World, service: Running, wire: Wire
) -> None:
    await heard_from_both(service, wire)
    await reset(service, 5, at=ago(40))
    decoder = await asyncpg.connect(gated.database_url, server_settings={"role": "uplink"})
    data = '{"mode": "delta", "in": 3, "out": 1}'
    rows = [
        (ago(30), 1, "missed-1", "lot/platz/gate/nord", data),
        (ago(20), 2, "missed-2", "lot/platz/gate/weg", data),
        (ago(10), 3, "missed-3", "lot/weg/gate/nord", data),
    ]
    await decoder.executemany(MISSED, rows)
    await decoder.close()
    await until(lambda: lot(service), lambda shown: shown["occupied"] == 7)
    # By the broker again: the same event.
    await send(wire, count_event(3, 1, at=rows[0][0], event_id="missed-1"))
    await tell(wire, 1, 0)
    await until(lambda: lot(service), lambda shown: shown["occupied"] == 8)
    assert await stored(service) == 4


async def test_a_corrected_count_takes_the_place_of_the_first(service: Running, wire: Wire) -> None:
    await heard_from_both(service, wire)
    await reset(service, 5, at=ago(40))
    at = ago(20)
    await send(wire, count_event(1, 4, at=at, event_id="swapped"))
    await until(lambda: lot(service), lambda shown: shown["occupied"] == 2)
    event = orjson.loads(count_event(4, 1, at=at, event_id="swapped.0001"))
    await send(wire, orjson.dumps({**event, "corrects": "swapped"}))
    await until(lambda: lot(service), lambda shown: shown["occupied"] == 8)
