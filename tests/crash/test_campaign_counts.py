# SPDX-License-Identifier: EUPL-1.2
"""Who judges flows through gates sees what is wrong: another count, a stretch too early or of nobody, another sum."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from crash.campaign.flows import BUCKET, UNCOUNTED, Counted, Flow, compared, flows
from crash.campaign.traffic import Told

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def _gate(gate: str, at_s: float, *says: object) -> Told:
    at = NOON + timedelta(seconds=at_s)
    return Told(b"", b"", f"{gate}-{at_s}", f"{gate}-{at_s}", at, "gate", f"zentrum/{gate}", says)


COUNTS = [
    _gate("nord", 10, "cumulative", 65_530, 100),
    _gate("nord", 290, "cumulative", 65_537, 101),
    _gate("nord", 310, "cumulative", 65_540, 101),
    _gate("nord", 320, "cumulative", 65_540, 105),
    _gate("sued", 20, "delta", 2, 1),
    _gate("sued", 30, "delta", 0, 3),
    _gate("sued", 700, "delta", 5, 0),
]
FLOWS = {
    NOON: Flow(9, 5, arrivals_before=2, departures_before=1),
    NOON + BUCKET: Flow(3, 4, arrivals_before=3),
    NOON + 2 * BUCKET: Flow(5, 0, arrivals_before=5),
}
"""A counter's first word tells of nobody; a gate's first and those after a border tell of the time before too."""

RIGHT = Counted(NOON + 2 * BUCKET, 0, {at: FLOWS[at] for at in (NOON, NOON + BUCKET)})
TOTAL = {"arrivals": {"value": 12}, "departures": {"value": 9}}


def test_flows_are_what_gates_told_in_any_order_each_vehicle_when_it_was_told_of() -> None:
    assert flows(COUNTS) == FLOWS
    assert flows(Random(2).sample(COUNTS, len(COUNTS))) == FLOWS


def test_stretches_that_ended_are_compared_and_the_one_that_goes_on_is_not() -> None:
    assert list(compared(FLOWS, RIGHT, TOTAL)) == []
    assert list(compared(FLOWS, RIGHT, None)) == []
    assert list(compared(FLOWS, Counted(NOON, 0, {}), None)) == []


@pytest.mark.parametrize("index", range(len(Flow._fields)))
def test_each_number_of_a_flow_that_differs_is_one_offence(index: int) -> None:
    other = Flow(*(value + (n == index) for n, value in enumerate(FLOWS[NOON])))
    counted = RIGHT._replace(flows={**RIGHT.flows, NOON: other})
    (offence,) = compared(FLOWS, counted, TOTAL)
    assert str(other) in offence


def test_flow_that_is_missing_too_early_or_of_nobody_is_one_offence() -> None:
    wrong = {
        "missing": {NOON: FLOWS[NOON]},
        "too early": FLOWS,
        "of nobody": {**RIGHT.flows, NOON - BUCKET: Flow(1)},
    }
    for found in wrong.values():
        (offence,) = compared(FLOWS, RIGHT._replace(flows=found), TOTAL)
        assert "instead of" in offence


def test_turnover_that_tells_other_sums_and_stretches_that_wait_are_told() -> None:
    for name in TOTAL:
        (offence,) = compared(FLOWS, RIGHT, {**TOTAL, name: {"value": 8}})
        assert "instead of (12, 9)" in offence
    (waiting,) = compared(FLOWS, RIGHT._replace(waiting=3), None)
    assert waiting == f"{UNCOUNTED}: 3 stretches of zentrum"
