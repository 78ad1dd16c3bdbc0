# SPDX-License-Identifier: EUPL-1.2
"""Lines of historical readings: what each tells, and what is wrong with it."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stadttakt_messages.catalogue import BY_NAME
from uplink_decoder.codecs.quantities import QUANTITIES
from uplink_decoder.codecs.units import CONVERSIONS, convert, known_units
from uplink_decoder.observations.csv_lines import COLUMNS, Line, LineError, read_lines

BERLIN = ZoneInfo("Europe/Berlin")
AT = "2026-03-01T12:00:00Z"


def read(text: str, zone: ZoneInfo | None = None) -> list[Line]:
    return list(read_lines(text, "partner", zone))


def one(row: dict[str, str], zone: ZoneInfo | None = None) -> Line:
    cells = {"time": AT, "asset_id": "a", **row}
    header, line = (",".join(f'"{cell}"' for cell in part) for part in (cells, cells.values()))
    (found,) = read(f"{header}\n{line}\n", zone)
    return found


@pytest.mark.parametrize(
    ("row", "subject", "data"),
    [
        (
            {"quantity": "air.temperature", "value": "4.5", "unit": "°C"},
            "asset/a",
            {"quantities": [{"quantity": "air.temperature", "value": 4.5, "unit": "°C"}]},
        ),
        ({"kind": "bay-occupancy", "value": "Belegt"}, "bay/a", {"occupied": True}),
        ({"kind": "bay-occupancy", "value": "0"}, "bay/a", {"occupied": False}),
        (
            {"kind": "vehicle-count", "part": "north", "in": "3", "out": "1"},
            "lot/a/gate/north",
            {"mode": "delta", "in": 3, "out": 1},
        ),
        (
            {
                "kind": "passenger-count",
                "part": "2",
                "in": "3",
                "out": "1",
                "mode": "cumulative",
                "class": "adult",
            },
            "vehicle/a/door/2",
            {"mode": "cumulative", "counts": [{"class": "adult", "in": 3, "out": 1}]},
        ),
        ({"kind": "device-presence", "quantity": "wifi", "value": "12"}, "vehicle/a", {"wifi": 12}),
    ],
)
def test_each_kind_becomes_an_event_of_its_schema(
    row: dict[str, str], subject: str, data: dict[str, Any]
) -> None:
    payload = one(row).event
    assert payload is not None
    event = json.loads(payload)
    kind = row.get("kind", "environment")
    assert BY_NAME[kind].event.model_validate(event).subject == subject
    assert (event["data"], event["time"], event["source"]) == (data, AT, "/import/partner")


def test_id_says_of_what_and_when_not_what_was_read() -> None:
    reading = {"quantity": "air.temperature", "value": "4", "unit": "°C"}
    ids = [
        json.loads(one({**reading, **change}).event or b"")["id"]
        for change in (
            {},
            {"value": "5"},
            {"unit": "K"},
            {"time": "2026-03-01T13:00:00+01:00"},
            {"quantity": "soil.temperature"},
            {"asset_id": "b"},
            {"time": "2026-03-01T12:00:01Z"},
            {"id": "given"},
        )
    ]
    assert ids[0].startswith("csv-")
    assert ids[:4] == [ids[0]] * 4
    assert len(set(ids)) == 5
    assert ids[-1] == "given"


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ({"kind": "weather"}, "kind", "unknown_kind"),
        ({"quantity": "", "value": "1", "unit": "°C"}, "quantity", "missing"),
        ({"quantity": "air.temperature", "value": "warm", "unit": "°C"}, "value", "no_number"),
        ({"quantity": "air.temperature", "value": "nan", "unit": "°C"}, "value", "no_number"),
        ({"quantity": "air.temperature", "value": "1e999", "unit": "°C"}, "value", "no_number"),
        ({"quantity": "air.temperature", "value": "1_0", "unit": "°C"}, "value", "no_number"),
        ({"quantity": "air.temperature", "value": "1", "unit": "hPa"}, "unit", "wrong_unit"),
        ({"quantity": "noise.laeq", "value": "50", "unit": "dB"}, "unit", "wrong_unit"),
        ({"quantity": "air.temperature", "value": "1", "unit": ""}, "unit", "missing"),
        ({"kind": "bay-occupancy", "value": "maybe"}, "value", "wrong_value"),
        ({"kind": "vehicle-count", "part": "n", "in": "-1", "out": "0"}, "in", "no_count"),
        ({"kind": "vehicle-count", "part": "n", "in": "1.5", "out": "0"}, "in", "no_count"),
        ({"kind": "vehicle-count", "part": "n", "in": "9" * 30, "out": "0"}, "in", "no_count"),
        ({"kind": "vehicle-count", "in": "1", "out": "0"}, "part", "missing"),
        ({"kind": "device-presence", "quantity": "lte", "value": "1"}, "quantity", "wrong_value"),
        ({"time": "yesterday"}, "time", "no_time"),
        ({"time": ""}, "time", "no_time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time", "no_time"),
        ({"time": "2026-03-01T12:00:00"}, "time", "no_zone"),
        ({"asset_id": "", "kind": "bay-occupancy", "value": "1"}, "asset_id", "missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_cell(row: dict[str, str], field: str, code: str) -> None:
    error = one(row).error
    assert error is not None
    assert (error.field, error.code) == (field, code)


@pytest.mark.parametrize(
    ("time", "told"),
    [
        ("2026-07-01T12:00:00", "2026-07-01T10:00:00Z"),
        ("2026-01-01 12:00", "2026-01-01T11:00:00Z"),
        ("2026-01-01T12:00:00Z", "2026-01-01T12:00:00Z"),
        ("2026-03-29T02:30:00", "no_such_time"),
        ("2026-10-25T02:30:00", "ambiguous_time"),
        ("2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00Z"),
    ],
)
def test_times_without_zone_are_of_the_zone_that_is_said(time: str, told: str) -> None:
    found = one({"time": time, "kind": "bay-occupancy", "value": "1"}, BERLIN)
    assert told == (found.error.code if found.error else json.loads(found.event or b"")["time"])


def test_german_spreadsheets_are_read_semicolon_decimal_comma_and_mark() -> None:
    text = f"\ufeffTime;Asset_ID;Quantity;Value;Unit\r\n{AT};a;air.temperature;4,5;C\r\n"
    (line,) = read(text)
    (quantity,) = json.loads(line.event or b"")["data"]["quantities"]
    assert quantity == {"quantity": "air.temperature", "value": 4.5, "unit": "°C"}


def test_lines_are_numbered_as_in_the_file_and_empty_ones_left_out() -> None:
    text = f"time,asset_id,kind,value\n\n{AT},a,bay-occupancy,1\n ,,\n{AT},a,bay-occupancy\n"
    lines = read(text)
    assert [(line.number, line.error and line.error.code) for line in lines] == [
        (3, None),
        (5, "wrong_length"),
    ]


def read_or_not(text: str) -> list[Line] | str:
    try:
        return read(text)
    except LineError as error:
        return error.code


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    found = read_or_not(",".join(COLUMNS) + "\n" + text)
    if isinstance(found, str):
        assert found == "invalid_csv"
    else:
        assert all((line.event is None) != (line.error is None) for line in found)


@pytest.mark.parametrize(
    ("value", "given_unit", "wanted", "expected"),
    [
        (50, "°F", "°C", 10),
        (273.15, "K", "°C", 0),
        (101_325, "Pa", "hPa", 1013.25),
        (36, "km/h", "m/s", 10),
        (0.05, "mg/m³", "µg/m³", 50),
        (250, "cm", "m", 2.5),
        (3, "l/m²", "mm", 3),
        (1, "furlong", "m", None),
        (50, "dB", "dB(A)", None),
    ],
)
def test_units_are_converted_or_refused(
    value: float, given_unit: str, wanted: str, expected: float | None
) -> None:
    assert convert(value, given_unit, wanted) == expected


def test_every_conversion_is_to_a_unit_of_the_catalogue() -> None:
    units = {quantity.unit for quantity in QUANTITIES.values()}
    assert {wanted for wanted, _ in CONVERSIONS} <= units
    assert known_units("°C") == ["°C", "K", "°F"]
