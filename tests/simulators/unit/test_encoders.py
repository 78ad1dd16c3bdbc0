# SPDX-License-Identifier: EUPL-1.2
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stadttakt_simulators.lorawan.encoders import BAY_ENCODERS, GATE_ENCODERS, PRESENCE_ENCODERS
from stadttakt_simulators.lorawan.encoders.model import (
    BayState,
    Frame,
    GateState,
    Occasion,
    PresenceState,
)
from uplink_decoder.codecs import model as codec_model
from uplink_decoder.codecs.registry import NATIVE_CODECS

# Two makers' start-up reports say nothing about the bay.
STATELESS_STARTUP = {"netvox-r719a", "libelium-smart-parking"}
AXIS = st.integers(-32768, 32767)
BAYS = st.builds(
    BayState,
    occupied=st.booleans(),
    previous_duration_s=st.integers(0, 200_000),
    battery_mv=st.integers(2500, 3520),
    temperature_c=st.floats(-40, 70, allow_nan=False),
    sequence=st.integers(0, 1 << 20),
    bay_number=st.integers(0, 255),
    field=st.tuples(AXIS, AXIS, AXIS),
)
COUNT = st.integers(0, 0xFFFF)


def decode(codec_id: str, frame: Frame) -> codec_model.Decoded:
    received_at = datetime(2026, 11, 23, tzinfo=UTC)
    return NATIVE_CODECS[codec_id].decode(
        codec_model.Frame(frame.f_port, frame.payload, received_at)
    )


@pytest.mark.parametrize("codec_id", BAY_ENCODERS)
@settings(deadline=None)
@given(state=BAYS, occasion=st.sampled_from(Occasion))
def test_a_bay_sensor_is_decoded_to_the_state_that_was_encoded(
    codec_id: str, state: BayState, occasion: Occasion
):
    decoded = decode(codec_id, BAY_ENCODERS[codec_id](state, occasion))
    assert decoded.warnings == ()
    if occasion is Occasion.STARTUP and codec_id in STATELESS_STARTUP:
        assert decoded.readings == ()
        return
    (reading,) = decoded.readings
    assert isinstance(reading, codec_model.BayReading)
    assert reading.occupied is state.occupied
    assert reading.suspect is (codec_id == "pni-placepod" and occasion is Occasion.STARTUP)
    if decoded.battery_mv is not None:
        assert abs(decoded.battery_mv - state.battery_mv) <= 50


TEMPERATURE_STEP_C = {
    "bosch-tps110": 1.0,
    "nwave-nps405": 0.5,
    "pni-placepod": 0.1,
    "libelium-smart-parking": 1.0,
    "tekzitel-tekzipark": 1.0,
}


@pytest.mark.parametrize("codec_id", TEMPERATURE_STEP_C)
@settings(deadline=None)
@given(state=BAYS)
def test_a_heartbeat_carries_the_temperature_to_the_step_of_its_format(
    codec_id: str, state: BayState
):
    data = decode(codec_id, BAY_ENCODERS[codec_id](state, Occasion.HEARTBEAT)).data
    temperature_c: Any = data["temperature_c"]
    assert abs(temperature_c - state.temperature_c) <= TEMPERATURE_STEP_C[codec_id] / 2 + 1e-9


@settings(deadline=None)
@given(state=BAYS)
def test_nps405_tells_the_previous_duration_within_the_error_it_admits(state: BayState):
    decoded = decode("nwave-nps405", BAY_ENCODERS["nwave-nps405"](state, Occasion.CHANGE))
    (reading,) = decoded.readings
    assert isinstance(reading, codec_model.BayReading)
    if state.previous_duration_s >= 660 * 60:
        assert reading.previous_duration_s is None
        return
    assert reading.previous_duration_s is not None
    error: Any = decoded.data["previous_duration_error_min"]
    assert 0 <= state.previous_duration_s - reading.previous_duration_s < (error + 1) * 60


@settings(deadline=None)
@given(state=BAYS, tag=st.integers(0, 0xFFFF_FFFF))
def test_nps405_registers_a_tag(state: BayState, tag: int):
    parked = BayState(occupied=True, previous_duration_s=state.previous_duration_s, tag=tag)
    frame = BAY_ENCODERS["nwave-nps405"](parked, Occasion.CHANGE)
    assert frame.f_port == 10
    assert decode("nwave-nps405", frame).data["tag_id"] == f"{tag:08X}"


@settings(deadline=None)
@given(state=BAYS, occasion=st.sampled_from([Occasion.CHANGE, Occasion.HEARTBEAT]))
def test_counters_numbers_and_axes_come_back(state: BayState, occasion: Occasion):
    libelium = decode(
        "libelium-smart-parking", BAY_ENCODERS["libelium-smart-parking"](state, occasion)
    )
    assert libelium.data["sequence"] == state.sequence % 256
    assert libelium.data["battery_low"] is (state.battery_mv < 3000)
    tekzipark = decode("tekzitel-tekzipark", BAY_ENCODERS["tekzitel-tekzipark"](state, occasion))
    assert tekzipark.data["parking_id"] == state.bay_number
    assert tekzipark.data["keep_alive"] is (occasion is Occasion.HEARTBEAT)
    dingtek = decode("dingtek-do200", BAY_ENCODERS["dingtek-do200"](state, occasion))
    assert dingtek.data["sequence"] == state.sequence % 65536
    assert dingtek.data["magnetic_field"] == dict(zip("xyz", state.field, strict=True))


@pytest.mark.parametrize("codec_id", GATE_ENCODERS)
@settings(deadline=None)
@given(
    state=st.builds(GateState, COUNT, COUNT, COUNT, COUNT, battery_percent=st.integers(0, 100)),
    occasion=st.sampled_from(Occasion),
)
def test_a_gate_counter_is_decoded_to_its_totals(
    codec_id: str, state: GateState, occasion: Occasion
):
    decoded = decode(codec_id, GATE_ENCODERS[codec_id](state, occasion))
    (reading,) = decoded.readings
    assert isinstance(reading, codec_model.CountReading)
    assert (reading.gate, reading.mode) == ("1", "cumulative")
    assert (reading.count_in, reading.count_out) == (state.total_in, state.total_out)
    if decoded.battery_percent is not None:
        assert decoded.battery_percent == state.battery_percent


@settings(deadline=None)
@given(wifi=COUNT, ble=st.none() | COUNT)
def test_a_paxcounter_is_decoded_to_its_counts(wifi: int, ble: int | None):
    frame = PRESENCE_ENCODERS["esp32-paxcounter"](PresenceState(wifi, ble), Occasion.CHANGE)
    (reading,) = decode("esp32-paxcounter", frame).readings
    assert reading == codec_model.PresenceReading(wifi, ble)


def test_a_paxcounter_starts_with_its_status():
    state = PresenceState(0, battery_mv=4100, uptime_s=216_000, cpu_temperature_c=45)
    decoded = decode(
        "esp32-paxcounter", PRESENCE_ENCODERS["esp32-paxcounter"](state, Occasion.STARTUP)
    )
    assert decoded.readings == ()
    assert decoded.battery_mv == 4100


@pytest.mark.parametrize(
    ("codec_id", "state", "occasion", "f_port", "expected"),
    [
        ("bosch-tps110", BayState(occupied=True), "change", 1, "01"),
        ("bosch-tps110", BayState(occupied=True, temperature_c=-1), "heartbeat", 2, "01ff"),
        ("nwave-nps310", BayState(occupied=False), "startup", 3, "010d000200"),
        ("nwave-nps405", BayState(occupied=True, previous_duration_s=74 * 60), "change", 1, "95"),
        (
            "nwave-nps405",
            BayState(occupied=False, battery_mv=3344, temperature_c=-10),
            "heartbeat",
            2,
            "00d3d800590b",
        ),
        (
            "nwave-nps405",
            BayState(occupied=True, previous_duration_s=162 * 60, tag=0x1F345678),
            "change",
            10,
            "d11f345678",
        ),
        ("pni-placepod", BayState(occupied=True), "change", 2, "156601"),
        (
            "netvox-r719a",
            BayState(occupied=True, battery_mv=3000),
            "change",
            6,
            "0159011e01000000000000",
        ),
        ("netvox-r719a", BayState(occupied=True), "startup", 6, "015900640b202004240000"),
        (
            "tekzitel-tekzipark",
            BayState(occupied=True, temperature_c=45, bay_number=99),
            "change",
            1,
            "a82d63",
        ),
    ],
)
def test_encoders_give_the_bytes_of_the_makers_examples(
    codec_id: str, state: BayState, occasion: str, f_port: int, expected: str
):
    frame = BAY_ENCODERS[codec_id](state, Occasion(occasion))
    assert (frame.f_port, frame.payload.hex()) == (f_port, expected)
