# SPDX-License-Identifier: EUPL-1.2
"""Bodies whose words are Python's own (`in`, `class`), and their bounds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stadttakt_messages.base import WireModel
from stadttakt_messages.notices import Alert
from stadttakt_messages.observations import (
    BayOccupancy,
    Environment,
    PassengerCount,
    TripAssignment,
    VehicleCount,
    VehiclePosition,
)
from stadttakt_messages.states import SignState

counts = st.integers(0, 4_294_967_295)


@given(counts, counts, st.sampled_from(["delta", "cumulative"]))
def test_counts_travel_as_in_and_out(count_in: int, count_out: int, mode: str) -> None:
    sent = json.dumps({"mode": mode, "in": count_in, "out": count_out})
    count = VehicleCount.model_validate_json(sent)
    assert (count.count_in, count.count_out) == (count_in, count_out)
    written = json.loads(count.model_dump_json())
    assert {name: written[name] for name in ("mode", "in", "out")} == json.loads(sent)
    assert VehicleCount(mode=mode, count_in=count_in, count_out=count_out) == count


def test_a_barrier_may_say_that_less_than_nobody_is_inside() -> None:
    body = {"mode": "delta", "in": 1, "out": 0, "inside": -1}
    assert VehicleCount.model_validate(body).inside == -1


def test_class_of_passengers_travels_as_class() -> None:
    counts = [{"class": "pram", "in": 1, "out": 0}]
    passengers = PassengerCount.model_validate({"mode": "delta", "counts": counts})
    assert passengers.counts[0].passenger_class == "pram"
    assert json.loads(passengers.model_dump_json())["counts"] == counts


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (BayOccupancy, {"occupied": None}),
        (BayOccupancy, {"occupied": True, "previous_duration_s": -1}),
        (BayOccupancy, {"occupied": True, "quality": "perfect"}),
        (VehicleCount, {"mode": "delta", "in": -1, "out": 0}),
        (VehicleCount, {"mode": "delta", "in": 0, "out": 4_294_967_296}),
        (VehicleCount, {"mode": "absolute", "in": 0, "out": 0}),
        (PassengerCount, {"mode": "delta", "counts": []}),
        (PassengerCount, {"mode": "delta", "counts": [{"class": "dog", "in": 0, "out": 0}]}),
        (Environment, {"quantities": []}),
        (
            Environment,
            {"quantities": [{"quantity": "air", "value": float("nan"), "unit": "°C"}]},
        ),
        (Environment, {"quantities": [{"quantity": "Air T", "value": 1, "unit": "°C"}]}),
        (VehiclePosition, {"lat": 90.1, "lon": 0}),
        (VehiclePosition, {"lat": 0, "lon": -180.1}),
        (VehiclePosition, {"lat": 0, "lon": 0, "bearing_deg": 360}),
        (TripAssignment, {"start_date": "2026-11-01"}),
        (
            Alert,
            {
                "alert_id": "a/b",
                "kind": "device-silent",
                "severity": "info",
                "text": {"de": "", "en": ""},
                "since": "2026-11-01T08:15:00Z",
            },
        ),
    ],
)
def test_body_refuses(model: type[WireModel], body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(body)


def test_sign_without_a_number_says_null_not_zero() -> None:
    at = "2026-11-01T08:15:00Z"
    sign = SignState.model_validate(
        {
            "sign_id": "s",
            "state": "unknown",
            "free": None,
            "text": "",
            "control": "auto",
            "overridden": False,
            "simulated": False,
            "detection": "single_bay",
            "alternative": None,
            "sequence": 0,
            "measured_at": None,
            "computed_at": at,
            "valid_until": at,
        }
    )
    assert json.loads(sign.model_dump_json())["free"] is None
