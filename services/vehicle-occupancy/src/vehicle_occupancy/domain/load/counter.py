# SPDX-License-Identifier: EUPL-1.2
"""What a door's messages say of the persons who passed: deltas, counters that reset or roll over.

Messages must be given in the order of their keys, whatever the order of their arrival.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from vehicle_occupancy.domain.load.reading import NOBODY, DoorCount, Passed
from vehicle_occupancy.domain.load.vehicle import Door

NEAR_THE_END = 256
"""So many persons short of its end, a counter that falls may have rolled over."""

_USUAL_BITS = (8, 16, 31, 32)
_SPARE_MINUTES = 2.0
_LONGEST_DELTA = 600


class Finding(StrEnum):
    """What was unusual about a door or its message."""

    ROLLED_OVER = "rolled_over"
    RESET = "reset"
    UNDECIDED = "undecided"
    DOUBTFUL = "doubtful"
    UNUSABLE = "unusable"
    DEAD = "dead"
    REVIVED = "revived"


@dataclass(frozen=True, slots=True)
class Counter:
    """What is remembered of a door's counter; `doubted` are totals that fit nothing before them."""

    heard_at: datetime
    totals: Passed | None = None
    doubted: Passed | None = None


class Heard(NamedTuple):
    """What one message says; `usable` is false where it says nothing of who passed."""

    counter: Counter
    passed: Passed = NOBODY
    finding: Finding | None = None
    usable: bool = True


def hear(door: Door, counter: Counter | None, count: DoorCount) -> Heard:
    """Return what a message says, given what was heard of its door before."""
    at = count.observed_at
    if not count.quality.usable:
        # Whatever a counter did while it was broken, it begins anew when it is whole.
        return Heard(Counter(at), finding=Finding.UNUSABLE, usable=False)
    if count.mode == "delta":
        if max(count.counted) > _LONGEST_DELTA:
            return Heard(Counter(at), finding=Finding.DOUBTFUL, usable=False)
        return Heard(Counter(at), count.counted)
    if counter is None or counter.totals is None:
        return Heard(Counter(at, count.counted))
    return _risen(door, counter, counter.totals, count)


def _risen(door: Door, counter: Counter, before: Passed, count: DoorCount) -> Heard:
    at, said = count.observed_at, count.counted
    now = Counter(at, said)
    minutes = (at - counter.heard_at).total_seconds() / 60
    allowed = door.max_per_min * (max(minutes, 0) + _SPARE_MINUTES)
    risen = _difference(before, said)
    if _possible(risen, allowed):
        return Heard(now, risen)
    rolled = _roll_over(door, before, said)
    if rolled is not None and _possible(rolled, allowed):
        return Heard(now, rolled, Finding.ROLLED_OVER)
    if min(risen) < 0 and max(said) <= allowed:
        return Heard(now, said, _fall_of(door, before))
    if counter.doubted is not None:
        since = _difference(counter.doubted, said)
        if _possible(since, allowed):
            return Heard(now, since, Finding.RESET)
    doubtful = replace(counter, heard_at=at, doubted=said)
    return Heard(doubtful, finding=Finding.DOUBTFUL, usable=False)


def _difference(before: Passed, said: Passed) -> Passed:
    return Passed(said.boarded - before.boarded, said.alighted - before.alighted)


def _possible(passed: Passed, allowed: float) -> bool:
    return min(passed) >= 0 and max(passed) <= allowed


def _fall_of(door: Door, before: Passed) -> Finding:
    """Return what a counter that fell is taken for, of which what it says now has passed.

    Where nobody told its bits and it stood near an end that counters have, it may have rolled over as
    well: a few persons are missing then. It is never taken to have rolled over at an end that is guessed.
    """
    ends = [1 << bits for bits in _USUAL_BITS] if door.counter_bits is None else []
    near = any(0 < end - old <= min(NEAR_THE_END, end // 4) for end in ends for old in before)
    return Finding.UNDECIDED if near else Finding.RESET


def _roll_over(door: Door, before: Passed, said: Passed) -> Passed | None:
    """Return what passed if a counter that fell came to its end, where it was near it."""
    if door.counter_bits is None:
        return None
    end = 1 << door.counter_bits
    found = []
    for old, new in zip(before, said, strict=True):
        if new >= old:
            found.append(new - old)
        elif end - old <= NEAR_THE_END:
            found.append(new + end - old)
        else:
            return None
    return Passed(*found)
