# SPDX-License-Identifier: EUPL-1.2
"""Drives vehicles by the machine's clock and publishes what they say, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stadttakt_simulators.clock import Clock, to_datetime
from stadttakt_simulators.publisher import Broker, Publisher
from stadttakt_simulators.transit.live import LiveTransit
from stadttakt_simulators.transit.messages import message_of
from stadttakt_simulators.transit.reports import DoorTruth, StopTruth
from stadttakt_simulators.truth import TruthLog, UnpublishedTruth

TICK_S = 0.2
STATUS_EVERY_S = 30.0
DRAIN_S = 3.0


@dataclass(frozen=True, slots=True)
class TransitRun:
    """One run: what drives, where to publish, for how long; `say` gets the status lines."""

    make: Callable[[datetime], LiveTransit]
    broker: Broker
    truth: Path | None
    duration_s: float | None
    clock: Clock
    say: Callable[[str], None]


async def run(options: TransitRun) -> None:
    """This function drives until the duration is over or SIGTERM or SIGINT comes, then empties the queue."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    publisher = Publisher(options.broker, f"stadttakt-transit-simulator-{secrets.token_hex(4)}")
    truth = TruthLog(options.truth)
    try:
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(publisher.run())
            try:
                await _drive(options, publisher, truth, stop)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(publisher.drained(), DRAIN_S)
            finally:
                publishing.cancel()
    finally:
        truth.write(UnpublishedTruth(message.identity, "") for message in publisher.waiting)
        truth.close()
    options.say(
        f"stopped; {publisher.published} messages published, {len(publisher.waiting)} not acknowledged"
    )


async def _drive(
    options: TransitRun, publisher: Publisher, truth: TruthLog, stop: asyncio.Event
) -> None:
    began = to_datetime(options.clock())
    transit = options.make(began)
    options.say(f"{transit.vehicles} vehicles drive today's timetable")
    told = began
    while not stop.is_set():
        now = to_datetime(options.clock())
        due = transit.due(now)
        publisher.put(message for each in due if (message := message_of(each)) is not None)
        truth.write(each.event for each in due if isinstance(each.event, StopTruth | DoorTruth))
        if (now - told).total_seconds() >= STATUS_EVERY_S:
            told = now
            link = "" if publisher.connected else " (no broker)"
            options.say(f"messages {publisher.published}, waiting {len(publisher.waiting)}{link}")
        if options.duration_s is not None and (now - began).total_seconds() >= options.duration_s:
            stop.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), TICK_S)
