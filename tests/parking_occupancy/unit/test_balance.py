# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.balance import (
    Balance,
    Balancing,
    Cause,
    Entry,
    Taken,
    key_of,
    take_all,
    unknown_balance,
)
from parking_occupancy.domain.counted_lot import inside
from parking_occupancy.domain.gate import Finding, GateKind, Passed

from .building import T0
from .counted import anchor, counted, make_gate, make_rules

RULES = make_rules(10)


def after(*entries: Entry, rules: Balancing = RULES) -> Taken:
    return take_all(rules, unknown_balance(rules, T0), sorted(entries, key=key_of))


def causes(taken: Taken) -> list[tuple[Cause, int]]:
    return [(each.cause, each.amount) for each in taken.corrections]


def test_before_the_first_reset_anything_may_be_true() -> None:
    assert inside(RULES, unknown_balance(RULES, T0)) == inside(
        RULES, after(counted(1, 0, 0)).balance
    )
    found = inside(RULES, after(counted(1, 0, 0)).balance)
    assert (found.lowest, found.highest) == (0, 10)


def test_traffic_alone_narrows_what_may_be_true() -> None:
    balance = after(counted(1, 7, 0), counted(2, 0, 6)).balance
    # At least 7 were inside after the first message, so at most 3 before it.
    assert (balance.lowest, balance.highest) == (1, 4)
    assert after(counted(1, 7, 0), counted(2, 0, 6)).corrections == ()


def test_count_is_the_reset_and_the_net_flow_since() -> None:
    taken = after(anchor(0, 4), counted(1, 3, 1), counted(2, 1, 2))
    assert (taken.balance.count, taken.corrections) == (5, ())


def test_a_vehicle_that_leaves_an_empty_lot_corrects_by_the_least() -> None:
    taken = after(anchor(0, 1), counted(1, 0, 3))
    assert (taken.balance.count, causes(taken)) == (0, [(Cause.LEFT_WHEN_EMPTY, 2)])
    assert (taken.balance.lowest, taken.balance.highest) == (0, 2)


def test_a_vehicle_that_enters_a_full_lot_corrects_by_the_least() -> None:
    taken = after(anchor(0, 9), counted(1, 4, 0))
    assert (taken.balance.count, causes(taken)) == (10, [(Cause.ENTERED_WHEN_FULL, -3)])


def test_vehicles_that_look_for_a_place_may_be_inside_a_full_lot() -> None:
    rules = make_rules(10, overfill=2)
    taken = after(anchor(0, 9), counted(1, 3, 0), rules=rules)
    assert (taken.balance.count, taken.corrections) == (12, ())
    assert inside(rules, taken.balance).likely == 10


def test_known_empty_hours_show_what_had_drifted() -> None:
    taken = after(anchor(0, 0), counted(1, 9, 4), anchor(2, 0, Cause.KNOWN_EMPTY))
    assert (taken.balance.count, causes(taken)) == (0, [(Cause.KNOWN_EMPTY, -5)])


@pytest.mark.parametrize(("inside_told", "number"), [(11, 10), (-1, 0)])
def test_a_barrier_whose_number_cannot_be_is_heard_and_told_of(
    inside_told: int, number: int
) -> None:
    rules = make_rules(10, make_gate(kind=GateKind.BARRIER))
    told = counted(2, 3, 1, inside=inside_told)
    taken = take_all(rules, unknown_balance(rules, T0), [anchor(1, 4), told])
    assert taken.balance.count == number
    assert taken.balance.gates["nord"].passed == Passed(3, 1)
    assert taken.findings == ((told, Finding.IMPOSSIBLE),)
    likely = take_all(rules, unknown_balance(rules, T0), [counted(2, 3, 1, inside=10)])
    assert likely.findings == ()


def test_a_barrier_that_knows_who_is_inside_is_believed() -> None:
    rules = make_rules(10, make_gate(kind=GateKind.BARRIER))
    taken = after(anchor(0, 3), counted(1, 2, 1, inside=6), rules=rules)
    assert (taken.balance.count, causes(taken)) == (6, [(Cause.BARRIER, 2)])
    camera = after(anchor(0, 3), counted(1, 2, 1, inside=6))
    assert (camera.balance.count, camera.corrections) == (4, ())


def test_sensed_bays_bound_the_count() -> None:
    taken = after(anchor(0, 2), counted(1, 1, 0), anchor(2, 5, Cause.SENSED_BAYS, highest=8))
    assert (taken.balance.count, causes(taken)) == (5, [(Cause.SENSED_BAYS, 2)])
    # By two it was wrong; it may be by as much again.
    assert (taken.balance.lowest, taken.balance.highest) == (5, 7)


def test_a_sensed_share_pulls_the_less_the_surer_the_count_is() -> None:
    rules = make_rules(100, make_gate(kind=GateKind.LOOP))
    share = anchor(9, 60, Cause.SENSED_SHARE, highest=70)
    fresh = after(anchor(0, 50), counted(1, 1, 1), share, rules=rules).balance
    busy = [counted(n / 100, 30, 30) for n in range(1, 60)]
    late = after(anchor(0, 50), *busy, share, rules=rules).balance
    assert fresh.count == 50
    assert 55 <= late.count <= 65
    assert late.deviation(rules) < after(anchor(0, 50), *busy, rules=rules).balance.deviation(rules)


def test_uncertainty_grows_with_traffic_and_ends_with_a_reset() -> None:
    rules = make_rules(200)
    widths = []
    for many in (0, 100, 1000):
        balance = after(anchor(0, 100), counted(1, many, many), rules=rules).balance
        found = inside(rules, balance)
        widths.append(found.highest - found.lowest)
    assert widths[0] == 0
    assert widths[0] < widths[1] < widths[2]
    reset = after(anchor(0, 100), counted(1, 1000, 1000), anchor(2, 100), rules=rules).balance
    assert inside(rules, reset).lowest == inside(rules, reset).highest == 100


def test_what_resets_find_again_and_again_is_taken_off_beforehand() -> None:
    """A gate that misses every twentieth vehicle going out."""
    rules = make_rules(500, make_gate(kind=GateKind.LOOP))
    entries: list[Entry] = [anchor(0, 0)]
    for day in range(1, 11):
        base = day * 86_400
        entries += [counted(base + n, 20, 0) for n in range(20)]
        entries += [counted(base + 100 + n, 0, 19) for n in range(20)]
        entries.append(anchor(base + 1000, 0, Cause.KNOWN_EMPTY))
    taken = after(*entries, rules=rules)
    nightly = [-each.amount for each in taken.corrections if each.cause is Cause.KNOWN_EMPTY]
    assert nightly[0] == 20
    assert all(abs(found) <= 4 for found in nightly[5:])
    known = taken.balance.miscounts
    assert known is not None
    inwards, outwards = known.of_gate("nord")
    assert inwards.mean - outwards.mean * 19 / 20 == pytest.approx(0.05, abs=0.01)


def test_a_wrong_reset_teaches_little_and_is_unlearned() -> None:
    rules = make_rules(500)
    entries: list[Entry] = [
        anchor(0, 0),
        counted(1, 100, 100),
        anchor(2, 300),
        counted(3, 100, 100),
    ]
    misled = after(*entries, rules=rules).balance
    assert abs(misled.count - 300) <= 6
    for day in range(1, 6):
        entries += [counted(day * 9000, 100, 100), anchor(day * 9000 + 1, misled.count)]
    nightly = [each.amount for each in after(*entries, rules=rules).corrections]
    assert abs(nightly[-1]) <= 1


def test_a_known_rate_is_taken_off_from_the_beginning() -> None:
    rules = make_rules(500, make_gate(miss_rate=0.1))
    taken = after(anchor(0, 100), *[counted(n, 0, 10) for n in range(1, 6)], rules=rules)
    # 50 were seen to leave, ten in a hundred are missed.
    assert taken.balance.count == 100 - 50 - 5
    assert sum(amount for cause, amount in causes(taken) if cause is Cause.LEARNED) == -5


def test_a_real_gate_ends_what_simulated_ones_said() -> None:
    made_up = [counted(1, 3, 0, simulated=True), counted(5, 3, 0, simulated=True, event="late")]
    taken = after(anchor(0, 4), *made_up, counted(3, 1, 0))
    assert (taken.balance.simulated, taken.balance.anchored_at) == (False, None)
    assert taken.balance.traffic == {"nord": Passed(1, 0)}


def test_counts_of_a_gate_that_is_no_more_are_left_out() -> None:
    assert after(anchor(0, 4), counted(1, 3, 0, gate="weg")).balance.count == 4


def test_a_lot_without_places_crashes_nothing() -> None:
    rules = make_rules(0)
    taken = after(anchor(0, 0), counted(1, 3, 1), rules=rules)
    assert (taken.balance.count, inside(rules, taken.balance).highest) == (0, 0)


GATES = make_rules(
    6, make_gate("nord", bits=16), make_gate("sued", kind=GateKind.BARRIER, miss_rate=0.05)
)
small = st.integers(0, 9)
counts = st.builds(
    counted,
    st.integers(0, 4000),
    small,
    small,
    mode=st.sampled_from(["delta", "cumulative"]),
    gate=st.sampled_from(["nord", "sued", "weg"]),
    event=st.uuids().map(str),
    inside=st.none() | small,
)
anchors = st.builds(
    anchor,
    st.integers(0, 4000),
    small,
    st.sampled_from([c for c in Cause if c != Cause.LEARNED]),
)
logs = st.lists(counts | anchors, max_size=30, unique_by=key_of)


@given(logs)
def test_no_count_is_negative_or_above_the_capacity(log: Sequence[Entry]) -> None:
    balance = unknown_balance(GATES, T0)
    for entry in sorted(log, key=key_of):
        balance = take_all(GATES, balance, [entry]).balance
        found = inside(GATES, balance)
        assert 0 <= balance.count <= GATES.capacity
        assert 0 <= found.lowest <= found.likely <= found.highest <= GATES.capacity


@given(logs)
def test_flows_and_corrections_make_up_the_count_exactly(log: Sequence[Entry]) -> None:
    balance, expected = unknown_balance(GATES, T0), 0
    for entry in sorted(log, key=key_of):
        before = balance
        taken = take_all(GATES, balance, [entry])
        balance = taken.balance
        if before.anchored_at is None:
            expected = balance.count
            continue
        flow = _passed(balance) - _passed(before)
        expected += flow + sum(each.amount for each in taken.corrections)
        assert balance.count == expected


def _passed(balance: Balance) -> int:
    tracks = balance.gates.values()
    return sum(track.passed.inwards - track.passed.outwards for track in tracks)


@given(logs, st.integers(0, 30))
def test_counting_on_from_a_checkpoint_is_counting_at_once(log: Sequence[Entry], cut: int) -> None:
    ordered = sorted(log, key=key_of)
    start = unknown_balance(GATES, T0)
    once = take_all(GATES, start, ordered)
    first = take_all(GATES, start, ordered[:cut])
    second = take_all(GATES, first.balance, ordered[cut:])
    assert once.balance == second.balance
    assert once.corrections == (*first.corrections, *second.corrections)


def test_time_up_to_which_hours_were_looked_for_is_no_part_of_the_count() -> None:
    start = unknown_balance(RULES, T0)
    entries = [anchor(0, 4), counted(1, 3, 1)]
    later = replace(start, passed_until=counted(50, 0, 0).observed_at)
    assert (
        take_all(RULES, start, entries).balance.count
        == take_all(RULES, later, entries).balance.count
    )


def test_a_share_begins_a_count_that_nothing_certain_began() -> None:
    rules = make_rules(60)
    begun = after(counted(1, 0, 0), anchor(2, 20, Cause.SENSED_SHARE, highest=40), rules=rules)
    found = inside(rules, begun.balance)
    assert (found.lowest, found.likely, found.highest, begun.corrections) == (13, 30, 47, ())
    surer = after(
        counted(1, 0, 0),
        anchor(2, 20, Cause.SENSED_SHARE, highest=40),
        anchor(3, 36, Cause.SENSED_SHARE, highest=44),
        rules=rules,
    )
    found = inside(rules, surer.balance)
    assert 37 <= found.likely <= 40
    assert found.highest - found.lowest <= 14
    assert causes(surer) == [(Cause.SENSED_SHARE, found.likely - 30)]


def test_only_what_is_wrong_since_a_certain_number_is_drift() -> None:
    rules = make_rules(60)
    taken = after(
        anchor(1, 20, Cause.SENSED_SHARE, highest=40),
        anchor(2, 50, Cause.SENSED_SHARE, highest=54),
        counted(3, 0, 60),
        anchor(4, 40),
        counted(5, 6, 0),
        anchor(6, 40, Cause.KNOWN_EMPTY),
        counted(7, 0, 42),
        anchor(8, 3),
        rules=rules,
    )
    assert [(each.cause, each.drift) for each in taken.corrections] == [
        (Cause.SENSED_SHARE, False),
        (Cause.LEFT_WHEN_EMPTY, False),
        (Cause.OPERATOR, False),
        (Cause.KNOWN_EMPTY, True),
        (Cause.LEFT_WHEN_EMPTY, True),
        (Cause.OPERATOR, True),
    ]


def test_resets_by_hand_where_there_is_no_gate_are_no_drift() -> None:
    by_hand = Balancing(capacity=60, gates={})
    taken = after(anchor(1, 20), anchor(2, 45), rules=by_hand)
    assert [(each.amount, each.drift) for each in taken.corrections] == [(25, False)]


def test_an_estimate_teaches_nothing_of_the_gates() -> None:
    rules = make_rules(60)
    share = anchor(2, 20, Cause.SENSED_SHARE, highest=40)
    taken = after(counted(1, 0, 0), share, counted(3, 5, 5), anchor(4, 50), rules=rules)
    assert taken.balance.miscounts is not None
    assert taken.balance.miscounts.resets == 0
