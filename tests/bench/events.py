# SPDX-License-Identifier: EUPL-1.2
"""One event and one uplink as they go to the broker; loads of uplinks are made by the simulators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_simulators.burst.pool import APPLICATION_ID


def event(name: str, subject: str, event_id: str, at: datetime, data: dict[str, Any]) -> bytes:
    """Return an event of the platform."""
    said = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/bench",
        "type": event_type(name),
        "subject": subject,
        "time": at,
        "datacontenttype": "application/json",
        "dataschema": schema_urn(name),
        "data": data,
    }
    return orjson.dumps(said)


def uplink_topic(dev_eui: str) -> str:
    """Return where the network server tells what a device said."""
    return f"application/{APPLICATION_ID}/device/{dev_eui}/event/up"


def uplink(dev_eui: str, uplink_id: str, number: int, at: datetime, *, occupied: bool) -> bytes:
    """Return what the network server tells of a bay sensor's number-th uplink."""
    said = {
        "deduplicationId": uplink_id,
        "time": at.isoformat(),
        "deviceInfo": {"devEui": dev_eui},
        "fCnt": number,
        "fPort": 1,
        "data": "AQ==" if occupied else "AA==",
    }
    return orjson.dumps(said)
