# SPDX-License-Identifier: EUPL-1.2
"""The decoder's codecs as strangers write them: uploads, the public repository, what formatters answer."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError

from fuzz.parsers import several_files
from fuzz.parsers.target import Parser, at_once, check
from stadttakt_runtime.http.problem import ValidationFailed
from stadttakt_runtime.plain_words import in_plain_words
from uplink_decoder.api.codec_upload import JSON, read_upload
from uplink_decoder.codec_library.proof import Proof
from uplink_decoder.codec_library.public_repository import (
    RepositoryError,
    find_vendors,
    read_codecs,
)
from uplink_decoder.codecs.model import Frame, JsonValue, ScriptCodec
from uplink_decoder.javascript.answers import ScriptError, read_answers
from uplink_decoder.javascript.reading import read_result

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MEDIA_TYPES = (JSON, "application/yaml")
SCRIPT = "function decodeUplink(i) { return {data: {level: i.bytes[0]}}; }"
RULES: list[JsonValue] = [
    {"kind": "bay", "occupied": {"path": "$.state", "equals": "busy", "otherwise": ["free"]}},
    {"kind": "bay", "occupied": {"path": "$.on", "truthy": True}, "suspect": {"path": "$.s", "in": [1, "x"]}},
    {"kind": "count", "gate": "nord", "mode": "cumulative", "in": "$.in", "out": {"path": "$.out", "scale": 2}},
    {"kind": "presence", "wifi": "$.wifi", "ble": "$.ble", "time": {"path": "$.t", "form": "epoch_ms"}},
    {
        "kind": "environment",
        "each": "$.list[*]",
        "time": "$.time",
        "quantities": [{"quantity": "air.temperature", "unit": "°C", "path": "$.temp", "offset": 1}],
    },
]  # fmt: skip
MAPPING: dict[str, JsonValue] = {
    "battery_mv": {"path": "$.v", "scale": 1000},
    "battery_percent": "$.p",
    "readings": RULES,
}
CODEC = ScriptCodec("fuzz", 1, "", "", SCRIPT, mapping=MAPPING)
VECTOR = {
    "f_port": 1,
    "bytes": "01ff",
    "expected": {"level": 7},
    "recv_time": "2026-01-02T03:04:05Z",
}
UPLOAD = {
    "source": SCRIPT,
    "vectors": [VECTOR],
    "mapping": MAPPING,
    "maker": "M",
    "model": "L",
    "stateless": True,
}
EXAMPLES = (
    "uplinkDecoder:\n  fileName: level.js\n  examples:\n"
    "    - description: on\n      input: {fPort: 1, bytes: [7], recvTime: '2026-01-02T03:04:05Z'}\n"
    "      output: {data: {level: 7, 1: &a off}, warnings: [*a]}\n"
    "      normalizedOutput: {data: [{air: {temperature: -1.5}}]}\n"
)
PUBLIC = f"source: |\n  {SCRIPT}\nmaker: M\n{EXAMPLES}downlinkEncoder: {{}}\n"
REPOSITORY = {
    "index.yaml": "vendors:\n  - {id: acme, name: Acme Sensors}\n",
    "acme/one.yaml": (
        "name: Level One\nfirmwareVersions:\n"
        "  - {version: '1', profiles: {EU863-870: {id: p, codec: level-codec}}}\n"
    ),
    "acme/level.js": SCRIPT,
    "acme/level-codec.yaml": EXAMPLES,
}
DATA = {
    "state": "busy", "on": True, "s": 1, "in": 3, "out": 4.5, "wifi": 10, "ble": 2, "t": 1795694400000,
    "list": [{"time": "2026-11-26T11:00:00+01:00", "temp": 1e1}], "v": 3.6, "p": 99,
}  # fmt: skip
NORMALIZED = [
    {"time": "2026-11-26T11:00:00Z", "battery": 3.6, "air": {"temperature": 21.5, "co2": None}}
]
ANSWERS = (
    [{"d": DATA, "w": ["w"], "e": [], "n": {"data": NORMALIZED, "errors": ["x"]}}],
    [{"d": None, "w": None, "e": "failed"}],
    [{"k": "TypeError", "m": "x is not a function", "v": {}}],
    [{"t": "thrown"}],
    [{"r": "undefined"}],
    [{"c": 70000}],
    {"error": "out of memory", "reason": "codec_memory"},
)


class RefusedError(Exception):
    """What was sent is answered with what is wrong."""


def _upload(data: bytes) -> Any:
    """The first byte says as what the rest is sent; what is told of a refusal must be sendable."""
    media_type = MEDIA_TYPES[data[0] % len(MEDIA_TYPES)] if data else JSON

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": data[1:]}

    headers = [(b"content-type", media_type.encode())]
    request = Request({"type": "http", "headers": headers}, receive)
    try:
        submission = at_once(read_upload(request)).submission("fuzz")
    except ValidationFailed as refusal:
        refusal.response()
        raise RefusedError from refusal
    except RequestValidationError as refusal:
        orjson.dumps([(*map(str, each["loc"]), in_plain_words(each)) for each in refusal.errors()])
        raise RefusedError from refusal
    return submission.version(Proof(0), by="fuzz")


def _repository(data: bytes) -> Any:
    """The input is several files of `vendor`."""
    with TemporaryDirectory(dir=several_files.MEMORY) as checkout:
        vendor = Path(checkout) / "vendor"
        (vendor / "acme").mkdir(parents=True)
        several_files.write(data, REPOSITORY, vendor)
        codecs = [each for found in find_vendors(Path(checkout)) for each in read_codecs(found)]
    versions = [each.submission.version(Proof(0), by="fuzz") for each in codecs if each.submission]
    if not versions:
        raise RefusedError([each.problem for each in codecs])
    return versions


def _answer(data: bytes) -> Any:
    """Return what is stored of one frame's answer; a script's error is told in texts."""
    (answer,) = read_answers(data, 1)
    if isinstance(answer, ScriptError):
        check((str(answer), answer.reason))
        raise RefusedError(str(answer))
    decoded = read_result(CODEC, answer, Frame(1, b"\x01", NOW))
    orjson.dumps(decoded.data)
    return replace(decoded, data={}), list(_leaves(decoded.data)), answer.errors


def _leaves(value: Any) -> Iterator[Any]:
    """Yield names and values of what is stored as JSON, but whole numbers: there they may be of any size."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif not isinstance(value, int):
        yield value


def parsers() -> Iterator[Parser]:
    """Yield all of codecs."""
    seeds = (b"\x00" + orjson.dumps(UPLOAD), b"\x01" + PUBLIC.encode())
    yield Parser("codec-upload", _upload, (RefusedError,), seeds)
    files = several_files.joined(REPOSITORY)
    yield Parser("codec-repository", _repository, (RefusedError, RepositoryError), (files,))
    yield Parser("formatter-answer", _answer, (RefusedError,), tuple(map(orjson.dumps, ANSWERS)))
