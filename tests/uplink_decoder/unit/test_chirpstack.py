# SPDX-License-Identifier: EUPL-1.2
"""ChirpStack v4: every form of its integration events that the field has shown."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from uplink_decoder.dialects.chirpstack import EVENTS, read_chirpstack
from uplink_decoder.dialects.gateways import Gateway, gateways_of
from uplink_decoder.dialects.reading import MAX_MESSAGE_BYTES
from uplink_decoder.domain.uplink import (
    DeviceEvent,
    EventKind,
    Flag,
    MessageTimes,
    RejectedError,
    Uplink,
)

DEVICE = "a840415711866a85"
NEWER: dict[str, Any] = {
    "deduplicationId": "0bf37eb1-2d13-4cbb-b0a0-65ec82e75ea0",
    "time": "2026-11-01T08:15:00.655164839+00:00",
    "deviceInfo": {"devEui": DEVICE, "deviceName": "P-07", "tags": {"place": "north"}},
    "devAddr": "01ffe479",
    "adr": True,
    "dr": 0,
    "fCnt": 7,
    "fPort": 1,
    "confirmed": False,
    "data": "AQ==",
    "object": {"occupied": True},
    "rxInfo": [
        {"gatewayId": "0016c001f1427f6e", "nsTime": "2026-11-01T08:15:00.4+00:00", "rssi": -56},
        {"gatewayId": "0016c001f1427f6f", "snr": -2.5, "location": {}},
    ],
    "txInfo": {"frequency": 867_100_000},
}


def read(event: str = "up", topic_device: str | None = None, **changes: Any) -> Any:
    """Read the message with changes; a change to `...` takes the field away."""
    message = {name: value for name, value in {**NEWER, **changes}.items() if value is not ...}
    return read_chirpstack(topic_device, event, json.dumps(message).encode())


def test_uplink_is_read_whole() -> None:
    assert read() == Uplink(
        device=DEVICE,
        identity="0bf37eb1-2d13-4cbb-b0a0-65ec82e75ea0",
        times=MessageTimes(
            gateway=datetime(2026, 11, 1, 8, 15, 0, 655164, tzinfo=UTC),
            network_server=datetime(2026, 11, 1, 8, 15, 0, 400_000, tzinfo=UTC),
        ),
        f_cnt=7,
        f_port=1,
        payload=b"\x01",
        flags=(),
    )


def test_every_field_but_the_device_may_be_absent() -> None:
    uplink = read_chirpstack(DEVICE, "up", b"{}")
    assert isinstance(uplink, Uplink)
    assert (uplink.device, uplink.f_cnt, uplink.f_port, uplink.payload) == (DEVICE, 0, 0, b"")
    assert uplink.times == MessageTimes()
    assert uplink.flags == (Flag.MAC_ONLY,)


def test_older_server_omits_the_frame_counter_zero() -> None:
    assert read(fCnt=...) == read(fCnt=0)


@pytest.mark.parametrize("f_port", [0, ...])
@pytest.mark.parametrize("data", ["", "AQ==", ...])
def test_mac_only_uplink_is_kept_and_not_decoded(f_port: Any, data: Any) -> None:
    uplink = read(fPort=f_port, data=data)
    assert uplink.flags == (Flag.MAC_ONLY,)
    assert not uplink.is_decodable


@pytest.mark.parametrize("data", ["", ...])
def test_empty_payload_is_kept_and_not_decoded(data: Any) -> None:
    uplink = read(data=data)
    assert uplink.flags == (Flag.EMPTY,)
    assert not uplink.is_decodable


def test_encrypted_payload_is_kept_as_it_is_and_not_decoded() -> None:
    uplink = read(joinServerContext={"sessionKeyId": "AA==", "appSKey": None}, data="3q2+7w==")
    assert uplink.flags == (Flag.ENCRYPTED,)
    assert uplink.payload == bytes.fromhex("deadbeef")
    assert not uplink.is_decodable


def test_absent_join_server_context_is_not_encrypted() -> None:
    assert read(joinServerContext=None).flags == ()


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-11-01T08:15:00+00:00", 0),
        ("2026-11-01T08:15:00Z", 0),
        ("2026-11-01T08:15:00.6+00:00", 600_000),
        ("2026-11-01T08:15:00.655164+00:00", 655_164),
        ("2026-11-01T08:15:00.655164839+00:00", 655_164),
        ("2026-11-01T09:15:00.655164839+01:00", 655_164),
    ],
)
def test_time_has_0_to_9_fraction_digits(text: str, microsecond: int) -> None:
    assert read(time=text).times.gateway == datetime(2026, 11, 1, 8, 15, 0, microsecond, tzinfo=UTC)


@pytest.mark.parametrize("text", [..., None, "", "now", "2026-13-01T00:00:00Z"])
def test_absent_or_unreadable_time_is_no_time(text: Any) -> None:
    assert read(time=text).times.gateway is None


@pytest.mark.parametrize("rx_info", [..., None, [], [{}], [{"nsTime": None}]])
def test_receptions_may_be_absent(rx_info: Any) -> None:
    assert read(rxInfo=rx_info).times.network_server is None


def test_first_reception_with_a_server_time_gives_it() -> None:
    received = [{"gatewayId": "a"}, {"nsTime": "2026-11-01T08:15:01+00:00"}]
    second = datetime(2026, 11, 1, 8, 15, 1, tzinfo=UTC)
    assert read(rxInfo=received).times.network_server == second


def test_device_is_read_in_lower_case_and_else_taken_from_the_topic() -> None:
    assert read(deviceInfo={"devEui": DEVICE.upper()}).device == DEVICE
    assert read(deviceInfo=..., topic_device=DEVICE.upper()).device == DEVICE
    assert read(deviceInfo={"devEui": "none"}, topic_device=DEVICE).device == DEVICE


def test_without_deduplication_the_bytes_are_the_identity() -> None:
    one, same, other = (
        read(deduplicationId=...),
        read(deduplicationId=...),
        read(deduplicationId=..., fCnt=8),
    )
    assert one.identity == same.identity
    assert one.identity != other.identity
    assert one.identity.startswith("bytes:")


def test_same_frame_counter_is_not_the_same_uplink() -> None:
    assert read(deduplicationId="a", fCnt=0).identity != read(deduplicationId="b", fCnt=0).identity


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_other_events_are_the_devices_and_keep_their_kind(event: str) -> None:
    found = read(event)
    assert isinstance(found, DeviceEvent)
    assert (found.device, found.kind) == (DEVICE, EventKind(event))
    assert found.times.network_server == datetime(2026, 11, 1, 8, 15, 0, 655164, tzinfo=UTC)


def test_log_has_its_code_and_no_deduplication_of_its_own() -> None:
    log = {
        "deduplicationId": ...,
        "level": "ERROR",
        "code": "UPLINK_F_CNT_RETRANSMISSION",
        "description": "Uplink was flagged as re-transmission",
        "context": {"deduplication_id": "0bf37eb1-2d13-4cbb-b0a0-65ec82e75ea0"},
    }
    found = read("log", **log)
    assert found.code == "UPLINK_F_CNT_RETRANSMISSION"
    assert found.identity == read("log", **log).identity
    assert found.identity != read("log", **{**log, "code": "UPLINK_CODEC"}).identity


def test_code_with_a_nul_can_be_stored() -> None:
    assert read("log", code="UP\x00LINK").code == "UP\ufffdLINK"


def test_transmission_has_a_downlink_id_and_no_deduplication() -> None:
    one = read("txack", deduplicationId=..., downlinkId=3_435_973_836)
    other = read("txack", deduplicationId=..., downlinkId=3_435_973_837)
    assert one.kind is EventKind.TXACK
    assert one.identity != other.identity


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"[]", "wrong_type"),
        (b'{"fCnt": 1} trailing', "invalid_json"),
        (b'{"x": ' + b"[" * 100_000, "invalid_json"),
        (b'{"joinServerContext": ' + b"[" * 100_000, "invalid_json"),
        (b'{"x": "\xff"}', "invalid_utf8"),
        (b"\xff\xfe", "invalid_utf8"),
        (b'{"fCnt": "7"}', "wrong_type"),
        (b'{"fCnt": -1}', "wrong_type"),
        (b'{"fCnt": 4294967296}', "wrong_type"),
        (b'{"fPort": 256}', "wrong_type"),
        (b'{"data": "no base64!"}', "wrong_type"),
        (b'{"data": 1}', "wrong_type"),
        (b'{"rxInfo": {}}', "wrong_type"),
        (b'{"deviceInfo": "a840415711866a85"}', "wrong_type"),
        (b"{}", "no_dev_eui"),
        (b'{"deviceInfo": {"devEui": "a840415711866a8"}}', "no_dev_eui"),
        (b'{"deviceInfo": {"devEui": "a840415711866a8g"}}', "no_dev_eui"),
        (b'{"x": "' + b"x" * MAX_MESSAGE_BYTES + b'"}', "too_large"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(RejectedError) as raised:
        read_chirpstack(None, "up", payload)
    assert raised.value.reason == reason
    assert raised.value.detail


def test_unknown_event_is_rejected() -> None:
    with pytest.raises(RejectedError, match="unknown_event"):
        read("uplink")


def test_nul_in_text_is_no_reason_to_reject() -> None:
    assert read(deviceInfo={"devEui": DEVICE, "deviceName": "a\x00b"}).device == DEVICE


def test_gateways_are_read_and_a_noise_ratio_that_the_server_omits_is_zero() -> None:
    assert gateways_of(json.dumps(NEWER).encode()) == [
        Gateway(gateway_id="0016c001f1427f6e", rssi=-56, snr=0),
        Gateway(gateway_id="0016c001f1427f6f", rssi=None, snr=-2.5),
    ]


def test_payload_is_the_decoded_base64() -> None:
    raw = bytes(range(51))
    assert read(data=base64.b64encode(raw).decode()).payload == raw
