# SPDX-License-Identifier: EUPL-1.2
"""A stored alert as the message that goes to the broker."""

from __future__ import annotations

from typing import Any

import orjson

from stadttakt_messages.envelope import CloudEvent, event_type, schema_urn
from stadttakt_messages.notices import Alert, AlertText, Severity
from stadttakt_messages.topics import Topics
from stadttakt_runtime.mqtt import Outgoing


def outgoing(row: Any, *, service: str, topics: Topics) -> Outgoing:
    """Return the retained event of an open alert, or the empty payload that clears it."""
    topic = topics.alert(row["kind"], row["alert_id"])
    if row["cleared_at"] is not None:
        return Outgoing(topic, b"", retain=True)
    event = CloudEvent[Alert](
        id=f"{service}/alert/{row['change']}",
        source=f"/stadttakt/{service}",
        type=event_type("alert"),
        subject=f"alert/{row['kind']}/{row['alert_id']}",
        time=row["changed_at"],
        dataschema=schema_urn("alert"),
        data=Alert(
            alert_id=row["alert_id"],
            kind=row["kind"],
            severity=Severity(row["severity"]),
            text=AlertText(de=row["text_de"], en=row["text_en"]),
            since=row["raised_at"],
            details=orjson.loads(row["details"]),
        ),
        simulated=row["simulated"],
    )
    return Outgoing(topic, event.to_bytes(), retain=True)
