# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from stadttakt_runtime.clock import utc_now

from .harness import Running, Wire, World, ago, eventually, until

SIGN = "/v1/signs/tor"
FAIR = {"state": "full", "text": "MESSE", "reason": "trade fair"}


@pytest.fixture
async def operator(world: World) -> str:
    return await world.key("parking:operate")


@pytest.fixture
async def service(world: World, operator: str) -> AsyncIterator[Running]:
    async with world.service() as service:
        service.client.headers["Authorization"] = f"Bearer {operator}"
        yield service


@pytest.fixture
async def wire(world: World, service: Running) -> AsyncIterator[Wire]:
    async with world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)
        await until(service.sign, lambda sign: sign["free"] == 4)
        yield wire


async def put(service: Running, path: str, body: dict[str, Any]) -> httpx.Response:
    return await service.client.put(path, json=body)


def soon(seconds: float) -> str:
    return (utc_now() + timedelta(seconds=seconds)).isoformat()


async def test_override_is_shown_everywhere_until_it_expires(service: Running, wire: Wire) -> None:
    before = await service.sign()
    answer = await put(service, f"{SIGN}/override", {**FAIR, "expires_at": soon(2)})
    sign = answer.json()
    assert (answer.status_code, sign["overridden"], sign["text"]) == (200, True, "MESSE")
    assert (sign["state"], sign["free"]) == ("full", None)
    assert sign["sequence"] > before["sequence"]
    assert await service.sign() == sign
    await eventually(lambda: wire.last("sign/tor").get("overridden"))
    assert not any("trade fair" in str(event) for event in wire.states["sign/tor"])
    # At the moment it expires the sign may be neutral until the next answer is committed.
    after = await until(service.sign, lambda sign: sign["free"] is not None)
    assert (after["state"], after["text"], after["overridden"]) == ("free", "4", False)


async def test_override_is_ended_by_hand(service: Running, wire: Wire) -> None:
    await put(service, f"{SIGN}/override", {**FAIR, "expires_at": soon(600)})
    answer = await service.client.delete(f"{SIGN}/override")
    assert (answer.json()["overridden"], answer.json()["text"]) == (False, "4")


async def test_ending_an_override_again_changes_nothing_and_leaves_no_trace(
    service: Running, wire: Wire
) -> None:
    await put(service, f"{SIGN}/override", {**FAIR, "expires_at": soon(600)})
    await service.client.delete(f"{SIGN}/override")
    trail = (await service.get("/v1/orders")).json()["items"]
    again = await service.client.delete(f"{SIGN}/override")
    assert (again.status_code, again.json()["overridden"]) == (200, False)
    assert (await service.get("/v1/orders")).json()["items"] == trail


async def test_mode_and_offset_hold_over_a_restart(world: World, operator: str) -> None:
    async with world.service() as service, world.wire() as wire:
        service.client.headers["Authorization"] = f"Bearer {operator}"
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)
        await until(service.sign, lambda sign: sign["free"] == 4)
        body = {"control": "auto", "offset": -1, "reason": "one bay blocked by a skip"}
        assert (await put(service, f"{SIGN}/control", body)).json()["text"] == "3"
        blank = {"control": "blank", "reason": "display is being replaced"}
        sign = (await put(service, f"{SIGN}/control", blank)).json()
        assert (sign["control"], sign["state"], sign["text"]) == ("blank", "unknown", "")
    async with world.service() as again:
        assert (await again.sign())["control"] == "blank"


async def test_lot_is_closed_and_opened_by_hand(service: Running, wire: Wire) -> None:
    closing = {"opening": "closed", "reason": "market day"}
    assert (await put(service, "/v1/lots/platz/opening", closing)).json()["state"] == "closed"
    assert (await service.sign())["text"] == "ZU"
    opening = {"opening": "auto", "reason": "market is over"}
    assert (await put(service, "/v1/lots/platz/opening", opening)).json()["state"] == "free"
    assert (await service.sign())["text"] == "4"


async def test_bay_out_of_service_reduces_what_is_free(service: Running, wire: Wire) -> None:
    body = {"in_service": False, "reason": "building site"}
    answer = await put(service, "/v1/bays/platz-1/service", body)
    assert answer.json()["state"] == "out_of_service"
    assert (await service.sign())["free"] == 3
    lot = (await service.get("/v1/lots/platz")).json()
    assert (lot["capacity"], lot["out_of_service"]) == (4, 1)


async def test_orders_are_listed_with_author_and_reason_and_the_newest_is_undone(
    service: Running, wire: Wire
) -> None:
    for offset in (-1, -2):
        body = {"control": "auto", "offset": offset, "reason": f"offset {offset}"}
        await put(service, f"{SIGN}/control", body)
    orders = (await service.get("/v1/orders?kind=sign&entity_id=tor")).json()["items"]
    assert [order["reason"] for order in orders] == ["offset -2", "offset -1"]
    assert orders[0]["author"].startswith("api_key:")
    newest, older = (order["order_id"] for order in orders)
    why = {"reason": "was a mistake"}
    refused = await service.client.post(f"/v1/orders/{older}:undo", json=why)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    undone = (await service.client.post(f"/v1/orders/{newest}:undo", json=why)).json()
    assert (undone["undoes"], undone["value"]["offset"]) == (newest, -1)
    assert (await service.sign())["free"] == 3
    page = (await service.get("/v1/orders?limit=2")).json()
    rest = (await service.get(f"/v1/orders?limit=2&cursor={page['next_cursor']}")).json()
    assert len(page["items"]) == 2
    assert [order["order_id"] for order in rest["items"]] == [older]


def given() -> list[tuple[str, dict[str, Any], str]]:
    """Return each order there is but a reset: where it is given, what is said, where it is seen."""
    closed = {"opening": "closed", "reason": "flood"}
    override = {**FAIR, "expires_at": soon(600)}
    return [
        (f"{SIGN}/override", override, SIGN),
        *((f"{SIGN}/control", {"control": each, "reason": "test"}, SIGN) for each in MODES),
        ("/v1/lots/platz/opening", closed, "/v1/lots/platz"),
        ("/v1/bays/platz-1/service", {"in_service": False, "reason": "works"}, "/v1/bays/platz-1"),
        (
            "/v1/bays/platz-1/reservation",
            {"until": soon(600), "reason": "kept for the ambulance"},
            "/v1/bays/platz-1",
        ),
    ]


MODES = ("blank", "full", "closed", "test")


async def test_every_order_is_undone_to_what_was_shown_before(service: Running, wire: Wire) -> None:
    for path, body, seen in given():
        before = said(await service.get(seen))
        ordered = said(await put(service, path, body))
        assert ordered != before, path
        assert said(await service.get(seen)) == ordered
        (order,) = (await service.get("/v1/orders?limit=1")).json()["items"]
        undo = f"/v1/orders/{order['order_id']}:undo"
        undone = (await service.client.post(undo, json={"reason": "a mistake"})).json()
        assert (undone["undoes"], undone["value"]) == (order["order_id"], None)
        assert said(await service.get(seen)) == before, path


def said(answer: httpx.Response) -> dict[str, Any]:
    """Return what an answer says, but for when and how often it was said."""
    assert answer.status_code == 200, answer.text
    passing = {"sequence", "computed_at", "valid_until", "measured_at", "since", "closed_reason"}
    return {name: value for name, value in answer.json().items() if name not in passing}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{SIGN}/override", {**FAIR, "expires_at": ago(1).isoformat()}, 422),
        (f"{SIGN}/override", {**FAIR, "expires_at": "2099-01-01T00:00:00Z"}, 422),
        (f"{SIGN}/override", FAIR, 422),
        (f"{SIGN}/override", {**FAIR, "text": "a\u0007", "expires_at": soon(60)}, 422),
        (f"{SIGN}/override", {**FAIR, "text": "x" * 64, "expires_at": soon(60)}, 422),
        (f"{SIGN}/override", {**FAIR, "who": "me", "expires_at": soon(60)}, 422),
        (f"{SIGN}/override", {**FAIR, "free": 1, "expires_at": soon(86_400)}, 422),
        (f"{SIGN}/override", {**FAIR, "state": "free", "free": 5, "expires_at": soon(86_400)}, 422),
        (f"{SIGN}/control", {"control": "off", "reason": "none"}, 422),
        (f"{SIGN}/control", {"control": "auto", "reason": " "}, 422),
        ("/v1/signs/none/control", {"control": "auto", "reason": "none"}, 404),
        ("/v1/lots/none/opening", {"opening": "open", "reason": "none"}, 404),
        ("/v1/bays/none/service", {"in_service": True, "reason": "none"}, 404),
    ],
)
async def test_wrong_orders_are_problems_and_change_nothing(
    service: Running, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await put(service, path, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await service.get("/v1/orders")).json()["items"] == []


async def test_orders_need_the_scope(world: World, service: Running) -> None:
    body = {"control": "blank", "reason": "none"}
    service.client.headers["Authorization"] = f"Bearer {await world.key('devices:read')}"
    assert (await put(service, f"{SIGN}/control", body)).status_code == 403
    del service.client.headers["Authorization"]
    assert (await put(service, f"{SIGN}/control", body)).status_code == 401
    assert (await service.get("/v1/orders")).status_code == 401
