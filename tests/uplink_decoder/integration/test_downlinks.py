# SPDX-License-Identifier: EUPL-1.2
"""Downlinks from the order to the device's acknowledgement, on a real broker and database."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import aiomqtt
import httpx
import pytest
from sqlalchemy.engine import make_url

from runtime.integration.relay import relayed
from runtime.integration.sessions import options_for, until
from runtime.integration.sessions import running as mqtt_session
from stadttakt_runtime.clock import utc_now
from support.asking import Ask, downlink_in_state, mint_key
from uplink_decoder.settings import UplinkSettings

DEVICE = "0200000000000001"
APPLICATION = "5147ad00-0000-4000-8000-00000000000a"
COMMANDS = f"application/{APPLICATION}/device/{DEVICE}"
TTS_UP = {
    "end_device_ids": {
        "device_id": "bay-7",
        "dev_eui": DEVICE.upper(),
        "application_ids": {"application_id": "parking"},
    },
    "uplink_message": {
        "session_key_id": "AZ",
        "f_port": 1,
        "f_cnt": 4,
        "frm_payload": "AQ==",
        "network_ids": {"tenant_id": "ttn"},
    },
}
ORDER = {"f_port": 10, "bytes": "0101ff", "confirmed": True, "note": "interval 10 min"}


@pytest.fixture
async def server(settings: UplinkSettings, running: Any) -> AsyncIterator[aiomqtt.Client]:
    """The network server's end of the broker, listening for commands."""
    broker = make_url(settings.mqtt_url.get_secret_value())
    async with aiomqtt.Client(str(broker.host), broker.port or 1883) as client:
        await client.subscribe(f"{running.root}/+/+/+/+/command/down", qos=1)
        await client.subscribe(f"{running.root}/v3/+/devices/+/down/push", qos=1)
        yield client


async def command(server: aiomqtt.Client) -> tuple[str, dict[str, Any]]:
    async with asyncio.timeout(10):
        message = await anext(aiter(server.messages))
    assert isinstance(message.payload, bytes)
    return str(message.topic), json.loads(message.payload)


async def heard(running: Any, f_cnt: int = 1) -> None:
    """Let the device send one uplink through ChirpStack, from which the way back is learned."""
    info = {"devEui": DEVICE, "applicationId": APPLICATION}
    await running.send_up(DEVICE, f_cnt, "AQ==", deviceInfo=info)
    await running.until_rows("select 1 from uplink where f_cnt = $1", 1, f_cnt)


async def test_downlink_reaches_chirpstack_and_is_tracked_to_the_acknowledgement(
    running: Any, ask: Ask, server: aiomqtt.Client
) -> None:
    await heard(running)
    answer = await ask(
        "POST", f"/v1/devices/{DEVICE.upper()}/downlinks", "devices:write", json=ORDER
    )
    ordered = answer.json()
    assert (answer.status_code, ordered["state"]) == (202, "queued")
    assert answer.headers["location"] == f"/v1/downlinks/{ordered['downlink_id']}"
    topic, sent = await command(server)
    assert topic == f"{running.root}/{COMMANDS}/command/down"
    assert sent == {
        "id": ordered["downlink_id"],
        "devEui": DEVICE,
        "confirmed": True,
        "fPort": 10,
        "data": base64.b64encode(b"\x01\x01\xff").decode(),
    }
    await downlink_in_state(ask, ordered["downlink_id"], "handed_over")
    item = {"queueItemId": ordered["downlink_id"], "deviceInfo": {"devEui": DEVICE}}
    await running.send(f"{COMMANDS}/event/txack", {**item, "downlinkId": 77})
    await downlink_in_state(ask, ordered["downlink_id"], "sent")
    await running.send(f"{COMMANDS}/event/ack", {**item, "acknowledged": True})
    done = await downlink_in_state(ask, ordered["downlink_id"], "acknowledged")
    assert [step["state"] for step in done["history"]] == [
        "queued",
        "handed_over",
        "sent",
        "acknowledged",
    ]
    assert (done["payload_hex"], done["note"], done["source_id"]) == (
        "0101ff",
        "interval 10 min",
        "cs",
    )


async def test_failure_that_chirpstack_logs_is_told_with_its_code(
    running: Any, ask: Ask, server: aiomqtt.Client
) -> None:
    await heard(running)
    ordered = (
        await ask("POST", f"/v1/devices/{DEVICE}/downlinks", "devices:write", json=ORDER)
    ).json()
    await command(server)
    entry = {
        "deviceInfo": {"devEui": DEVICE},
        "level": "ERROR",
        "code": "DOWNLINK_PAYLOAD_SIZE",
        "description": "too large",
        "context": {"queue_item_id": ordered["downlink_id"]},
    }
    await running.send(f"{COMMANDS}/event/log", entry)
    failed = await downlink_in_state(ask, ordered["downlink_id"], "failed")
    assert failed["reason"] == "DOWNLINK_PAYLOAD_SIZE: too large"


async def test_another_source_has_no_say_about_a_downlink(
    running: Any, ask: Ask, server: aiomqtt.Client
) -> None:
    await heard(running)
    ordered = (
        await ask("POST", f"/v1/devices/{DEVICE}/downlinks", "devices:write", json=ORDER)
    ).json()
    await command(server)
    item = {"queueItemId": ordered["downlink_id"], "deviceInfo": {"devEui": DEVICE}}
    await running.send(f"sim/{COMMANDS}/event/ack", {**item, "acknowledged": True})
    await running.send(f"{COMMANDS}/event/txack", item)
    found = await downlink_in_state(ask, ordered["downlink_id"], "sent")
    assert len(await running.rows("select 1 from device_event")) == 2
    assert "acknowledged" not in [step["state"] for step in found["history"]]


async def test_downlink_reaches_the_things_stack_over_mqtt(
    running: Any, ask: Ask, server: aiomqtt.Client
) -> None:
    await running.send("v3/parking@ttn/devices/bay-7/up", TTS_UP)
    await running.until_rows("select 1 from uplink", 1)
    order = {"f_port": 2, "bytes": "AQI=", "priority": "high"}
    ordered = (
        await ask("POST", f"/v1/devices/{DEVICE}/downlinks", "devices:write", json=order)
    ).json()
    topic, sent = await command(server)
    correlation = f"stadttakt:downlink:{ordered['downlink_id']}"
    assert topic == f"{running.root}/v3/parking@ttn/devices/bay-7/down/push"
    assert sent["downlinks"] == [
        {
            "f_port": 2,
            "frm_payload": "AQI=",
            "priority": "HIGH",
            "confirmed": False,
            "correlation_ids": [correlation],
        }
    ]
    # Without the EUI, as in the example of the documentation.
    anonymous = {"device_id": "bay-7", "application_ids": {"application_id": "parking"}}
    failed = {
        "end_device_ids": anonymous,
        "downlink_failed": {
            "downlink": {"correlation_ids": [correlation]},
            "error": {"name": "application_downlink_too_long"},
        },
    }
    await running.send("v3/parking@ttn/devices/bay-7/down/failed", failed)
    found = await downlink_in_state(ask, ordered["downlink_id"], "failed")
    assert found["reason"] == "application_downlink_too_long"


async def test_device_that_was_never_heard_has_no_route(running: Any, ask: Ask) -> None:
    answer = await ask("POST", f"/v1/devices/{DEVICE}/downlinks", "devices:write", json=ORDER)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_route")
    unknown = await ask(
        "POST", "/v1/devices/0200000000000099/downlinks", "devices:write", json=ORDER
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert await running.rows("select 1 from downlink") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"f_port": 0},
        {"f_port": 224},
        {"f_port": 10**30},
        {"bytes": "xyz"},
        {"bytes": ""},
        {"bytes": "00" * 243},
        {"note": "\x00"},
        {"priority": "urgent"},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2030-01-01T00:00:00"},
        {"unknown": 1},
    ],
)
async def test_impossible_order_is_refused(running: Any, ask: Ask, wrong: dict[str, Any]) -> None:
    await heard(running)
    answer = await ask(
        "POST", f"/v1/devices/{DEVICE}/downlinks", "devices:write", json={**ORDER, **wrong}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert await running.rows("select 1 from downlink") == []


async def test_scopes_open_reading_and_ordering(running: Any, ask: Ask) -> None:
    path = f"/v1/devices/{DEVICE}/downlinks"
    assert (await running.http.get(path)).status_code == 401
    assert (await ask("POST", path, "devices:read", json=ORDER)).status_code == 403
    assert (await ask("GET", path, "devices:write")).status_code == 403
    assert (await ask("GET", path, "devices:read")).json() == {"items": [], "next_cursor": None}
    assert (await ask("GET", f"/v1/downlinks/{uuid.uuid4()}", "devices:read")).status_code == 404


async def test_repeated_order_with_the_same_key_is_one_downlink(
    running: Any, ask: Ask, settings: UplinkSettings
) -> None:
    await heard(running)
    key = await mint_key(settings.database_url.get_secret_value(), "admin")
    headers = {"authorization": f"Bearer {key}", "idempotency-key": "k1"}
    path = f"/v1/devices/{DEVICE}/downlinks"
    first = await running.http.post(path, json=ORDER, headers=headers)
    again = await running.http.post(path, json=ORDER, headers=headers)
    assert again.json()["downlink_id"] == first.json()["downlink_id"]
    assert len(await running.rows("select 1 from downlink")) == 1


async def test_what_nobody_can_have_yet_is_cancelled_and_the_rest_is_not(
    running: Any, ask: Ask, server: aiomqtt.Client
) -> None:
    await heard(running)
    later = datetime.now(tz=UTC) + timedelta(hours=1)
    handed = (
        await ask("POST", f"/v1/devices/{DEVICE}/downlinks", "devices:write", json=ORDER)
    ).json()
    await downlink_in_state(ask, handed["downlink_id"], "handed_over")
    refused = await ask("DELETE", f"/v1/downlinks/{handed['downlink_id']}", "devices:write")
    assert (refused.status_code, refused.json()["code"]) == (409, "already_handed_over")
    waiting = await stored(running, next_attempt_at=later)
    for _ in range(2):
        answer = await ask("DELETE", f"/v1/downlinks/{waiting}", "devices:write")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    maybe = await stored(running, next_attempt_at=later, attempted_at=utc_now())
    assert (await ask("DELETE", f"/v1/downlinks/{maybe}", "devices:write")).status_code == 409
    assert (await command(server))[1]["id"] == handed["downlink_id"]


async def test_downlink_that_waited_beyond_its_time_expires(running: Any, ask: Ask) -> None:
    late = await stored(running, expires_at=utc_now() - timedelta(seconds=1))
    assert (await downlink_in_state(ask, str(late), "expired"))[
        "reason"
    ] == "not handed over in time"


async def hand_over(running: Any, downlink_id: uuid.UUID) -> None:
    (row,) = await running.rows("select * from downlink where downlink_id = $1", downlink_id)
    async with httpx.AsyncClient() as client:
        await running.decoder._outbox._hand_over(row, client)


async def test_order_that_ended_after_it_was_claimed_is_not_handed_over(
    running: Any, ask: Ask, server: aiomqtt.Client
) -> None:
    await heard(running)
    now = utc_now()
    late = await stored(running, claimed_by="test", claimed_at=now, attempts=1, expires_at=now)
    await hand_over(running, late)
    found = await downlink_in_state(ask, str(late), "expired")
    assert found["reason"] == "not handed over in time"
    after = await stored(running)
    assert (await command(server))[1]["id"] == str(after)


async def test_order_that_ended_while_its_link_was_away_is_not_told_as_handed_over(
    running: Any, ask: Ask, settings: UplinkSettings
) -> None:
    await heard(running)
    broker = make_url(settings.mqtt_url.get_secret_value())
    async with relayed(broker.port or 1883) as relay:
        url = f"mqtt://127.0.0.1:{relay.port}"
        async with mqtt_session(options_for(url, f"{settings.instance}-down")) as link:
            running.decoder._outbox._connection_of = lambda _source: link
            relay.hold()
            now, end = utc_now(), utc_now() + timedelta(hours=1)
            lost = await stored(
                running, claimed_by="test", claimed_at=now, attempts=1, expires_at=end
            )
            handing = asyncio.ensure_future(hand_over(running, lost))
            await until(lambda: link._publishing.pending == 1)
            relay.cut()
            link._publishing._now = lambda: monotonic() + 3600
            relay.release()
            await handing
    found = await downlink_in_state(ask, str(lost), "expired")
    assert found["reason"] == "no receipt in time: perhaps taken"


async def test_what_a_killed_process_had_claimed_is_handed_over_again(
    start: Any, settings: UplinkSettings
) -> None:
    instance = f"stadttakt-uplink-{settings.instance}"
    async with start() as running:
        await heard(running)
        claimed = utc_now() - timedelta(minutes=1)
        ours = await stored(
            running, claimed_by=instance, claimed_at=claimed, attempted_at=claimed, attempts=1
        )
        theirs = await stored(
            running, claimed_by="other", claimed_at=claimed, attempted_at=claimed, attempts=1
        )
    async with start() as running:
        query = "select state, attempts from downlink where downlink_id = $1 and attempts >= $2"
        for _ in range(100):
            (row,) = await running.until_rows(query, 1, ours, 2)
            if row["state"] == "handed_over":
                break
            await asyncio.sleep(0.05)
        assert row == {"state": "handed_over", "attempts": 2}
        (other,) = await running.until_rows(query, 1, theirs, 1)
        assert other == {"state": "queued", "attempts": 1}


async def test_list_is_paged_and_filtered(running: Any, ask: Ask) -> None:
    later = utc_now() + timedelta(hours=1)
    ids = [
        await stored(running, next_attempt_at=later, created_at=later + timedelta(seconds=n))
        for n in range(3)
    ]
    path = f"/v1/devices/{DEVICE}/downlinks"
    first = (await ask("GET", f"{path}?limit=2", "devices:read")).json()
    second = await ask("GET", f"{path}?cursor={first['next_cursor']}", "devices:read")
    listed = [each["downlink_id"] for each in first["items"] + second.json()["items"]]
    assert listed == [str(each) for each in reversed(ids)]
    none = await ask("GET", f"{path}?state=failed", "devices:read")
    assert none.json()["items"] == []


async def stored(running: Any, **columns: Any) -> uuid.UUID:
    """Put a downlink into the table as an earlier process would have left it."""
    now = utc_now()
    row = {
        "downlink_id": uuid.uuid4(),
        "dev_eui": DEVICE,
        "f_port": 1,
        "payload": b"\x01",
        "confirmed": False,
        "priority": "normal",
        "created_at": now,
        "created_by": "api_key:x",
        "state": "queued",
        "updated_at": now,
        "next_attempt_at": now,
        **columns,
    }
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    query = f"insert into downlink ({', '.join(row)}) values ({places})"
    await running.connection.execute(query, *row.values())
    assert isinstance(row["downlink_id"], uuid.UUID)
    return row["downlink_id"]
