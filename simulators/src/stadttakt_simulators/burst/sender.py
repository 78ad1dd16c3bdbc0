# SPDX-License-Identifier: EUPL-1.2
"""Sends a pool at a given pace and survives the broker's death: what is unacknowledged is sent again."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson

from stadttakt_simulators.burst.connection import Connection
from stadttakt_simulators.burst.packets import publish_parts
from stadttakt_simulators.burst.pool import BurstMessage
from stadttakt_simulators.clock import EpochNs, rfc3339, system_clock
from stadttakt_simulators.publisher import Broker

LONGEST_WAIT_S = 0.05
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
NOT_YET = EpochNs(0)


class Sendable(Protocol):
    """What a burst sends: a message of any kind, ready for the wire."""

    @property
    def topic(self) -> bytes:
        """Where it goes, in UTF-8."""

    @property
    def payload(self) -> bytes:
        """What it says."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, how many unacknowledged at once, and how long to go on; a rate of 0 is as fast as possible."""

    rate: float = 0.0
    window: int = 2000
    deadline_s: float | None = None


@dataclass(frozen=True, slots=True)
class BurstResult:
    """What became of the pool; `sent_at` and `acked_at` go with it by position, 0 where it did not happen.

    `connected_at` is when each connection to the broker began.
    """

    acknowledged: int
    refused: int
    republished: int
    reconnects: int
    seconds: float
    sent_at: Sequence[EpochNs]
    acked_at: Sequence[EpochNs]
    connected_at: Sequence[EpochNs]


def run_burst(
    pool: Sequence[Sendable],
    broker: Broker,
    pace: Pace,
    *,
    stop: threading.Event | None = None,
    say: Callable[[str], None] | None = None,
) -> BurstResult:
    """This function publishes the pool at QoS 1 and blocks until all is acknowledged, the deadline or `stop`."""
    return _Burst(pool, broker, pace, stop or threading.Event(), say or (lambda _: None)).run()


def write_log(path: Path, pool: Sequence[BurstMessage], result: BurstResult) -> None:
    """This function writes one JSON line a message: identity, device, time, state and whether it was acknowledged."""
    with path.open("wb") as file:
        for message, sent, acked in zip(pool, result.sent_at, result.acked_at, strict=True):
            line = {
                "identity": message.identity,
                "dev_eui": message.dev_eui,
                "bay_id": message.bay_id,
                "time": message.time,
                "occupied": message.occupied,
                "acked": acked != NOT_YET,
                "sent_at": rfc3339(sent, "Z") if sent else None,
                "acked_at": rfc3339(acked, "Z") if acked else None,
            }
            file.write(orjson.dumps(line) + b"\n")


class _Burst:
    def __init__(
        self,
        pool: Sequence[Sendable],
        broker: Broker,
        pace: Pace,
        stop: threading.Event,
        say: Callable[[str], None],
    ) -> None:
        self._parts = [publish_parts(message.topic, message.payload) for message in pool]
        self._broker, self._pace, self._stop, self._say = broker, pace, stop, say
        self._sent_at, self._acked_at = [NOT_YET] * len(pool), [NOT_YET] * len(pool)
        self._connected_at: list[EpochNs] = []
        self._again: deque[int] = deque()
        self._next = self._acknowledged = self._refused = self._republished = self._reconnects = 0
        self._began = time.monotonic()

    def run(self) -> BurstResult:
        pause_s = FIRST_PAUSE_S
        while not self._over():
            try:
                connection = Connection(self._broker, self._pace.window)
            except OSError as error:
                self._say(f"no broker: {error}")
                self._stop.wait(pause_s * random.uniform(0.5, 1.0))
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            self._connected_at.append(system_clock())
            before = self._acknowledged
            self._use(connection)
            if self._acknowledged > before:
                pause_s = FIRST_PAUSE_S
            elif not self._over():
                self._stop.wait(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        seconds = time.monotonic() - self._began
        return BurstResult(
            self._acknowledged,
            self._refused,
            self._republished,
            self._reconnects,
            seconds,
            self._sent_at,
            self._acked_at,
            self._connected_at,
        )

    def _use(self, connection: Connection) -> None:
        try:
            while not self._over():
                self._fill(connection)
                acknowledged, refused = connection.turn(self._wait_s(connection))
                now = system_clock()
                for number in acknowledged:
                    self._acked_at[number] = now
                self._acknowledged += len(acknowledged)
                self._refused += len(refused)
        except OSError as error:
            self._reconnects += 1
            lost = connection.unacknowledged()
            self._say(f"connection lost with {len(lost)} unacknowledged: {error}")
            self._again.extendleft(reversed(lost))
        finally:
            connection.close()

    def _fill(self, connection: Connection) -> None:
        room, now = connection.room, system_clock()
        while room > 0 and self._again:
            number = self._again.popleft()
            self._republished += 1
            connection.send(number, self._parts[number])
            room -= 1
        for number in range(self._next, min(self._due(), self._next + max(room, 0))):
            self._sent_at[number] = now
            connection.send(number, self._parts[number])
            self._next = number + 1

    def _due(self) -> int:
        if not self._pace.rate:
            return len(self._parts)
        return min(len(self._parts), int((time.monotonic() - self._began) * self._pace.rate) + 1)

    def _wait_s(self, connection: Connection) -> float:
        if not self._pace.rate or connection.room <= 0 or self._next >= len(self._parts):
            return LONGEST_WAIT_S
        return min(
            max(self._began + self._next / self._pace.rate - time.monotonic(), 0.0005),
            LONGEST_WAIT_S,
        )

    def _over(self) -> bool:
        late = (
            self._pace.deadline_s is not None
            and time.monotonic() - self._began > self._pace.deadline_s
        )
        done = self._acknowledged + self._refused >= len(self._parts)
        return done or late or self._stop.is_set()
