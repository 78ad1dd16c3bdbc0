# SPDX-License-Identifier: EUPL-1.2
"""Drives a simulation by the machine's clock and publishes what it says, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stadttakt_simulators.clock import SECOND, Clock, EpochNs
from stadttakt_simulators.publisher import Broker, Publisher
from stadttakt_simulators.simulation import Simulation
from stadttakt_simulators.truth import TruthLog, UnpublishedTruth

TICK_S = 0.05
STATUS_EVERY_S = 10.0
DRAIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what to simulate, where to, for how long; `say` gets the status lines."""

    make_simulation: Callable[[EpochNs], Simulation]
    broker: Broker
    truth: Path | None
    duration_s: float | None
    clock: Clock
    say: Callable[[str], None]


async def run(options: Run) -> None:
    """This function simulates until the duration is over or SIGTERM or SIGINT comes, then empties the queue."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    publisher = Publisher(options.broker, f"stadttakt-simulator-{secrets.token_hex(4)}")
    truth = TruthLog(options.truth)
    try:
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(publisher.run())
            try:
                simulation = await _simulate(options, publisher, truth, stop)
                # Everything that the truth log calls delivered must get out.
                publisher.put(simulation.air.rest())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(publisher.drained(), DRAIN_S)
            finally:
                publishing.cancel()
    finally:
        truth.write(
            UnpublishedTruth(message.identity, message.dev_eui) for message in publisher.waiting
        )
        truth.close()
    options.say(
        f"stopped; {publisher.published} messages published, {len(publisher.waiting)} not acknowledged"
    )


async def _simulate(
    options: Run, publisher: Publisher, truth: TruthLog, stop: asyncio.Event
) -> Simulation:
    began = options.clock()
    simulation = options.make_simulation(began)
    options.say(_greeting(simulation))
    next_status = began + round(STATUS_EVERY_S * SECOND)
    while not stop.is_set():
        now = options.clock()
        publisher.put(simulation.step(now))
        truth.write(simulation.take_records())
        if now >= next_status:
            options.say(_status(simulation, publisher))
            next_status += round(STATUS_EVERY_S * SECOND)
        if options.duration_s is not None and now - began >= options.duration_s * SECOND:
            stop.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), TICK_S)
    return simulation


def _greeting(simulation: Simulation) -> str:
    nodes = simulation.population.nodes
    by_network = {
        name: sum(node.network == name for node in nodes) for name in ("chirpstack", "tts")
    }
    counts = ", ".join(f"{count} on {name}" for name, count in by_network.items())
    left_out = simulation.population.left_out
    return f"{len(nodes)} devices ({counts})" + (
        f"; {left_out} devices are not simulated" if left_out else ""
    )


def _status(simulation: Simulation, publisher: Publisher) -> str:
    faults = (
        ", ".join(f"{name} {count}" for name, count in sorted(simulation.air.faults.items()))
        or "none"
    )
    link = "" if publisher.connected else " (no broker)"
    return (
        f"messages {publisher.published}, waiting {len(publisher.waiting)}{link}; "
        f"cars {simulation.demand.cars}, turned away {simulation.demand.failed_entries}; faults: {faults}"
    )
