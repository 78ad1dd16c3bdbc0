# SPDX-License-Identifier: EUPL-1.2
"""Who judges flows through gates and hours of devices sees what is wrong: another count, a stretch too many, a lost frame."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from crash.campaign import health
from crash.campaign.flows import BUCKET, UNCOUNTED, Counted, Flow, compared, flows, standing_still
from crash.campaign.health import Hour, differing_hours
from crash.campaign.reckoning import Truth
from crash.campaign.town import bay_sensors
from crash.campaign.traffic import Told, Traffic
from stadttakt_simulators.clock import EpochNs

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def _told() -> list[Told]:
    traffic, started = Traffic("root", Random(1)), EpochNs(int(NOON.timestamp()) * 10**9)
    first = traffic.first(started, 10**6)
    return [*first, *traffic.make(400, EpochNs(started + 10**9), 10**6)]


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


def test_history_that_stands_still_while_gates_tell_on_is_one_offence() -> None:
    newest = COUNTS[-1].at
    assert list(standing_still(newest, NOON + 2 * BUCKET)) == []
    (offence,) = standing_still(newest, NOON)
    assert "stands still" in offence


def _of_bays() -> Truth:
    """Return what bays told, and what came without an uplink."""
    truth = Truth()
    truth.add(each for each in _told() if each.kind == "bay" or not each.uplink)
    return truth


def _hours(truth: Truth) -> list[Hour]:
    """Return the hours of the bays' devices as they are right: all were heard in the hour after noon."""
    told = Counter(each.place for each in truth.of("bay"))
    return [Hour(each.dev_eui, NOON, told[each.place], 0) for each in bay_sensors()]


def test_hours_of_devices_hold_every_uplink_once_and_nothing_that_came_another_way() -> None:
    truth = _of_bays()
    right = _hours(truth)
    assert sum(each.uplinks for each in right) > 100
    assert list(differing_hours(truth, right)) == []


def test_hour_with_another_count_missing_or_of_nobody_and_lost_frames_are_one_offence_each() -> (
    None
):
    truth = _of_bays()
    first, *others = _hours(truth)
    more, count = first._replace(uplinks=first.uplinks + 1), first.uplinks
    (offence,) = differing_hours(truth, [more, *others])
    assert f"{first.dev_eui} has {count + 1} uplinks instead of {count}" in offence
    (missing,) = differing_hours(truth, others)
    assert f"{first.dev_eui} has 0 uplinks instead of {count}" in missing
    strange = first._replace(hour=NOON - timedelta(hours=1))
    (nobody,) = differing_hours(truth, [first, strange, *others])
    assert f"{first.dev_eui} has {count} uplinks instead of 0" in nobody
    (lost,) = differing_hours(truth, [first._replace(lost=2), *others])
    assert lost == f"health: {first.dev_eui} lost 2 frames, and none was"


def test_of_a_device_heard_more_than_every_second_the_first_five_thousand_are_examined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    truth = _of_bays()
    right = _hours(truth)
    most = max(each.uplinks for each in right) - 1
    monkeypatch.setattr(health, "MOST_EXAMINED", most)
    assert len(list(differing_hours(truth, right))) == 1
    capped = [
        each._replace(uplinks=most, lost=1) if each.uplinks > most else each for each in right
    ]
    assert list(differing_hours(truth, capped)) == []


def test_frame_that_the_broker_forgot_may_count_as_lost_but_not_as_heard() -> None:
    truth = _of_bays()
    first, *others = _hours(truth)
    euis = {each.dev_eui: each.place for each in bay_sensors()}
    gone = next(each for each in truth.of("bay") if each.place == euis[first.dev_eui])
    truth.missing = {gone.identity}
    fewer = first._replace(uplinks=first.uplinks - 1, lost=1)
    assert list(differing_hours(truth, [fewer, *others])) == []
    (heard,) = differing_hours(truth, [first, *others])
    assert "instead of" in heard
