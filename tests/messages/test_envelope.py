# SPDX-License-Identifier: EUPL-1.2
"""The rules of the CloudEvents envelope, whatever its message."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from stadttakt_messages.envelope import CloudEvent
from stadttakt_messages.examples import EXAMPLES
from stadttakt_messages.observations import BayOccupancy

Event = CloudEvent[BayOccupancy]
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def event(**changes: Any) -> CloudEvent[BayOccupancy]:
    return Event.model_validate({**EXAMPLES["bay-occupancy"], **changes})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time", "2026-11-01T08:15:00"),
        ("time", "yesterday"),
        ("time", None),
        ("id", ""),
        ("id", "x" * 201),
        ("id", 7),
        ("source", ""),
        ("subject", ""),
        ("dataschema", ""),
        ("specversion", "0.3"),
        ("datacontenttype", "text/plain"),
        ("type", "city.stadttakt.bay-occupancy"),
        ("type", "org.example.bay-occupancy.v1"),
        ("type", "city.stadttakt.Bay.v1"),
        ("data", None),
        ("data", {}),
        ("traceparent", "00-xyz"),
        ("simulated", "perhaps"),
    ],
)
def test_envelope_refuses(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as raised:
        event(**{field: value})
    assert {error["loc"][0] for error in raised.value.errors()} == {field}


def test_time_of_any_zone_is_the_same_instant() -> None:
    there = event(time="2026-11-01T09:15:00+01:00").time
    assert there == datetime(2026, 11, 1, 8, 15, tzinfo=UTC)


def test_absent_extensions_are_left_out_and_present_ones_written() -> None:
    assert {"traceparent", "simulated"}.isdisjoint(json.loads(event().to_bytes()))
    marked = json.loads(event(traceparent=TRACE, simulated=True).to_bytes())
    assert (marked["traceparent"], marked["simulated"]) == (TRACE, True)


def test_event_is_written_with_the_attribute_names_of_cloudevents() -> None:
    assert list(json.loads(event().to_bytes())) == [
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "datacontenttype",
        "dataschema",
        "data",
    ]


def test_event_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        event().id = "another"  # type: ignore[misc]
