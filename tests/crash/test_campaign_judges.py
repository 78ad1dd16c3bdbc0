# SPDX-License-Identifier: EUPL-1.2
"""Who judges a campaign sees what is wrong: each rule breaks by one answer or one row that breaks it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crash.campaign import verdict
from crash.campaign.poison import make_poison
from crash.campaign.reckoning import Truth
from crash.campaign.town import GATED, GATED_CAPACITY, INSIDE_AT_FIRST
from crash.campaign.traffic import Traffic
from crash.campaign.verdict import Span
from crash.identities import compare
from stadttakt_simulators.clock import EpochNs

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
RIGHT = {
    "way": "http",
    "asked_at": NOW.timestamp(),
    "told_at": NOW.timestamp() + 0.01,
    "sign_id": "west-tor",
    "state": "free",
    "free": 7,
    "measured_at": (NOW - timedelta(seconds=5)).isoformat(),
    "valid_until": (NOW + timedelta(seconds=5)).isoformat(),
}
REST = Span(NOW.timestamp() - 1, NOW.timestamp() + 1, {"west": 7})
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "over": ({"valid_until": (NOW - timedelta(seconds=0.1)).isoformat()}, "before it was asked"),
    "too long": ({"valid_until": (NOW + timedelta(hours=3)).isoformat()}, "longer than any"),
    "old": ({"measured_at": (NOW - timedelta(seconds=31)).isoformat()}, "measured longer ago"),
    "never measured": ({"measured_at": None}, "measured longer ago"),
    "wrong": ({"free": 8}, "7 are free"),
    "retained and over": (
        {"way": "retained", "valid_until": (NOW - timedelta(seconds=3)).isoformat()},
        "before it was asked",
    ),
}


def test_right_answer_is_no_offence() -> None:
    assert verdict.offences([RIGHT], [REST], []) == []


@pytest.mark.parametrize("case", WRONG)
def test_each_broken_rule_is_one_offence(case: str) -> None:
    change, words = WRONG[case]
    (offence,) = verdict.offences([{**RIGHT, **change}], [REST], [])
    assert words in offence


def test_sign_may_fall_silent_but_not_tell_another_number() -> None:
    silent = {**RIGHT, "free": None, "valid_until": (NOW - timedelta(hours=1)).isoformat()}
    assert verdict.offences([silent], [REST], []) == []


def test_limits_are_not_asked_of_a_service_whose_clock_is_wrong() -> None:
    ahead = {**RIGHT, "valid_until": (NOW + timedelta(hours=3)).isoformat()}
    wrong_clock = Span(NOW.timestamp() - 1, NOW.timestamp() + 1)
    assert verdict.offences([ahead], [], [wrong_clock]) == []
    assert len(verdict.offences([ahead], [], [Span(0, 1)])) == 1


def test_record_is_read_on_from_where_it_was_and_half_a_line_waits(tmp_path: Path) -> None:
    file = tmp_path / "watched.jsonl"
    file.write_bytes(b'{"free":1}\n{"fr')
    first, offset = verdict.read(file, 0)
    with file.open("ab") as record:
        record.write(b'ee":2}\n')
    second, _ = verdict.read(file, offset)
    assert (first, second) == ([{"free": 1}], [{"free": 2}])


def test_rows_lost_doubled_and_of_nobody_are_told_apart() -> None:
    found = list(compare("uplink", Counter({"a": 1, "b": 2, "x": 1}), ["a", "b", "c"]))
    assert [each.split(",")[0] for each in found] == [
        "uplink: 1 lost",
        "uplink: 1 that nobody sent",
        "uplink: 1 stored more than once",
    ]


def test_counters_that_run_over_and_deltas_add_up_in_any_order() -> None:
    traffic = Traffic("root", Random(1))
    started = EpochNs(int(NOW.timestamp()) * 10**9)
    first = traffic.first(started, 10**6)
    told = traffic.make(4000, EpochNs(started + 10**9), 10**6)
    truth = Truth(gates_since=NOW + timedelta(seconds=0.5))
    truth.add([*first, *Random(2).sample(told, len(told)), *told[:100]])
    totals = [each.says for each in told if each.place.endswith("/nord")][-1]
    deltas = [each.says for each in told if each.place.endswith("/sued")]
    assert totals[1] > 65_536
    inside = INSIDE_AT_FIRST + totals[1] - totals[2] + sum(came - went for _, came, went in deltas)
    assert truth.inside() == inside
    assert truth.free()[GATED] == GATED_CAPACITY - inside
    last = {each.place: each for each in (*first, *told) if each.kind == "bay"}
    assert {bay: state for bay, (state, *_) in truth.bays().items()} == {
        bay: "occupied" if each.says[0] else "free" for bay, each in last.items()
    }


def test_what_the_broker_forgot_counts_nowhere() -> None:
    traffic = Traffic("root", Random(1))
    first = traffic.first(EpochNs(int(NOW.timestamp()) * 10**9), 10**6)
    truth = Truth(gates_since=NOW)
    truth.add(first)
    bay = next(each for each in first if each.kind == "bay")
    truth.missing = {bay.identity}
    assert bay.place not in truth.bays()
    assert len(truth.bays()) == 99


def test_poison_is_unlike_all_other_poison() -> None:
    poison = make_poison(60, "root", Random(1))
    assert len({(each.topic, each.payload) for each in poison}) == 60
    assert {each.service for each in poison} == {"uplink", "parking", "transit", "opendata"}
