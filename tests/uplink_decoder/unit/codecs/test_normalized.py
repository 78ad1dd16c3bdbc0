# SPDX-License-Identifier: EUPL-1.2
"""The normalized payload of The Things Stack, and what a script's result means in all."""

from datetime import UTC, datetime
from typing import Any

import pytest

from uplink_decoder.codecs.mapping import Mapped, parse_mapping
from uplink_decoder.codecs.meaning import read_meaning
from uplink_decoder.codecs.model import BayReading, EnvironmentReading, Frame, Measured
from uplink_decoder.codecs.normalized import Normalized, read_normalized
from uplink_decoder.codecs.quantities import QUANTITIES, is_quantity_name

NOW = datetime(2026, 11, 1, 8, 15, tzinfo=UTC)
FRAME = Frame(1, b"\x01", NOW)
AIR = [{"air": {"temperature": 8.4}}]


def test_measurements_carry_names_units_and_times_of_the_schema() -> None:
    payload = [
        {
            "time": "2026-11-01T08:00:00Z",
            "battery": 3.6,
            "air": {"location": "outdoor", "temperature": 8.4, "relativeHumidity": 81},
            "soil": {"moisture": 31.5, "pH": 6.5},
        },
        {
            "time": "2026-11-01T08:10:00Z",
            "water": {"leak": True, "temperature": {"current": 7}},
            "action": {"motion": {"count": 3}, "contactState": "open"},
            "position": {"latitude": 51.4, "longitude": 11.9},
        },
    ]
    assert read_normalized(payload, FRAME) == Normalized(
        (
            EnvironmentReading(
                (
                    Measured("air.temperature", 8.4, "°C"),
                    Measured("air.relativeHumidity", 81.0, "%"),
                    Measured("soil.moisture", 31.5, "%"),
                    Measured("soil.pH", 6.5, "pH"),
                ),
                datetime(2026, 11, 1, 8, 0, tzinfo=UTC),
            ),
            EnvironmentReading(
                (
                    Measured("water.leak", 1.0, "1"),
                    Measured("water.temperature.current", 7.0, "°C"),
                    Measured("action.motion.count", 3.0, "1"),
                    Measured("action.contactState", 1.0, "1"),
                ),
                datetime(2026, 11, 1, 8, 10, tzinfo=UTC),
            ),
        ),
        3600,
    )


@pytest.mark.parametrize(
    ("payload", "warning"),
    [
        ("text", "normalized: neither a measurement nor a list"),
        ([7], "normalized: a measurement is an object"),
        ({"air": {"smell": 1}}, "normalized: the schema does not know 'air.smell'"),
        ({"air.pm10": 1}, "normalized: the schema does not know 'air.pm10'"),
        ({"air": {"temperature": "8"}}, "normalized: air.temperature is not a number"),
        ({"air": {"temperature": 10**400}}, "normalized: air.temperature is not a number"),
        ({"time": 17}, "normalized: time is not RFC 3339"),
        ({"battery": 3600}, "normalized: battery is not a voltage"),
        ({"\x00": 1}, "normalized: the schema does not know '\\x00'"),
    ],
)
def test_what_does_not_fit_the_schema_is_left_out_with_a_warning(
    payload: Any, warning: str
) -> None:
    assert read_normalized(payload, FRAME) == Normalized(warnings=(warning,))


def test_without_mapping_the_normalized_payload_counts() -> None:
    reading = EnvironmentReading((Measured("air.temperature", 8.4, "°C"),))
    assert read_meaning(None, {"T": 8.4}, AIR, FRAME) == Mapped((reading,))
    assert read_meaning(None, {"T": 8.4}, None, FRAME) == Mapped()


def test_mapping_that_names_quantities_stands_for_the_normalized_ones() -> None:
    quantity = {"quantity": "air.temperature", "unit": "°C", "path": "$.T"}
    mapping = parse_mapping({"readings": [{"kind": "environment", "quantities": [quantity]}]})
    reading = EnvironmentReading((Measured("air.temperature", 9.0, "°C"),))
    assert read_meaning(mapping, {"T": 9}, AIR, FRAME) == Mapped((reading,))


def test_mapping_of_a_bay_leaves_the_normalized_quantities() -> None:
    rule = {"kind": "bay", "occupied": {"path": "$.car", "truthy": True}}
    mapping = parse_mapping({"readings": [rule]})
    reading = EnvironmentReading((Measured("air.temperature", 8.4, "°C"),))
    payload = [{**AIR[0], "battery": 3.5}]
    assert read_meaning(mapping, {"car": True}, payload, FRAME) == Mapped(
        (BayReading(occupied=True), reading), 3500
    )


def test_every_quantity_of_the_catalogue_has_a_proper_name_and_range() -> None:
    assert all(is_quantity_name(name) for name in QUANTITIES)
    assert all(each.minimum < each.maximum for each in QUANTITIES.values())
