# SPDX-License-Identifier: EUPL-1.2
"""Vectors in the forms in which they are written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from uplink_decoder.codecs.vectors import Vector, VectorError, as_document, read_bytes, read_vectors

PUBLIC = {
    "description": "heartbeat",
    "input": {"fPort": 2, "bytes": [1, 255], "recvTime": "2023-05-02T20:00:00.000+00:00"},
    "output": {"data": {"temperature": -1}, "warnings": ["old"]},
    "normalizedOutput": {"data": {"air": {"temperature": -1}}},
}
HEARTBEAT = Vector(
    f_port=2,
    payload=b"\x01\xff",
    expected={"data": {"temperature": -1}, "warnings": ["old"]},
    description="heartbeat",
    recv_time=datetime(2023, 5, 2, 20, tzinfo=UTC),
    normalized=[{"air": {"temperature": -1}}],
)


def test_public_examples_are_read_as_they_are() -> None:
    assert read_vectors([PUBLIC]) == [HEARTBEAT]
    assert read_vectors({"uplinkDecoder": {"fileName": "a.js", "examples": [PUBLIC]}}) == [
        HEARTBEAT
    ]
    assert read_vectors({"uplinkDecoder": {"fileName": "a.js"}}) == []


def test_expected_is_the_decoded_object_or_the_whole_output() -> None:
    def expected(value: Any) -> Any:
        return read_vectors([{"f_port": 1, "bytes": "01", "expected": value}])[0].expected

    assert expected({"occupied": True}) == {"data": {"occupied": True}}
    assert expected({}) == {"data": {}}
    assert expected({"errors": ["too short"]}) == {"errors": ["too short"]}
    assert expected({"data": {"a": 1}, "level": 2}) == {"data": {"data": {"a": 1}, "level": 2}}


@pytest.mark.parametrize("written", ["01ff", "01FF", "01 ff", "01:ff", [1, 255], "Af8="], ids=repr)
def test_payload_is_read_in_every_notation(written: Any) -> None:
    assert read_bytes(written) == b"\x01\xff"


def test_stored_vector_is_read_back_as_it_was() -> None:
    assert read_vectors([as_document(HEARTBEAT)]) == [HEARTBEAT]


def vector(**fields: Any) -> list[dict[str, Any]]:
    return [{"f_port": 1, "bytes": "01", "expected": {}, **fields}]


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


WRONG: dict[str, tuple[Any, str]] = {
    "no list": ("text", "not a list"),
    "no decoder": ({"downlinkEncoder": {}}, "uplinkDecoder"),
    "examples as an object": ({"uplinkDecoder": {"examples": {"a": 1}}}, "not a list"),
    "no object": ([1], "0: not an object"),
    "unknown field": (vector(fport=1), "0: unknown: fport"),
    "port too high": (vector(f_port=256), "0.f_port"),
    "port of true": (vector(f_port=True), "0.f_port"),
    "no bytes": ([{"expected": {}}], "0.bytes"),
    "byte too high": (vector(bytes=[256]), "0.bytes"),
    "neither hex nor base64": (vector(bytes="€€"), "0.bytes"),
    "payload too long": (vector(bytes="00" * 513), "0.bytes"),
    "expected a list": (vector(expected=[1]), "0.expected"),
    "time that is none": (vector(recv_time="yesterday"), "0.recv_time"),
    "time that is a number": (vector(recv_time=5), "0.recv_time"),
    "not finite": (vector(expected={"a": float("nan")}), "not finite"),
    "huge integer": (vector(expected={"a": 2**64}), "64 bits"),
    "lone surrogate": (vector(expected={"a": "\ud800"}), "surrogate"),
    "nested too deeply": (vector(expected={"a": deep(60)}), "deeper"),
    "too many": (vector() * 501, "more than 500"),
    "public without output": ([{"input": {"bytes": [1]}}], "0.output"),
    "public with unknown input": (
        [{"input": {"bytes": [1], "port": 1}, "output": {}}],
        "0.input: unknown: port",
    ),
}


@pytest.mark.parametrize(("document", "message"), WRONG.values(), ids=WRONG)
def test_wrong_vector_is_refused_with_its_place(document: Any, message: str) -> None:
    with pytest.raises(VectorError) as refused:
        read_vectors(document)
    assert message in str(refused.value)
