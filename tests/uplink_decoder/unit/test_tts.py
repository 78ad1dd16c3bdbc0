# SPDX-License-Identifier: EUPL-1.2
"""The Things Stack v3: every form of its messages that the field has shown."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from uplink_decoder.dialects.gateways import Gateway, gateways_of
from uplink_decoder.dialects.tts import EVENTS, read_tts
from uplink_decoder.domain.uplink import (
    DeviceEvent,
    EventKind,
    Flag,
    MessageTimes,
    RejectedError,
    Uplink,
)

MESSAGE: dict[str, Any] = {
    "end_device_ids": {
        "device_id": "bay-07",
        "application_ids": {"application_id": "parking"},
        "dev_eui": "24E124707D378803",
        "join_eui": "24E124C0002A0001",
        "dev_addr": "260B7A49",
    },
    "received_at": "2026-11-01T08:15:00.301803779Z",
    "uplink_message": {
        "session_key_id": "AZrtIhr44TiNGAgGyNKXbw==",
        "f_port": 85,
        "f_cnt": 4016,
        "frm_payload": "A2fnAA==",
        "decoded_payload": {"battery": 53},
        "rx_metadata": [
            {"gateway_ids": {"gateway_id": "g1"}, "rssi": -72, "snr": 11},
            {"gateway_ids": {"gateway_id": "g2"}, "time": "2026-11-01T08:15:00.1Z"},
        ],
        "settings": {"data_rate": {"lora": {"spreading_factor": 7, "coding_rate": "4/5"}}},
        "received_at": "2026-11-01T08:15:00.2Z",
        "consumed_airtime": "0.097536s",
        "last_battery_percentage": {"f_cnt": 3908, "value": 52.569168},
    },
}


def read(
    event: str = "up",
    application: str | None = None,
    topic_device: str | None = None,
    *,
    uplink: dict[str, Any] | None = None,
    **changes: Any,
) -> Any:
    """Read the message with changes to it and its uplink; `...` takes a field away."""
    message = copy.deepcopy(MESSAGE)
    _change(message["uplink_message"], uplink or {})
    _change(message, changes)
    return read_tts(application, topic_device, event, json.dumps(message).encode())


def _change(document: dict[str, Any], changes: dict[str, Any]) -> None:
    document |= changes
    for name in [name for name, value in changes.items() if value is ...]:
        del document[name]


def test_uplink_is_read_whole() -> None:
    assert read() == Uplink(
        device="24e124707d378803",
        identity="AZrtIhr44TiNGAgGyNKXbw==:4016",
        times=MessageTimes(
            gateway=datetime(2026, 11, 1, 8, 15, 0, 100_000, tzinfo=UTC),
            network_server=datetime(2026, 11, 1, 8, 15, 0, 200_000, tzinfo=UTC),
            application_server=datetime(2026, 11, 1, 8, 15, 0, 301_803, tzinfo=UTC),
        ),
        f_cnt=4016,
        f_port=85,
        payload=bytes.fromhex("0367e700"),
        flags=(),
    )


def test_first_uplink_after_a_join_lacks_its_frame_counter() -> None:
    first = read(uplink={"f_cnt": ...})
    assert first.f_cnt == 0
    assert first.identity == "AZrtIhr44TiNGAgGyNKXbw==:0"
    assert first.flags == ()


def test_same_counter_of_another_session_is_another_uplink() -> None:
    assert read(uplink={"session_key_id": "BB=="}).identity != read().identity


def test_without_a_session_the_servers_time_and_the_counter_are_the_identity() -> None:
    one = read(uplink={"session_key_id": ...})
    assert one.identity == "2026-11-01T08:15:00.2Z:4016"
    assert one.identity == read(uplink={"session_key_id": ...}, correlation_ids=["x"]).identity
    assert one.identity != read(uplink={"session_key_id": ..., "f_cnt": 4017}).identity


def test_without_session_and_time_the_bytes_are_the_identity() -> None:
    one = read(uplink={"session_key_id": ..., "received_at": ...})
    assert one.identity.startswith("bytes:")
    assert one.identity == read(uplink={"session_key_id": ..., "received_at": ...}).identity


def test_absent_port_is_mac_only() -> None:
    uplink = read(uplink={"f_port": ..., "frm_payload": ...})
    assert uplink.flags == (Flag.MAC_ONLY,)
    assert not uplink.is_decodable


def test_absent_payload_is_empty_and_not_decoded() -> None:
    uplink = read(uplink={"frm_payload": ...})
    assert (uplink.flags, uplink.payload) == ((Flag.EMPTY,), b"")
    assert not uplink.is_decodable


def test_simulated_uplink_is_never_decodable() -> None:
    uplink = read(simulated=True)
    assert uplink.flags == (Flag.SIMULATED_FRAME,)
    assert not uplink.is_decodable
    assert read(simulated=False).is_decodable


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "", "soon"])
def test_year_one_is_no_time(time: str) -> None:
    times = read(received_at=time, uplink={"received_at": time, "rx_metadata": [{"time": time}]})
    assert times.times == MessageTimes()


def test_times_may_all_be_absent() -> None:
    absent = read(received_at=..., uplink={"received_at": ..., "rx_metadata": ...})
    assert absent.times == MessageTimes()


@pytest.mark.parametrize(
    ("application", "topic_device", "ids", "device"),
    [
        (None, None, {"dev_eui": "24E124707D378803"}, "24e124707d378803"),
        ("parking@ttn", "bay-07", {}, "tts/parking/bay-07"),
        ("parking", "Bay-07", {}, "tts/parking/bay-07"),
        (
            "else",
            "else",
            {"device_id": "bay-07", "application_ids": {"application_id": "parking"}},
            "tts/parking/bay-07",
        ),
        ("parking", "bay-07", {"dev_eui": "none"}, "tts/parking/bay-07"),
    ],
)
def test_device_is_its_eui_or_else_its_name_without_the_tenant(
    application: str | None, topic_device: str | None, ids: dict[str, Any], device: str
) -> None:
    assert read("up", application, topic_device, end_device_ids=ids).device == device


@pytest.mark.parametrize(("application", "topic_device"), [(None, "bay"), ("parking", None)])
def test_half_a_name_is_no_device(application: str | None, topic_device: str | None) -> None:
    with pytest.raises(RejectedError, match="no_device"):
        read("up", application, topic_device, end_device_ids=...)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("join", EventKind.JOIN),
        ("down/queued", EventKind.DOWNLINK),
        ("down/sent", EventKind.TXACK),
        ("down/ack", EventKind.ACK),
        ("down/nack", EventKind.ACK),
        ("down/failed", EventKind.DOWNLINK),
        ("down/push", EventKind.DOWNLINK),
        ("down/replace", EventKind.DOWNLINK),
        ("service/data", EventKind.SERVICE),
        ("location/solved", EventKind.LOCATION),
    ],
)
def test_siblings_of_up_are_device_events(event: str, kind: EventKind) -> None:
    found = read(event, uplink_message=...)
    assert isinstance(found, DeviceEvent)
    assert (found.device, found.kind, found.code) == ("24e124707d378803", kind, event)
    assert found.times.application_server == datetime(2026, 11, 1, 8, 15, 0, 301_803, tzinfo=UTC)


def test_no_sibling_of_the_contract_is_forgotten() -> None:
    told = ("queued", "sent", "ack", "nack", "failed", "push", "replace")
    down = {f"down/{name}" for name in told}
    assert set(EVENTS) == {"join", "service/data", "location/solved"} | down


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{}", "no_uplink_message"),
        (b'{"uplink_message": null}', "no_uplink_message"),
        (b'{"uplink_message": []}', "wrong_type"),
        (b'{"uplink_message": {"f_cnt": "7"}}', "wrong_type"),
        (b'{"uplink_message": {"f_port": 256}}', "wrong_type"),
        (b'{"uplink_message": {"frm_payload": "!"}}', "wrong_type"),
        (b'{"simulated": "true", "uplink_message": {}}', "wrong_type"),
        (b'{"uplink_message": {}}', "no_device"),
        (
            b'{"uplink_message": {}, "end_device_ids": {"device_id": "a\\u0000", "application_ids": {"application_id": "b"}}}',
            "no_device",
        ),
        (b"not json", "invalid_json"),
        (b"\xc3\x28", "invalid_utf8"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(RejectedError) as raised:
        read_tts(None, None, "up", payload)
    assert raised.value.reason == reason


def test_unknown_message_is_rejected() -> None:
    with pytest.raises(RejectedError, match="unknown_event"):
        read("down/other")


def test_gateway_behind_packet_broker_is_the_forwarders() -> None:
    message = copy.deepcopy(MESSAGE)
    message["uplink_message"]["rx_metadata"].append(
        {
            "gateway_ids": {"gateway_id": "packetbroker"},
            "packet_broker": {
                "forwarder_net_id": "000013",
                "forwarder_gateway_id": "eui-0011223344556677",
            },
            "rssi": -110,
            "snr": -7.5,
        }
    )
    assert gateways_of(json.dumps(message).encode()) == [
        Gateway(gateway_id="g1", rssi=-72, snr=11),
        Gateway(gateway_id="g2", rssi=None, snr=None),
        Gateway(gateway_id="eui-0011223344556677", rssi=-110, snr=-7.5),
    ]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"rxInfo": 1}', b"[]"])
def test_unreadable_message_has_no_gateways(raw: bytes) -> None:
    assert gateways_of(raw) == []
