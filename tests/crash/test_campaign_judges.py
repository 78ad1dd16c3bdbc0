# SPDX-License-Identifier: EUPL-1.2
"""Who judges a campaign sees what is wrong: each rule breaks by one answer or one row that breaks it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from crash.campaign import verdict
from crash.campaign.beside import SHORT
from crash.campaign.feeds import DATEX, PARKAPI
from crash.campaign.findings import differing_states, wrongly_public
from crash.campaign.ledger import differing_ledger
from crash.campaign.poison import make_poison
from crash.campaign.reckoning import Truth
from crash.campaign.town import GATED, GATED_CAPACITY, INSIDE_AT_FIRST, SILENT_SIGN
from crash.campaign.traffic import Traffic
from crash.campaign.verdict import Span
from crash.campaign.watcher import EACH_ROUND, as_plain, noting, one, streamed
from crash.identities import compare
from stadttakt_simulators.clock import EpochNs

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
RIGHT: dict[str, Any] = {
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
    "live and over": (
        {"way": "live", "valid_until": (NOW - timedelta(seconds=3)).isoformat()},
        "before it was asked",
    ),
    "number of a silent lot": (
        {"sign_id": SILENT_SIGN, "measured_at": (NOW - timedelta(seconds=9)).isoformat()},
        "measured longer ago than 9.0 s",
    ),
}


def test_right_answer_is_no_offence() -> None:
    assert verdict.offences([RIGHT], [REST]) == []


@pytest.mark.parametrize("case", WRONG)
def test_each_broken_rule_is_one_offence(case: str) -> None:
    change, words = WRONG[case]
    (offence,) = verdict.offences([{**RIGHT, **change}], [REST])
    assert words in offence


def test_sign_may_fall_silent_but_not_tell_another_number() -> None:
    silent = {**RIGHT, "free": None, "valid_until": (NOW - timedelta(hours=1)).isoformat()}
    assert verdict.offences([silent], [REST]) == []


PLAIN = {**RIGHT, "way": "text", "text": "7", "measured_at": None, "state": None}


@pytest.mark.parametrize(
    ("answer", "change", "words"),
    [
        (RIGHT, {"free": None, "text": "7"}, "its text says something else"),
        (RIGHT, {"text": "8"}, "its text says something else"),
        ({**RIGHT, "way": "stream"}, {"text": "noch 12"}, "its text says something else"),
        (PLAIN, WRONG["over"][0], "before it was asked"),
        (PLAIN, {"free": 8, "text": "8"}, "7 are free"),
        ({"way": "text", "asked_at": 1, "told_at": 2}, {"unreadable": "no text"}, "cannot be read"),
    ],
)
def test_number_in_words_and_what_nobody_can_read_are_offences(
    answer: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    (offence,) = verdict.offences([{**answer, **change}], [REST])
    assert words in offence


def test_words_without_a_number_and_the_number_itself_are_no_offence() -> None:
    right = [PLAIN, {**RIGHT, "text": "7"}, {**RIGHT, "free": None, "text": "Parkhaus"}]
    assert verdict.offences(right, [REST]) == []


def test_round_in_which_a_way_was_not_watched_or_the_watcher_ended_is_an_offence() -> None:
    answers = [{"way": way} for way in EACH_ROUND]
    assert verdict.unwatched(answers, None) == []
    (missing,) = verdict.unwatched(answers[1:], None)
    assert missing == "nothing was watched by way of http"
    (ended,) = verdict.unwatched(answers, 1)
    assert ended == "the watcher ended with 1"


SIGNS = ("west-tor", "ost-tor")
OST = {**RIGHT, "sign_id": "ost-tor", "way": "retained"}


def test_sign_that_told_no_number_all_the_time_is_an_offence() -> None:
    assert verdict.mute([RIGHT, OST], SIGNS) == []
    silent = [{**OST, "free": None}, {**OST, "unavailable": "no state (yet)"}]
    unreadable = {"way": "text", "asked_at": 1, "told_at": 2, "unreadable": "no text"}
    feed = {**OST, "way": DATEX}
    (offence,) = verdict.mute([RIGHT, *silent, unreadable, feed], SIGNS)
    assert offence == "ost-tor told no number all the time"
    assert len(verdict.mute([], SIGNS)) == 2


def test_answers_are_counted_by_way_as_judged_silent_exempt_and_unavailable() -> None:
    parkapi = {**RIGHT, "way": PARKAPI, "sign_id": "west", "valid_until": None}
    answers = [
        RIGHT,
        {**RIGHT, "free": None},
        {**RIGHT, "way": "live"},
        parkapi,
        {**parkapi, "sign_id": SHORT},
        {"way": "live", "asked_at": 1, "told_at": 2, "unavailable": "no state (yet)"},
        {"way": "text", "asked_at": 1, "told_at": 2, "unreadable": "no text"},
    ]
    judged = {"judged": 1, "silent": 0, "exempt": 0, "unavailable": 0}
    assert verdict.standings(answers) == {
        "http": judged | {"silent": 1},
        "live": judged | {"unavailable": 1},
        PARKAPI: judged | {"exempt": 1},
    }


def test_watcher_puts_what_it_cannot_read_on_record_and_reads_on() -> None:
    file = StringIO()
    note = noting(file)
    note("http", 1.0, b"<html>", one)
    note("http", 1.0, b'{"error": 5}', one)
    note("text", 1.0, b"7\n", as_plain("west-tor", None))
    note("text", 2.0, b"7\n", as_plain("west-tor", RIGHT["valid_until"]))
    note("text", 3.0, b"Parkhaus\n", as_plain("west-tor", RIGHT["valid_until"]))
    lines = [orjson.loads(line) for line in file.getvalue().splitlines()]
    assert ["unreadable" in each for each in lines] == [True, True, True, False, False]
    assert lines[0]["said"] == "<html>"
    assert [(each["free"], each["text"]) for each in lines[3:]] == [(7, "7"), (None, "Parkhaus")]


def test_server_sent_events_are_read_as_data_alone() -> None:
    lines = [": alive", "", "id: 4", "event: sign", 'data: {"sign_id": "a"}', "", 'data:{"b": 1}']
    assert list(streamed(lines)) == [b'{"sign_id": "a"}', b'{"b": 1}']


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


def _ledger(**sums: int) -> dict[str, Any]:
    whole = {"received": 0, "stored": 0, "duplicate": 0, "quarantined": 0, "in_flight": 0}
    return {"balanced": True, "items": [{**whole, **sums}]}


def test_ledger_must_tell_all_poison_as_quarantined_and_nothing_else() -> None:
    poison = [each for each in make_poison(8, "root", Random(1)) if each.service == "uplink"]
    truth = Truth()
    truth.add(poison)
    right = _ledger(received=3, quarantined=3)
    assert list(differing_ledger(truth, right, 3)) == []
    (fewer,) = differing_ledger(truth, right, 2)
    assert "instead of 2 quarantined, of at least 2 sent" in fewer
    (lost,) = differing_ledger(truth, _ledger(received=1, quarantined=1), 1)
    assert "of at least 2 sent" in lost
    truth.missing = {poison[0].identity}
    assert list(differing_ledger(truth, _ledger(received=1, quarantined=1), 1)) == []


def test_retained_state_says_what_http_says() -> None:
    told = {"vehicle/bus-1": {"level": "low", "load": None}}
    names = ["level", "load"]
    assert (
        list(differing_states({"vehicle/bus-1": {"level": "low", "load": None}}, told, names)) == []
    )
    (level,) = differing_states({"vehicle/bus-1": {"level": "high", "load": None}}, told, names)
    assert level == "retained: vehicle/bus-1 has level high instead of low"
    (secret,) = differing_states({"vehicle/bus-1": {"level": "low", "load": 4}}, told, names)
    assert secret == "retained: vehicle/bus-1 has load 4 instead of None"
    assert len(list(differing_states({}, told, names))) == 2


def test_state_for_everybody_tells_no_load_and_nothing_that_is_to_come() -> None:
    right = {
        "level": "low",
        "occupancy_status": "MANY_SEATS_AVAILABLE",
        "load": None,
        "measured_at": NOW.isoformat(),
    }
    assert list(wrongly_public({"vehicle/bus-1": right}, NOW)) == []
    (load,) = wrongly_public({"vehicle/bus-1": {**right, "load": 4}}, NOW)
    assert "its load" in load
    (other,) = wrongly_public({"vehicle/bus-1": {**right, "occupancy_status": "EMPTY"}}, NOW)
    assert other == "http: vehicle/bus-1 is EMPTY instead of MANY_SEATS_AVAILABLE"
    ahead = (NOW + timedelta(minutes=1)).isoformat()
    (to_come,) = wrongly_public({"vehicle/bus-1": {**right, "measured_at": ahead}}, NOW)
    assert "to come" in to_come
