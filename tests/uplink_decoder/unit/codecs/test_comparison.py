# SPDX-License-Identifier: EUPL-1.2
"""What counts as the same result of a codec."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.codecs.comparison import differences

SAME: dict[str, tuple[Any, Any]] = {
    "whole and decimal number": ({"a": 21}, {"a": 21.0}),
    "last digit of binary arithmetic": ({"a": 0.3}, {"a": 0.1 + 0.2}),
    "absent and null": ({"a": 1}, {"a": 1, "b": None}),
    "null and absent": ({"a": 1, "b": None}, {"a": 1}),
    "date with and without milliseconds": (
        {"at": "2023-01-02T03:04:05Z"},
        {"at": "2023-01-02T03:04:05.000Z"},
    ),
    "date in another zone": (
        {"at": "2023-01-02T04:04:05+01:00"},
        {"at": "2023-01-02T03:04:05Z"},
    ),
    "day and its midnight": ({"at": "2023-01-02"}, {"at": "2023-01-02T00:00:00.000Z"}),
    "huge and not finite": ({"a": 10**18}, {"a": 1e18}),
    "members in another order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "lists": ([1, [2, {"a": None}]], [1.0, [2, {}]]),
}
DIFFERENT: dict[str, tuple[Any, Any, str]] = {
    "true is not one": ({"a": True}, {"a": 1}, "a: expected True, got 1"),
    "one is not true": ({"a": 1}, {"a": True}, "a: expected 1, got True"),
    "number is no text": ({"a": 1}, {"a": "1"}, "a: expected 1, got '1'"),
    "absent and zero": ({"a": 1}, {"a": 1, "b": 0}, "b: expected nothing, got 0"),
    "absent and empty text": ({}, {"b": ""}, "b: expected nothing, got ''"),
    "near but not the same": ({"a": 1.0}, {"a": 1.00001}, "a: expected 1.0, got 1.00001"),
    "shorter list": ({"a": [1, 2]}, {"a": [1]}, "a: 2 items expected, got 1"),
    "order in a list": ([1, 2], [2, 1], "[0]: expected 1, got 2"),
    "deep": ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "a[0].b: expected 1, got 2"),
    "another date": ({"at": "2023-01-02"}, {"at": "2023-01-03"}, "at: expected '2023-01-02'"),
    "no date at all": ({"at": "2023-99-02"}, {"at": "2023-99-03"}, "at: expected '2023-99-02'"),
    "object and list": ({"a": {}}, {"a": []}, "a: expected {}, got []"),
}


@pytest.mark.parametrize(("expected", "got"), SAME.values(), ids=SAME)
def test_what_says_the_same_has_no_differences(expected: Any, got: Any) -> None:
    assert differences(expected, got) == []


@pytest.mark.parametrize(("expected", "got", "first"), DIFFERENT.values(), ids=DIFFERENT)
def test_difference_names_its_path(expected: Any, got: Any, first: str) -> None:
    assert differences(expected, got)[0].startswith(first)


def test_at_most_five_differences_are_told() -> None:
    expected = {str(number): number for number in range(20)}
    assert len(differences(expected, {})) == 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_every_value_equals_itself(value: Any) -> None:
    assert differences(value, value) == []


@given(JSON, JSON)
def test_comparison_is_symmetric(one: Any, other: Any) -> None:
    assert bool(differences(one, other)) == bool(differences(other, one))
