# SPDX-License-Identifier: EUPL-1.2
"""Lets faults strike each at its moment, whatever the others do, under a load that outlasts them; knows no scene."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Blow:
    """A fault about to strike: seconds after the load begins, and the parts that no other may strike meanwhile."""

    name: str
    after_s: float
    parts: Collection[str]
    strike: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault on record; seconds count from the beginning of the load."""

    name: str
    what: str
    began_s: float
    ended_s: float


def conduct(
    blows: Sequence[Blow], speak: Callable[[], None], *, piece_s: float, seconds: float
) -> list[Struck]:
    """Speak a piece of load after the other, at least so many seconds and until the last fault is over.

    What a fault raises is raised once all are over.
    """
    locks = {part: threading.Lock() for blow in blows for part in blow.parts}
    with ThreadPoolExecutor(max(len(blows), 1)) as pool:
        began = time.monotonic()
        striking = [pool.submit(_strike, blow, locks, began) for blow in blows]
        spoken = began
        while spoken - began < seconds or not all(each.done() for each in striking):
            speak()
            # Nobody catches up: what is said in one piece is before what is said in the next.
            time.sleep(max(0.0, spoken + piece_s - time.monotonic()))
            spoken = time.monotonic()
    return [_on_record(blow, each) for blow, each in zip(blows, striking, strict=True)]


def overlaps(struck: Sequence[Struck]) -> int:
    """Return how many faults began before another that had begun earlier was over."""
    ordered = sorted(struck, key=lambda each: each.began_s)
    ends = [max(each.ended_s for each in ordered[: i + 1]) for i in range(len(ordered))]
    return sum(
        later.began_s < end for (_, later), end in zip(pairwise(ordered), ends, strict=False)
    )


def _strike(blow: Blow, locks: dict[str, threading.Lock], began: float) -> tuple[str, float, float]:
    time.sleep(max(0.0, began + blow.after_s - time.monotonic()))
    with ExitStack() as held:
        # All take them in one order: nobody waits for who waits for them.
        for part in sorted(blow.parts):
            held.enter_context(locks[part])
        begins = time.monotonic() - began
        what = blow.strike()
        return what, begins, time.monotonic() - began


def _on_record(blow: Blow, striking: Future[tuple[str, float, float]]) -> Struck:
    return Struck(blow.name, *striking.result())
