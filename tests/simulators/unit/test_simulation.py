# SPDX-License-Identifier: EUPL-1.2
import json
from collections import Counter
from itertools import pairwise

import pytest

from simulators.simulated_city import MONDAY, halle, simulate
from stadttakt_simulators.clock import later, to_datetime
from stadttakt_simulators.faults import Fault, make_rule
from stadttakt_simulators.lorawan.dialects.model import Message
from stadttakt_simulators.simulation import Simulation
from stadttakt_simulators.truth import BayTruth, FaultTruth, Truth, UplinkTruth
from uplink_decoder.codecs.model import BayReading, CodecError
from uplink_decoder.codecs.model import Frame as CodecFrame
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.dialects import read_chirpstack, read_tts
from uplink_decoder.domain.times import choose
from uplink_decoder.domain.uplink import RejectedError, Uplink

CODEC_OF = {device.dev_eui: device.codec_id for device in halle()[0].devices}
BAY_OF = {device.dev_eui: device.asset_id for device in halle()[0].devices}


def play(
    simulation: Simulation, seconds: int, tick_s: float = 0.5
) -> tuple[list[Message], list[Truth]]:
    messages = []
    for step in range(1, round(seconds / tick_s) + 1):
        messages += simulation.step(later(MONDAY, step * tick_s))
    return messages, simulation.take_records()


def settle(simulation: Simulation) -> list[Message]:
    return simulation.air.rest()


def uplinks(messages: list[Message]) -> list[Uplink]:
    read = []
    for message in messages:
        if message.event != "up":
            continue
        if message.topic.startswith("application/"):
            read.append(read_chirpstack(None, "up", message.payload))
        else:
            read.append(read_tts(None, None, "up", message.payload))
    return [uplink for uplink in read if isinstance(uplink, Uplink)]


def faults(records: list[Truth], fault: Fault) -> list[FaultTruth]:
    return [
        record for record in records if isinstance(record, FaultTruth) and record.fault == fault
    ]


def bay_states(messages: list[Message]) -> dict[str, bool]:
    """The newest state of each bay that the decoder's own parts read off the messages."""
    newest = {}
    for uplink in uplinks(messages):
        received = to_datetime(later(MONDAY, 3600))
        observed = choose(uplink.times, received).observed_at
        frame = CodecFrame(uplink.f_port, uplink.payload, received)
        try:
            readings = NATIVE_CODECS[CODEC_OF[uplink.device]].decode(frame).readings
        except (CodecError, KeyError):
            continue
        for reading in readings:
            if isinstance(reading, BayReading):
                key = (observed, uplink.f_cnt)
                if uplink.device not in newest or newest[uplink.device][0] <= key:
                    newest[uplink.device] = (key, reading.occupied)
    return {BAY_OF[device]: occupied for device, (_, occupied) in newest.items()}


def true_states(records: list[Truth]) -> dict[str, bool]:
    """Return the real state of every bay that has a sensor."""
    return {
        record.bay_id: record.occupied
        for record in records
        if isinstance(record, BayTruth) and "-unsensed-" not in record.bay_id
    }


def test_seconds_after_the_start_every_bay_is_known_and_right():
    messages, records = play(simulate(speed=0.001), 6)
    assert len(bay_states(messages)) == 416
    assert bay_states(messages) == true_states(records)
    joins = Counter(message.event for message in messages)["join"]
    assert joins == 434


def test_every_bay_is_known_soon_even_when_a_tenth_is_lost():
    rules = {Fault.LOSS: make_rule(Fault.LOSS, probability=0.1)}
    messages, _ = play(simulate(rules, speed=0.001), 20)
    assert len(bay_states(messages)) == 416


def test_after_an_hour_of_cars_the_bays_stand_as_the_truth_says():
    simulation = simulate()
    messages, records = play(simulation, 60)
    assert sum(isinstance(record, BayTruth) for record in records) > 416 + 50
    # The duty cycle may keep a sensor quiet for some seconds after the last change.
    seen, true = bay_states(messages), true_states(records)
    assert sum(seen[bay] != true[bay] for bay in true) <= 12


def test_the_same_seed_repeats_every_message_and_fault():
    rules = {fault: make_rule(fault, probability=0.05) for fault in Fault if fault != Fault.SILENT}
    first, second = (play(simulate(rules), 20) for _ in range(2))
    assert first == second
    assert first != play(simulate(rules, seed=8), 20)


def test_frame_counters_rise_by_one_within_a_session():
    messages, records = play(simulate(), 60)
    counters: dict[str, list[int]] = {}
    for record in records:
        if isinstance(record, UplinkTruth):
            counters.setdefault(record.dev_eui, []).append(record.f_cnt)
    assert all(b == a + 1 for values in counters.values() for a, b in pairwise(values))
    assert all(values[0] == 0 for values in counters.values())
    assert len({uplink.identity for uplink in uplinks(messages)}) == len(uplinks(messages))


def test_a_duplicate_is_the_same_message_twice_and_on_record():
    simulation = simulate({Fault.DUPLICATE: make_rule(Fault.DUPLICATE, probability=0.2)})
    messages, records = play(simulation, 20)
    messages += settle(simulation)
    times = Counter(
        (message.identity, message.payload) for message in messages if message.event == "up"
    )
    assert set(times.values()) == {1, 2}
    twice = {identity for (identity, _), count in times.items() if count == 2}
    assert twice == {record.identity for record in faults(records, Fault.DUPLICATE)}


def test_a_lost_uplink_leaves_a_gap_in_the_counter_only():
    messages, records = play(simulate({Fault.LOSS: make_rule(Fault.LOSS, probability=0.2)}), 20)
    lost = {record.identity for record in faults(records, Fault.LOSS)}
    assert lost
    assert lost.isdisjoint(message.identity for message in messages)
    undelivered = {
        record.identity
        for record in records
        if isinstance(record, UplinkTruth) and not record.delivered
    }
    assert undelivered == lost


def test_a_reordered_uplink_keeps_its_time_and_comes_after_newer_ones():
    rules = {Fault.REORDER: make_rule(Fault.REORDER, probability=0.2, seconds=10)}
    simulation = simulate(rules)
    messages, records = play(simulation, 20)
    messages += settle(simulation)
    late = {record.identity for record in faults(records, Fault.REORDER)}
    order = [message.identity for message in messages if message.event == "up"]
    assert late <= set(order)
    sent = [uplink.times.gateway or uplink.times.network_server for uplink in uplinks(messages)]
    assert sent != sorted(sent, key=str)


@pytest.mark.parametrize(
    ("fault", "seconds", "flag"),
    [(Fault.LATE_TIME, 40 * 86_400, "old_time"), (Fault.FUTURE_TIME, 3600, "future_time")],
)
def test_wrong_clocks_are_what_the_decoder_objects_to(fault: Fault, seconds: float, flag: str):
    simulation = simulate({fault: make_rule(fault, probability=0.2, seconds=seconds)})
    messages, records = play(simulation, 20)
    messages += settle(simulation)
    received = to_datetime(later(MONDAY, 20))
    times = {uplink.identity: choose(uplink.times, received) for uplink in uplinks(messages)}
    hits = {record.identity: record.detail for record in faults(records, fault)}
    assert {identity for identity, chosen in times.items() if flag in chosen.flags} <= set(hits)
    for identity, detail in hits.items():
        chosen = times[str(identity)]
        if detail.startswith("all clocks"):
            assert (chosen.time_source, chosen.flags) == ("received", (flag,))
        else:
            assert chosen.time_source != "received", "the server's clock is right"


def test_a_counter_reset_is_logged_by_chirpstack_and_begins_a_session_on_both():
    simulation = simulate({Fault.COUNTER_RESET: make_rule(Fault.COUNTER_RESET, probability=0.1)})
    messages, records = play(simulation, 20)
    messages += settle(simulation)
    resets = faults(records, Fault.COUNTER_RESET)
    logs = [message for message in messages if message.event == "log"]
    assert {json.loads(log.payload)["code"] for log in logs} == {"UPLINK_F_CNT_RESET"}
    assert {log.identity for log in logs} == {
        record.identity for record in resets if record.identity
    }
    joins = Counter(message.event for message in messages)["join"]
    assert joins == 434 + len(resets)


def test_a_retransmission_is_a_log_of_chirpstack_only():
    simulation = simulate({Fault.RETRANSMISSION: make_rule(Fault.RETRANSMISSION, probability=0.1)})
    messages, records = play(simulation, 20)
    messages += settle(simulation)
    codes = Counter(
        json.loads(message.payload)["code"] for message in messages if message.event == "log"
    )
    assert codes == {"UPLINK_F_CNT_RETRANSMISSION": len(faults(records, Fault.RETRANSMISSION))}


def test_unknown_devices_are_in_no_list():
    rules = {Fault.UNKNOWN_DEVICE: make_rule(Fault.UNKNOWN_DEVICE, probability=0.1)}
    messages, records = play(simulate(rules), 20)
    strangers = {uplink.device for uplink in uplinks(messages)} - set(CODEC_OF)
    assert strangers == {record.dev_eui for record in faults(records, Fault.UNKNOWN_DEVICE)}
    assert len(strangers) == 3


def test_a_named_unknown_device_speaks_on_its_own():
    rule = make_rule(Fault.UNKNOWN_DEVICE, devices=["02aaaaaaaaaaaaaa"])
    messages, _ = play(simulate({Fault.UNKNOWN_DEVICE: rule}), 6)
    assert {uplink.device for uplink in uplinks(messages)} - set(CODEC_OF) == {"02aaaaaaaaaaaaaa"}


def test_a_broken_payload_is_on_record_with_its_bytes():
    rules = {Fault.BROKEN_PAYLOAD: make_rule(Fault.BROKEN_PAYLOAD, probability=0.2)}
    messages, records = play(simulate(rules), 20)
    payloads = {
        record.identity: record.payload_hex for record in records if isinstance(record, UplinkTruth)
    }
    assert faults(records, Fault.BROKEN_PAYLOAD)
    assert all(payloads[uplink.identity] == uplink.payload.hex() for uplink in uplinks(messages))


def test_wrong_json_is_rejected_by_the_decoder_and_on_record():
    rules = {Fault.WRONG_JSON: make_rule(Fault.WRONG_JSON, probability=0.2)}
    simulation = simulate(rules)
    messages, records = play(simulation, 20)
    messages += settle(simulation)
    rejected = set()
    for message in messages:
        try:
            uplinks([message])
        except RejectedError:
            rejected.add(message.identity)
    assert rejected == {record.identity for record in faults(records, Fault.WRONG_JSON)}


def test_a_silent_sensor_says_nothing_from_its_time_on():
    device = next(device for device, bay in BAY_OF.items() if bay == "ratshof-01")
    rule = make_rule(Fault.SILENT, devices=[device], seconds=10)
    messages, records = play(simulate({Fault.SILENT: rule}, speed=3600), 40)
    times = [
        record.time
        for record in records
        if isinstance(record, UplinkTruth) and record.dev_eui == device
    ]
    assert times
    assert max(times) <= "2026-11-23T06:00:10.5"
    assert any(
        isinstance(record, BayTruth)
        and record.bay_id == "ratshof-01"
        and record.time > "2026-11-23T06:00:11"
        for record in records
    ), "the cars go on"
    assert messages


def test_a_share_of_sensors_falls_silent():
    rule = make_rule(Fault.SILENT, probability=0.25, seconds=5)
    _, records = play(simulate({Fault.SILENT: rule}), 10)
    assert 70 < len(faults(records, Fault.SILENT)) < 140


def test_several_gateways_hear_a_device_in_the_centre():
    messages, _ = play(simulate(), 6)
    chirpstack = [
        json.loads(message.payload)
        for message in messages
        if message.event == "up" and message.topic.startswith("application/")
    ]
    assert max(len(body["rxInfo"]) for body in chirpstack) >= 3
    factors = {body["txInfo"]["modulation"]["lora"]["spreadingFactor"] for body in chirpstack}
    assert 7 in factors
