# SPDX-License-Identifier: EUPL-1.2
"""Uploads of formatters that try to harm: each has a clear answer, and the next upload goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from support.asking import Ask

Call = Callable[..., Awaitable[Any]]
GOOD = "function decodeUplink(input) { return {data: {port: input.fPort}} }"
VECTORS = [{"f_port": 3, "bytes": "0107", "expected": {"port": 3}}]


@pytest.fixture
def call(ask: Ask) -> Call:
    """Ask as somebody who may write codecs."""

    def asked(method: str, path: str, **options: Any) -> Awaitable[Any]:
        return ask(method, f"/v1/codecs{path}", "codecs:write", **options)

    return asked


def upload(**fields: Any) -> dict[str, Any]:
    return {"language": "javascript", "source": GOOD, "vectors": VECTORS, **fields}


# Sources that cannot be used, and what the answer says of them.
UNUSABLE_SOURCES = {
    "syntax error": ("function decodeUplink(input) {\n  return {;\n}", "(line 2)"),
    "module": ("export function decodeUplink() {}", "SyntaxError"),
    "no entry point": ("var a = 1;", "no known entry point"),
    "throws at once": ("throw {}", "[object Object]"),
    "endless at load": ("while (true) {}", "stopped after"),
    "endless in a built-in": ("'a'.repeat(4e6).indexOf('a'.repeat(2e6) + 'b')", "stopped after"),
    "memory at load": ("var a = []; while (true) a.push(new ArrayBuffer(1e6));", "memory"),
    "nested without end": ("(" * 300_000, "stack"),
}


@pytest.mark.parametrize(("source", "says"), UNUSABLE_SOURCES.values(), ids=UNUSABLE_SOURCES)
async def test_source_that_cannot_be_run_is_refused(call: Call, source: str, says: str) -> None:
    refused = await call("PUT", "/maker-level", json=upload(source=source))
    assert (refused.status_code, refused.json()["code"]) == (422, "codec_refused"), refused.text
    assert says in refused.json()["detail"]
    assert (await call("GET", "/maker-level")).status_code == 404
    assert (await call("PUT", "/maker-level", json=upload())).status_code == 201


# What a formatter may do with one payload, and what is then told of it.
HOSTILE_BODIES = {
    "endless": ("while (true) {}", "stopped after"),
    "endless in a built-in": ("'a'.repeat(4e6).indexOf('a'.repeat(2e6) + 'b')", "stopped after"),
    "memory": ("let a = []; while (true) a.push(new ArrayBuffer(1e6))", "memory"),
    "getter that throws": ("return {data: {get x() { throw new Error('got') }}}", "Error: got"),
    "proxy that throws": ("return new Proxy({}, {get() { throw 'trap' }})", "thrown: trap"),
    "circular": ("const a = {}; a.a = a; return {data: a}", "circular reference"),
    "a hundred megabytes": ("return {data: {a: new ArrayBuffer(1e8)}}", "memory"),
    "a hundred thousand characters": (
        "return {data: {a: 'x'.repeat(1e5)}}",
        "the result has 100041 characters",
    ),
    "nested deeply": ("let a = 1; for (let i = 0; i < 99; i++) a = [a]; return {data: {a}}", "64"),
    "thrown without message": ("throw {code: 7}", 'thrown: {"code": 7}'),
    "a date as data": ("return {data: new Date(0)}", "'data' is not an object"),
    "a promise": ("return (async () => ({data: {}}))()", "without 'data'"),
}


@pytest.mark.parametrize(("body", "says"), HOSTILE_BODIES.values(), ids=HOSTILE_BODIES)
async def test_hostile_formatter_is_answered_clearly_at_upload_and_trial(
    call: Call, body: str, says: str
) -> None:
    source = f"function decodeUplink(input) {{ {body} }}"
    sent = upload(source=source, vectors=VECTORS)
    refused = await call("PUT", "/maker-level", json=sent)
    assert (refused.status_code, refused.json()["code"]) == (422, "vectors_failed"), refused.text
    assert says in refused.json()["failures"][0]["difference"][0]
    stored = await call("PUT", "/maker-level?accept_failures=true", json=sent)
    assert (stored.status_code, stored.json()["vectors_failed"]) == (201, 1)
    tried = await call("POST", "/maker-level/decode", json={"f_port": 1, "bytes": "00"})
    assert (tried.status_code, tried.json()["data"]) == (200, {})
    assert says in tried.json()["errors"][0]


async def test_odd_values_come_back_as_json(call: Call) -> None:
    source = """function decodeUplink(input) { return {data: {
        zero: -0, nan: NaN, big: 2n ** 70n, half: '\\ud800', nul: '\\u0000',
        date: new Date(0), bytes: new Uint8Array([1]), proto: JSON.parse('{"__proto__": {"a": 1}}'),
    }} }"""
    assert (await call("PUT", "/odd", json=upload(source=source, vectors=[]))).status_code == 201
    tried = await call("POST", "/odd/decode", json={"f_port": 1, "bytes": "00"})
    assert tried.json()["data"] == {
        "zero": 0,
        "nan": None,
        "big": "1180591620717411303424",
        "half": "?",
        "nul": "\N{REPLACEMENT CHARACTER}",
        "date": "1970-01-01T00:00:00.000Z",
        "bytes": [1],
        "proto": {"__proto__": {"a": 1}},
    }
