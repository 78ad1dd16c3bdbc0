# SPDX-License-Identifier: EUPL-1.2
"""How frames were heard, in the words of both servers."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from uplink_decoder.dialects.receptions import (
    Reception,
    read_reception,
    read_status,
)
from uplink_decoder.domain.frames import Frame, Track
from uplink_decoder.domain.health_hour import Heard, HeardFrame, combine, examine
from uplink_decoder.domain.times import read_time

SHARED = Path(__file__).parents[5] / "shared/data"
CHIRPSTACK = {
    "devAddr": "01ffe479",
    "fCnt": 7,
    "rxInfo": [
        {"gatewayId": "g1", "rssi": -56, "snr": 12.0, "location": {}},
        {"gatewayId": "g2", "rssi": -101, "location": {"latitude": 51.5, "longitude": 11.9}},
        {"rssi": -3},
    ],
    "txInfo": {"modulation": {"lora": {"spreadingFactor": 12}}},
}
TTS = {
    "uplink_message": {
        "session_key_id": "AZrt",
        "f_cnt": 32,
        "rx_metadata": [
            {"gateway_ids": {"gateway_id": "own"}, "rssi": -72, "snr": 11},
            {
                "gateway_ids": {"gateway_id": "packetbroker"},
                "packet_broker": {"forwarder_gateway_id": "eui-00", "forwarder_gateway_eui": "00"},
                "rssi": -111,
                "snr": -2.8,
            },
        ],
        "settings": {"data_rate": {"lora": {"spreading_factor": 7}}},
        "last_battery_percentage": {"f_cnt": 32, "value": 52.5},
    }
}


def read(message: Any) -> Reception:
    return read_reception(json.dumps(message).encode())


def test_chirpstack_tells_session_spreading_factor_and_gateways() -> None:
    assert read(CHIRPSTACK) == Reception(
        "01ffe479",
        12,
        (Heard("g1", -56, 12.0), Heard("g2", -101, 0.0, is_foreign=False, lat=51.5, lon=11.9)),
    )


def test_the_things_stack_tells_the_gateway_behind_packet_broker() -> None:
    assert read(TTS) == Reception(
        "AZrt",
        7,
        (Heard("own", -72, 11.0), Heard("eui-00", -111, -2.8, is_foreign=True)),
        52.5,
    )


def test_battery_of_an_earlier_frame_is_no_new_reading() -> None:
    message = {**TTS["uplink_message"], "last_battery_percentage": {"f_cnt": 31, "value": 52.5}}
    assert read({"uplink_message": message}).battery_percent is None
    first = {"session_key_id": "a", "last_battery_percentage": {"value": 80.0}}
    assert read({"uplink_message": first}).battery_percent == 80.0


def test_impossible_figures_are_left_out() -> None:
    place = {"latitude": 91, "longitude": 11.9}
    message = {
        "rxInfo": [{"gatewayId": "g", "rssi": 1e300, "snr": -1e300, "location": place}] * 100,
        "txInfo": {"modulation": {"lora": {"spreadingFactor": 99}}},
    }
    found = read(message)
    assert set(found.heard) == {Heard("g", None, None)}
    assert len(found.heard) == 64
    assert found.spreading_factor is None
    battery = {"last_battery_percentage": {"value": 1e300}}
    assert read({"uplink_message": battery}).battery_percent is None


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"rxInfo": 7}'])
def test_unreadable_message_was_heard_by_nobody(raw: bytes) -> None:
    assert read_reception(raw) == Reception()
    assert read_status(raw) == (None, None, False)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"margin": 10, "batteryLevel": 87.5}, (87.5, 10, False)),
        ({"batteryLevel": 0, "batteryLevelUnavailable": True}, (None, None, False)),
        ({"margin": -3, "batteryLevel": 0, "externalPowerSource": True}, (None, -3, True)),
        ({"batteryLevel": 101}, (None, None, False)),
        ({"margin": 32}, (None, None, False)),
        ({"margin": 10**38}, (None, None, False)),
    ],
)
def test_status_tells_battery_and_margin_where_it_knows_them(status: Any, expected: Any) -> None:
    assert read_status(json.dumps(status).encode()) == expected


def test_hours_joined_tell_strongest_weakest_and_weighted_mean() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)

    def hour(number: int, *rssi: float) -> Any:
        frames = [
            HeardFrame(Frame(at, f_cnt), (Heard("g", value, 5.0),), 9)
            for f_cnt, value in enumerate(rssi, number)
        ]
        return examine(frames, [90.0], Track())[0]

    both = combine([hour(0, -100.0), hour(1, -80.0, -90.0)])
    signal = both.gateways["g"]
    assert (signal.frames, signal.rssi_max, signal.rssi_min, signal.rssi_mean) == (
        3,
        -80,
        -100,
        -90,
    )
    assert (both.best.rssi_max, both.spreading, both.battery_percent) == (-80, {9: 3}, 90.0)


def test_real_captures_are_heard_by_their_gateways() -> None:
    captures = {}
    for name in ("chirpstack_v4", "ttn_v3"):
        path = SHARED / "lorawan" / f"{name}.jsonl"
        if not path.exists():
            pytest.skip("the shared captures are not here")
        captures[name] = [json.loads(line)["msg"] for line in path.read_text().splitlines()]
    found = [read(message) for message in captures["chirpstack_v4"][:3]]
    assert [(r.session, r.spreading_factor, len(r.heard)) for r in found] == [
        ("01ffe479", 12, 1),
        ("3610bd78", 7, 2),
        ("fe00483c", None, 1),
    ]
    stack = [read(message) for message in captures["ttn_v3"][:3]]
    assert [r.heard[0].gateway_id for r in stack] == [
        "multicare-gateway-03",
        "eui-0242020000247803",
        "eui-0015fcc23d0dd9be",
    ]
    assert stack[0].battery_percent is None


def test_a_quarter_of_a_year_of_a_real_device_is_accounted_for() -> None:
    path = SHARED / "lorawan_chirpstack_v3_campusiot/d1d1e80000000033_campusiot.ndjson.gz"
    if not path.exists():
        pytest.skip("the shared captures are not here")
    frames = []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            message = json.loads(line)
            if message.get("fCnt") is None or not message.get("rxInfo"):
                continue
            heard = tuple(
                Heard(rx["gatewayID"], rx["rssi"], rx.get("loRaSNR", 0)) for rx in message["rxInfo"]
            )
            at = read_time(message["_date"])
            assert at is not None
            frames.append(HeardFrame(Frame(at, message["fCnt"]), heard))
    hour, _ = examine(frames, [], Track())
    counts = hour.counts
    assert counts.frames + counts.repeated == len({each.frame for each in frames})
    assert len(hour.gateways) == 11
    assert 0 <= counts.lost < counts.frames
    assert counts.resets < 20
