# SPDX-License-Identifier: EUPL-1.2
"""Uplinks in disorder and with repetitions, and the one who publishes them until they are acknowledged."""

import threading
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from random import Random
from typing import Generic, Protocol, TypeVar

from crash.city import devices
from stadttakt_simulators.burst import (
    BurstMessage,
    BurstResult,
    Pace,
    Sendable,
    burst_pool,
    run_burst,
)
from stadttakt_simulators.burst.pool import spacing_for
from stadttakt_simulators.clock import EpochNs, system_clock
from stadttakt_simulators.publisher import Broker

RATE = 500.0
OUT_OF_ORDER_WITHIN = 400
FORGOTTEN_WITHIN_NS, FORGOTTEN_A_DEATH = 50_000_000, 4
"""Mosquitto commits a turn of its loop after it has acknowledged: docs/decisions/0002."""
REPEATED_SHARE = 0.01
NEVER = 1 << 63
DEADLINE_S = 600
"""Brokers stay away for a minute at a time, and more than once."""


class Publishable(Sendable, Protocol):
    """A message with an identity, under which it is there once."""

    @property
    def identity(self) -> str:
        """What its repetitions share with it."""


Message = TypeVar("Message", bound=Publishable)


def make_pool(
    count: int, rng: Random, root: str, *, repeated_share: float = REPEATED_SHARE
) -> list[BurstMessage]:
    """Make uplinks of the last seconds: out of order within 0.8 s, a hundredth of them twice."""
    spacing = spacing_for(RATE)
    started = EpochNs(system_clock() - count * spacing)
    made = burst_pool(
        count, devices(), started=started, spacing_ns=spacing, seed=rng.getrandbits(32)
    )
    prefix = f"{root}/".encode()
    pool = [replace(message, topic=prefix + message.topic) for message in made]
    return disordered(pool, rng, within=OUT_OF_ORDER_WITHIN, repeated_share=repeated_share)


def disordered(
    sent: Sequence[Message], rng: Random, *, within: int, repeated_share: float
) -> list[Message]:
    """Return messages out of order within so many, a share of them twice."""
    repeated = rng.sample(sent, int(len(sent) * repeated_share))
    found: list[Message] = []
    for start in range(0, len(sent), within):
        window = list(sent[start : start + within])
        rng.shuffle(window)
        found += window
    for each in repeated:
        found.insert(rng.randrange(len(found)), each)
    return found


class Publishing(Generic[Message]):
    """A publisher at work beside the test; it knows what the broker acknowledged."""

    def __init__(self, pool: Sequence[Message], mqtt_url: str, *, rate: float = RATE) -> None:
        self.pool = pool
        self._results: list[BurstResult] = []
        self._stop = threading.Event()
        pace = Pace(rate=rate, deadline_s=DEADLINE_S)
        broker = Broker.parse(mqtt_url)
        self._thread = threading.Thread(
            target=lambda: self._results.append(run_burst(pool, broker, pace, stop=self._stop))
        )
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether everything is acknowledged."""
        return not self._thread.is_alive()

    def acknowledged(self) -> list[Message]:
        """Wait for the end; return what the broker acknowledged."""
        self._thread.join()
        (result,) = self._results
        return [message for message, acked in zip(self.pool, result.acked_at, strict=True) if acked]

    def doubtful(self, broker_deaths: Collection[EpochNs]) -> set[str]:
        """Return the identities that a dying broker may have forgotten although it acknowledged them."""
        (result,) = self._results
        return self.acknowledged_within([of_death(died, result) for died in broker_deaths])

    def acknowledged_within(self, spans: Collection[tuple[int, int]]) -> set[str]:
        """Return the identities that were acknowledged in these spans (ns since the epoch) alone."""
        within, surely = self._split(spans)
        return within.keys() - surely.keys()

    def surely(
        self, broker_deaths: Collection[EpochNs], spans: Collection[tuple[int, int]]
    ) -> Counter[str]:
        """Return how often each identity was acknowledged in none of these spans, nor by a dying broker."""
        (result,) = self._results
        return self._split([*spans, *(of_death(died, result) for died in broker_deaths)])[1]

    def _split(self, spans: Collection[tuple[int, int]]) -> tuple[Counter[str], Counter[str]]:
        """Return how often each identity was acknowledged within some spans, and outside of them."""
        (result,) = self._results
        within, outside = Counter[str](), Counter[str]()
        for message, acked_at in zip(self.pool, result.acked_at, strict=True):
            near = any(begin < acked_at < end for begin, end in spans)
            (within if near else outside)[message.identity] += acked_at > 0
        return +within, +outside

    def abandon(self) -> None:
        """Stop publishing, whatever is left."""
        self._stop.set()
        self._thread.join()


def of_death(died: EpochNs, result: BurstResult) -> tuple[int, int]:
    """Return when a publisher read what a dying broker acknowledged last: until it was connected to another one.

    What waits in its socket may be read long after the death on a busy machine.
    """
    after = (at for at in result.connected_at if at > died)
    return died - FORGOTTEN_WITHIN_NS, min(after, default=NEVER)
