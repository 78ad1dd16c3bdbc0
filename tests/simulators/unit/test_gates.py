# SPDX-License-Identifier: EUPL-1.2
"""Simulated gates, read by the decoder's codecs and counted by parking's rules, against the truth."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from parking_occupancy.domain.balance import (
    Anchor,
    Balance,
    Balancing,
    Cause,
    Entry,
    key_of,
    take_all,
    unknown_balance,
)
from parking_occupancy.domain.gate import Gate, GateCount, GateKind, Passed
from simulators.simulated_city import MONDAY, halle, simulate
from stadttakt_messages.base import LotId
from stadttakt_simulators.clock import later, to_datetime
from stadttakt_simulators.faults import Fault, Rule, make_rule
from stadttakt_simulators.lorawan.dialects.model import Message
from stadttakt_simulators.truth import BayTruth, GateTruth, Truth
from uplink_decoder.codecs.model import CountReading
from uplink_decoder.codecs.model import Frame as CodecFrame
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.dialects import read_chirpstack, read_tts
from uplink_decoder.domain.times import choose
from uplink_decoder.domain.uplink import Uplink

LOT = "friedemann-bach-platz-kameras"
BITS = {"nord": 16, "ost": 32, "sued": 16, "west": 32}
SECONDS = 120
GATES = {device.dev_eui: device for device in halle()[0].devices if device.asset_kind == "lot_gate"}


def played(rules: dict[Fault, Rule]) -> tuple[list[Message], list[Truth]]:
    """Return two hours of cars; then a minute without, in which every gate may speak again."""
    simulation, messages = simulate(rules, speed=60), []
    for step in range(1, SECONDS * 2):
        messages += simulation.step(later(MONDAY, step * 0.5))
    return messages + simulation.air.rest(), simulation.take_records()


def counts(messages: list[Message]) -> list[GateCount]:
    found = []
    for message in messages:
        device = GATES.get(message.dev_eui)
        if device is None or message.event != "up":
            continue
        read = (
            read_chirpstack(None, "up", message.payload)
            if message.topic.startswith("application/")
            else read_tts(None, None, "up", message.payload)
        )
        assert isinstance(read, Uplink)
        decoded = NATIVE_CODECS[device.codec_id].decode(
            CodecFrame(read.f_port or 0, read.payload, to_datetime(MONDAY))
        )
        at = choose(read.times, to_datetime(later(MONDAY, 3600))).observed_at
        for number, reading in enumerate(decoded.readings):
            if isinstance(reading, CountReading):
                counted = Passed(reading.count_in, reading.count_out)
                gate = device.asset_id.partition("/")[2]
                event = f"{message.identity}:{number}"
                found.append(GateCount(event, LotId(LOT), gate, at, reading.mode, counted))
    return found


def rules() -> Balancing:
    lot = halle()[0].lots[LOT]
    gates = {
        name: Gate(
            name,
            GateKind.CAMERA,
            heartbeat_limit=timedelta(minutes=20),
            inverted=inverted,
            counter_bits=BITS[name],
        )
        for name, inverted in lot.gates.items()
    }
    return Balancing(capacity=len(lot.bays), gates=gates)


def balance(told: list[GateCount], beginning: int) -> Balance:
    start = unknown_balance(rules(), to_datetime(MONDAY))
    began = max(min(c.observed_at for c in told if c.gate == gate) for gate in rules().gates)
    anchor = Anchor("begin", LotId(LOT), began, Cause.OPERATOR, beginning, beginning)
    entries: list[Entry] = sorted({key_of(c): c for c in told}.values(), key=key_of)
    return take_all(rules(), start, sorted([*entries, anchor], key=key_of)).balance


def cars(records: list[Truth], until: str = "~") -> int:
    states = {
        record.bay_id: record.occupied
        for record in records
        if isinstance(record, BayTruth) and record.lot_id == LOT and record.time < until
    }
    return sum(states.values())


def passages(records: list[Truth]) -> list[GateTruth]:
    return [record for record in records if isinstance(record, GateTruth)]


def test_gates_roll_over_and_their_sum_is_the_number_of_cars() -> None:
    messages, records = played({})
    told = counts(messages)
    assert len(passages(records)) > 60
    assert {record.gate for record in passages(records)} == set(BITS)
    found = balance(told, cars(records, "2026-11-23T06:00:06"))
    # What passed since a gate last spoke is under way: the duty cycle keeps it quiet for seconds.
    assert abs(found.count - cars(records)) <= 4


def test_lost_and_repeated_messages_of_gates_change_nothing() -> None:
    faulty = {
        Fault.LOSS: make_rule(Fault.LOSS, probability=0.3),
        Fault.DUPLICATE: make_rule(Fault.DUPLICATE, probability=0.2),
        Fault.REORDER: make_rule(Fault.REORDER, probability=0.2, seconds=20),
    }
    messages, records = played(faulty)
    found = balance(counts(messages), cars(records, "2026-11-23T06:00:06"))
    assert abs(found.count - cars(records)) <= 6


def test_gates_miss_and_double_cars_at_the_rates_asked_for() -> None:
    faulty = {
        Fault.MISSED_VEHICLE: make_rule(Fault.MISSED_VEHICLE, probability=0.2),
        Fault.DOUBLE_VEHICLE: make_rule(Fault.DOUBLE_VEHICLE, probability=0.2),
    }
    _, records = played(faulty)
    times = Counter(record.counted for record in passages(records))
    total = sum(times.values())
    assert 0.08 * total < times[0] < 0.35 * total
    assert 0.08 * total < times[2] < 0.3 * total


def test_a_gate_that_is_reset_counts_from_zero_and_is_understood() -> None:
    rule = make_rule(Fault.GATE_RESET, probability=0.05)
    messages, records = played({Fault.GATE_RESET: rule})
    told = counts(messages)
    assert any(sum(each.counted) < 1000 for each in told)
    found = balance(told, cars(records, "2026-11-23T06:00:06"))
    # What was counted and not told before each reset is lost.
    assert abs(found.count - cars(records)) <= 8
