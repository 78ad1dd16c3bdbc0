# SPDX-License-Identifier: EUPL-1.2
"""Stays, turnover and searching traffic from spoiled messages, against what the simulated cars did."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from parking_occupancy.domain.balance import (
    Anchor,
    Balancing,
    Cause,
    Entry,
    key_of,
    unknown_balance,
)
from parking_occupancy.domain.bay import Reading
from parking_occupancy.domain.counted_past import Stretch, counted_buckets
from parking_occupancy.domain.dwell import Lasted, dwell
from parking_occupancy.domain.flow import Flow
from parking_occupancy.domain.gate import Gate, GateCount, GateKind, Mode, Passed
from parking_occupancy.domain.searching import (
    Between,
    Columns,
    Flows,
    Searching,
    errors_of,
    searching,
)
from parking_occupancy.domain.stays import Seen, stretches
from stadttakt_messages.base import LotId
from stadttakt_simulators.parking.demand import LotDemand, ParkingDemand
from stadttakt_simulators.parking.lot import Bay, BayChange, Search
from stadttakt_simulators.parking.profiles import PROFILES

MONDAY = datetime(2026, 11, 22, 23, tzinfo=UTC)  # midnight in Berlin
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LOT = LotId("lot")
DAYS = 4
LIMIT, BEAT = timedelta(minutes=90), timedelta(minutes=30)


@dataclass
class Truth:
    """What the cars did, and which were there at first."""

    began: datetime
    inside: dict[str, bool]
    changes: list[BayChange]
    searches: list[Search]
    passed: list[tuple[datetime, bool]] = field(default_factory=list)


def drive(bays: int, profile: str, seed: int) -> Truth:
    lot = LotDemand(
        "lot", tuple(Bay(f"b{n:03}", "general") for n in range(bays)), PROFILES[profile]
    )
    demand = ParkingDemand([lot], zone=ZoneInfo("Europe/Berlin"), seed=seed, start=MONDAY)
    truth = Truth(MONDAY, dict(demand.occupied_bays()), [], [])
    truth.changes = demand.advance(MONDAY + (DAYS + 1) * DAY)
    truth.searches = demand.take_searches()
    # Who waited and parked came in when it came; who drove on went in, looked and left.
    waited = {search.ended_at: search.came_at for search in truth.searches if search.parked}
    for change in truth.changes:
        at = waited.get(change.at, change.at) if change.occupied else change.at
        truth.passed.append((at, change.occupied))
    for search in truth.searches:
        if not search.parked:
            truth.passed += [(search.came_at, True), (search.ended_at, False)]
    truth.passed.sort()
    return truth


def apart(truth: Truth) -> Truth:
    """Return the truth as a bay's sensor can tell it: who takes a place within a minute stays on.

    Simulated cars that wait take it at once, which no sensor sees.
    """
    kept: dict[str, list[BayChange]] = {bay: [] for bay in truth.inside}
    for change in truth.changes:
        found = kept[change.bay_id]
        if found and change.occupied and change.at - found[-1].at < MINUTE:
            found.pop()
        else:
            found.append(change)
    changes = sorted((c for found in kept.values() for c in found), key=lambda change: change.at)
    return Truth(truth.began, truth.inside, changes, truth.searches)


def spoiled(messages: Sequence[Seen], dice: random.Random) -> list[Seen]:
    """Return what arrives: 4 % are lost, 5 % come twice, all in any order."""
    kept = [each for each in messages if dice.random() > 0.04]
    kept += [each for each in kept if dice.random() < 0.05]
    dice.shuffle(kept)
    return kept


def told_by_sensors(truth: Truth) -> dict[str, list[Seen]]:
    """Return each bay's messages: one at each change, with how long it was otherwise, and heartbeats."""
    turns: dict[str, list[tuple[datetime, bool]]] = {
        bay: [(truth.began, occupied)] for bay, occupied in truth.inside.items()
    }
    for change in truth.changes:
        turns[change.bay_id].append((change.at, change.occupied))
    end = MONDAY + DAYS * DAY
    found: dict[str, list[Seen]] = {}
    for bay, turned in turns.items():
        said: list[Seen] = []
        before: datetime | None = None
        for number, (at, occupied) in enumerate(turned):
            reading = Reading.OCCUPIED if occupied else Reading.FREE
            lasted = _whole_minutes_s(at - before) if before else None
            until = turned[number + 1][0] if number + 1 < len(turned) else end
            said.append(Seen(at, f"{bay}-{number:05}", reading, lasted))
            beat = at + BEAT
            while beat < min(until, end):
                said.append(Seen(beat, f"{bay}-{number:05}-{beat:%H%M}", reading))
                beat += BEAT
            before = at
        found[bay] = [each for each in said if each.at < end]
    return found


def _whole_minutes_s(time: timedelta) -> int:
    return time // MINUTE * 60


@pytest.mark.parametrize(("profile", "seed"), [("shopping", 1), ("station", 2), ("evening", 3)])
def test_stays_rebuilt_from_spoiled_messages_keep_what_they_state(profile: str, seed: int) -> None:
    truth, dice = apart(drive(40, profile, seed)), random.Random(seed)
    came = [c for c in truth.changes if c.occupied and c.at < MONDAY + DAYS * DAY]
    times: defaultdict[str, list[datetime]] = defaultdict(list)
    for change in came:
        times[change.bay_id].append(change.at)
    measured: dict[str, list[Lasted]] = {"min": [], "value": [], "max": []}
    arrivals = found = 0
    for bay, messages in told_by_sensors(truth).items():
        for stay in stretches(spoiled(messages, dice), limit=LIMIT, shortest=MINUTE):
            if not stay.occupied:
                continue
            found += stay.begun_from is None
            if stay.begun_from is None:
                continue
            arrivals += 1
            # Each arrival is one that was: within its bounds a car did come.
            assert any(stay.begun_from <= at <= stay.begun_to for at in times[bay])
            end, ended = stay.ended_to or stay.ended_from, stay.ended_to is not None
            for name, time in (
                ("min", stay.ended_from - stay.begun_to),
                ("value", end - stay.begun_to),
                ("max", end - stay.begun_from),
            ):
                measured[name].append(Lasted(round(time / MINUTE), ended, 1))
    # What is lost in pairs stays unseen: counts are lower bounds, and hardly lower.
    first = sum(truth.inside.values())
    assert arrivals <= len(came)
    assert arrivals + found - first >= 0.98 * len(came)
    real = dwell(lasted_in_truth(truth))
    least, value, most = (dwell(measured[name]) for name in ("min", "value", "max"))
    for quantile in ("p25", "median", "p75", "p90"):
        low, high, actual = (getattr(each, quantile) for each in (least, most, real))
        assert low - 1 <= actual <= high + 1, quantile
        assert getattr(value, quantile) == pytest.approx(actual, rel=0.05, abs=2), quantile


def lasted_in_truth(truth: Truth) -> list[Lasted]:
    end, found = MONDAY + DAYS * DAY, []
    began: dict[str, datetime] = {}
    for change in truth.changes:
        if change.at >= end:
            break
        if change.occupied:
            began[change.bay_id] = change.at
        elif change.bay_id in began:
            stayed = change.at - began.pop(change.bay_id)
            found.append(Lasted(round(stayed / MINUTE), True, 1))  # noqa: FBT003
    found += [Lasted(round((end - at) / MINUTE), False, 1) for at in began.values()]  # noqa: FBT003
    return found


@dataclass(frozen=True)
class Case:
    """A lot and its gates."""

    profile: str
    bays: int
    mode: Mode
    seed: int
    miss_rate: float = 0.0


CASES = [
    Case("shopping", 60, "cumulative", 1),
    Case("evening", 25, "cumulative", 2),
    Case("evening", 25, "delta", 3, miss_rate=0.01),
    Case("station", 40, "cumulative", 4, miss_rate=0.01),
    Case("commuter", 80, "cumulative", 5),
]


def told_by_gates(case: Case, truth: Truth, dice: random.Random) -> list[Entry]:
    """Return what two gates say, a message a minute at most, spoiled; and each night's known count."""
    counters = {"nord": [0, 0], "sued": [0, 0]}
    last = dict.fromkeys(counters, truth.began)
    entries: list[Entry] = []
    sure: list[Entry] = []

    def say(gate: str, at: datetime) -> None:
        inwards, outwards = counters[gate]
        count = GateCount(
            f"{gate}-{at.isoformat()}", LOT, gate, at, case.mode, Passed(inwards, outwards)
        )
        if case.mode == "delta":
            counters[gate] = [0, 0]
        entries.append(count)
        last[gate] = at

    agenda: list[tuple[datetime, int, bool]] = [(at, 0, inwards) for at, inwards in truth.passed]
    end = MONDAY + (DAYS + 1) * DAY
    minutes = int((end - truth.began) / (10 * MINUTE))
    agenda += [(truth.began + n * 10 * MINUTE, 1, False) for n in range(minutes)]
    heapq.heapify(agenda)
    inside = sum(truth.inside.values())
    while agenda:
        at, kind, inwards = heapq.heappop(agenda)
        if kind:
            for gate in counters:
                say(gate, at)
            if (at - MONDAY) % DAY == timedelta(hours=4):
                sure.append(known(at, inside, Cause.KNOWN_EMPTY))
            continue
        inside += 1 if inwards else -1
        gate = dice.choice(["nord", "sued"])
        if dice.random() >= case.miss_rate:
            counters[gate][0 if inwards else 1] += 1
        if at - last[gate] >= MINUTE:
            say(gate, at)
    sure.append(known(truth.began, sum(truth.inside.values()), Cause.OPERATOR))
    # A lost delta is lost for good, and no bound is told for it: the codec's counters are for that.
    lost = 0.0 if case.mode == "delta" else 0.04
    return [*arrived(entries, lost, dice), *sure]


def known(at: datetime, inside: int, cause: Cause) -> Anchor:
    return Anchor(f"known-{at.isoformat()}", LOT, at, cause, inside, inside)


def arrived(entries: Sequence[Entry], lost: float, dice: random.Random) -> list[Entry]:
    """Return what arrives: some lost, 5 % twice, all in any order."""
    kept = [entry for entry in entries if dice.random() >= lost]
    kept += [entry for entry in kept if dice.random() < 0.05]
    dice.shuffle(kept)
    return kept


def searched(case: Case, truth: Truth, dice: random.Random) -> list[Searching]:
    """Return each day as it is told: its messages in any order, once each."""
    gates = {
        name: Gate(name, GateKind.CAMERA, timedelta(hours=1), miss_rate=case.miss_rate)
        for name in ("nord", "sued")
    }
    rules = Balancing(case.bays, gates, overfill=6)
    entries = {key_of(entry): entry for entry in told_by_gates(case, truth, dice)}
    stretch = Stretch(MONDAY, MONDAY + (DAYS + 1) * DAY)
    counted = counted_buckets(
        rules,
        unknown_balance(rules, MONDAY),
        [entries[key] for key in sorted(entries)],
        bays=(),
        stretch=stretch,
    )
    flows = Flows.of(stretch.begin, stretch.end, columns([each.flow for each in counted]))
    return [
        searching(
            flows,
            MONDAY + n * DAY,
            MONDAY + (n + 1) * DAY,
            most=rules.most,
            errors=errors_of(None, gates.values()),
            seen_until=stretch.end,
        )
        for n in range(DAYS)
    ]


def columns(flows: Sequence[Flow]) -> Columns:
    """Return flows as they are read from their table."""
    found: dict[str, list[Any]] = {
        name: [getattr(flow, name) for flow in flows] for name in Flow._fields
    }
    for name in ("start", "before_from"):
        found[name] = [at.timestamp() if at else None for at in found[name]]
    return found


def holds(told: Between, actual: float) -> bool:
    assert told.low is not None
    assert told.high is not None
    return told.low <= actual <= told.high


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.profile}-{case.mode}-{case.seed}")
def test_searching_traffic_told_by_spoiled_gates_lies_within_its_bounds(case: Case) -> None:
    truth = drive(case.bays, case.profile, case.seed)
    told_by_day, end = searched(case, truth, random.Random(case.seed)), MONDAY
    for number, told in enumerate(told_by_day):
        begin, end = MONDAY + number * DAY, MONDAY + (number + 1) * DAY
        inwards = [at for at, inward in truth.passed if inward and begin <= at < end]
        outwards = [at for at, inward in truth.passed if not inward and begin <= at < end]
        came = [s for s in truth.searches if begin <= s.came_at < end]
        left = [s for s in truth.searches if begin <= s.ended_at < end and not s.parked]
        stayed = mean_stay_min(truth, begin, end)
        assert holds(told.arrivals, len(inwards))
        assert holds(told.departures, len(outwards))
        assert holds(told.dwell_mean_min, stayed)
        assert holds(told.full_arrivals, len(came))
        assert holds(told.failed_entries, len(left))
        assert told.dwell_mean_min.value == pytest.approx(stayed, rel=0.12)
        assert told.full_arrivals.value == pytest.approx(len(came), abs=6)
    found = [each.failed_entries.value or 0 for each in told_by_day]
    failed = [s for s in truth.searches if MONDAY <= s.ended_at < end and not s.parked]
    assert sum(found) == pytest.approx(len(failed), rel=0.6, abs=16)


def mean_stay_min(truth: Truth, begin: datetime, end: datetime) -> float:
    """Return how long those who came in a stretch stayed, in minutes, cut a day after the stretch."""
    bays: dict[str, datetime] = {}
    waited = {search.ended_at: search.came_at for search in truth.searches if search.parked}
    cut, stays = end + DAY, []
    for change in truth.changes:
        if change.occupied:
            bays[change.bay_id] = waited.get(change.at, change.at)
        elif change.bay_id in bays:
            stays.append((bays.pop(change.bay_id), change.at))
    stays += [(at, cut) for at in bays.values()]
    stays += [(s.came_at, s.ended_at) for s in truth.searches if not s.parked]
    inside = [(a, min(b, cut)) for a, b in stays if begin <= a < end]
    total = sum((b - a).total_seconds() for a, b in inside)
    return total / 60 / len(inside)
