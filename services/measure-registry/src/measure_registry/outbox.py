# SPDX-License-Identifier: EUPL-1.2
"""What was done with ideas and measures, as the broker is told it; the history is the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from measure_registry.storage import changes
from measure_registry.storage.changes import Change
from stadttakt_messages.envelope import CloudEvent, event_type, schema_urn
from stadttakt_messages.notices import RegistryEvent
from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.mqtt import Outgoing
from stadttakt_runtime.outbox import Table

SERVICE = "measure-registry"


def table(topics: Topics) -> Table[Change]:
    """Return the outbox's table."""
    return Table(changes.untold, lambda change: outgoing(change, topics), _mark_told)


async def _mark_told(connection: Any, found: Sequence[Change]) -> None:
    await changes.mark_told(connection, [each.change_id for each in found], utc_now())


def outgoing(change: Change, topics: Topics) -> Outgoing:
    """Return a change as it goes to the broker: no text and no author, what was done and from where to where."""
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
    topic = topics.registry_event(change.entity, change.entity_id)
    return Outgoing(topic, event.to_bytes())
