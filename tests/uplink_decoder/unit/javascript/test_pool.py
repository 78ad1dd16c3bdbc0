# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from uplink_decoder.codecs.model import Frame, ScriptCodec
from uplink_decoder.javascript.answers import ScriptError, ScriptResult
from uplink_decoder.javascript.pool import ScriptPool

GOOD = "function decodeUplink(i) { return {data: {first: i.bytes[0], port: i.fPort}}; }"
LOOP = "function decodeUplink(i) { if (i.bytes[0] == 7) while (true) {} return {data: {ok: 1}}; }"
HOSTILE = {
    "loop": ("while (true) {}", "codec_timeout"),
    "allocation": ("let a = []; while (true) a.push(new ArrayBuffer(1e6));", "codec_memory"),
    "regex": ("/^(a+)+$/.test('a'.repeat(40) + 'b');", "codec_timeout"),
    "recursion": ("function f() { return f() + 1; } f();", "codec_stack"),
    "output": ("return {data: {x: 'y'.repeat(1e5)}};", "codec_output"),
}
AT = datetime(2026, 11, 1, tzinfo=UTC)


def codec(source: str, *, stateless: bool = False, name: str = "c") -> ScriptCodec:
    return ScriptCodec(name, 1, "m", "x", source, stateless, None)


def frames(*first: int) -> list[Frame]:
    return [Frame(1, bytes([each]), AT) for each in first]


@pytest.mark.parametrize("stateless", [True, False])
async def test_each_frame_has_its_answer_in_order(stateless: bool) -> None:  # noqa: FBT001
    async with ScriptPool(2) as pool:
        answers = await pool.submit(codec(GOOD, stateless=stateless), frames(*range(50)))
    assert [answer.data for answer in answers if isinstance(answer, ScriptResult)] == [
        {"first": number, "port": 1} for number in range(50)
    ]


async def test_globals_do_not_survive_a_frame_unless_declared_stateless() -> None:
    counting = "var n = 0; function decodeUplink(i) { n += 1; return {data: {n: n}}; }"
    async with ScriptPool(1) as pool:
        fresh = await pool.submit(codec(counting), frames(1, 2, 3))
        kept = await pool.submit(codec(counting, stateless=True), frames(1, 2, 3))
    assert [answer.data["n"] for answer in fresh if isinstance(answer, ScriptResult)] == [1, 1, 1]
    assert [answer.data["n"] for answer in kept if isinstance(answer, ScriptResult)] == [1, 2, 3]


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_script_costs_its_frame_and_says_why(name: str) -> None:
    body, reason = HOSTILE[name]
    hostile = codec("function decodeUplink(i) { " + body + " }")
    async with ScriptPool(2) as pool:
        (answer,) = await pool.submit(hostile, frames(1))
        (after,) = await pool.submit(codec(GOOD, name="good"), frames(5))
    assert isinstance(answer, ScriptError)
    assert answer.reason == reason
    assert isinstance(after, ScriptResult)


@pytest.mark.parametrize("stateless", [True, False])
async def test_only_the_hostile_frame_of_a_group_fails(stateless: bool) -> None:  # noqa: FBT001
    async with ScriptPool(1) as pool:
        answers = await pool.submit(codec(LOOP, stateless=stateless), frames(1, 7, 2))
    assert [getattr(answer, "reason", "decoded") for answer in answers] == [
        "decoded",
        "codec_timeout",
        "decoded",
    ]


@pytest.mark.parametrize("stateless", [True, False])
async def test_only_the_frame_that_takes_its_process_down_is_lost(*, stateless: bool) -> None:
    source = """function decodeUplink(i) {
        if (i.bytes[0] === 7) 'a'.repeat(4e6).indexOf('a'.repeat(2e6) + 'b');
        return {data: {ok: 1}};
    }"""
    async with ScriptPool(1) as pool:
        answers = await pool.submit(codec(source, stateless=stateless), frames(*range(32)))
    reasons = [getattr(answer, "reason", "decoded") for answer in answers]
    assert reasons == ["decoded"] * 7 + ["codec_timeout"] + ["decoded"] * 24


async def test_frames_of_several_jobs_share_a_call_and_come_back_to_their_own() -> None:
    async with ScriptPool(2) as pool:
        jobs = [pool.submit(codec(GOOD, stateless=True), frames(n, n + 100)) for n in range(40)]
        answers = await asyncio.gather(*jobs)
    firsts = [[a.data["first"] for a in each if isinstance(a, ScriptResult)] for each in answers]
    assert firsts == [[n, n + 100] for n in range(40)]


async def test_codec_that_hits_its_limits_is_suspended_and_others_run_meanwhile() -> None:
    async with ScriptPool(2) as pool:
        hostile = pool.submit(codec(LOOP), frames(*[7] * 6))
        others = [pool.submit(codec(GOOD, name="good"), frames(n)) for n in range(20)]
        await asyncio.gather(*others)
        # The good ones did not wait for what takes 0.2 s of CPU each.
        assert not hostile.done()
        answers = await hostile
    reasons = [answer.reason for answer in answers if isinstance(answer, ScriptError)]
    assert reasons == ["codec_timeout"] * 3 + ["codec_suspended"] * 3


async def test_closing_drops_what_waits_and_ends() -> None:
    async with ScriptPool(1) as pool:
        waiting = [pool.submit(codec(LOOP), frames(7)) for _ in range(20)]
    assert any(each.cancelled() for each in waiting)
