# SPDX-License-Identifier: EUPL-1.2
"""What holds for every native codec, whatever bytes arrive on whatever port."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.codecs.model import (
    BayReading,
    CodecError,
    CountReading,
    Decoded,
    EnvironmentReading,
    Reading,
)
from uplink_decoder.codecs.registry import NATIVE_CODECS

Decode = Callable[[str, int, bytes], Decoded]

CODEC_IDS = sorted(NATIVE_CODECS)
LONGEST_NPS405_DURATION_S = 36_000


def known_frames() -> list[tuple[int, bytes]]:
    frames = []
    for path in sorted((Path(__file__).parent / "vectors").glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        frames += [(v["f_port"], bytes.fromhex(v["hex"])) for v in content["vectors"]]
    return frames


KNOWN_FRAMES = known_frames()


@st.composite
def damaged_frames(draw: st.DrawFn) -> tuple[int, bytes]:
    f_port, payload = draw(st.sampled_from(KNOWN_FRAMES))
    damaged = bytearray(payload)
    for _ in range(draw(st.integers(0, 3))):
        if damaged:
            damaged[draw(st.integers(0, len(damaged) - 1))] = draw(st.integers(0, 255))
    return f_port, bytes(damaged) + draw(st.binary(max_size=4))


FRAMES = st.one_of(
    st.tuples(st.integers(0, 255), st.binary(max_size=64)),
    st.tuples(st.sampled_from([1, 2, 3, 6, 7, 10, 85]), st.binary(max_size=24)),
    damaged_frames(),
)


def attempt(decode: Decode, codec_id: str, frame: tuple[int, bytes]) -> Decoded | str:
    try:
        return decode(codec_id, *frame)
    except CodecError as error:
        return str(error)


def assert_in_range(reading: Reading) -> None:
    if reading.observed_at is not None:
        assert reading.observed_at.tzinfo is UTC
    if isinstance(reading, BayReading):
        assert isinstance(reading.occupied, bool)
        duration = reading.previous_duration_s
        assert duration is None or 0 <= duration <= LONGEST_NPS405_DURATION_S
    elif isinstance(reading, CountReading):
        assert reading.gate in {"1", "2", "3", "4"}
        assert 0 <= reading.count_in < 2**32
        assert 0 <= reading.count_out < 2**32
        assert reading.mode == "cumulative" or max(reading.count_in, reading.count_out) < 2**16
    elif isinstance(reading, EnvironmentReading):
        assert reading.measured
        assert all(-3276.8 <= each.value <= 3276.7 for each in reading.measured)
    else:
        assert all(n is None or 0 <= n < 2**16 for n in (reading.wifi, reading.ble))


@pytest.mark.parametrize("codec_id", CODEC_IDS)
@given(frame=FRAMES)
def test_any_frame_is_decoded_in_range_or_refused_and_always_alike(
    codec_id: str, decode: Decode, frame: tuple[int, bytes]
) -> None:
    result = attempt(decode, codec_id, frame)
    assert result == attempt(decode, codec_id, frame)
    if isinstance(result, str):
        assert result.startswith("byte ")
        return
    for reading in result.readings:
        assert_in_range(reading)
    assert result.battery_mv is None or 0 <= result.battery_mv <= 2**16 * 10
    assert result.battery_percent is None or 0 <= result.battery_percent <= 100
    json.dumps(dict(result.data), allow_nan=False)


@pytest.mark.parametrize("codec_id", CODEC_IDS)
@pytest.mark.parametrize("f_port", [0, 224, 255])
@given(payload=st.binary(max_size=32))
def test_ports_of_the_protocol_are_always_refused(
    codec_id: str, decode: Decode, f_port: int, payload: bytes
) -> None:
    with pytest.raises(CodecError):
        decode(codec_id, f_port, payload)


@pytest.mark.parametrize("codec_id", CODEC_IDS)
def test_empty_payload_is_refused(codec_id: str, decode: Decode) -> None:
    with pytest.raises(CodecError, match=r"^byte 0: the payload is empty$"):
        decode(codec_id, 1, b"")


@given(minutes=st.integers(0, 89), occupied=st.booleans())
def test_short_nps405_durations_survive_encoding(
    decode: Decode, minutes: int, *, occupied: bool
) -> None:
    decoded = decode("nwave-nps405", 1, bytes([minutes << 1 | occupied]))
    assert decoded.readings == (BayReading(occupied, previous_duration_s=60 * minutes),)


@given(code=st.integers(0, 125))
def test_nps405_durations_grow_with_their_code(decode: Decode, code: int) -> None:
    (shorter,) = decode("nwave-nps405", 1, bytes([code << 1])).readings
    (longer,) = decode("nwave-nps405", 1, bytes([code + 1 << 1])).readings
    assert isinstance(shorter, BayReading)
    assert isinstance(longer, BayReading)
    assert shorter.previous_duration_s is not None
    assert longer.previous_duration_s is not None
    assert shorter.previous_duration_s < longer.previous_duration_s


@given(wifi=st.integers(0, 2**16 - 1), ble=st.integers(0, 2**16 - 1))
def test_both_paxcounter_formats_say_the_same_in_their_byte_order(
    decode: Decode, wifi: int, ble: int
) -> None:
    packed = wifi.to_bytes(2, "little") + ble.to_bytes(2, "little")
    plain = wifi.to_bytes(2, "big") + ble.to_bytes(2, "big")
    assert decode("esp32-paxcounter", 1, packed) == decode("esp32-paxcounter-plain", 1, plain)
