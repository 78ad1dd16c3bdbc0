# SPDX-License-Identifier: EUPL-1.2
"""What changed of values, as the broker is told it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from kpi_aggregator.storage import events
from kpi_aggregator.storage.events import ValueEvent
from stadttakt_messages.envelope import CloudEvent, event_type, schema_urn
from stadttakt_messages.notices import IndicatorValue
from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.mqtt import Outgoing
from stadttakt_runtime.outbox import Table

KEPT = timedelta(days=30)
NAME = "indicator-value"
SERVICE = "kpi-aggregator"


def table(topics: Topics) -> Table[ValueEvent]:
    """Return the outbox's table: what was told is kept for a while."""
    return Table(events.unpublished, lambda found: outgoing(found, topics), _note)


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
