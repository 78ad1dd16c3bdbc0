# SPDX-License-Identifier: EUPL-1.2
"""Devices, their uplinks and the quarantine over HTTP, for who may read them."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from stadttakt_runtime.auth import storage
from stadttakt_runtime.auth.api_key import mint
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from uplink_decoder.settings import UplinkSettings

OCCUPIED = base64.b64encode(b"\x01").decode()
DEVICE, STRANGER = "0200000000000001", "0200000000000099"
GATEWAYS = [
    {"gatewayId": "0016c001f1427f6e", "rssi": -56, "snr": 12.0},
    {"gatewayId": "0016c001f1427f6f", "rssi": -101, "snr": -3.5},
]
Get = Callable[..., Awaitable[Any]]


@pytest.fixture
async def get(running: Any, settings: UplinkSettings) -> Get:
    """Ask as somebody with these scopes."""

    async def ask(path: str, *scopes: Scope) -> Any:
        key = mint()
        url = settings.database_url.get_secret_value()
        async with (
            Database.open(url, schema="platform") as platform,
            platform.transaction() as connection,
        ):
            await storage.insert_key(
                connection, key, scopes=scopes, label="test", created_at=utc_now(), expires_at=None
            )
        return await running.http.get(path, headers={"authorization": f"Bearer {key}"})

    return ask


async def pages(get: Get, path: str, scope: Scope) -> list[list[dict[str, Any]]]:
    """Follow the cursor to the end."""
    found, cursor = [], ""
    while True:
        page = (await get(f"{path}{cursor}", scope)).json()
        found.append(page["items"])
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


PROTECTED: dict[str, Scope] = {
    "/v1/devices": "devices:read",
    f"/v1/devices/{DEVICE}": "devices:read",
    f"/v1/devices/{DEVICE}/uplinks": "uplinks:read",
    "/v1/quarantine": "quarantine",
}


@pytest.mark.parametrize(("path", "scope"), PROTECTED.items())
async def test_only_who_may_read_does(running: Any, get: Get, path: str, scope: Scope) -> None:
    anonymous = await running.http.get(path)
    wrong_key = await running.http.get(path, headers={"authorization": "Bearer stk_a.b"})
    without_scope = await get(path, "kpi:write")
    allowed = await get(path, scope)
    assert [answer.status_code for answer in (anonymous, wrong_key)] == [401, 401]
    assert (without_scope.status_code, without_scope.json()["scope"]) == (403, scope)
    assert allowed.status_code == 200


async def test_device_that_sends_unregistered_is_listed_as_unknown(running: Any, get: Get) -> None:
    await running.send_up(STRANGER, 1, OCCUPIED)
    await running.until_rows("select * from device where origin = 'seen'", 1)
    unknown = (await get("/v1/devices?status=unknown", "devices:read")).json()["items"]
    assert [(device["dev_eui"], device["status"]) for device in unknown] == [(STRANGER, "unknown")]
    assert unknown[0]["codec_id"] is None
    assert unknown[0]["asset"] is None


async def test_devices_are_listed_by_status(running: Any, get: Get) -> None:
    await running.send_up(DEVICE, 1, OCCUPIED)
    await running.until_rows("select * from device where last_seen is not null", 1)
    await running.connection.execute(
        "update device set retired_at = now() where dev_eui = '0200000000000004'"
    )
    listed = {
        status: [
            device["dev_eui"]
            for device in (await get(f"/v1/devices?status={status}", "devices:read")).json()[
                "items"
            ]
        ]
        for status in ("active", "silent", "retired", "unknown")
    }
    assert listed == {
        "active": [DEVICE],
        "silent": ["0200000000000002", "0200000000000003"],
        "retired": ["0200000000000004"],
        "unknown": [],
    }
    refused = await get("/v1/devices?status=broken", "devices:read")
    assert refused.status_code == 422
    for tag in ("", "=Altstadt", "a=b;c=d"):
        refused = await get(f"/v1/devices?tag={quote(tag)}", "devices:read")
        assert refused.status_code == 422
    assert "neither key=value nor the key alone" in refused.json()["errors"][0]["detail"]


async def test_cursor_leads_through_all_devices_once(get: Get) -> None:
    found = await pages(get, "/v1/devices?limit=3", "devices:read")
    assert [[device["dev_eui"][-1] for device in page] for page in found] == [
        ["1", "2", "3"],
        ["4"],
    ]
    broken = await get("/v1/devices?cursor=nonsense", "devices:read")
    assert broken.status_code == 422


async def test_one_device_tells_its_asset_and_how_it_was_heard(running: Any, get: Get) -> None:
    await running.send_up(DEVICE, 7, OCCUPIED, rxInfo=GATEWAYS)
    await running.until_rows("select * from uplink", 1)
    device = (await get(f"/v1/devices/{DEVICE.upper()}", "devices:read")).json()
    assert device["asset"]["id"] == "lot-01"
    assert device["codec_id"] == "bosch-tps110"
    assert device["radio"] == {"f_cnt": 7, "gateways": 2, "best_rssi": -56}
    assert device["tags"] == {"a": "b"}
    missing = await get(f"/v1/devices/{STRANGER}", "devices:read")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_uplinks_are_listed_newest_first_with_their_gateways(running: Any, get: Get) -> None:
    for number in range(5):
        await running.send_up(DEVICE, number, OCCUPIED, rxInfo=GATEWAYS)
        await running.observation()
    found = await pages(get, f"/v1/devices/{DEVICE}/uplinks?limit=2", "uplinks:read")
    assert [[uplink["f_cnt"] for uplink in page] for page in found] == [[4, 3], [2, 1], [0]]
    newest = found[0][0]
    heard = [(each["gateway_id"], each["rssi"], each["snr"]) for each in newest["gateways"]]
    assert heard == [("0016c001f1427f6e", -56, 12.0), ("0016c001f1427f6f", -101, -3.5)]
    assert newest["payload_hex"] == "01"
    assert newest["decoded"] == {"frame": "parking_status", "occupied": True}
    assert (newest["source_id"], newest["simulated"], newest["flags"]) == ("cs", False, [])


async def test_quarantine_is_listed_newest_first_with_reason_and_bytes(
    running: Any, get: Get
) -> None:
    bodies = [b"{not json", b"{not json either", b'{"fCnt": "seven"}']
    for count, body in enumerate(bodies, 1):
        await running.send(f"application/a/device/{DEVICE}/event/up", body)
        await running.until_rows("select * from quarantine", count)
    (first, second) = await pages(get, "/v1/quarantine?limit=2", "quarantine")
    held = [*first, *second]
    assert [base64.b64decode(each["payload_base64"]) for each in held] == bodies[::-1]
    assert [each["reason"] for each in held] == ["wrong_type", "invalid_json", "invalid_json"]
    assert held[0]["payload_bytes"] == len(bodies[2])
    only = (await get("/v1/quarantine?reason=wrong_type", "quarantine")).json()["items"]
    assert [each["quarantine_id"] for each in only] == [held[0]["quarantine_id"]]


async def test_message_that_comes_again_is_counted_in_its_quarantine(
    running: Any, get: Get
) -> None:
    for times in (1, 2):
        await running.send(f"application/a/device/{DEVICE}/event/up", b"{")
        await running.until_rows("select * from quarantine where times = $1", 1, times)
    (held,) = (await get("/v1/quarantine", "quarantine")).json()["items"]
    assert held["times"] == 2
    assert held["last_received_at"] > held["received_at"]
