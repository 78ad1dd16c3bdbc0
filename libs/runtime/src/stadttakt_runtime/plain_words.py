# SPDX-License-Identifier: EUPL-1.2
"""Says in plain words what is wrong with a value that a pydantic model refused; knows no domain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

_SHOWN_CHARACTERS = 60
_CONFIDENTIAL = ("secret", "password", "token", "credential")

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is no known key",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "string_too_short": "must have {min_length} characters or more",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have {min_length} entries or more",
    "too_long": "must have at most {max_length} entries",
    "finite_number": "must be a finite number",
}
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "list": "a list",
    "tuple": "a list",
    "dict": "keys with values",
    "model": "keys with values",
    "datetime": "a time, as 2026-11-26T10:00:00Z",
    "timezone": "a time with its zone, as 2026-11-26T10:00:00Z",
    "date": "a day, as 2026-11-26",
    "uuid": "a UUID",
}
"""What is expected, by the first word of an error's type (`int_parsing`, `int_type`, …)."""

_IS_NO_SUCH = ("_type", "_parsing", "_from_float", "_aware", "_inexact")
_NEEDS_NO_VALUE = frozenset(
    {"missing", "extra_forbidden", "value_error", "model_type", "dict_type"}
)
_CHARACTERS = re.compile(r"\^\[(?P<set>[^\]]+)\]\{(?P<least>\d+),(?P<most>\d+)\}\$")
_RANGES = {"A-Z": "A to Z", "a-z": "a to z", "0-9": "0 to 9"}


def in_plain_words(error: Mapping[str, Any]) -> str:
    """Return what a value must be, as a sentence whose subject is the field.

    `error` is one of `ValidationError.errors()`; the value itself is not told.
    """
    kind, context = str(error["type"]), error.get("ctx") or {}
    if kind in _WORDS:
        return _WORDS[kind].format_map({name: _short(value) for name, value in context.items()})
    if kind == "string_pattern_mismatch":
        return _of_characters(str(context["pattern"]))
    expected = _KINDS.get(kind.partition("_")[0])
    if expected is not None and kind.endswith(_IS_NO_SUCH):
        return f"must be {expected}"
    return str(error["msg"]).removeprefix("Value error, ")


def with_value(error: Mapping[str, Any], known: Iterable[str] = ()) -> str:
    """Return the same with the value that was given, or the known key that was likely meant.

    Not for what may be personal or secret: of a field that sounds like one nothing is told.
    """
    said, path = in_plain_words(error), [str(part).lower() for part in error["loc"]]
    if error["type"] == "extra_forbidden":
        meant = get_close_matches(path[-1], list(known), n=1)
        return f"{said}; {meant[0]}?" if meant else said
    value = error.get("input")
    if error["type"] in _NEEDS_NO_VALUE or not isinstance(value, str | int | float):
        return said
    if any(word in part for part in path for word in _CONFIDENTIAL):
        return said
    shown = str(value)
    if not shown:
        return f"{said}; it is empty"
    shortened = f"{shown[:_SHOWN_CHARACTERS]}…" if len(shown) > _SHOWN_CHARACTERS else shown
    return f'{said}, not "{shortened}"'


def first_fault(error: ValidationError, known: Iterable[str] = ()) -> str:
    """Return the first thing that is wrong, after the field it is wrong in; as `with_value` tells it."""
    return told(error.errors(include_url=False)[0], known)


def told(error: Mapping[str, Any], known: Iterable[str] = ()) -> str:
    """Return one thing that is wrong, after the field it is wrong in; as `with_value` tells it."""
    where = ".".join(str(part) for part in error["loc"])
    said = with_value(error, known)
    return f"{where}: {said}" if where else said


def _short(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value


def _of_characters(pattern: str) -> str:
    """Say `^[a-z0-9-]{1,100}$` in words; other patterns as they are."""
    match = _CHARACTERS.fullmatch(pattern)
    if match is None:
        return f"must match {pattern}"
    rest, named = match["set"], []
    for letters, words in _RANGES.items():
        if letters in rest:
            rest = rest.replace(letters, "", 1)
            named.append(words)
    signs = " ".join(rest.replace("\\", ""))
    allowed = [*named, *([signs] if signs else [])]
    return f"must be {match['least']} to {match['most']} characters of {', '.join(allowed)}"
