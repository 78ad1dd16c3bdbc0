# SPDX-License-Identifier: EUPL-1.2
"""Who judges rows, loads and repetitions sees what is wrong: another content under the right id, another word, one duplicate more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import md5
from random import Random
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from crash.campaign.acknowledged import duplicates_before, known_again
from crash.campaign.contents import HOMES, STORED, differing_contents
from crash.campaign.faults import all_faults
from crash.campaign.findings import differing_loads
from crash.campaign.poison import make_poison
from crash.campaign.reckoning import Load, Truth, status_of
from crash.campaign.traffic import Told, Traffic
from stadttakt_simulators.clock import EpochNs

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def _truth() -> Truth:
    traffic, started = Traffic("root", Random(1)), EpochNs(int(NOON.timestamp()) * 10**9)
    truth = Truth()
    truth.add(traffic.first(started, 10**6))
    truth.add(traffic.make(600, EpochNs(started + 10**9), 10**6))
    return truth


TRUTH = _truth()


def _row(told: Told) -> tuple[Any, ...]:
    """Return what its consumer's table has of a message."""
    match told.kind, told.says:
        case "gate", (mode, came, went):
            return told.place, mode, came % 65_536, went % 65_536
        case "door", (mode, came, went):
            bus, _, door = told.place.partition("/")
            body = {"mode": mode, "counts": {"adult": [came, went - 1], "child": [0, 1]}}
            return bus, door or "1", body
        case "mass", (mass_kg,):
            return told.place, None, {"mass_kg": float(mass_kg), "gross": True}
        case "position", (lat, lon):
            return told.place, lat, lon
        case "trip", (call,):
            return told.place, "1", 0, call.start_date, call.trip_id, call.stop_id
        case _, (occupied,):
            return told.place, "occupied" if occupied else "free"
    raise AssertionError(told)


def _stored() -> dict[str, list[tuple[Any, ...]]]:
    uplinks = TRUTH.uplinks()
    return {
        "uplink": [(each.uplink, each.at, md5(each.payload).hexdigest()) for each in uplinks],
        "observation": [(each.event_id, each.at, each.place) for each in uplinks],
        **{
            table: [(each.event_id, each.at, *_row(each)) for each in TRUTH.of(*kinds)]
            for table, kinds in HOMES.items()
        },
    }


def test_rows_that_say_what_their_messages_said_are_no_offence() -> None:
    stored = _stored()
    assert stored.keys() == STORED.keys()
    assert all(stored.values())
    assert list(differing_contents(TRUTH, stored)) == []


def _another(totals: Any) -> Any:
    return {**totals, "counts": {"adult": [99, 0]}} if "counts" in totals else {"mass_kg": 1}


COLUMNS: list[tuple[str, int, Callable[[Any], Any]]] = [
    *((table, 1, lambda at: at + timedelta(milliseconds=1)) for table in STORED),
    ("uplink", 2, lambda _: md5(b"another").hexdigest()),
    ("observation", 2, lambda _: "elsewhere"),
    ("bay_event", 2, lambda _: "west-99"),
    ("bay_event", 3, lambda reading: "free" if reading == "occupied" else "occupied"),
    *(("gate_event", column, lambda count: count + 1) for column in (4, 5)),
    ("gate_event", 2, lambda _: "zentrum/west"),
    ("reading", 3, lambda _: "9"),
    ("reading", 4, _another),
    ("position", 3, lambda lat: lat + 1e-5),
    ("assignment", 6, lambda _: "trip-x"),
    ("assignment", 7, lambda _: "stop-x"),
]


@pytest.mark.parametrize(("table", "column", "change"), COLUMNS)
def test_row_with_the_right_id_and_another_content_is_one_offence(
    table: str, column: int, change: Callable[[Any], Any]
) -> None:
    stored = _stored()
    row = list(stored[table][0])
    row[column] = change(row[column])
    stored[table][0] = tuple(row)
    (offence,) = differing_contents(TRUTH, stored)
    assert offence.startswith(f"{table}: 1 rows say something else, e.g. {row[0]} says ")


LOAD = Load(20, 18, 23, 20.0, "medium", "FEW_SEATS_AVAILABLE", 0.93)
WANTED = {"bus-1": (LOAD, NOON)}
SHOWN = {**LOAD._asdict(), "measured_at": (NOON - timedelta(seconds=50)).isoformat()}


def _differing(truth: Truth | None = None, **change: Any) -> list[str]:
    later = NOON + timedelta(minutes=10)
    return list(differing_loads(truth or Truth(), WANTED, {"bus-1": {**SHOWN, **change}}, later))


def test_load_that_is_told_as_it_is_and_measured_a_while_ago_is_no_offence() -> None:
    assert _differing() == []
    assert _differing(confidence=0.94) == []


@pytest.mark.parametrize(
    "change",
    [
        {"load": 21},
        {"load_min": 17},
        {"load_max": None},
        {"percentage": 20.1},
        {"level": "low"},
        {"occupancy_status": "EMPTY"},
        {"confidence": 0.9},
        {"confidence": None},
        {"measured_at": (NOON + timedelta(seconds=1)).isoformat()},
    ],
)
def test_each_number_and_word_of_a_load_that_differs_is_one_offence(
    change: dict[str, Any],
) -> None:
    (offence,) = _differing(**change)
    assert offence.startswith("http: bus bus-1 ")


def test_load_that_is_older_than_what_was_known_minutes_ago_is_one_offence() -> None:
    truth = Truth()
    door = ("delta", 1, 0)
    for at in (NOON - timedelta(seconds=40), NOON - timedelta(seconds=45)):
        name = at.isoformat()
        truth.add([Told(b"", b"", name, name, at, "door", "bus-1/2", door)])
    assert _differing(truth) == []
    truth.settle(NOON)
    (offence,) = _differing(truth)
    assert "was measured at" in offence
    assert _differing(truth, measured_at=(NOON - timedelta(seconds=40)).isoformat()) == []


def test_words_for_a_load_are_those_of_free_seats_and_of_who_stands() -> None:
    borders = {0: "EMPTY", 2: "EMPTY", 3: "MANY_SEATS_AVAILABLE", 19: "MANY_SEATS_AVAILABLE"}
    borders |= {20: "FEW_SEATS_AVAILABLE", 35: "FEW_SEATS_AVAILABLE", 36: "STANDING_ROOM_ONLY"}
    borders |= {81: "STANDING_ROOM_ONLY", 82: "CRUSHED_STANDING_ROOM_ONLY"}
    borders |= {99: "CRUSHED_STANDING_ROOM_ONLY", 100: "FULL"}
    assert {load: status_of(load) for load in borders} == borders
    assert status_of(None) == "NO_DATA_AVAILABLE"


def _gate(gate: str, at_s: float, *says: object) -> Told:
    at = NOON + timedelta(seconds=at_s)
    return Told(b"", b"", f"{gate}-{at_s}", f"{gate}-{at_s}", at, "gate", f"zentrum/{gate}", says)


def test_count_at_gates_is_wrong_by_what_nine_of_ten_are_at_most() -> None:
    truth = Truth(gates_since=NOON)
    truth.add(
        [_gate("nord", -1, "cumulative", 500, 10), _gate("nord", 9, "cumulative", 1500, 2010)]
    )
    truth.add([_gate("sued", -2, "delta", 900, 900), _gate("sued", 2, "delta", 500, 0)])
    assert truth.passed() == {"zentrum/nord": (1000, 2000), "zentrum/sued": (500, 0)}
    assert truth.inside() == 1500
    # 3,500 chances of 0.001998, and 1,000, 2,000 and 500 thousandths: a deviation of 3.5.
    assert truth.spread() == 6


def _uplink(name: str) -> Told:
    return Told(b"", b"", name, f"{name}:0", NOON, "bay", "west-01", (True,), name, "a")


def test_each_uplink_that_came_before_comes_again_and_a_webhook_perhaps_without_an_answer() -> None:
    truth = Truth()
    truth.add([_uplink("a")])
    other = Told(b"", b"", "trip", "trip", NOON, "trip", "bus-1", (None,))
    pools: Any = [
        SimpleNamespace(acknowledged=lambda: [_uplink("a"), _uplink("b"), _uplink("b"), other]),
        SimpleNamespace(acknowledged=lambda: make_poison(4, "root", Random(1))),
    ]
    webhooks: Any = SimpleNamespace(taken=[_uplink("b"), _uplink("c")], again=3)
    # a, b and once more b; and three requests that nobody answered.
    assert known_again(truth, pools, webhooks) == 3 + 3


@pytest.mark.parametrize(
    ("names", "forgot", "known"),
    [
        (
            ["flood", "late", "poison", "kill-parking", "clock-kpi", "cut-transit-database"],
            False,
            7,
        ),
        ([], True, None),
        *(
            ([name], False, None)
            for name in (
                "kill-decoder",
                "clock-decoder",
                "reset-decoder-broker",
                "full-database",
                "stop-broker",
                "kill-everything",
            )
        ),
    ],
)
def test_duplicates_are_known_where_nothing_comes_again_uncounted(
    names: list[str], *, forgot: bool, known: int | None
) -> None:
    hour = {"received": 9, "stored": 2, "duplicate": 4, "quarantined": 0, "in_flight": 0}
    body = {"balanced": True, "items": [hour, {**hour, "duplicate": 3}]}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    with httpx.Client(transport=transport, base_url="http://decoder") as decoder:
        scene: Any = SimpleNamespace(forgot=forgot, asked=SimpleNamespace(decoder=decoder))
        assert duplicates_before(scene, [all_faults()[name] for name in names]) == known
