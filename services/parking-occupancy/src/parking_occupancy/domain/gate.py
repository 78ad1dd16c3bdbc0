# SPDX-License-Identifier: EUPL-1.2
"""What a gate's messages say of the traffic through it: deltas, counters that reset or roll over.

Pure: messages must be given in the order of their keys, whatever the order of their arrival.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Literal, NamedTuple

from stadttakt_messages.base import LotId

Mode = Literal["delta", "cumulative"]

NEAR_THE_END = 64
"""So many vehicles short of its end, a counter that falls may always have rolled over."""

_USUAL_TIMES = 6
"""Above so many times the usual traffic, a roll-over is no explanation for a fall."""

_SPARE_MINUTES = 1.0


class GateKind(StrEnum):
    """How a gate counts."""

    LOOP = "loop"
    CAMERA = "camera"
    BARRIER = "barrier"


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate of a lot as the city configured it.

    `miss_rate` and `double_rate` are the shares of vehicles that are not counted and counted
    twice; `counter_bits` is where its counters begin anew; `max_per_min` is what can pass it in
    one direction.
    """

    name: str
    kind: GateKind
    heartbeat_limit: timedelta
    inverted: bool = False
    counter_bits: int | None = None
    max_per_min: float = 30.0
    miss_rate: float = 0.0
    double_rate: float = 0.0

    @property
    def longest_delta(self) -> int:
        """Return how many vehicles one message may say at most, with messages stored meanwhile."""
        minutes = self.heartbeat_limit.total_seconds() / 60
        return ceil(4 * self.max_per_min * max(minutes, 1))


class Passed(NamedTuple):
    """Vehicles in and out."""

    inwards: int = 0
    outwards: int = 0

    @property
    def total(self) -> int:
        """Return how many vehicles passed in either direction."""
        return self.inwards + self.outwards


NOTHING = Passed()


@dataclass(frozen=True, slots=True)
class GateCount:
    """A gate's message; `inside` is what the gate's own controller says is in the lot.

    `corrects` is the id of an earlier message of the same time whose place it takes.
    """

    event_id: str
    lot_id: LotId
    gate: str
    observed_at: datetime
    mode: Mode
    counted: Passed
    inside: int | None = None
    simulated: bool = False
    corrects: str | None = None


class Finding(StrEnum):
    """What was unusual about a message."""

    ROLLED_OVER = "rolled_over"
    RESET = "reset"
    GAP = "gap"
    DOUBTFUL = "doubtful"
    JUMPED = "jumped"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class GateTrack:
    """What is remembered of a gate; `doubted` are totals that fit nothing before them."""

    heard_at: datetime
    since: datetime
    totals: Passed | None = None
    doubted: Passed | None = None
    passed: Passed = NOTHING


class Heard(NamedTuple):
    """What one message says: vehicles that passed, and at most so many more that nobody counted."""

    track: GateTrack
    passed: Passed = NOTHING
    uncounted: Passed = NOTHING
    finding: Finding | None = None


def hear(gate: Gate, track: GateTrack | None, count: GateCount) -> Heard:
    """Return what a message says, given what was heard of its gate before."""
    said = Passed(count.counted[1], count.counted[0]) if gate.inverted else count.counted
    at = count.observed_at
    if track is None:
        track = GateTrack(heard_at=at, since=at)
        if count.mode == "cumulative":
            return Heard(replace(track, totals=said))
        return _told(track, count, Heard(track, said))
    if count.mode == "delta":
        silent = at - track.heard_at > gate.heartbeat_limit
        lost = _usual(track, at) if silent else NOTHING
        finding = Finding.GAP if silent else None
        return _told(track, count, Heard(replace(track, totals=None), said, lost, finding))
    return _told(track, count, _counters(gate, track, said, at))


def _told(track: GateTrack, count: GateCount, heard: Heard) -> Heard:
    passed = Passed(
        track.passed.inwards + heard.passed.inwards,
        track.passed.outwards + heard.passed.outwards,
    )
    later = max(track.heard_at, count.observed_at)
    return heard._replace(track=replace(heard.track, heard_at=later, passed=passed))


def _counters(gate: Gate, track: GateTrack, said: Passed, at: datetime) -> Heard:
    """Explain counters by those before: they rose, rolled over, were reset, or fit nothing."""
    kept = replace(track, totals=said, doubted=None)
    if track.totals is None:
        return Heard(kept)
    allowed = _allowed(gate, track, at)
    risen = _rise(track.totals, said)
    if risen is not None and max(risen) <= allowed:
        return Heard(kept, risen)
    rolled = _roll_over(gate, track, said, at)
    if rolled is not None and max(rolled) <= allowed:
        return Heard(kept, rolled, finding=Finding.ROLLED_OVER)
    if risen is None and max(said) <= allowed:
        # What passed between the last message and the reset was counted and never told.
        return Heard(kept, said, _usual(track, at), Finding.RESET)
    if track.doubted is not None:
        since_doubt = _rise(track.doubted, said)
        if since_doubt is not None and max(since_doubt) <= allowed:
            return Heard(kept, since_doubt, _usual(track, at), Finding.JUMPED)
    return Heard(replace(track, doubted=said), finding=Finding.DOUBTFUL)


def _rise(before: Passed, said: Passed) -> Passed | None:
    inwards, outwards = said.inwards - before.inwards, said.outwards - before.outwards
    return Passed(inwards, outwards) if inwards >= 0 and outwards >= 0 else None


def _roll_over(gate: Gate, track: GateTrack, said: Passed, at: datetime) -> Passed | None:
    """Return what passed if a counter that fell came to its end, where it was near it."""
    if gate.counter_bits is None or track.totals is None:
        return None
    end = 1 << gate.counter_bits
    usual = _usual(track, at)
    found = []
    for before, now, expected in zip(track.totals, said, usual, strict=True):
        if now >= before:
            found.append(now - before)
        elif now + end - before <= max(NEAR_THE_END, _USUAL_TIMES * expected):
            found.append(now + end - before)
        else:
            return None
    return Passed(*found)


def _allowed(gate: Gate, track: GateTrack, at: datetime) -> float:
    minutes = (at - track.heard_at).total_seconds() / 60
    return gate.max_per_min * (max(minutes, 0) + _SPARE_MINUTES)


def _usual(track: GateTrack, at: datetime) -> Passed:
    """Return the traffic that the gate's mean so far makes of the time since it was heard."""
    known_s = (track.heard_at - track.since).total_seconds()
    if known_s <= 0:
        return NOTHING
    share = max((at - track.heard_at).total_seconds(), 0) / known_s
    return Passed(ceil(track.passed.inwards * share), ceil(track.passed.outwards * share))
