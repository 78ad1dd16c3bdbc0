# SPDX-License-Identifier: EUPL-1.2
"""Who may work on the past, and who is told to come again."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from open_data_publisher.app import create_app
from open_data_publisher.domain.licences import LICENCES
from open_data_publisher.domain.policy import Policy, StatePolicy, Terms
from open_data_publisher.then import AT_WORK, WAITING, BusyError, Turns
from stadttakt_messages.states import LotState
from support.http_app import in_process
from support.open_data import PUBLICATION

TERMS = Terms(LICENCES["dl-by-de/2.0"], None)
POLICY = Policy({"lot": StatePolicy("lot", frozenset(LotState.model_fields), TERMS)})
PASTS = (
    "/feeds/parkapi/v3/parking-sites",
    "/sensorthings/v1.1/Things",
)


async def test_two_work_at_a_time_and_the_others_wait_for_their_turn() -> None:
    turns, at_work, most = Turns(), 0, 0

    async def work() -> None:
        nonlocal at_work, most
        async with turns.turn():
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0)
            at_work -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_WORK + WAITING):
            group.create_task(work())
    assert most == AT_WORK


async def test_who_comes_when_too_many_wait_is_refused_until_one_is_done() -> None:
    turns, going = Turns(), asyncio.Event()

    async def work() -> None:
        async with turns.turn():
            await going.wait()

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_WORK + WAITING):
            group.create_task(work())
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await work()
        going.set()
    await work()


@pytest.mark.parametrize("path", PASTS)
async def test_as_many_may_ask_for_the_past_as_can_be_served_and_others_are_told_when(
    path: str,
) -> None:
    app = create_app(publication=replace(PUBLICATION, policy=POLICY))
    turns: Turns = app.state.turns
    app.state.database = object()
    async with AsyncExitStack() as held, in_process(app) as client:
        for _ in range(AT_WORK):
            await held.enter_async_context(turns.turn())
        waiting = [asyncio.ensure_future(held_turn(turns)) for _ in range(WAITING)]
        await asyncio.sleep(0)
        answer = await client.get(path, params={"at": "2026-11-01T12:00:00Z"})
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


async def held_turn(turns: Turns) -> None:
    async with turns.turn():
        pass
