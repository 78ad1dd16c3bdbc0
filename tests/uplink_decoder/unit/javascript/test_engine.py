# SPDX-License-Identifier: EUPL-1.2
"""Payload formatters of every dialect, what they find in their context, and their limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from uplink_decoder.codecs.model import Frame
from uplink_decoder.javascript.answers import Answer, ScriptError, ScriptResult
from uplink_decoder.javascript.process import ScriptProcess

FRAME = Frame(7, b"\x01\x02\xff\x10", datetime(2026, 11, 24, 4, 30, tzinfo=UTC))


@pytest.fixture
async def process() -> AsyncIterator[ScriptProcess]:
    async with ScriptProcess() as started:
        yield started


async def answer(process: ScriptProcess, source: str, **variables: str) -> Answer:
    return await process.decode_one(source, FRAME, variables)


async def run(process: ScriptProcess, source: str, **variables: str) -> ScriptResult:
    found = await answer(process, source, **variables)
    assert isinstance(found, ScriptResult), found
    return found


async def value(process: ScriptProcess, expression: str) -> Any:
    source = f"function decodeUplink(input) {{ return {{data: {{x: {expression}}}}} }}"
    return (await run(process, source)).data["x"]


@pytest.mark.parametrize(
    "source",
    [
        "function decodeUplink(input) { return {data: {first: input.bytes[0], port: input.fPort}} }",
        "const decodeUplink = (input) => ({data: {first: input.bytes[0], port: input.fPort}})",
        "module.exports = {decodeUplink: (i) => ({data: {first: i.bytes[0], port: i.fPort}})}",
        "exports.decodeUplink = (i) => ({data: {first: i.bytes[0], port: i.fPort}})",
        "function Decoder(bytes, port) { return {first: bytes[0], port: port} }",
        "function Decode(fPort, bytes, variables) { return {first: bytes[0], port: fPort} }",
        "function Decoder() {} function decodeUplink(i) { return {data: {first: 1, port: i.fPort}} }",
    ],
)
async def test_every_dialect_is_called_as_its_server_calls_it(
    process: ScriptProcess, source: str
) -> None:
    assert (await run(process, source)).data == {"first": 1, "port": 7}


async def test_variables_reach_both_dialects_that_know_them(process: ScriptProcess) -> None:
    new = "function decodeUplink(input) { return {data: input.variables} }"
    old = "function Decode(fPort, bytes, variables) { return variables }"
    assert (
        (await run(process, new, site="a")).data
        == (await run(process, old, site="a")).data
        == {"site": "a"}
    )


async def test_normalize_uplink_gets_the_data_and_its_answer_becomes_a_list(
    process: ScriptProcess,
) -> None:
    source = """
        function decodeUplink(input) { return {data: {t: 21}} }
        function normalizeUplink(input) { return {data: {air: {temperature: input.data.t}}} }
    """
    assert (await run(process, source)).normalized == [{"air": {"temperature": 21}}]


async def test_errors_and_warnings_are_texts(process: ScriptProcess) -> None:
    source = "function decodeUplink() { return {errors: ['bad port', 5], warnings: 'old'} }"
    assert (await run(process, source)) == ScriptResult({}, ("old",), ("bad port", "5"))


async def test_sloppy_code_runs(process: ScriptProcess) -> None:
    assert (
        await run(process, "function Decoder(b) { sum = b[0] + 010; return {sum: sum} }")
    ).data == {"sum": 9}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("undefined", None),
        ("NaN", None),
        ("1 / 0", None),
        ("[undefined, -Infinity]", [None, None]),
        ("10n", 10),
        ("2n ** 70n", "1180591620717411303424"),
        ("new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("new Date(2026, 0, 1)", "2026-01-01T00:00:00.000Z"),
        ("input.recvTime", "2026-11-24T04:30:00.000Z"),
        ("input.recvTime instanceof Date", True),
        ("new Uint8Array([1, 2])", [1, 2]),
        ("'a\\u0000b'", "a\N{REPLACEMENT CHARACTER}b"),
        ("'\\ud800'.length", 1),
        ("console.log('quiet')", None),
        ("typeof require", "undefined"),
    ],
)
async def test_values_become_plain_json(
    process: ScriptProcess, expression: str, expected: Any
) -> None:
    assert await value(process, expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Buffer.from(input.bytes).toString('hex')", "0102ff10"),
        ("new Buffer('0102', 'hex').readUInt16BE(0)", 0x0102),
        ("Buffer.from('AQL/EA==', 'base64')", [1, 2, 255, 16]),
        ("Buffer.from(input.bytes).toString('base64')", "AQL/EA=="),
        ("Buffer.from('h\\u00e4').toString('utf8')", "h\u00e4"),
        ("Buffer.from([72, 105, 200]).toString('ascii')", "HiH"),
        ("Buffer.from([0xff, 0xfe]).readInt16LE(0)", -257),
        ("Buffer.from([0x41, 0x48, 0, 0]).readFloatBE(0)", 12.5),
        ("Buffer.from([0, 0, 0, 0, 0, 0, 0xf8, 0x3f]).readDoubleLE(0)", 1.5),
        ("Buffer.from([1, 2, 3, 4]).slice(1, 3).readUInt8(1)", 3),
        ("Buffer.from([1, 2, 3]).readUIntBE(0, 3)", 66051),
        ("Buffer.from([255, 255, 254]).readIntBE(0, 3)", -2),
        ("Buffer.concat([Buffer.from([1]), Buffer.alloc(1, 9)])", [1, 9]),
        ("Buffer.isBuffer(Buffer.from([]))", True),
        ("Buffer.from([1]).equals(Buffer.from([1]))", True),
    ],
)
async def test_buffer_reads_as_in_node(
    process: ScriptProcess, expression: str, expected: Any
) -> None:
    assert await value(process, expression) == expected


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("\nfunction (", "SyntaxError: function name expected (line 2)"),
        ("var x = 1", "no known entry point: none of decodeUplink, Decoder, Decode"),
        ("throw new Error('at once')", "Error: at once"),
    ],
)
async def test_script_that_cannot_be_loaded_says_why(
    process: ScriptProcess, source: str, says: str
) -> None:
    with pytest.raises(ScriptError) as caught:
        await process.load(source)
    assert str(caught.value) == says


# What one frame ends with, and words that a person reads there. What is to end otherwise than by its
# time takes a fraction of it, so that a slow machine tells the same.
ENDS = {
    "while (true) {}": ("codec_timeout", "stopped after 0.05 s"),
    "/^(a+)+$/.test('a'.repeat(40) + 'b')": ("codec_timeout", "stopped after 0.05 s"),
    "let a = []; while (true) a.push(new ArrayBuffer(1e6))": ("codec_memory", "out of memory"),
    "let a; while (true) try { a = [a, new Array(1e6).fill(7)] } catch { a = 0 }": (
        "codec_timeout",
        "stopped after 0.05 s",
    ),
    "return {data: {x: (7n ** 350000n).toString().length}}": (
        "codec_timeout",
        "stopped after 0.05 s",
    ),
    "Array.prototype.indexOf.call({length: 2 ** 53 - 1}, 0)": (
        "codec_timeout",
        "stopped after 0.05 s",
    ),
    "'a'.repeat(4e6).indexOf('a'.repeat(2e6) + 'b')": ("codec_timeout", "stopped after 0.05 s"),
    "return decodeUplink(input) + 1": ("codec_stack", "Maximum call stack size exceeded"),
    "return {data: {x: 'a'.repeat(1e5)}}": ("codec_output", "the result has 100041 characters"),
    "return {data: {x: Array(8e3).fill(123456789)}}": (
        "codec_output",
        "the result has 80040 characters",
    ),
    "return {data: {x: new ArrayBuffer(1e8)}}": ("codec_memory", "out of memory"),
    "let a = []; for (let i = 0; i < 100; i++) a = [a]; return {data: {a}}": (
        "codec_output",
        "nested deeper than 64",
    ),
    "let a = []; for (let i = 0; i < 3e3; i++) a = [a]; return {data: {a}}": (
        "codec_stack",
        "Maximum call stack size exceeded",
    ),
    "throw new Error('boo')": ("codec_error", "Error: boo"),
    "throw 'boo'": ("codec_error", "thrown: boo"),
    "throw undefined": ("codec_error", "thrown: undefined"),
    "throw null": ("codec_memory", "out of memory, or the script threw null"),
    "throw {code: 5}": ("codec_error", 'thrown: {"code": 5}'),
    "throw Object.create(null)": ("codec_error", "thrown: {}"),
    "throw Symbol('odd')": ("codec_error", "thrown: Symbol(odd)"),
    "throw new Proxy({}, {get() { throw new Error('trap') }})": ("codec_error", "Error: trap"),
    "class Bad extends Error {}; throw new Bad()": ("codec_error", "Error: "),
    "null.x": ("codec_error", "TypeError: cannot read property 'x' of null"),
    "return {a: 1}": ("codec_error", "an object without 'data'"),
    "return 5": ("codec_error", "no object but number"),
    "return null": ("codec_error", "no object but object"),
    "": ("codec_error", "no object but undefined"),
    "return {data: [1]}": ("codec_error", "'data' is not an object"),
    "return {data: 'text'}": ("codec_error", "'data' is not an object"),
    "return {data: new Date(0)}": ("codec_error", "'data' is not an object"),
    "return Promise.resolve({data: {}})": ("codec_error", "an object without 'data'"),
    "const a = {}; a.a = a; return {data: a}": ("codec_error", "circular reference"),
    "return {data: {get x() { throw new Error('getter') }}}": ("codec_error", "Error: getter"),
    "return {get data() { throw new Error('getter') }}": ("codec_error", "Error: getter"),
    "return {data: {toJSON() { throw new Error('to') }}}": ("codec_error", "Error: to"),
    "return new Proxy({}, {get() { throw new Error('trap') }})": ("codec_error", "Error: trap"),
    "return {data: new Proxy({}, {ownKeys() { throw new Error('own') }})}": (
        "codec_error",
        "Error: own",
    ),
}


@pytest.mark.parametrize("body", ENDS)
async def test_what_goes_wrong_ends_with_its_reason(process: ScriptProcess, body: str) -> None:
    found = await answer(process, f"function decodeUplink(input) {{ {body} }}")
    reason, words = ENDS[body]
    assert isinstance(found, ScriptError)
    assert (found.reason, words in str(found)) == (reason, True), (found.reason, str(found))


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ("return {data: new Proxy({a: 1}, {})}", {"a": 1}),
        ("return {data: {a: -0, b: 0.1 + 0.2}}", {"a": 0, "b": 0.30000000000000004}),
        ('return {data: JSON.parse(\'{"__proto__": {"a": 1}}\')}', {"__proto__": {"a": 1}}),
        ("return {data: {'': 1, 'a.b': 2}}", {"": 1, "a.b": 2}),
        ("return {data: {a: () => 1, b: Symbol('x')}}", {}),
        ("return {data: {a: new Map([[1, 2]])}}", {"a": {}}),
        ("return {data: {a: new Error('told')}}", {"a": "told"}),
        ("return {data: {a: '\\ud800'}}", {"a": "?"}),
        ("return {data: {'\\ud800\\u0000': 1}}", {"?\N{REPLACEMENT CHARACTER}": 1}),
        ("return {data: undefined, warnings: ['w']}", {}),
    ],
)
async def test_odd_results_become_plain_data(
    process: ScriptProcess, body: str, data: dict[str, Any]
) -> None:
    assert (await run(process, f"function decodeUplink(input) {{ {body} }}")).data == data


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("while (true) {}", "codec_timeout"),
        ("Array.prototype.indexOf.call({length: 2 ** 53 - 1}, 0)", "codec_timeout"),
        ("let a = []; while (true) a.push(new ArrayBuffer(1e6))", "codec_memory"),
        ("(" * 200_000, "codec_stack"),
        ("// " + "x" * 1_000_000, "codec_error"),
        ("var a = '\ud800'", "codec_error"),
        ("await 5", "codec_error"),
        ("import fs from 'fs'", "codec_error"),
        ("Object.defineProperty(globalThis, 'decodeUplink', {get() { throw 1 }})", "codec_error"),
        ("let __stadttakt_bind = 1; function Decoder() { return {a: 1} }", "codec_error"),
    ],
)
async def test_hostile_source_is_refused_when_it_is_loaded(
    process: ScriptProcess, source: str, reason: str
) -> None:
    with pytest.raises(ScriptError) as caught:
        await process.load(source)
    assert caught.value.reason == reason, str(caught.value)
    await process.load("function Decoder() { return {a: 1} }")


async def test_process_that_a_script_took_down_is_replaced(process: ScriptProcess) -> None:
    endless = "function Decoder() { 'a'.repeat(4e6).indexOf('a'.repeat(2e6) + 'b') }"
    assert isinstance(await answer(process, endless), ScriptError)
    assert (await run(process, "function Decoder() { return {a: 1} }")).data == {"a": 1}


async def test_frames_before_and_after_the_one_that_kills_are_answered(
    process: ScriptProcess,
) -> None:
    source = """function decodeUplink(i) {
        if (i.bytes[0] === 7) 'a'.repeat(4e6).indexOf('a'.repeat(2e6) + 'b');
        return {data: {n: i.bytes[0]}};
    }"""
    frames = [replace(FRAME, payload=bytes([number])) for number in (1, 2, 7, 3)]
    told = await process.decode(source, frames)
    assert [each.data for each in told.answers if isinstance(each, ScriptResult)] == [
        {"n": 1},
        {"n": 2},
    ]
    assert told.death is not None
    assert told.death.reason == "codec_timeout"


async def test_nothing_is_left_over_from_one_decode_to_the_next(process: ScriptProcess) -> None:
    source = "var n = 0; function Decoder(bytes) { n += 1; return {n: n} }"
    assert [(await run(process, source)).data["n"] for _ in range(2)] == [1, 1]


async def test_script_that_replaces_built_ins_harms_only_itself(process: ScriptProcess) -> None:
    source = "JSON.stringify = null; Array.from = null; function Decoder() { return {a: 1} }"
    assert (await run(process, source)).data == {"a": 1}
    found = await answer(
        process, "Object.prototype.toJSON = () => 5; function Decoder() { return {a: 1} }"
    )
    assert str(found) == "the script disturbed its own call"
