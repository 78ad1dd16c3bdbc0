# SPDX-License-Identifier: EUPL-1.2
"""What a worker says becomes plain JSON that can be stored, or a reason why there is none."""

from __future__ import annotations

import pytest

from uplink_decoder.javascript.answers import ScriptError, ScriptResult, read_answers

HALF = b'"half": "\\ud800"'


def data_of(text: bytes) -> object:
    (answer,) = read_answers(b'[{"d": {%b, "n": %b}}]' % (HALF, text), 1)
    assert isinstance(answer, ScriptResult)
    return answer.data["n"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"7", 7),
        (b"-9223372036854775807", -(2**63) + 1),
        (b"100000000000000000000", 1e20),
        (b"-100000000000000000000", -1e20),
    ],
)
def test_whole_number_beside_half_a_surrogate_pair_is_read_as_any_other(
    text: bytes, number: float
) -> None:
    found = data_of(text)
    assert (found, type(found)) == (number, type(number))


@pytest.mark.parametrize("text", [b"1e999", b"NaN", b"-Infinity", b"9" * 400])
def test_number_that_cannot_be_stored_is_no_answer(text: bytes) -> None:
    (answer,) = read_answers(b'[{"d": {%b, "n": %b}}]' % (HALF, text), 1)
    assert isinstance(answer, ScriptError)
    assert answer.reason == "codec_output"


@pytest.mark.parametrize(
    "said", [b"{}", b'{"error": "out of memory"}', b'{"error": 1, "reason": 2}']
)
def test_what_no_worker_says_is_a_disturbed_call_for_each_frame(said: bytes) -> None:
    answers = read_answers(said, 2)
    assert [(str(each), each.reason) for each in answers if isinstance(each, ScriptError)] == [
        ("the script disturbed its own call", "codec_output")
    ] * 2
