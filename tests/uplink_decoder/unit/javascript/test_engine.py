"""Payload formatters of every dialect, what they find in their context, and their limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from uplink_decoder.codecs.model import Frame
from uplink_decoder.javascript.engine import ScriptError, ScriptResult, compile_script

FRAME = Frame(7, b"\x01\x02\xff\x10", datetime(2026, 11, 24, 4, 30, tzinfo=UTC))


def run(source: str, **variables: str) -> ScriptResult:
    return compile_script(source).decode(FRAME, variables)


def value(expression: str) -> Any:
    return run(f"function decodeUplink(input) {{ return {{data: {{x: {expression}}}}} }}").data["x"]


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
def test_every_dialect_is_called_as_its_server_calls_it(source: str) -> None:
    assert run(source).data == {"first": 1, "port": 7}


def test_variables_reach_both_dialects_that_know_them() -> None:
    new = "function decodeUplink(input) { return {data: input.variables} }"
    old = "function Decode(fPort, bytes, variables) { return variables }"
    assert run(new, site="a").data == run(old, site="a").data == {"site": "a"}


def test_normalize_uplink_gets_the_data_and_its_answer_becomes_a_list() -> None:
    source = """
        function decodeUplink(input) { return {data: {t: 21}} }
        function normalizeUplink(input) { return {data: {air: {temperature: input.data.t}}} }
    """
    assert run(source).normalized == [{"air": {"temperature": 21}}]


def test_errors_and_warnings_are_texts() -> None:
    source = "function decodeUplink() { return {errors: ['bad port', 5], warnings: 'old'} }"
    assert run(source) == ScriptResult({}, ("old",), ("bad port", "5"))


def test_sloppy_code_runs() -> None:
    assert run("function Decoder(b) { sum = b[0] + 010; return {sum: sum} }").data == {"sum": 9}


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
def test_values_become_plain_json(expression: str, expected: Any) -> None:
    assert value(expression) == expected


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
def test_buffer_reads_as_in_node(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("\nfunction (", "SyntaxError: function name expected (line 2)"),
        ("var x = 1", "no known entry point: none of decodeUplink, Decoder, Decode"),
        ("throw new Error('at once')", "Error: at once"),
    ],
)
def test_script_that_cannot_be_loaded_says_why(source: str, says: str) -> None:
    with pytest.raises(ScriptError) as caught:
        compile_script(source)
    assert str(caught.value) == says


ENDS = {
    "while (true) {}": "codec_timeout",
    "/^(a+)+$/.test('a'.repeat(40) + 'b')": "codec_timeout",
    "let a = []; while (true) a.push(new Array(1000).fill(7))": "codec_memory",
    "return decodeUplink(input) + 1": "codec_stack",
    "return {data: {x: 'a'.repeat(1e5)}}": "codec_output",
    "let a = []; for (let i = 0; i < 100; i++) a = [a]; return {data: {a}}": "codec_output",
    "Array.prototype.indexOf.call({length: 2 ** 53 - 1}, 0)": "codec_error",
    "return {data: {x: Array(1e9).join('x')}}": "codec_error",
    "let s = 'a'.repeat(4e6); s.indexOf('a'.repeat(2e6) + 'b')": "codec_error",
    "throw new Error('boo')": "codec_error",
    "throw 'boo'": "codec_error",
    "return {a: 1}": "codec_error",
    "return 5": "codec_error",
    "return {data: [1]}": "codec_error",
    "return Promise.resolve({data: {}})": "codec_error",
}


@pytest.mark.parametrize("body", ENDS)
def test_what_goes_wrong_ends_with_its_reason(body: str) -> None:
    script = compile_script(f"function decodeUplink(input) {{ {body} }}")
    with pytest.raises(ScriptError) as caught:
        script.decode(FRAME)
    assert caught.value.reason == ENDS[body]


def test_nothing_is_left_over_from_one_decode_to_the_next() -> None:
    script = compile_script("var n = 0; function Decoder(bytes) { n += 1; return {n: n} }")
    assert [script.decode(FRAME).data["n"] for _ in range(2)] == [1, 1]


def test_script_that_replaces_built_ins_harms_only_itself() -> None:
    source = "JSON.stringify = null; Array.from = null; function Decoder() { return {a: 1} }"
    assert run(source).data == {"a": 1}
    with pytest.raises(ScriptError, match="disturbed"):
        run("Object.prototype.toJSON = () => 5; function Decoder() { return {a: 1} }")
