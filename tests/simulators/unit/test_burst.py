# SPDX-License-Identifier: EUPL-1.2
import json
import threading
import uuid
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.simulated_city import HALLE, MONDAY
from stadttakt_simulators.burst import (
    BurstDevice,
    Pace,
    burst_devices,
    burst_pool,
    city_devices,
    packets,
    run_burst,
    write_devices,
)
from stadttakt_simulators.clock import SECOND, rfc3339, to_datetime
from stadttakt_simulators.publisher import Broker
from uplink_decoder.city import read_devices
from uplink_decoder.codecs.model import BayReading, Frame
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.dialects import read_chirpstack
from uplink_decoder.domain.uplink import Uplink


@pytest.mark.parametrize("devices", [burst_devices(7), city_devices(HALLE)[:16]])
def test_the_decoder_reads_each_message_as_the_log_will_tell_it(devices: list[BurstDevice]):
    codecs = {device.dev_eui: device.codec_id for device in devices}
    for message in burst_pool(50, devices, started=MONDAY, spacing_ns=SECOND):
        uplink = read_chirpstack(None, "up", message.payload)
        assert isinstance(uplink, Uplink)
        assert (uplink.device, uplink.identity) == (message.dev_eui, message.identity)
        assert uplink.times.gateway is not None
        frame = Frame(uplink.f_port, uplink.payload, to_datetime(MONDAY))
        (reading,) = NATIVE_CODECS[codecs[message.dev_eui]].decode(frame).readings
        assert isinstance(reading, BayReading)
        assert reading.occupied is message.occupied


def test_a_devices_messages_alternate_with_rising_times_and_counters():
    pool = burst_pool(30, burst_devices(3), started=MONDAY, spacing_ns=1000)
    assert [message.time for message in pool] == sorted(message.time for message in pool)
    of_first = pool[::3]
    assert all(a.occupied is not b.occupied for a, b in pairwise(of_first))
    assert [json.loads(message.payload)["fCnt"] for message in of_first] == list(range(10))
    assert {message.dev_eui for message in of_first} == {pool[0].dev_eui}


def test_identities_are_uuids_unique_and_repeatable_by_seed():
    first, again, other = (
        burst_pool(500, burst_devices(10), started=MONDAY, seed=seed) for seed in (1, 1, 2)
    )
    identities = [message.identity for message in first]
    assert len(set(identities)) == 500
    assert all(uuid.UUID(identity).version == 4 for identity in identities)
    assert first == again
    assert set(identities).isdisjoint(message.identity for message in other)


def test_a_message_is_about_a_kilobyte():
    (message,) = burst_pool(1, burst_devices(1), started=MONDAY)
    assert 950 <= len(message.payload) <= 1150
    assert json.loads(message.payload)["time"] == rfc3339(MONDAY, "+00:00")


def test_the_devices_file_is_one_that_the_decoder_imports(tmp_path: Path):
    write_devices(tmp_path / "devices.csv", burst_devices(5))
    rows = read_devices(tmp_path)
    assert [row.line.asset_id for row in rows] == [f"burst-{number:05d}" for number in range(1, 6)]


@settings(deadline=None)
@given(size=st.integers(0, 268_435_455))
def test_a_length_takes_one_to_four_bytes_and_marks_all_but_the_last(size: int):
    digits = packets.length(size)
    assert sum((digit & 0x7F) << 7 * place for place, digit in enumerate(digits)) == size
    assert [bool(digit & 0x80) for digit in digits] == [True] * (len(digits) - 1) + [False]


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 300), max_size=8), cut=st.integers(0, 2500))
def test_packets_are_found_however_the_stream_is_cut(sizes: list[int], cut: int):
    stream = b"".join(b"\x40" + packets.length(size) + bytes(size) for size in sizes)
    buffer, found = bytearray(), []
    for part in (stream[:cut], stream[cut:]):
        buffer += part
        found += packets.split(buffer)
    assert [(packet.kind, len(packet.body)) for packet in found] == [(0x40, size) for size in sizes]
    assert not buffer


def test_the_receive_maximum_is_found_among_other_properties():
    properties = bytes.fromhex("1200036162632100142a01")
    connack = memoryview(bytes([0, 0, len(properties)]) + properties)
    assert packets.receive_maximum(connack) == 20
    assert packets.receive_maximum(memoryview(b"\0\0\0")) == 0xFFFF
    with pytest.raises(packets.ProtocolError, match="0x87"):
        packets.receive_maximum(memoryview(b"\0\x87\0"))


def test_without_a_broker_nothing_is_acknowledged_and_the_deadline_ends_it():
    pool = burst_pool(3, burst_devices(1), started=MONDAY)
    said: list[str] = []
    result = run_burst(
        pool, Broker.parse("mqtt://127.0.0.1:9"), Pace(deadline_s=0.3), say=said.append
    )
    assert result.acknowledged == 0
    assert set(result.acked_at) == {0}
    assert said


def test_a_burst_stops_when_told():
    stop = threading.Event()
    stop.set()
    pool = burst_pool(3, burst_devices(1), started=MONDAY)
    assert run_burst(pool, Broker.parse("mqtt://127.0.0.1:9"), Pace(), stop=stop).seconds < 1
