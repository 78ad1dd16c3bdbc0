# SPDX-License-Identifier: EUPL-1.2
"""Downlinks without servers: weight of states, payloads, events, commands and routes."""

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.dialects.downlink_commands import DownlinkFrame, chirpstack_command, tts_push
from uplink_decoder.dialects.downlink_events import read_evidence
from uplink_decoder.domain.downlinks import DownlinkState, Evidence, furthest, read_payload
from uplink_decoder.downlinks.routes import MqttRoute, PushAddresses, PushRoute, find_route
from uplink_decoder.sources import Source, SourceTable

EXAMPLES = Path(__file__).parents[3] / "../shared/data/lorawan"
ID = uuid.UUID("6f0c1a52-8d4b-4d2f-9b55-0c1f6f2d7a10")
FRAME = DownlinkFrame(ID, "0200000000000001", 10, b"\x01\xff", confirmed=True, priority="high")
PUSH = "https://eu1.example/api/v3/as/applications/app1/webhooks/wh/devices/dev1/down/push"
states = st.sampled_from(DownlinkState)


@given(st.lists(states, min_size=1), st.randoms())
def test_any_order_and_repetition_of_evidence_ends_in_the_same_state(
    told: list[DownlinkState], random: Any
) -> None:
    shuffled = [*told, *told]
    random.shuffle(shuffled)
    step = DownlinkState.QUEUED
    for state in shuffled:
        step = furthest([step, state])
    assert step == furthest([DownlinkState.QUEUED, *told])


@pytest.mark.parametrize(
    ("told", "holds"),
    [
        (["cancelled", "handed_over"], "handed_over"),
        (["expired", "sent"], "sent"),
        (["sent", "scheduled"], "sent"),
        (["failed", "sent"], "failed"),
        (["unacknowledged", "acknowledged"], "acknowledged"),
        (["acknowledged", "failed"], "acknowledged"),
    ],
)
def test_weightier_evidence_holds(told: list[str], holds: str) -> None:
    assert furthest(DownlinkState(state) for state in told) == holds


@given(st.binary(min_size=1, max_size=242))
def test_payload_is_read_from_hex_in_either_case(payload: bytes) -> None:
    assert read_payload(payload.hex()) == read_payload(payload.hex().upper()) == payload


@pytest.mark.parametrize(
    ("text", "payload"), [("AQ==", b"\x01"), ("01FF", b"\x01\xff"), ("/+8=", b"\xff\xef")]
)
def test_what_is_no_hex_is_base64(text: str, payload: bytes) -> None:
    assert read_payload(text) == payload


@pytest.mark.parametrize("text", ["", "x", "0", "AQ", "ü", "00" * 243, "\x00\x00", "A Q="])
def test_impossible_payload_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_payload(text)


def test_commands_have_the_servers_forms() -> None:
    assert json.loads(chirpstack_command(FRAME)) == {
        "id": str(ID),
        "devEui": "0200000000000001",
        "confirmed": True,
        "fPort": 10,
        "data": "Af8=",
    }
    assert json.loads(tts_push(FRAME)) == {
        "downlinks": [
            {
                "f_port": 10,
                "frm_payload": "Af8=",
                "priority": "HIGH",
                "confirmed": True,
                "correlation_ids": [f"stadttakt:downlink:{ID}"],
            }
        ]
    }


OURS = {"correlation_ids": ["as:downlink:01E19B", f"stadttakt:downlink:{ID}"]}
FAILURE = {"downlink": OURS, "error": {"name": "too_long", "message_format": "it is too long"}}


@pytest.mark.parametrize(
    ("kind", "code", "message", "told"),
    [
        ("downlink", "down/queued", {"downlink_queued": OURS}, ("scheduled", None)),
        ("txack", "down/sent", {"downlink_sent": OURS}, ("sent", None)),
        ("ack", "down/ack", {**OURS, "downlink_ack": OURS}, ("acknowledged", None)),
        ("ack", "down/nack", {"downlink_nack": OURS}, ("unacknowledged", None)),
        (
            "downlink",
            "down/failed",
            {"downlink_failed": FAILURE},
            ("failed", "too_long: it is too long"),
        ),
        ("txack", None, {"queueItemId": str(ID), "downlinkId": 7}, ("sent", None)),
        ("ack", None, {"queueItemId": str(ID), "acknowledged": True}, ("acknowledged", None)),
        ("ack", None, {"queueItemId": str(ID)}, ("unacknowledged", None)),
        (
            "log",
            "F_CNT_DOWN",
            {"description": "invalid", "context": {"queue_item_id": str(ID)}},
            ("failed", "F_CNT_DOWN: invalid"),
        ),
        (
            "log",
            "F_CNT_DOWN",
            {"description": "\x00", "context": {"queue_item_id": str(ID)}},
            ("failed", "F_CNT_DOWN: \ufffd"),
        ),
        (
            "downlink",
            "down/failed",
            {"downlink_failed": {**FAILURE, "error": {"name": "a\x00"}}},
            ("failed", "a\ufffd"),
        ),
    ],
)
def test_events_of_both_servers_tell_what_became_of_a_downlink(
    kind: str, code: str | None, message: dict[str, Any], told: tuple[str, str | None]
) -> None:
    expected = Evidence(ID, DownlinkState(told[0]), told[1])
    assert read_evidence(kind, code, json.dumps(message).encode()) == [expected]


@pytest.mark.parametrize(
    ("kind", "code", "raw"),
    [
        ("ack", "down/ack", b'{"correlation_ids": ["as:downlink:x", "stadttakt:downlink:x"]}'),
        ("ack", "down/ack", b'{"correlation_ids": 7}'),
        ("log", "UPLINK_CODEC", f'{{"context": {{"queue_item_id": "{ID}"}}}}'.encode()),
        ("txack", None, b'{"queueItemId": ""}'),
        ("txack", None, b"\xff"),
        ("join", None, b"{}"),
    ],
)
def test_events_that_are_not_about_ours_tell_nothing(
    kind: str, code: str | None, raw: bytes
) -> None:
    assert read_evidence(kind, code, raw) == []


@given(st.sampled_from(["ack", "txack", "log", "downlink"]), st.binary())
def test_no_event_breaks_the_reading(kind: str, raw: bytes) -> None:
    assert read_evidence(kind, "down/failed", raw) == read_evidence(kind, None, raw) == []


def source(dialect: Any, *topics: str) -> SourceTable:
    return SourceTable([Source(source_id="s", dialect=dialect, topics=topics)])


def chirpstack_up(application: str = "a1") -> dict[str, Any]:
    info = {"applicationId": application, "devEui": "0200000000000001"}
    return {"source_id": "s", "raw": json.dumps({"deviceInfo": info}).encode()}


def tts_up(tenant: str = "") -> dict[str, Any]:
    ids = {"device_id": "dev1", "application_ids": {"application_id": "app1"}}
    message = {"network_ids": {"tenant_id": tenant}} if tenant else {}
    raw = {"end_device_ids": ids, "uplink_message": message}
    return {"source_id": "s", "raw": json.dumps(raw).encode()}


@pytest.mark.parametrize(
    ("table", "uplink", "topic"),
    [
        (
            source("chirpstack", "application/+/device/+/event/+"),
            chirpstack_up(),
            "application/a1/device/0200000000000001/command/down",
        ),
        (
            source("chirpstack", "eu868/application/#"),
            chirpstack_up(),
            "eu868/application/a1/device/0200000000000001/command/down",
        ),
        (
            source("chirpstack", "application/b2/device/+/event/up"),
            chirpstack_up(),
            "application/b2/device/0200000000000001/command/down",
        ),
        (
            source("chirpstack", "#"),
            chirpstack_up(),
            "application/a1/device/0200000000000001/command/down",
        ),
        (source("chirpstack", "+/application/#"), chirpstack_up(), None),
        (source("chirpstack", "application/+/device/+/event/+"), chirpstack_up(""), None),
        (source("chirpstack", "application/#"), chirpstack_up("a/b"), None),
        (source("chirpstack"), chirpstack_up(), None),
        (source("tts", "v3/+/devices/+/#"), tts_up("ttn"), "v3/app1@ttn/devices/dev1/down/push"),
        (source("tts", "v3/+/devices/+/#"), tts_up(), "v3/app1/devices/dev1/down/push"),
        (
            source("tts", "x/v3/app1@own/devices/+/up"),
            tts_up("ttn"),
            "x/v3/app1@own/devices/dev1/down/push",
        ),
        (source("tts", "v3/+/devices/+/up"), {"source_id": "s", "raw": b"[]"}, None),
        (source("tts", "v3/+/devices/+/up"), {"source_id": "other", "raw": b"{}"}, None),
        (source("tts", "v3/+/devices/+/up"), None, None),
    ],
)
def test_route_is_read_off_the_newest_uplink_and_the_filters_of_its_source(
    table: SourceTable, uplink: dict[str, Any] | None, topic: str | None
) -> None:
    route = find_route(uplink, table, PushAddresses())
    assert topic is None if route is None else isinstance(route, MqttRoute)
    assert getattr(route, "topic", None) == topic


def test_push_address_of_a_webhook_wins_over_the_broker() -> None:
    table, pushes = source("tts", "v3/+/devices/+/#"), PushAddresses()
    assert pushes.learn(table.sources[0], PUSH, "NNSXS.KEY")
    route = find_route(tts_up("ttn"), table, pushes)
    assert isinstance(route, PushRoute)
    assert (route.url, route.api_key.get_secret_value()) == (PUSH, "NNSXS.KEY")
    assert "KEY" not in repr(route)


@pytest.mark.parametrize(
    "url",
    [
        PUSH.replace("https", "http"),
        "https://169.254.169.254/latest/meta-data",
        PUSH + "?x=1",
        PUSH.replace("eu1.example", "user:password@eu1.example"),
        PUSH.replace("dev1", "../x"),
        "",
    ],
)
def test_push_address_of_another_form_is_not_learned(url: str) -> None:
    assert not PushAddresses().learn(source("tts").sources[0], url, "k")


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the shared examples are not there")
def test_real_uplink_tells_the_way_back() -> None:
    first = json.loads((EXAMPLES / "ttn_v3.jsonl").read_text(encoding="utf-8").splitlines()[0])
    uplink = {"source_id": "s", "raw": json.dumps(first["msg"]).encode()}
    route = find_route(uplink, source("tts", "v3/+/devices/+/#"), PushAddresses())
    assert isinstance(route, MqttRoute)
    assert route.topic == first["topic"].removesuffix("/up") + "/down/push"
    assert base64.b64decode(first["msg"]["uplink_message"]["frm_payload"])
