# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import pytest

from parking_occupancy.domain.gate import Finding, Gate, GateTrack, Heard, Passed, hear

from .counted import counted, make_gate


def told(gate: Gate, *said: tuple[float, int, int]) -> Heard:
    """Return what the last of these cumulative messages says."""
    track: GateTrack | None = None
    heard: Heard | None = None
    for seconds, inwards, outwards in said:
        heard = hear(gate, track, counted(seconds, inwards, outwards, mode="cumulative"))
        track = heard.track
    assert heard is not None
    return heard


def test_first_counters_are_only_a_beginning() -> None:
    assert told(make_gate(), (0, 500, 480)).passed == (0, 0)


def test_counters_that_rise_say_the_difference() -> None:
    assert told(make_gate(), (0, 500, 480), (60, 503, 481)).passed == (3, 1)


def test_lost_messages_are_recovered_by_the_next_counters() -> None:
    heard = told(make_gate(), (0, 500, 480), (7200, 640, 570))
    assert (heard.passed, heard.uncounted, heard.finding) == ((140, 90), (0, 0), None)


def test_an_inverted_gate_swaps_its_directions() -> None:
    assert told(make_gate(inverted=True), (0, 500, 480), (60, 503, 481)).passed == (1, 3)
    delta = hear(make_gate(inverted=True), None, counted(0, 3, 1))
    assert delta.passed == (1, 3)


@pytest.mark.parametrize("bits", [16, 32])
def test_a_counter_at_its_end_rolls_over(bits: int) -> None:
    end = 1 << bits
    heard = told(make_gate(bits=bits), (0, end - 4, 200), (60, 3, 202))
    assert (heard.passed, heard.finding) == ((7, 2), Finding.ROLLED_OVER)


def test_a_counter_that_falls_far_from_its_end_was_reset() -> None:
    heard = told(make_gate(bits=16), (0, 40_000, 39_000), (60, 3, 1))
    assert (heard.passed, heard.finding) == ((3, 1), Finding.RESET)


def test_without_a_known_end_no_counter_rolls_over() -> None:
    assert told(make_gate(), (0, 65_533, 65_000), (60, 3, 1)).finding is Finding.RESET


def test_what_passed_before_a_reset_unseen_is_estimated_from_the_usual_traffic() -> None:
    # 60 in and 30 out in the first hour; then half an hour until the reset was noticed.
    heard = told(make_gate(), (0, 1000, 900), (3600, 1060, 930), (5400, 4, 2))
    assert (heard.passed, heard.uncounted) == ((4, 2), (30, 15))


def test_a_counter_after_a_long_outage_is_no_roll_over_unless_it_was_near_its_end() -> None:
    gate = make_gate(bits=16)
    week = 7 * 86_400
    slow = told(gate, (0, 100, 100), (3600, 110, 108), (week, 50, 40))
    assert slow.finding is Finding.RESET
    near = told(gate, (0, 65_000, 64_000), (3600, 65_010, 64_008), (week, 600, 65_100))
    assert (near.passed, near.finding) == ((1126, 1092), Finding.ROLLED_OVER)


def test_an_old_message_with_a_wrong_time_is_left_out() -> None:
    gate = make_gate()
    heard = told(gate, (0, 5000, 4900), (60, 4700, 4650))
    assert (heard.passed, heard.finding) == ((0, 0), Finding.DOUBTFUL)
    assert told(gate, (0, 5000, 4900), (60, 4700, 4650), (120, 5002, 4901)).passed == (2, 1)


def test_a_counter_that_stays_where_it_jumped_to_is_believed() -> None:
    heard = told(make_gate(), (0, 10, 10), (60, 9000, 8000), (120, 9002, 8001))
    assert (heard.passed, heard.finding) == ((2, 1), Finding.JUMPED)


def test_deltas_after_a_gap_leave_open_what_was_lost() -> None:
    gate, track = make_gate(limit_s=600), None
    for seconds in (0, 600, 1200):
        track = hear(gate, track, counted(seconds, 6, 3)).track
    heard = hear(gate, track, counted(3600, 5, 5))
    assert (heard.passed, heard.uncounted, heard.finding) == (
        Passed(5, 5),
        Passed(36, 18),
        Finding.GAP,
    )
    assert heard.track.heard_at == counted(3600, 0, 0).observed_at
