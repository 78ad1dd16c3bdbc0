"""Tells the broker what was done with ideas and measures, once it is committed."""

from __future__ import annotations

import asyncio
from typing import Any

from measure_registry.storage import changes
from measure_registry.storage.changes import Change
from stadttakt_messages.envelope import CloudEvent, event_type, schema_urn
from stadttakt_messages.notices import RegistryEvent
from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttConnection, Outgoing

SERVICE = "measure-registry"
LOOK_EVERY_S = 1.0
AT_ONCE = 500
# Two processes must not overtake each other on a topic.
TURN = "select pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.outbox', 0))"


class Outbox:
    """The history is the outbox: a change that was not told is sent, in the order of changes.

    An event carries no text and no author, only what was done and from where to where.
    """

    def __init__(self, database: Database, mqtt: MqttConnection, topics: Topics) -> None:
        self._database = database
        self._mqtt = mqtt
        self._topics = topics

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`; cut off there, since a broker that is away would be waited for."""
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(self._run(), name="outbox")
            await stop.wait()
            publishing.cancel()

    async def _run(self) -> None:
        while True:
            while self._mqtt.is_connected and await self._database.persist(self._tell):
                pass
            await asyncio.sleep(LOOK_EVERY_S)

    async def _tell(self, connection: Any) -> bool:
        """Publish some; tell whether there may be more."""
        if not await connection.fetchval(TURN):
            return False
        found = await changes.untold(connection, AT_ONCE)
        await self._mqtt.publish_all(self._outgoing(each) for each in found)
        await changes.mark_told(connection, [each.change_id for each in found], utc_now())
        return len(found) == AT_ONCE

    def _outgoing(self, change: Change) -> Outgoing:
        event = CloudEvent[RegistryEvent](
            id=f"{SERVICE}/change/{change.change_id}",
            source=f"/stadttakt/{SERVICE}",
            type=event_type("registry-event"),
            subject=f"{change.entity}/{change.entity_id}",
            time=change.at,
            dataschema=schema_urn("registry-event"),
            data=RegistryEvent(
                entity=change.entity,
                entity_id=change.entity_id,
                action=change.action,
                from_state=change.from_state,
                to_state=change.to_state,
            ),
        )
        topic = self._topics.registry_event(change.entity, change.entity_id)
        return Outgoing(topic, event.to_bytes())
