# SPDX-License-Identifier: EUPL-1.2
"""How many vehicles are in a lot that is counted at its gates: what was known, and net flow since.

Entries (counts of gates, anchors) are taken in the order of their keys. Whatever the count is
moved by beside the flow is a correction with its cause, so that
`count = first known number + net flow + corrections` holds at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil, sqrt
from typing import NamedTuple

from parking_occupancy.domain.gate import (
    NOTHING,
    Finding,
    Gate,
    GateCount,
    GateKind,
    GateTrack,
    Passed,
    hear,
)
from parking_occupancy.domain.known_empty import KnownEmpty
from parking_occupancy.domain.miscount import Miscounts, fitted
from stadttakt_messages.base import LotId


@dataclass(frozen=True, slots=True)
class Balancing:
    """How a lot is counted at its gates, as the city configured it.

    `overfill` vehicles may be inside a full lot, looking for a place; a lot of which more than
    `uncertainty_limit` of its places are uncertain is unknown. `holds_for` is how long a number
    set by hand holds where there is no gate; drift is told by days of the city's `timezone`.
    """

    capacity: int
    gates: Mapping[str, Gate]
    known_empty: tuple[KnownEmpty, ...] = ()
    overfill: int = 0
    drift_limit: int = 5
    uncertainty_limit: float = 0.4
    holds_for: timedelta = timedelta(days=1)
    timezone: str = "UTC"

    @property
    def most(self) -> int:
        """Return the most vehicles that may be inside."""
        return self.capacity + self.overfill


class Cause(StrEnum):
    """Why a count was moved."""

    KNOWN_EMPTY = "known_empty"
    OPERATOR = "operator"
    BARRIER = "barrier"
    LEFT_WHEN_EMPTY = "left_when_empty"
    ENTERED_WHEN_FULL = "entered_when_full"
    SENSED_BAYS = "sensed_bays"
    SENSED_SHARE = "sensed_share"
    LEARNED = "learned"


CERTAIN = frozenset({Cause.KNOWN_EMPTY, Cause.OPERATOR, Cause.BARRIER})
"""What says how many vehicles there are; the rest says only that the count is wrong."""

NINE_OF_TEN = 1.645
"""Standard deviations between which the truth lies nine times out of ten."""

CONTRADICTIONS = frozenset({Cause.LEFT_WHEN_EMPTY, Cause.ENTERED_WHEN_FULL})


@dataclass(frozen=True, slots=True)
class Anchor:
    """Something other than a gate that tells how many vehicles are in a lot at a time.

    Certain causes say `lowest == highest`; sensed bays give bounds; a sensed share gives the
    bounds of one standard deviation about its estimate.
    """

    anchor_id: str
    lot_id: LotId
    at: datetime
    cause: Cause
    lowest: int
    highest: int


Entry = GateCount | Anchor
Key = tuple[datetime, int, int, str]


def key_of(entry: Entry) -> Key:
    """Return an entry's place: by time, counts before anchors, lower counters before higher ones."""
    if isinstance(entry, Anchor):
        return entry.at, 1, 0, entry.anchor_id
    return entry.observed_at, 0, entry.counted.total, entry.event_id


class Correction(NamedTuple):
    """The count was moved by `amount` vehicles at a time; `ref` is the entry that showed it.

    It is `drift` where the count had gone on from a certain number: an estimate that is found to
    be off says nothing of the gates, nor does a number where there are none.
    """

    at: datetime
    ref: str
    cause: Cause
    amount: int
    gate: str | None = None
    drift: bool = True


@dataclass(frozen=True, slots=True)
class Balance:
    """A lot's count and how sure it is.

    `count` lies in what is possible; `lowest` and `highest` bound the truth if no gate erred.
    `raw` is the last certain number with the net flow since, uncorrected; `traffic` that flow by
    gate. `owed` is the learned excess not yet taken from the count, `relief` the variance that
    evidence took away. `passed_until` is the time up to which known times were looked for.
    """

    passed_until: datetime
    newest: Key | None = None
    gates: Mapping[str, GateTrack] = field(default_factory=dict)
    count: int = 0
    lowest: int = 0
    highest: int = 0
    anchored_at: datetime | None = None
    anchored_by: Cause | None = None
    raw: int = 0
    traffic: Mapping[str, Passed] = field(default_factory=dict)
    owed: float = 0.0
    relief: float = 0.0
    miscounts: Miscounts | None = None
    simulated: bool = False

    def deviation(self, rules: Balancing) -> float:
        """Return the standard deviation of the count from what gates get wrong."""
        known = fitted(self.miscounts, list(rules.gates.values()))
        return sqrt(max(known.variance(self.traffic) - self.relief, 0.0))

    def spread(self, rules: Balancing) -> float:
        """Return the standard deviation of the count with what was never known of it."""
        half = (self.highest - self.lowest) / 2 / NINE_OF_TEN
        return sqrt(self.deviation(rules) ** 2 + half**2)


class Taken(NamedTuple):
    """A balance after entries, and what they showed.

    Of one entry also what passed its gate, and at most how much more that nobody counted.
    """

    balance: Balance
    corrections: tuple[Correction, ...] = ()
    findings: tuple[tuple[GateCount, Finding], ...] = ()
    passed: Passed = NOTHING
    uncounted: Passed = NOTHING


def unknown_balance(rules: Balancing, now: datetime) -> Balance:
    """Return what is known of a lot of which nothing was heard: anything between empty and full."""
    return Balance(passed_until=now, highest=rules.most)


def take_all(rules: Balancing, balance: Balance, entries: Iterable[Entry]) -> Taken:
    """Return the balance after entries, which must be in the order of their keys."""
    corrections: list[Correction] = []
    findings: list[tuple[GateCount, Finding]] = []
    for entry in entries:
        taken = take(rules, balance, entry)
        balance = taken.balance
        corrections += taken.corrections
        findings += taken.findings
    return Taken(balance, tuple(corrections), tuple(findings))


def take(rules: Balancing, before: Balance, entry: Entry) -> Taken:
    """Return the balance after one entry that follows all taken so far."""
    placed = replace(before, newest=key_of(entry))
    if isinstance(entry, Anchor):
        return _anchor(rules, placed, entry)
    gate = rules.gates.get(entry.gate)
    if gate is None or (entry.simulated and before.gates and not before.simulated):
        return Taken(placed)
    if before.simulated and not entry.simulated:
        placed = _made_real(rules, placed)
    counted = _count(rules, placed, gate, entry)
    if entry.inside is None or gate.kind is not GateKind.BARRIER:
        return counted
    told = Anchor(
        entry.event_id, entry.lot_id, entry.observed_at, Cause.BARRIER, entry.inside, entry.inside
    )
    found = _anchor(rules, counted.balance, told)
    if not 0 <= entry.inside <= rules.most:
        counted = counted._replace(findings=(*counted.findings, (entry, Finding.IMPOSSIBLE)))
    return counted._replace(
        balance=found.balance, corrections=(*counted.corrections, *found.corrections)
    )


def _made_real(rules: Balancing, simulated: Balance) -> Balance:
    """Return the balance of a lot whose first real gate speaks: made-up traffic counts no more."""
    real = replace(
        unknown_balance(rules, simulated.passed_until),
        newest=simulated.newest,
        count=simulated.count,
    )
    if any(passed.total for passed in simulated.traffic.values()):
        return real
    return replace(
        real,
        lowest=simulated.lowest,
        highest=simulated.highest,
        raw=simulated.raw,
        anchored_at=simulated.anchored_at,
        anchored_by=simulated.anchored_by,
    )


def _count(rules: Balancing, before: Balance, gate: Gate, count: GateCount) -> Taken:
    heard = hear(gate, before.gates.get(gate.name), count)
    known = fitted(before.miscounts, list(rules.gates.values()))
    passed, uncounted = heard.passed, heard.uncounted
    sofar = before.traffic.get(gate.name, NOTHING)
    moved = replace(
        before,
        gates={**before.gates, gate.name: heard.track},
        traffic={
            **before.traffic,
            gate.name: Passed(sofar.inwards + passed.inwards, sofar.outwards + passed.outwards),
        },
        raw=before.raw + passed.inwards - passed.outwards,
        count=before.count + passed.inwards - passed.outwards,
        lowest=before.lowest + passed.inwards - passed.outwards - uncounted.outwards,
        highest=before.highest + passed.inwards - passed.outwards + uncounted.inwards,
        owed=before.owed + known.excess({gate.name: passed}),
        miscounts=known,
        simulated=count.simulated,
    )
    settled = _settle(rules, moved, count)
    findings = ((count, heard.finding),) if heard.finding else ()
    return Taken(settled.balance, settled.corrections, findings, passed, uncounted)


def _settle(rules: Balancing, moved: Balance, count: GateCount) -> Taken:
    """Take off what was learned, then bring the count back to what is possible."""
    corrections = []
    owed = int(moved.owed)
    learned = min(max(-owed, -max(moved.count, 0)), max(rules.most - moved.count, 0))
    if learned:
        corrections.append((Cause.LEARNED, learned))
    possible = min(max(moved.count + learned, 0), rules.most)
    contradiction = possible - moved.count - learned
    if contradiction:
        full = contradiction < 0
        cause = Cause.ENTERED_WHEN_FULL if full else Cause.LEFT_WHEN_EMPTY
        corrections.append((cause, contradiction))
    balance = _within(
        rules,
        replace(
            moved,
            count=possible,
            owed=moved.owed - owed,
            # What was just proved wrong may be wrong by as much again.
            lowest=min(moved.lowest + learned, possible + min(contradiction, 0)),
            highest=max(moved.highest + learned, possible + max(contradiction, 0)),
        ),
    )
    return Taken(
        balance,
        tuple(
            Correction(
                count.observed_at,
                count.event_id,
                cause,
                amount,
                count.gate,
                drift=_counts_on(rules, moved),
            )
            for cause, amount in corrections
        )
        if moved.anchored_at
        else (),
    )


def _within(rules: Balancing, balance: Balance) -> Balance:
    """Return the balance with bounds between empty and full."""
    return replace(
        balance,
        lowest=min(max(balance.lowest, 0), rules.most),
        highest=min(max(balance.highest, 0), rules.most),
    )


def _anchor(rules: Balancing, before: Balance, anchor: Anchor) -> Taken:
    lowest, highest = (min(max(each, 0), rules.most) for each in (anchor.lowest, anchor.highest))
    if anchor.cause in CERTAIN:
        return _certain(rules, before, anchor, lowest)
    if anchor.cause is Cause.SENSED_SHARE:
        return _pulled(rules, before, anchor)
    bounded = min(max(before.count, lowest), highest)
    # What was just proved wrong may be wrong by as much again.
    wrong = bounded - before.count
    after = replace(
        before,
        count=bounded,
        lowest=min(max(min(before.lowest, bounded + min(wrong, 0)), lowest), highest),
        highest=max(min(max(before.highest, bounded + max(wrong, 0)), highest), lowest),
    )
    return _corrected(rules, before, after, anchor)


def _certain(rules: Balancing, before: Balance, anchor: Anchor, number: int) -> Taken:
    known = before.miscounts
    if known is not None and before.anchored_by in CERTAIN:
        trusted = anchor.cause is not Cause.OPERATOR and anchor.lowest == number
        known = known.learn(before.traffic, before.raw - number, trusted=trusted)
    after = replace(
        before,
        count=number,
        lowest=number,
        highest=number,
        raw=number,
        traffic={},
        owed=0.0,
        relief=0.0,
        anchored_at=anchor.at,
        anchored_by=anchor.cause,
        miscounts=known,
    )
    return _corrected(rules, before, after, anchor)


def _pulled(rules: Balancing, before: Balance, anchor: Anchor) -> Taken:
    """Weigh the count against an estimate, each by its variance; the first one is taken as it is."""
    estimate = (anchor.lowest + anchor.highest) / 2
    variance = max(((anchor.highest - anchor.lowest) / 2) ** 2, 0.25)
    if before.anchored_at is None:
        return Taken(_estimated(rules, before, anchor, estimate, variance))
    own = before.spread(rules) ** 2
    weight = own / (own + variance)
    pulled = before.count + weight * (estimate - before.count)
    if before.anchored_by is Cause.SENSED_SHARE:
        after = _estimated(rules, before, anchor, pulled, (1 - weight) * own)
        return _corrected(rules, before, after, anchor)
    number = min(max(round(pulled), 0), rules.most)
    relief = before.relief + weight * before.deviation(rules) ** 2
    return _corrected(rules, before, replace(before, count=number, relief=relief), anchor)


def _estimated(
    rules: Balancing, before: Balance, anchor: Anchor, estimate: float, variance: float
) -> Balance:
    """Return the balance that goes on from an estimate, with the bounds of nine in ten."""
    spread = ceil(NINE_OF_TEN * sqrt(variance))
    number = min(max(round(estimate), 0), rules.most)
    if before.anchored_at is None:
        # What empty and full allow after the traffic so far.
        number = min(max(number, before.lowest), before.highest)
    return _within(
        rules,
        replace(
            before,
            count=number,
            lowest=number - spread,
            highest=number + spread,
            raw=number,
            traffic={},
            owed=0.0,
            relief=0.0,
            anchored_at=anchor.at,
            anchored_by=anchor.cause,
        ),
    )


def _corrected(rules: Balancing, before: Balance, after: Balance, anchor: Anchor) -> Taken:
    amount = after.count - before.count
    if not amount or before.anchored_at is None:
        return Taken(after)
    drift = _counts_on(rules, before)
    return Taken(
        after, (Correction(anchor.at, anchor.anchor_id, anchor.cause, amount, drift=drift),)
    )


def _counts_on(rules: Balancing, balance: Balance) -> bool:
    """Return whether gates made the count what it is, from a number that was certain."""
    return bool(rules.gates) and balance.anchored_by in CERTAIN
