# SPDX-License-Identifier: EUPL-1.2
"""From the broker to rows and observations, on real parts."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stadttakt_messages.catalogue import BY_NAME

SHARED = Path(__file__).parents[4] / "shared" / "data" / "lorawan"
OCCUPIED = base64.b64encode(b"\x01").decode()
FREE = base64.b64encode(b"\x00").decode()
DEVICE = "0200000000000001"


async def test_chirpstack_uplink_becomes_a_row_and_an_observation(running: Any) -> None:
    await running.send_up(DEVICE, 7, OCCUPIED)
    topic, event = await running.observation()
    assert topic == f"{running.root}/observation/bay-occupancy/lot-01"
    parsed = BY_NAME["bay-occupancy"].event.model_validate(event)
    assert parsed.data.occupied is True
    assert parsed.data.codec_id == "bosch-tps110"
    assert "simulated" not in event
    (row,) = await running.rows("select * from uplink")
    assert event["id"] == f"{row['uplink_id']}:0"
    assert event["traceparent"].split("-")[1] == row["uplink_id"].hex
    assert (row["f_cnt"], row["f_port"], row["payload"]) == (7, 1, b"\x01")
    assert json.loads(row["raw"])["deviceInfo"]["devEui"] == DEVICE
    (stored,) = await running.rows("select * from v1_observation")
    assert stored["event_id"] == event["id"]
    assert stored["sensor"] == event["sensor"] == DEVICE
    assert json.loads(stored["data"])["occupied"] is True


async def test_tts_uplink_becomes_the_same_kind_of_observation(running: Any) -> None:
    now = datetime.now(tz=UTC).isoformat()
    message = {
        "end_device_ids": {"device_id": "d", "dev_eui": DEVICE.upper()},
        "received_at": now,
        "uplink_message": {
            "session_key_id": "AZrt",
            "f_port": 1,
            "frm_payload": OCCUPIED,
            "received_at": now,
        },
    }
    await running.send("v3/app@ttn/devices/d/up", message)
    topic, event = await running.observation()
    assert topic.endswith("/observation/bay-occupancy/lot-01")
    assert event["data"]["occupied"] is True
    (row,) = await running.rows("select f_cnt, source_id from uplink")
    assert row == {"f_cnt": 0, "source_id": "tts"}


async def test_simulated_source_marks_row_and_event(running: Any) -> None:
    await running.send(
        f"sim/application/a/device/{DEVICE}/event/up",
        {"deduplicationId": "x", "deviceInfo": {"devEui": DEVICE}, "fPort": 1, "data": OCCUPIED},
    )
    _, event = await running.observation()
    assert event["simulated"] is True
    (row,) = await running.rows("select simulated, flags from uplink")
    assert row == {"simulated": True, "flags": ["no_time"]}


async def test_duplicate_writes_nothing_and_publishes_the_same_event(running: Any) -> None:
    events = []
    for _ in range(2):
        await running.send_up(DEVICE, 7, OCCUPIED, time="2200-01-01T00:00:00Z")
        events.append(await running.observation())
    assert events[0] == events[1]
    assert len(await running.rows("select 1 from uplink")) == 1
    assert len(await running.rows("select 1 from observation")) == 1


async def test_future_time_is_replaced_and_flagged(running: Any) -> None:
    ahead = (datetime.now(tz=UTC) + timedelta(hours=1)).isoformat()
    await running.send_up(DEVICE, 7, OCCUPIED, time=ahead)
    _, event = await running.observation()
    (row,) = await running.rows("select * from uplink")
    assert row["flags"] == ["future_time"]
    assert row["time_source"] == "received"
    assert datetime.fromisoformat(event["time"]) == row["received_at"]


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"fPort": 0, "data": ""}, "mac_only"),
        ({"data": ""}, "empty"),
        ({"joinServerContext": {"sessionKeyId": "k"}}, "encrypted"),
    ],
)
async def test_what_must_not_be_decoded_is_kept(
    running: Any, fields: dict[str, Any], flag: str
) -> None:
    await running.send_up(DEVICE, 7, OCCUPIED, **fields)
    (row,) = await running.until_rows("select * from uplink", 1)
    assert row["flags"] == [flag]
    assert row["decoded"] is None
    assert running.observations.empty()


async def test_simulated_frame_of_tts_never_becomes_live(running: Any) -> None:
    message = {
        "end_device_ids": {"dev_eui": DEVICE, "device_id": "d"},
        "uplink_message": {"f_port": 1, "frm_payload": OCCUPIED},
        "simulated": True,
    }
    await running.send("v3/app/devices/d/up", message)
    (row,) = await running.until_rows("select * from uplink", 1)
    assert "simulated_frame" in row["flags"]
    assert running.observations.empty()


async def test_unknown_device_is_stored_and_listed(running: Any) -> None:
    await running.send_up("0200000000000099", 1, OCCUPIED)
    (row,) = await running.until_rows("select * from uplink", 1)
    assert row["flags"] == ["unknown_device"]
    (device,) = await running.rows("select * from device where origin = 'seen'")
    assert device["dev_eui"] == "0200000000000099"


async def test_codec_error_keeps_the_uplink_and_names_the_reason(running: Any) -> None:
    await running.send_up(DEVICE, 1, OCCUPIED, fPort=77)
    (row,) = await running.until_rows("select * from uplink", 1)
    assert row["flags"] == ["codec_error"]
    assert "77" in row["errors"][0]
    (held,) = await running.rows("select * from quarantine")
    assert (held["reason"], held["uplink_id"]) == ("codec_error", row["uplink_id"])


async def test_reading_that_does_not_fit_the_asset_is_quarantined(running: Any) -> None:
    data = base64.b64encode(bytes.fromhex("04cc1200160005cc13001400")).decode()
    await running.send_up("0200000000000003", 1, data, fPort=85)
    (held,) = await running.until_rows("select * from quarantine", 1)
    assert held["reason"] == "codec_error"
    assert "CountReading does not describe a bay" in held["detail"]


BROKEN = {
    "invalid_json": b"{not json",
    "invalid_utf8": b'{"deviceInfo": {"devEui": "\xff\xfe"}}',
    "wrong_type": b'{"fCnt": "seven"}',
    "too_large": b'{"data": "' + b"A" * 1_000_000 + b'"}',
    "no_dev_eui": b"{}",
}


@pytest.mark.parametrize("reason", BROKEN)
async def test_broken_message_is_quarantined_and_the_next_one_processed(
    running: Any, reason: str
) -> None:
    device = "nonsense" if reason == "no_dev_eui" else DEVICE
    await running.send(f"application/a/device/{device}/event/up", BROKEN[reason])
    await running.send_up(DEVICE, 8, OCCUPIED)
    _, event = await running.observation()
    assert event["data"]["occupied"] is True
    (held,) = await running.rows("select * from quarantine")
    assert held["reason"] == reason
    assert held["payload"] == BROKEN[reason]


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data/lorawan")
@pytest.mark.parametrize("file", ["chirpstack_v4.jsonl", "ttn_v3.jsonl"])
async def test_real_messages_pass_to_rows_without_an_error(running: Any, file: str) -> None:
    lines = (SHARED / file).read_text(encoding="utf-8").splitlines()
    for line in lines:
        await running.send(*_real(json.loads(line)))
    query = "select dev_eui from uplink union all select dev_eui from device_event"
    await running.until_rows(query, len(lines))
    assert await running.rows("select reason, detail from quarantine") == []


def _real(line: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The stored topics are shortened; they are made whole from the message."""
    topic, message = line.get("topic", ""), line["msg"]
    if "deviceInfo" in message:
        event = topic.rpartition("/")[2] or "up"
        eui = message["deviceInfo"]["devEui"]
        eui = eui if len(eui) == 16 else "0200000000000042"
        return f"application/a/device/{eui}/event/{event}", message
    kind = topic.partition(".../")[2] or "up"
    return f"v3/app@tenant/devices/dev1/{kind}", message


async def test_row_that_the_database_refuses_is_quarantined_alone(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from uplink_decoder.codecs.model import Codec, Decoded  # noqa: PLC0415

    codec = Codec(
        "bosch-tps110", 9, "x", "y", lambda frame: Decoded({"text": frame.payload.decode()})
    )
    monkeypatch.setattr(running.decoder.pipeline._decoding, "_codecs", {"bosch-tps110": codec})
    for number, payload in enumerate([b"a", b"\x00", b"b"]):
        await running.send_up(DEVICE, number, base64.b64encode(payload).decode())
    await running.until_rows("select * from uplink", 2)
    (held,) = await running.until_rows("select * from quarantine", 1)
    assert held["reason"] == "refused_by_database"
    stored = await running.rows("select decoded ->> 'text' as text from uplink order by f_cnt")
    assert [row["text"] for row in stored] == ["a", "b"]


async def test_observations_committed_but_not_published_are_published_at_the_next_start(
    start: Any,
) -> None:
    async with start() as first:
        await first.send_up(DEVICE, 1, OCCUPIED)
        _, event = await first.observation()
    async with start() as second:
        assert second.observations.empty()
        await second.connection.execute("update publish_mark set seq = 0")
    async with start() as third:
        _, again = await third.observation()
    assert again == event


async def test_status_with_the_uplinks_own_identity_does_not_swallow_the_uplink(
    running: Any,
) -> None:
    status = {"deduplicationId": f"{DEVICE}-7", "deviceInfo": {"devEui": DEVICE}, "margin": 10}
    await running.send(f"application/a/device/{DEVICE}/event/status", status)
    await running.send_up(DEVICE, 7, OCCUPIED)
    _, event = await running.observation()
    assert event["data"]["occupied"] is True
    (kept,) = await running.rows("select kind from device_event")
    assert kept["kind"] == "status"


async def test_identities_are_forgotten_after_their_days(running: Any) -> None:
    await running.send_up(DEVICE, 7, OCCUPIED)
    await running.observation()
    assert await running.decoder._prune_identities(running.connection) == 0
    await running.connection.execute(
        "update uplink_identity set received_at = received_at - interval '36 days'"
    )
    assert await running.decoder._prune_identities(running.connection) == 1
