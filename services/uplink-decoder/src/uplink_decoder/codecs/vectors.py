# SPDX-License-Identifier: EUPL-1.2
"""Test vectors of a codec in the forms in which they are written; owns no codec and runs none.

Two forms: ours (`f_port`, `bytes`, `expected`) and the public device repository's `examples`
(`input`, `output`, `normalizedOutput`).
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MAX_VECTORS = 500
MAX_PAYLOAD = 512
MAX_DEPTH = 50
MAX_VALUES = 100_000
MAX_SAFE = 2**63
OUTPUT_MEMBERS = frozenset({"data", "warnings", "errors"})
OWN = frozenset(
    {"description", "f_port", "bytes", "recv_time", "variables", "expected", "normalized"}
)
PUBLIC = frozenset({"description", "input", "output", "normalizedOutput"})
PUBLIC_INPUT = frozenset({"fPort", "bytes", "recvTime", "variables"})


class VectorError(ValueError):
    """What was given is no vector; `where` is its path."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}" if where else why)
        self.where = where
        self.why = why


@dataclass(frozen=True, slots=True)
class Vector:
    """One payload and what the codec must make of it.

    `expected` holds `data`, `warnings`, `errors` as far as they are named; `normalized` is what
    normalizeUplink must give, or None where the vector does not say.
    """

    f_port: int
    payload: bytes
    expected: Mapping[str, Any]
    description: str = ""
    recv_time: datetime | None = None
    variables: Mapping[str, Any] | None = None
    normalized: Any = None


def read_vectors(document: Any) -> list[Vector]:
    """Read a list of vectors, or a codec file with `uplinkDecoder.examples`.

    Raises:
        VectorError: wrong form, unknown fields, too many, bytes that are none.

    """
    if isinstance(document, Mapping):
        decoder = document.get("uplinkDecoder")
        if not isinstance(decoder, Mapping):
            raise VectorError("", "neither a list of vectors nor a codec file with uplinkDecoder")
        document = decoder.get("examples") or []
    if not isinstance(document, list):
        raise VectorError("", "not a list of vectors")
    if len(document) > MAX_VECTORS:
        raise VectorError("", f"more than {MAX_VECTORS} vectors")
    check_json(document)
    return [_vector(str(index), each) for index, each in enumerate(document)]


def read_bytes(value: Any, where: str = "bytes") -> bytes:
    """Read a payload: a list of numbers, hexadecimal digits, or base64.

    What can be read as hexadecimal digits is; base64 that looks so must be sent in hexadecimal.
    """
    if isinstance(value, list):
        return _numbers(value, where)
    if not isinstance(value, str):
        raise VectorError(where, "neither text nor a list of numbers")
    digits = value.replace(" ", "").replace(":", "")
    try:
        payload = bytes.fromhex(digits)
    except ValueError:
        payload = _base64(value, where)
    if len(payload) > MAX_PAYLOAD:
        raise VectorError(where, f"more than {MAX_PAYLOAD} bytes")
    return payload


def as_document(vector: Vector) -> dict[str, Any]:
    """Return a vector in our form, ready to be stored; `read_vectors` reads it back."""
    document: dict[str, Any] = {
        "description": vector.description,
        "f_port": vector.f_port,
        "bytes": vector.payload.hex(),
        "expected": dict(vector.expected),
    }
    if vector.recv_time is not None:
        document["recv_time"] = vector.recv_time.isoformat()
    if vector.variables is not None:
        document["variables"] = dict(vector.variables)
    if vector.normalized is not None:
        document["normalized"] = vector.normalized
    return document


def check_json(value: Any) -> None:
    """Refuse what is no JSON for everybody: depth, size, lone surrogates, NaN, huge integers."""
    open_values = [(value, 0)]
    seen = 0
    while open_values:
        item, depth = open_values.pop()
        seen += 1
        if depth > MAX_DEPTH:
            raise VectorError("", f"nested deeper than {MAX_DEPTH}")
        if seen > MAX_VALUES:
            raise VectorError("", f"more than {MAX_VALUES} values")
        if isinstance(item, Mapping):
            open_values += [(name, depth + 1) for name in item]
            open_values += [(each, depth + 1) for each in item.values()]
        elif isinstance(item, list):
            open_values += [(each, depth + 1) for each in item]
        elif why := _objection(item):
            raise VectorError("", why)


def _objection(item: Any) -> str | None:
    if isinstance(item, bool) or item is None:
        return None
    if isinstance(item, str):
        return "a lone surrogate" if any("\ud800" <= char <= "\udfff" for char in item) else None
    if isinstance(item, int):
        return "an integer of more than 64 bits" if abs(item) >= MAX_SAFE else None
    if isinstance(item, float):
        return None if math.isfinite(item) else "a number that is not finite"
    return f"a value of type {type(item).__name__}"


def _vector(where: str, each: Any) -> Vector:
    if not isinstance(each, Mapping):
        raise VectorError(where, "not an object")
    if "input" in each:
        return _public(where, each)
    _known(where, each, OWN)
    return _checked(
        where,
        Vector(
            f_port=each.get("f_port", 1),
            payload=read_bytes(each.get("bytes"), f"{where}.bytes"),
            expected=_expected(where, each.get("expected")),
            description=each.get("description") or "",
            recv_time=_time(f"{where}.recv_time", each.get("recv_time")),
            variables=each.get("variables"),
            normalized=_normalized(each.get("normalized")),
        ),
    )


def _public(where: str, each: Mapping[str, Any]) -> Vector:
    """Read one of the public repository's examples."""
    _known(where, each, PUBLIC)
    given = each["input"]
    if not isinstance(given, Mapping):
        raise VectorError(f"{where}.input", "not an object")
    _known(f"{where}.input", given, PUBLIC_INPUT)
    output = each.get("output")
    if not isinstance(output, Mapping):
        raise VectorError(f"{where}.output", "not an object")
    return _checked(
        where,
        Vector(
            f_port=given.get("fPort", 1),
            payload=read_bytes(given.get("bytes"), f"{where}.input.bytes"),
            expected=dict(output),
            description=each.get("description") or "",
            recv_time=_time(f"{where}.input.recvTime", given.get("recvTime")),
            variables=given.get("variables"),
            normalized=_normalized(each.get("normalizedOutput")),
        ),
    )


def _checked(where: str, vector: Vector) -> Vector:
    port: Any = vector.f_port
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 255:
        raise VectorError(f"{where}.f_port", "not a number from 0 to 255")
    if not isinstance(vector.description, str):
        raise VectorError(f"{where}.description", "not a text")
    if vector.variables is not None and not isinstance(vector.variables, Mapping):
        raise VectorError(f"{where}.variables", "not an object")
    return vector


def _expected(where: str, value: Any) -> Mapping[str, Any]:
    """Return the whole output; what is no output is the decoded object itself."""
    if not isinstance(value, Mapping):
        raise VectorError(f"{where}.expected", "not an object")
    is_output = bool(value) and value.keys() <= OUTPUT_MEMBERS
    return dict(value) if is_output else {"data": dict(value)}


def _normalized(value: Any) -> Any:
    """Return the measurements as a list, of which the public form may leave out the brackets."""
    if isinstance(value, Mapping) and "data" in value:
        value = value["data"]
    return [value] if isinstance(value, Mapping) else value


def _known(where: str, value: Mapping[str, Any], names: frozenset[str]) -> None:
    unknown = sorted(str(name) for name in value.keys() - names)
    if unknown:
        raise VectorError(where, f"unknown: {', '.join(unknown)[:200]}")


def _numbers(value: Sequence[Any], where: str) -> bytes:
    if len(value) > MAX_PAYLOAD:
        raise VectorError(where, f"more than {MAX_PAYLOAD} bytes")
    if any(isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= 255 for n in value):
        raise VectorError(where, "not numbers from 0 to 255")
    return bytes(value)


def _base64(value: str, where: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise VectorError(where, "neither hexadecimal nor base64") from error


def _time(where: str, value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise VectorError(where, "not a time")
    try:
        time = datetime.fromisoformat(value)
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    except ValueError as error:
        raise VectorError(where, "not a time (RFC 3339)") from error
