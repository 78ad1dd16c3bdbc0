# SPDX-License-Identifier: EUPL-1.2
"""Work beside other work: its result, its errors as they are, and that it ends with its block."""

from __future__ import annotations

import asyncio

import pytest

from uplink_decoder.replay.beside import Beside


async def fail() -> int:
    raise OSError("away")


async def answer(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def test_results_come_in_turn_and_nothing_begun_gives_nothing() -> None:
    async with Beside[int]() as work:
        assert await work.end() is None
        for value in (1, 2):
            work.begin(answer(value))
            assert await work.end() == value


async def test_error_keeps_its_class() -> None:
    async def run() -> None:
        async with Beside[int]() as work:
            work.begin(fail())
            await work.end()

    with pytest.raises(OSError, match="away"):
        await run()


async def test_what_ends_the_block_comes_before_what_failed_beside() -> None:
    async def run() -> None:
        async with Beside[int]() as work:
            work.begin(fail())
            await asyncio.sleep(0)
            raise KeyError

    with pytest.raises(KeyError):
        await run()


async def test_leaving_the_block_ends_what_goes_on() -> None:
    ended = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async with Beside[None]() as work:
        work.begin(endless())
        await asyncio.sleep(0)
    assert ended.is_set()
