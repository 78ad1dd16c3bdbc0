# SPDX-License-Identifier: EUPL-1.2
"""Rows of the decoder's view: what cannot be read of them is refused, and kept as it stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from stadttakt_messages.topics import Topics
from vehicle_occupancy.reading import (
    OBSERVED,
    RefusedError,
    message_of,
    read_row,
    read_topic,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DATA = {
    "passenger-count": '{"mode": "delta", "counts": [{"class": "adult", "in": 2, "out": 1}]}',
    "device-presence": '{"wifi": 20, "ble": 14}',
    "axle-load": '{"mass_kg": 41000.5}',
}


def row(kind: str, data: str, subject: str = "vehicle/tram-1/door/1") -> dict[str, Any]:
    return {
        "event_id": "u:0", "kind": kind, "subject": subject, "observed_at": NOW,
        "simulated": True, "corrects": "u:9", "data": data,
    }  # fmt: skip


@pytest.mark.parametrize("kind", OBSERVED)
def test_row_says_the_same_as_the_message_that_is_made_of_it(kind: str) -> None:
    said = row(kind, DATA[kind])
    topic, payload = message_of(said, Topics("takt/test"))
    assert read_topic(topic.split("/")[3:], payload, NOW) == read_row(said, NOW)


@pytest.mark.parametrize("number", ["1" + "0" * 400, "[" * 2000 + "]" * 2000])
def test_what_only_the_database_can_read_is_refused_and_kept(number: str) -> None:
    said = row("axle-load", f'{{"mass_kg": {number}}}')
    with pytest.raises(RefusedError) as refused:
        read_row(said, NOW)
    assert refused.value.reason == "invalid_json"
    _, payload = message_of(said, Topics("takt/test"))
    assert number.encode() in payload


def test_row_that_names_no_vehicle_or_door_has_a_topic_all_the_same() -> None:
    topic, payload = message_of(row("passenger-count", DATA["passenger-count"], ""), Topics("takt"))
    assert topic == "takt/observation/passenger-count/-/-"
    assert orjson.loads(payload)["subject"] == ""
