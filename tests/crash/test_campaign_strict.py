# SPDX-License-Identifier: EUPL-1.2
"""Who judges a campaign excuses nothing: no 503 without a fault, no word beside a number, no doubt for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import httpx
import orjson
import pytest

from crash.campaign import findings, processes, verdict
from crash.campaign.beside import SHORT
from crash.campaign.conductor import Struck
from crash.campaign.contents import HOMES
from crash.campaign.faults import all_faults
from crash.campaign.findings import REFUSED, resolve_doubts
from crash.campaign.flows import UNCOUNTED
from crash.campaign.heard import AWAY, heard
from crash.campaign.ledger import differing_ledger
from crash.campaign.play import hung, stays_right, unprovoked
from crash.campaign.poison import make_poison
from crash.campaign.reckoning import Truth
from crash.campaign.shown import CAPACITIES, differing_shown
from crash.campaign.town import HOLD_S, SILENT_SIGN
from crash.campaign.traffic import Traffic
from crash.campaign.verdict import Span
from crash.campaign.watcher import by_status, nobody, noting, one
from crash.lots import levels
from crash.services import Service
from stadttakt_runtime.clock import utc_now
from stadttakt_simulators.clock import EpochNs

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
REST = Span(1.0, 3.0, {})
AWAY_NOW = {"way": "http", "asked_at": 1.5, "told_at": 2.0, "unavailable": "no state (yet)"}
WITHIN_S = 60


def _truth(at: datetime = NOON) -> Truth:
    traffic = Traffic("root", Random(1))
    truth = Truth(gates_since=at + timedelta(seconds=1))
    truth.add(traffic.first(EpochNs(int(at.timestamp()) * 10**9), 10**6))
    return truth


def test_503_is_an_offence_at_rest_and_where_no_fault_takes_anything_away() -> None:
    assert verdict.offences([AWAY_NOW], []) == []
    assert verdict.offences([{**AWAY_NOW, "asked_at": 0.5}], [REST]) == []
    (at_rest,) = verdict.offences([AWAY_NOW], [REST])
    assert at_rest.startswith("unavailable at rest")
    (unexcused,) = verdict.offences([AWAY_NOW], [], excused=False)
    assert "no fault takes anything away" in unexcused


def test_watcher_puts_503_on_record_and_every_other_status_as_what_nobody_can_read() -> None:
    file = StringIO()
    note = noting(file)
    for status in (200, 503, 404, 500):
        note("http", 1.0, b'{"sign_id": "west-tor", "free": 7}', by_status(status, one))
    lines = [orjson.loads(line) for line in file.getvalue().splitlines()]
    assert [each.get("free") for each in lines] == [7, None, None, None]
    assert ["unavailable" in each for each in lines] == [False, True, False, False]
    assert [each.get("unreadable") for each in lines[2:]] == [
        f"ValueError('answered with {status}')" for status in (404, 500)
    ]
    assert len(verdict.offences(lines[1:], [])) == 2


def test_who_does_not_answer_at_all_is_on_record_as_who_says_503() -> None:
    file = StringIO()
    noting(file)("http", 1.0, b"", nobody(httpx.ConnectError("refused")))
    (line,) = map(orjson.loads, file.getvalue().splitlines())
    assert line["unavailable"] == "nobody answered: ConnectError('refused')"
    assert verdict.standings([line])["http"]["unavailable"] == 1
    assert verdict.offences([line], [], excused=True) == []
    assert len(verdict.offences([line], [], excused=False)) == 1


def test_process_that_ends_is_an_offence_where_no_fault_made_it() -> None:
    faults, ends = all_faults(), [("decoder", 1), ("parking", -9)]

    def told(*names: str, forgot: bool = False) -> list[str]:
        return [*unprovoked(ends, [faults[name] for name in names], forgot=forgot)]

    assert told("poison", "clock-decoder", "kill-parking") == [
        "decoder ended with 1, and no fault made it"
    ]
    assert len(told("cut-transit-broker")) == 2
    assert told("kill-parking", "cut-decoder-database") == told("stop-database") == []
    assert told(forgot=True) == []


def test_only_who_ended_since_is_told_with_the_code() -> None:
    service = Service("never_started", Path("/nowhere"))
    service.ends += [0]
    before = processes.endings({"decoder": service})
    service.ends += [-9, 3]
    assert [*processes.ended_since({"decoder": service}, before)] == [
        ("decoder", -9),
        ("decoder", 3),
    ]


LATE = {
    "way": "live",
    "asked_at": 40.0,
    "told_at": 40.0,
    "sign_id": "west-tor",
    "free": 7,
    "measured_at": datetime.fromtimestamp(9, UTC).isoformat(),
    "valid_until": datetime.fromtimestamp(20, UTC).isoformat(),
}


@pytest.mark.parametrize(
    ("hangs", "offences"),
    [
        ([(15, 40)], 0),
        ([(21.9, 40)], 0),
        ([(15, 30), (25, 40)], 0),
        ([(22.1, 40)], 1),
        ([(15, 37.9)], 1),
        ([(25, 35), (25, 35)], 1),
        ([(41, 90)], 1),
        ([], 1),
    ],
)
def test_what_came_by_mqtt_did_not_age_while_the_broker_or_its_link_hung(
    hangs: list[tuple[float, float]], offences: int
) -> None:
    by_way = {"live": hangs}
    assert len(verdict.offences([LATE], [], hangs=by_way)) == offences
    for way in ("http", "streamed"):
        assert len(verdict.offences([{**LATE, "way": way}], [], hangs=by_way)) == 2


def test_what_came_by_stream_is_judged_when_it_came_and_did_not_age_while_parking_hung() -> None:
    def found(told_at: float, hangs: list[tuple[float, float]]) -> int:
        answer = {**LATE, "way": "streamed", "asked_at": 1.0, "told_at": told_at}
        return len(verdict.offences([answer], [], hangs={"streamed": hangs}))

    assert [found(told_at, []) for told_at in (20.9, 21.1)] == [0, 1]
    assert [found(39.0, [(15, end)]) for end in (39.0, 37.9)] == [0, 1]


def test_spans_in_which_something_hung_are_those_of_the_way_that_it_brings() -> None:
    struck = [Struck("stop-broker", "", 1, 2), Struck("stop-parking", "", 3, 4)]
    by_mqtt = [(101.0, 102.0 + HOLD_S)]
    wanted = {"live": by_mqtt, "retained": by_mqtt, "streamed": [(103.0, 104.0)]}
    assert hung(100.0, struck) == wanted


def test_answer_of_any_status_but_503_is_wrong_and_not_somebody_who_is_away() -> None:
    def failing(status: int) -> Iterator[str]:
        yield "before"
        request = httpx.Request("GET", "http://parking/")
        httpx.Response(status, request=request).raise_for_status()

    assert [each.split(":")[0] for each in heard(failing(503))] == ["before", AWAY]
    assert [each.split(":")[0] for each in heard(failing(500))] == ["before", "answered"]


def test_what_only_one_of_two_looks_finds_was_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "SOON", timedelta(0))
    looks = iter([["a", "b"], ["b", "c"]])
    assert findings.said_twice(lambda: next(looks)) == ["b"]
    assert findings.said_twice(list) == []


def _shown(truth: Truth) -> dict[str, Any]:
    """Return states as they are right."""
    silence = {"free": None, "state": "unknown"}
    states: dict[str, Any] = {
        f"lot/{SHORT}": {**silence, "occupied": 0, "unknown": 3},
        f"sign/{SILENT_SIGN}": {**silence, "text": "P"},
    }
    for bay_id, (state, since, measured_at, _) in truth.bays().items():
        states[f"bay/{bay_id}"] = {"state": state, "since": since, "measured_at": measured_at}
    for lot_id, (free, occupied) in truth.counts().items():
        number = {"free": free, "state": "free"}
        counts = {"capacity": CAPACITIES[lot_id], "free": free, "occupied": occupied}
        kinds = {"general": {**counts, "unknown": 0, "out_of_service": 0}}
        states[f"lot/{lot_id}"] = {
            **kinds["general"],
            "state": "free",
            "free_min": free,
            "free_max": free,
            "by_kind": kinds,
            "by_group": kinds,
            "measured_at": truth.heard_at()[lot_id].isoformat(),
        }
        states[f"sign/{lot_id}-tor"] = {**number, "text": str(free)}
    return states


def test_states_as_they_are_right_and_a_sign_that_must_be_silent_by_now_are_no_offence() -> None:
    truth = _truth()
    states = _shown(truth)
    assert list(differing_shown("http", truth, states, NOON)) == []
    states["sign/west-tor"] = states[f"sign/{SILENT_SIGN}"]
    assert list(differing_shown("http", truth, states, NOON)) == []
    fresh = _truth(utc_now())
    silent = {**_shown(fresh), "sign/west-tor": states[f"sign/{SILENT_SIGN}"]}
    (offence,) = differing_shown("http", fresh, silent, NOON)
    assert "sign west-tor shows" in offence


@pytest.mark.parametrize(
    ("entity", "change"),
    [
        ("bay/west-01", {"state": "unknown"}),
        ("lot/west", {"free": 1}),
        ("lot/west", {"occupied": 1}),
        ("lot/ost", {"unknown": 1}),
        ("lot/zentrum", {"state": "full"}),
        ("lot/zentrum", {"free_min": 1999}),
        ("lot/zentrum", {"free_max": 2001}),
        ("lot/west", {"free_min": 0}),
        ("lot/ost", {"by_kind": {}}),
        ("lot/ost", {"by_group": {"general": {}}}),
        ("lot/ost", {"out_of_service": 1}),
        ("lot/ost", {"capacity": 41}),
        ("lot/ost", {"measured_at": utc_now().isoformat()}),
        ("sign/west-tor", {"free": 1, "text": "1"}),
        ("sign/west-tor", {"text": "BESETZT"}),
        ("sign/west-tor", {"state": "closed"}),
        (f"lot/{SHORT}", {"unknown": 2}),
        (f"sign/{SILENT_SIGN}", {"free": 2, "state": "free", "text": "2"}),
    ],
)
def test_each_number_state_and_word_that_differs_is_one_offence(
    entity: str, change: dict[str, Any]
) -> None:
    truth = _truth()
    states = _shown(truth)
    states[entity] = {**states[entity], **change}
    (offence,) = differing_shown("retained", truth, states, NOON)
    assert entity.partition("/")[2] in offence


def test_states_of_a_lot_are_those_that_it_may_have_after_others() -> None:
    assert [levels(free, 60) for free in (1, 2, 5, 6, 7, 8)] == [
        {"full"},
        {"almost_full", "full"},
        {"almost_full"},
        {"almost_full"},
        {"free", "almost_full"},
        {"free"},
    ]
    assert set(CAPACITIES) == set(_truth().counts())


def test_silent_sign_may_tell_a_number_until_its_lot_is_silent() -> None:
    truth = _truth()
    traffic = Traffic("root", Random(1))
    traffic.first(EpochNs(int(NOON.timestamp()) * 10**9), 10**6)
    told = traffic.make(60, EpochNs(int(NOON.timestamp()) * 10**9), 10**6)
    short = [each for each in told if each.kind == "short"]
    truth.add(short)
    states = _shown(truth)
    states[f"sign/{SILENT_SIGN}"] = {"free": 2, "state": "free", "text": "2"}
    last = max(each.at for each in short)
    assert list(differing_shown("http", truth, states, last + timedelta(seconds=8.9))) == []
    assert len(list(differing_shown("http", truth, states, last + timedelta(seconds=9.1)))) == 1


def test_bays_that_soon_fall_silent_do_so_under_load_piece_after_piece_and_speak_again_in_the_next_round() -> (
    None
):
    rate, started = 150, int(NOON.timestamp()) * 10**9
    traffic = Traffic("root", Random(1))
    traffic.first(EpochNs(started), 10**6)

    def spoke(number: int) -> bool:
        piece = EpochNs(started + number * 10**9)
        return any(each.kind == "short" for each in traffic.make(rate, piece, 10**9 // rate))

    assert [spoke(number) for number in range(3)] == [True, False, False]
    assert [spoke(number) for number in range(3, 13)] == [False] * 9 + [True]
    traffic.begin(Random(2))
    assert spoke(13)


def _stored(truth: Truth) -> dict[str, Counter[str]]:
    stored = {table: Counter(each.event_id for each in truth.of(*HOMES[table])) for table in HOMES}
    return {**stored, "uplink": Counter(each.uplink or "" for each in truth.uplinks())}


def test_doubt_ends_once_something_was_found_and_when_the_round_is_settled() -> None:
    truth = _truth()
    kept, lost, later = truth.of("bay")[:3]
    truth.doubt([kept.identity, lost.identity])
    there = _stored(truth)
    assert lost.uplink
    del there["uplink"][lost.uplink]
    refused: dict[str, set[tuple[str, bytes]]] = {service: set() for service in REFUSED}
    resolve_doubts(truth, there, refused)
    assert (truth.doubtful, truth.missing) == ({lost.identity}, {lost.identity})
    resolve_doubts(truth, {**there, "uplink": Counter()}, refused)
    assert truth.missing == {lost.identity}
    truth.settle(NOON)
    resolve_doubts(truth, _stored(_truth()), refused)
    assert (truth.doubtful, truth.missing) == (set(), {lost.identity})
    truth.add([lost])
    assert truth.missing == set()
    truth.sure[later.identity] += 1
    truth.doubt([later.identity])
    assert truth.doubtful == set()


def test_poison_that_was_found_once_must_stay_in_quarantine() -> None:
    truth = _truth()
    kept, lost = make_poison(2, "root", Random(1))
    truth.add([kept, lost])
    truth.doubt([kept.identity, lost.identity])
    refused: dict[str, set[tuple[str, bytes]]] = {service: set() for service in REFUSED}
    refused[kept.service].add((kept.topic.decode(), kept.payload))
    resolve_doubts(truth, _stored(truth), refused)
    assert (truth.doubtful, truth.missing) == ({lost.identity}, {lost.identity})


def test_each_repetition_that_was_acknowledged_is_in_the_ledger() -> None:
    truth = _truth()
    uplinks = truth.uplinks()
    truth.sure.update(each.identity for each in [*uplinks, *uplinks[:5]])
    sums = {"stored": len(uplinks), "duplicate": 5, "quarantined": 0, "in_flight": 0}
    body = {"balanced": True, "items": [{**sums, "received": len(uplinks) + 5}]}
    assert list(differing_ledger(truth, body, 0)) == []
    fewer = {**sums, "duplicate": 4, "received": len(uplinks) + 4}
    (offence,) = differing_ledger(truth, {**body, "items": [fewer]}, 0)
    assert "instead of at least 5 duplicates" in offence


def test_lot_that_tells_of_less_than_was_known_minutes_ago_is_one_offence() -> None:
    truth = _truth()
    heard_at = truth.heard_at()["west"]
    states = _shown(truth)
    states["lot/west"] |= {"measured_at": (heard_at - timedelta(seconds=1)).isoformat()}
    truth.settle(NOON)
    assert list(differing_shown("http", truth, states, NOON + timedelta(seconds=179))) == []
    (offence,) = differing_shown("http", truth, states, NOON + timedelta(seconds=181))
    assert offence.startswith("http: lot west was measured at ")
    states["lot/west"] |= {"measured_at": None}
    assert len(list(differing_shown("http", truth, states, NOON + timedelta(seconds=181)))) == 1


def test_ledger_tells_of_no_more_duplicates_than_there_can_be_where_that_is_known() -> None:
    truth = _truth()
    uplinks = truth.uplinks()
    sums = {"stored": len(uplinks), "duplicate": 6, "quarantined": 0, "in_flight": 0}
    body = {"balanced": True, "items": [{**sums, "received": len(uplinks) + 6}]}
    assert list(differing_ledger(truth, body, 0)) == []
    truth.most_duplicates = 6
    assert list(differing_ledger(truth, body, 0)) == []
    truth.most_duplicates = 5
    (offence,) = differing_ledger(truth, body, 0)
    assert "instead of at most 5 duplicates" in offence


def test_what_was_found_before_somebody_fell_silent_stands() -> None:
    def found() -> Iterator[str]:
        yield "a lot is wrong"
        raise httpx.ConnectError("nobody")

    assert list(heard(found())) == ["a lot is wrong", f"{AWAY}: ConnectError('nobody')"]


def test_who_says_nothing_is_waited_for_at_rest_and_what_is_wrong_meanwhile_is_not_passed_over() -> (
    None
):
    passing = [[f"{AWAY}: 503"], [f"{UNCOUNTED}: 3"], []]
    assert stays_right(lambda: passing.pop(0), WITHIN_S) == []
    behind = [[f"{AWAY}: 503", "a lot is wrong"], []]
    assert stays_right(lambda: behind.pop(0), WITHIN_S) == ["a lot is wrong"]
    after = [[f"{AWAY}: 503"], ["a lot is wrong"], []]
    assert stays_right(lambda: after.pop(0), WITHIN_S) == ["a lot is wrong"]
    assert stays_right(lambda: [f"{AWAY}: 503"], 0) == [f"{AWAY}: 503"]
