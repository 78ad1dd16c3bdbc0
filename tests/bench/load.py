# SPDX-License-Identifier: EUPL-1.2
"""Uplinks at a rate while something is measured, sent by a process of its own, and how many really went."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from stadttakt_simulators.burst import BurstDevice, Pace, burst_pool, run_burst
from stadttakt_simulators.burst.pool import spacing_for
from stadttakt_simulators.clock import system_clock
from stadttakt_simulators.publisher import Broker
from support.stack import Stack

MADE_S, ENDED_S = 300.0, 60.0


@dataclass
class Sent:
    """What the broker took a second, told when the block has ended: less than asked for where it is held back."""

    per_s: float = 0.0


@contextmanager
def load(stack: Stack, devices: Sequence[BurstDevice], rate: int, seconds: int) -> Iterator[Sent]:
    """Publish uplinks at a rate while the block runs.

    Raises:
        RuntimeError: the sender ended before the block did, so that nothing was under load at last.

    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    sender = context.Process(
        target=_send, args=(theirs, devices, rate, seconds, stack.mosquitto.url), daemon=True
    )
    sender.start()
    theirs.close()
    sent = Sent()
    try:
        _told(ours, MADE_S)
        yield sent
        if ours.poll():
            raise RuntimeError(f"no more uplinks to send: {seconds} s of them were too few")
        ours.send(None)
        sent.per_s = _told(ours, ENDED_S)
    finally:
        sender.kill()
        sender.join()


def _told(sender: Connection, patience_s: float) -> float:
    if not sender.poll(patience_s):
        raise RuntimeError(f"the sender said nothing for {patience_s:.0f} s")
    try:
        said: float = sender.recv()
    except EOFError:
        raise RuntimeError("the sender died") from None
    return said


def _send(
    owner: Connection, devices: Sequence[BurstDevice], rate: int, seconds: int, mqtt_url: str
) -> None:
    """Make the uplinks, say so, send them until told to stop, and say how many a second were taken."""
    pool = burst_pool(
        rate * seconds,
        devices,
        started=system_clock(),
        spacing_ns=spacing_for(rate),
        seed=rate + seconds,
    )
    owner.send(0.0)
    stop = threading.Event()

    def told_to_stop() -> None:
        owner.recv()
        stop.set()

    threading.Thread(target=told_to_stop, daemon=True).start()
    result = run_burst(pool, Broker.parse(mqtt_url), Pace(rate=rate), stop=stop)
    owner.send(result.acknowledged / result.seconds)
