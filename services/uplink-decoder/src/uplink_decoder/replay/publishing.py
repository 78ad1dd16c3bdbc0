# SPDX-License-Identifier: EUPL-1.2
"""Publishes what replays committed, in order, beside the window that is worked on."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import orjson

from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttConnection, Outgoing
from uplink_decoder.domain.events import encode_event
from uplink_decoder.replay.window import writer_of
from uplink_decoder.storage import replay_windows, replays

PUBLISH_SIZE = 1000


class Published(NamedTuple):
    """Up to which number of the sequence a replay's observations were acknowledged."""

    replay_id: int
    until: int


class Publisher:
    """Takes up what may not have been published, after a kill too."""

    def __init__(self, database: Database, mqtt: MqttConnection) -> None:
        self._database = database
        self._mqtt = mqtt

    async def publish(self) -> Published | None:
        """Publish what one replay has committed so far; `note` it when its row is free."""
        found = await self._database.persist(replays.unpublished)
        if found is None:
            return None
        replay_id, start = found
        while True:
            written = partial(
                replay_windows.written_by,
                writer=writer_of(replay_id),
                start=start,
                limit=PUBLISH_SIZE,
            )
            rows = await self._database.persist(written)
            await self._mqtt.publish_all(_outgoing(row) for row in rows)
            start = rows[-1]["seq"] + 1 if rows else start
            if len(rows) < PUBLISH_SIZE:
                return Published(replay_id, start - 1)

    async def note(self, published: Published) -> None:
        """Note what was published; waits for a window of this replay that is being written."""
        note = partial(
            replays.note_published,
            replay_id=published.replay_id,
            writer=writer_of(published.replay_id),
            until=published.until,
        )
        await self._database.persist(note)

    async def publish_all(self) -> None:
        """Publish and note until nothing is left."""
        while published := await self.publish():
            await self.note(published)


def _outgoing(row: Any) -> Outgoing:
    payload = encode_event(
        kind=row["kind"],
        event_id=row["event_id"],
        source_id=row["source_id"],
        subject=row["subject"],
        observed_at=row["observed_at"],
        data=orjson.Fragment(row["data"]),
        simulated=row["simulated"],
        sensor=row["dev_eui"],
        corrects=row["corrects"],
    )
    return Outgoing(row["topic"], payload)
