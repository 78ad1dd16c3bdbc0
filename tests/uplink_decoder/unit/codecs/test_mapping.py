# SPDX-License-Identifier: EUPL-1.2
"""A declarative mapping: what is refused at upload, and what a decoded object amounts to."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.codecs.mapping import Mapped, MappingError, parse_mapping
from uplink_decoder.codecs.model import (
    BayReading,
    CountReading,
    EnvironmentReading,
    Frame,
    Measured,
    PresenceReading,
)

NOW = datetime(2026, 11, 1, 8, 15, tzinfo=UTC)
FRAME = Frame(1, b"\x01", NOW)
TEMPERATURE = {"quantity": "air.temperature", "unit": "°C", "path": "$.temp"}


def apply(document: Any, data: Any) -> Mapped:
    return parse_mapping(document).apply(data, FRAME)


def readings(rule: dict[str, Any], data: Any) -> tuple[Any, ...]:
    return apply({"readings": [rule]}, data).readings


def environment(**fields: Any) -> dict[str, Any]:
    return {"kind": "environment", "quantities": [TEMPERATURE], **fields}


@pytest.mark.parametrize(
    ("test", "value", "occupied"),
    [
        ({"equals": "busy"}, "busy", True),
        ({"equals": "busy"}, "free", False),
        ({"equals": 1}, 1, True),
        ({"equals": 1}, 1.0, True),
        ({"equals": 1}, True, False),
        ({"equals": True}, True, True),
        ({"equals": False}, 0, False),
        ({"in": ["busy", 2]}, 2, True),
        ({"in": ["busy", 2]}, "2", False),
        ({"truthy": True}, True, True),
        ({"truthy": True}, 3, True),
        ({"truthy": True}, 0, False),
        ({"equals": "busy", "otherwise": ["free"]}, "free", False),
    ],
)
def test_value_test_tells_occupied_from_free(
    test: dict[str, Any], value: Any, *, occupied: bool
) -> None:
    rule = {"kind": "bay", "occupied": {"path": "$.state", **test}}
    assert readings(rule, {"state": value}) == (BayReading(occupied),)


@pytest.mark.parametrize(
    ("test", "data", "warning"),
    [
        ({"truthy": True}, {"state": "yes"}, "$.state: neither true nor false nor a number"),
        ({"equals": "busy"}, {"state": ["busy"]}, "$.state: not a plain value"),
        (
            {"equals": "busy", "otherwise": ["free"]},
            {"state": "error"},
            "$.state: neither the one nor the other",
        ),
    ],
)
def test_value_that_says_neither_gives_no_reading_and_a_warning(
    test: dict[str, Any], data: Any, warning: str
) -> None:
    rule = {"kind": "bay", "occupied": {"path": "$.state", **test}}
    mapped = apply({"readings": [rule]}, data)
    assert (mapped.readings, mapped.warnings) == ((), (warning,))


def test_absent_value_gives_no_reading_and_no_warning() -> None:
    rule = {"kind": "bay", "occupied": {"path": "$.state", "equals": 1}}
    assert apply({"readings": [rule]}, {"other": 1}) == Mapped()
    assert apply({"readings": [rule]}, {"state": None}) == Mapped()


def test_bay_carries_duration_suspicion_and_its_own_time() -> None:
    rule = {
        "kind": "bay",
        "occupied": {"path": "$.status.car", "truthy": True},
        "suspect": {"path": "$.status.fault", "in": ["jam", "low"]},
        "previous_duration_s": {"path": "$.minutes", "scale": 60},
        "time": {"path": "$.ago", "form": "seconds_ago"},
    }
    data = {"status": {"car": 0, "fault": "jam"}, "minutes": 7, "ago": 90}
    expected = BayReading(
        occupied=False,
        previous_duration_s=420,
        observed_at=NOW - timedelta(seconds=90),
        suspect=True,
    )
    assert readings(rule, data) == (expected,)


def test_counts_and_presence_are_read_per_gate() -> None:
    document = {
        "readings": [
            {"kind": "count", "gate": "north", "mode": "cumulative", "in": "$.a", "out": "$.b"},
            {"kind": "count", "gate": "south", "mode": "delta", "in": "$.c"},
            {"kind": "presence", "wifi": "$.w", "ble": "$.x"},
        ]
    }
    assert apply(document, {"a": 10, "b": 4, "c": 2, "w": 30}).readings == (
        CountReading("north", "cumulative", 10, 4),
        CountReading("south", "delta", 2, 0),
        PresenceReading(30, None),
    )


def test_count_that_lacks_one_direction_is_none() -> None:
    rule = {"kind": "count", "gate": "1", "mode": "delta", "in": "$.a", "out": "$.b"}
    assert readings(rule, {"a": 10}) == ()


def test_negative_count_is_refused_with_a_warning() -> None:
    rule = {"kind": "count", "gate": "1", "mode": "delta", "in": "$.a"}
    mapped = apply({"readings": [rule]}, {"a": -1})
    assert mapped.warnings == ("in: -1 is not between 0 and 4.29497e+09",)


def test_quantities_are_scaled_and_those_present_are_taken() -> None:
    rule = environment(
        quantities=[
            {**TEMPERATURE, "scale": 0.1, "offset": -40},
            {"quantity": "noise.laeq", "unit": "dB(A)", "path": "$.noise"},
            {"quantity": "air.pm10", "unit": "µg/m³", "path": "$.pm[1]"},
        ]
    )
    expected = (Measured("air.temperature", 10.0, "°C"), Measured("air.pm10", 12.5, "µg/m³"))
    assert readings(rule, {"temp": 500, "pm": [3, 12.5]}) == (EnvironmentReading(expected),)


def test_batched_readings_carry_their_own_times() -> None:
    rule = environment(each="$.history[*]", time={"path": "$.at", "form": "epoch_s"})
    history = [{"temp": 8.5, "at": 1_793_520_000}, {"temp": 8.25, "at": 1_793_520_600}, {"at": 1}]
    found = readings(rule, {"history": history})
    assert [(each.measured[0].value, each.observed_at) for each in found] == [
        (8.5, datetime(2026, 11, 1, 8, 0, tzinfo=UTC)),
        (8.25, datetime(2026, 11, 1, 8, 10, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("form", "value", "time"),
    [
        ("rfc3339", "2026-11-01T09:00:00+01:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("rfc3339", "2026-11-01T08:00:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("epoch_ms", 1_793_520_000_500, datetime(2026, 11, 1, 8, 0, 0, 500_000, tzinfo=UTC)),
        ("seconds_ago", 900, NOW - timedelta(minutes=15)),
        ("rfc3339", 17, None),
        ("rfc3339", "0001-01-01T00:00:00+23:00", None),
        ("epoch_s", "1793520000", None),
        ("epoch_s", True, None),
        ("epoch_s", 1e300, None),
        ("epoch_s", 10**400, None),
        ("seconds_ago", 1e300, None),
        ("seconds_ago", float("nan"), None),
    ],
)
def test_time_is_read_in_its_form_or_missing_with_a_warning(
    form: str, value: Any, time: datetime | None
) -> None:
    rule = environment(time={"path": "$.at", "form": form})
    mapped = apply({"readings": [rule]}, {"temp": 1, "at": value})
    (reading,) = mapped.readings
    assert reading.observed_at == time
    assert mapped.warnings == (() if time else (f"$.at: no time of form {form}",))


def test_rule_with_a_condition_applies_only_where_it_holds() -> None:
    rule = environment(when={"path": "$.type", "equals": "measurement"})
    assert len(readings(rule, {"type": "measurement", "temp": 1})) == 1
    assert readings(rule, {"type": "status", "temp": 1}) == ()


def test_battery_is_scaled_and_bounded() -> None:
    document = {"battery_mv": {"path": "$.volt", "scale": 1000}, "battery_percent": "$.percent"}
    mapped = apply(document, {"volt": 3.61, "percent": 96.5})
    assert (mapped.battery_mv, mapped.battery_percent) == (3610, 96.5)
    mapped = apply(document, {"volt": 3.61, "percent": 255})
    assert mapped.battery_percent is None
    assert mapped.warnings == ("battery_percent: 255 is not between 0 and 100",)


def test_several_values_at_a_path_for_one_are_a_warning() -> None:
    rule = environment(quantities=[{**TEMPERATURE, "path": "$.history[*].temp"}])
    mapped = apply({"readings": [rule]}, {"history": [{"temp": 1}, {"temp": 2}]})
    assert mapped.readings == ()
    assert mapped.warnings == ("$.history[*].temp: several values where one is wanted",)


def test_flood_of_readings_is_cut_off() -> None:
    rule = environment(each="$.items[*]")
    mapped = apply({"readings": [rule]}, {"items": [{"temp": 1}] * 1001})
    assert len(mapped.readings) == 1000
    assert mapped.warnings == ("more than 1000 readings, the rest is left",)


def test_unknown_quantity_is_allowed_and_named() -> None:
    rule = environment(quantities=[{"quantity": "air.radon", "unit": "Bq/m³", "path": "$.rn"}])
    mapping = parse_mapping({"readings": [rule]})
    assert mapping.warnings == ("the catalogue does not know air.radon",)
    assert mapping.apply({"rn": 80}, FRAME).readings == (
        EnvironmentReading((Measured("air.radon", 80.0, "Bq/m³"),)),
    )


QUANTITY = "readings.0.environment.quantities.0"


@pytest.mark.parametrize(
    ("document", "where", "why"),
    [
        ([], "", "valid dictionary"),
        ({"reading": []}, "reading", "Extra inputs"),
        ({"readings": [{"kind": "smell"}]}, "readings.0", "does not match any"),
        ({"readings": [environment(quantities=[])]}, "", "at least 1 item"),
        (
            {"readings": [environment(quantities=[{**TEMPERATURE, "unit": "°F"}])]},
            QUANTITY,
            "air.temperature is in °C, not in °F",
        ),
        (
            {"readings": [environment(quantities=[{**TEMPERATURE, "quantity": "air temp"}])]},
            QUANTITY + ".quantity",
            "match pattern",
        ),
        (
            {"readings": [environment(quantities=[{**TEMPERATURE, "path": "temp"}])]},
            QUANTITY + ".path",
            "begins with $",
        ),
        (
            {"readings": [environment(quantities=[{**TEMPERATURE, "path": "$.a["}])]},
            QUANTITY + ".path",
            "no JSON path",
        ),
        (
            {"readings": [environment(quantities=[{**TEMPERATURE, "scale": "2"}])]},
            QUANTITY + ".scale",
            "valid number",
        ),
        ({"readings": [environment(quantities=[TEMPERATURE] * 2)]}, "", "stands twice"),
        ({"readings": [environment(each="$..a..b")]}, "", "more than one"),
        ({"readings": [environment(each="$[?match(@.a, '(a+)+b')]")]}, "", "no JSON path"),
        ({"battery_mv": "$" + ".a" * 150}, "battery_mv.path", "longer than 200"),
        (
            {"readings": [{"kind": "bay", "occupied": {"path": "$.a"}}]},
            "readings.0.bay.occupied",
            "exactly one of equals, in, truthy",
        ),
        (
            {"readings": [{"kind": "count", "gate": "1", "mode": "delta"}]},
            "readings.0.count",
            "give in, out or both",
        ),
        (
            {"readings": [{"kind": "count", "gate": "a/b", "mode": "delta", "in": "$.a"}]},
            "readings.0.count.gate",
            "match pattern",
        ),
        ({"readings": [{"kind": "presence"}]}, "readings.0.presence", "give wifi, ble or both"),
        (
            {"readings": [environment(time={"path": "$.t", "form": "julian"})]},
            "readings.0.environment.time.form",
            "Input should be",
        ),
    ],
)
def test_wrong_document_is_refused_and_says_where(document: Any, where: str, why: str) -> None:
    with pytest.raises(MappingError) as caught:
        parse_mapping(document)
    assert any(at.startswith(where) and why in text for at, text in caught.value.errors), (
        caught.value.errors
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["temp", "at", "state", "history", "n"]), inner)
    ),
    max_leaves=20,
)
EVERYTHING = parse_mapping(
    {
        "battery_mv": "$.n",
        "battery_percent": "$.history[0].n",
        "readings": [
            environment(each="$.history[*]", time={"path": "$.at", "form": "epoch_s"}),
            environment(each="$..history", time="$.at"),
            environment(time={"path": "$.at", "form": "seconds_ago"}),
            {"kind": "bay", "occupied": {"path": "$.state", "in": [1, "a", True]}},
            {"kind": "count", "gate": "1", "mode": "delta", "in": "$.n", "out": "$.temp"},
            {"kind": "presence", "wifi": {"path": "$.n", "scale": 1e308}},
        ],
    }
)


@given(JSON)
def test_no_decoded_object_raises(data: Any) -> None:
    mapped = EVERYTHING.apply(data, FRAME)
    assert all(isinstance(warning, str) for warning in mapped.warnings)


def errors_of(document: Any) -> tuple[tuple[str, str], ...] | None:
    try:
        parse_mapping(document)
    except MappingError as error:
        return error.errors
    return None


@given(JSON | st.fixed_dictionaries({"readings": st.lists(JSON)}))
def test_whatever_is_no_mapping_is_refused_in_order(document: Any) -> None:
    assert errors_of(document) != ()


@given(st.text(alphabet="$.[]*?@'\"()<>=!&|abc0-:, \n\x00", max_size=30))
def test_any_text_is_a_path_or_refused(path: str) -> None:
    document = {"battery_mv": "$" + path}
    errors = errors_of(document)
    if errors is None:
        parse_mapping(document).apply({"a": [1, {"b": 2}], "b": {"c": "x"}}, FRAME)
    else:
        assert errors[0][0].startswith("battery_mv")
