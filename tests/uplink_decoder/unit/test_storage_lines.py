# SPDX-License-Identifier: EUPL-1.2
"""The storage's answer is cut into lines of bounded length, whatever the chunks are."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.backfill.lines import LineSplitter, StreamError, read_line

LINES = st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"").strip()))


def cut(chunks: list[bytes], longest: int = 100) -> list[bytes]:
    splitter = LineSplitter(longest)
    found = [line for chunk in chunks for line in splitter.feed(chunk)]
    return [*found, *splitter.finish()]


@given(lines=LINES, size=st.integers(1, 50))
def test_lines_are_the_same_however_the_answer_is_cut(lines: list[bytes], size: int) -> None:
    answer = b"\n".join(lines)
    chunks = [answer[begin : begin + size] for begin in range(0, len(answer), size)]
    assert cut(chunks) == [line for line in lines if line]


def test_line_that_is_too_long_is_cut_off_and_the_next_one_is_whole() -> None:
    assert cut([b"a" * 90, b"b" * 1000, b"c\n", b"next\n"]) == [b"a" * 90 + b"b" * 10, b"next"]


def test_memory_stays_bounded_by_the_longest_line() -> None:
    splitter = LineSplitter(100)
    for _ in range(1000):
        assert list(splitter.feed(b"x" * 1000)) == []
    assert len(splitter._rest) == 100


def test_message_is_given_as_the_server_wrote_it() -> None:
    message = b'{ "received_at":"2020-08-24T10:08:44.868680817Z",\t"uplink_message":{"f_cnt":43} }'
    line = read_line(b'{"result":' + message + b"}")
    assert line.payload == message
    assert line.received_at == datetime(2020, 8, 24, 10, 8, 44, 868680, tzinfo=UTC)


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"7", b'{"result": []}', b"\xff", b"[" * 9000])
def test_what_is_no_message_is_kept_as_it_is(line: bytes) -> None:
    assert read_line(line) == (line, None)


def test_error_of_the_server_is_told_in_what_can_be_stored() -> None:
    with pytest.raises(StreamError) as raised:
        read_line(b'{"error": {"message": "clos\\u0000ing"}}')
    assert str(raised.value) == "clos ing"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": 14, "message": "closing"}, 14),
        ({"grpc_code": 7, "http_code": 403, "message": "closing"}, 7),
        ({"message": "closing"}, 2),
    ],
)
def test_error_of_the_server_at_the_end_is_told(error: dict[str, object], code: int) -> None:
    with pytest.raises(StreamError, match="closing") as raised:
        read_line(json.dumps({"error": error}).encode())
    assert raised.value.code == code
