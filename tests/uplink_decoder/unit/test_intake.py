# SPDX-License-Identifier: EUPL-1.2
"""The intake's queue: what waits of each source is counted, whichever way it came in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from uplink_decoder.decode import Inbound
from uplink_decoder.intake import Intake, IntakeFullError
from uplink_decoder.sources import Limits, Origin, Source

SOURCE = Source(source_id="a", dialect="chirpstack", limits=Limits(webhook_waiting=2))


class Storing:
    """Calls everything safe at once."""

    async def handle(
        self, inbound: Sequence[Inbound], when_safe: Callable[[Sequence[int]], None]
    ) -> None:
        when_safe(range(len(inbound)))


def message(number: int, via: str) -> Inbound:
    origin = Origin(SOURCE, None, None, "up", via=via)
    return Inbound(origin, "", str(number).encode(), datetime(2026, 11, 1, tzinfo=UTC))


async def test_what_was_fetched_leaves_a_sources_webhooks_the_room_they_had() -> None:
    intake, storing = Intake(), Storing()
    pipeline: Any = storing
    async with asyncio.TaskGroup() as group:
        group.create_task(intake.run(pipeline, 100))
        await intake.submit_all([message(number, "backfill") for number in range(50)])
        await intake.finish()
    assert intake._waiting["a"] == 0
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(intake.submit(message(n, "webhook"))) for n in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(IntakeFullError):
            await intake.submit(message(3, "webhook"))
        for task in waiting:
            task.cancel()
