# SPDX-License-Identifier: EUPL-1.2
"""An observation as the CloudEvent that goes over the wire; the same bytes for every delivery."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import orjson

from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_messages.trace import of_uplink

_NAMES = (
    "bay-occupancy",
    "vehicle-count",
    "passenger-count",
    "device-presence",
    "axle-load",
    "environment",
)
_TYPES = {name: (event_type(name), schema_urn(name)) for name in _NAMES}


def event_id(uplink_id: uuid.UUID, index: int) -> str:
    """Return the idempotency key of an uplink's n-th observation."""
    return f"{uplink_id}:{index}"


def correction_id(event_id: str) -> str:
    """Return the id under which an observation is corrected: `<uplink>:<index>.<generation>`.

    It sorts directly after the one that it corrects, before the uplink's next observations:
    consumers order what has the same time by event id.
    """
    original, _, generation = event_id.partition(".")
    return f"{original}.{int(generation or 0) + 1:04}"


def index_of(event_id: str) -> int:
    """Return which observation of its uplink an event is or corrects."""
    return int(event_id.partition(":")[2].partition(".")[0])


def encode_event(  # noqa: PLR0913 (the attributes of one event)
    *,
    kind: str,
    event_id: str,
    source_id: str,
    subject: str,
    observed_at: datetime,
    data: Any,
    simulated: bool,
    sensor: str,
    corrects: str | None = None,
) -> bytes:
    """Return the event as structured JSON.

    The trace id is the uplink's id, so that every delivery belongs to one trace
    (W3C Trace Context, section 3.2).
    """
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/stadttakt/uplink-decoder/{source_id}",
        "type": _TYPES[kind][0],
        "subject": subject,
        "time": observed_at,
        "datacontenttype": "application/json",
        "dataschema": _TYPES[kind][1],
        "data": data,
        "traceparent": str(of_uplink(event_id[:36])),
        "sensor": sensor,
    }
    if simulated:
        event["simulated"] = True
    if corrects:
        event["corrects"] = corrects
    return orjson.dumps(event, option=orjson.OPT_UTC_Z)
