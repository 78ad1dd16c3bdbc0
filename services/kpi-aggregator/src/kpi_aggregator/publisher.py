"""Brings committed events on change to the broker, in order; a worker of the service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from kpi_aggregator.storage import events
from kpi_aggregator.storage.events import ValueEvent
from stadttakt_messages.envelope import CloudEvent, event_type, schema_urn
from stadttakt_messages.notices import IndicatorValue
from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttConnection, Outgoing

LOOK_EVERY_S = 1.0
AT_ONCE = 500
KEPT = timedelta(days=30)
NAME = "indicator-value"
SERVICE = "kpi-aggregator"


class EventPublisher:
    """Publishes events once they are committed, again after a crash with the same id."""

    def __init__(self, database: Database, mqtt: MqttConnection, topics: Topics) -> None:
        self._database = database
        self._mqtt = mqtt
        self._topics = topics

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`; cut off there, since a broker that is away would be waited for."""
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(self._run(), name="events")
            await stop.wait()
            publishing.cancel()

    async def _run(self) -> None:
        while True:
            while self._mqtt.is_connected and await self._publish_some():
                pass
            await asyncio.sleep(LOOK_EVERY_S)

    async def _publish_some(self) -> bool:
        """Publish some; tell whether there may be more."""
        found = await self._database.persist(lambda c: events.unpublished(c, AT_ONCE))
        if not found:
            return False
        await self._mqtt.publish_all(outgoing(each, self._topics) for each in found)
        await self._database.persist(lambda c: _note(c, found))
        return len(found) == AT_ONCE


async def _note(connection: Any, found: Sequence[ValueEvent]) -> None:
    now = utc_now()
    await events.set_published(connection, [each.number for each in found], now)
    await events.forget(connection, now - KEPT)


def outgoing(found: ValueEvent, topics: Topics) -> Outgoing:
    """Return an event as it goes to the broker."""
    event = CloudEvent[IndicatorValue](
        id=f"{SERVICE}/indicator-value/{found.number}",
        source=f"/stadttakt/{SERVICE}",
        type=event_type(NAME),
        subject=f"indicator/{found.indicator_id}",
        time=found.happened_at,
        dataschema=schema_urn(NAME),
        data=IndicatorValue.model_validate(found.body),
        simulated=found.simulated,
    )
    return Outgoing(topics.indicator_value(found.indicator_id), event.to_bytes())
