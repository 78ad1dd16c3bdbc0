# SPDX-License-Identifier: EUPL-1.2
"""How many webhook messages of one source may wait."""

import asyncio
from datetime import UTC, datetime

import pytest

from uplink_decoder.decode import Inbound
from uplink_decoder.intake import Intake, IntakeFullError
from uplink_decoder.sources import Limits, Origin, Source

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def message(source: Source) -> Inbound:
    return Inbound(Origin(source, None, None, "up", via="webhook"), "t", b"{}", NOW)


async def test_source_that_floods_by_webhook_leaves_room_for_others() -> None:
    flooding = Source(source_id="f", dialect="tts", limits=Limits(webhook_waiting=3))
    other = Source(source_id="o", dialect="tts")
    intake = Intake()
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(intake.submit(message(flooding))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(IntakeFullError):
            await intake.submit(message(flooding))
        waiting.append(group.create_task(intake.submit(message(other))))
        await asyncio.sleep(0)
        assert intake.ledger.entered == {"f": 3, "o": 1}
        for task in waiting:
            task.cancel()
