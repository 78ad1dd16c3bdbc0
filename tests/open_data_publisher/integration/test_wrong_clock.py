# SPDX-License-Identifier: EUPL-1.2
"""What a wrong clock told is told anew by the right one, and the past is as it was."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from open_data_publisher.board import Board
from open_data_publisher.consumer import Consumer
from open_data_publisher.domain.states import Said, StandingMarks
from open_data_publisher.storage import standing, states
from stadttakt_messages.states import LotState
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from support.open_data import lot

DAY = timedelta(days=1)
AHEAD = {
    "live": "greatest(told_at, static_since, heard_at)",
    "past": "greatest(told_at, static_since)",
    "standing_mark": "since",
}
"""What must not be of a time to come."""


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    plain = (
        make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    opened = await asyncpg.connect(plain, server_settings={"search_path": "opendata,public"})
    try:
        yield opened
    finally:
        await opened.close()


async def tell(connection: Any, board: Board, state: LotState | None, now: datetime) -> None:
    changes = board.reckon([Said("lot", "a", state)], now)
    await states.keep(connection, changes)
    board.take(changes)


async def free_at(connection: Any, at: datetime) -> int | None:
    found = states.entries_of(await states.rows_at(connection, at))["lot"].get("a")
    return None if found is None else found.state.free  # type: ignore[union-attr]


def free(number: int, now: datetime) -> LotState:
    return lot(free=number, lot_id="a", valid_until=now + 9 * DAY)


def consumer(database: Database, board: Board) -> Consumer:
    """Return one that no message comes to."""
    nobody: Any = None
    return Consumer(nobody, database, board, disclosing=lambda: nobody, traces=nobody, batch_size=1)


@asynccontextmanager
async def followed(database_url: str, board: Board) -> AsyncIterator[None]:
    """Follow the clock meanwhile."""
    stop = asyncio.Event()
    async with (
        Database.open(database_url, schema="opendata", size=1) as database,
        asyncio.timeout(30),
        asyncio.TaskGroup() as group,
    ):
        group.create_task(consumer(database, board).follow_the_clock(stop))
        yield
        stop.set()


async def put_right(connection: Any, database_url: str, board: Board) -> None:
    """Follow the clock until nothing is told at a time to come, or before what it replaced."""
    async with followed(database_url, board):
        while (  # noqa: ASYNC110 (the clock has no event)
            board.is_told_ahead(utc_now())
            or await states.told_behind(connection)
            or await connection.fetchval("select count(*) from past where told_at > now()")
        ):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("off", [DAY, timedelta(minutes=-3)], ids=["ahead", "behind"])
async def test_what_a_wrong_clock_told_is_public_once_it_is_right_whether_a_message_comes_or_not(
    connection: Any, database_url: str, off: timedelta
) -> None:
    board, now = Board(), datetime.now(UTC)
    await tell(connection, board, free(7, now), now - timedelta(minutes=1))
    await tell(connection, board, free(8, now), now + off)
    assert await free_at(connection, utc_now()) == 7
    await put_right(connection, database_url, board)
    assert await free_at(connection, utc_now()) == 8
    assert await free_at(connection, now - timedelta(seconds=30)) == 7
    assert (await connection.fetchval("select told_at from live")) <= utc_now()


async def test_no_version_and_no_mark_is_of_a_time_to_come_once_the_clock_is_right(
    connection: Any, database_url: str
) -> None:
    board, now = Board(), datetime.now(UTC)
    await tell(connection, board, free(7, now), now - timedelta(minutes=1))
    renamed = free(8, now).model_copy(update={"name": "elsewhere"})
    await tell(connection, board, renamed, now + DAY)
    # By the right clock, with what stands as it was told ahead; so nothing is told at a time to come.
    await tell(connection, board, renamed.model_copy(update={"free": 9}), now)
    await standing.marks(connection, b"rules", now + DAY, now + DAY)
    await standing.note_withdrawn(connection, now + DAY)
    board.mark(StandingMarks(now + DAY, now + DAY))
    await put_right(connection, database_url, board)
    by_now = utc_now()
    ((_, _, entry),) = board.entries()
    marks = (board.marks.rules_since, board.marks.withdrawn_at)
    times = (*marks, entry.static_since, entry.told_at, entry.heard_at)
    assert [each for each in times if each is None or each > by_now] == []
    for table, time in AHEAD.items():
        newest = await connection.fetchval(f"select max({time}) from {table}")
        assert newest <= by_now, table
    assert await free_at(connection, by_now) == 9


async def test_what_the_right_clock_told_before_that_is_told_when_that_time_has_come(
    connection: Any, database_url: str
) -> None:
    board, now = Board(), datetime.now(UTC)
    await tell(connection, board, free(8, now), now + DAY)
    await tell(connection, board, free(9, now), now)
    assert await free_at(connection, now + 2 * DAY) == 8
    await put_right(connection, database_url, board)
    assert await free_at(connection, now + 2 * DAY) == 9


@pytest.mark.parametrize("again", [None, 9])
async def test_what_was_withdrawn_ahead_is_so_now_and_public_once_it_is_told_again(
    connection: Any, database_url: str, again: int | None
) -> None:
    board, now = Board(), datetime.now(UTC)
    await tell(connection, board, free(7, now), now - timedelta(minutes=1))
    await tell(connection, board, None, now + DAY)
    if again is not None:
        await tell(connection, board, free(again, now), now)
    # Whoever starts anew knows of it by the database alone.
    started = Board()
    started.load(await states.live(connection))
    await put_right(connection, database_url, started)
    for moment in (utc_now(), now + 2 * DAY):
        assert await free_at(connection, moment) == again
    assert await free_at(connection, now - timedelta(seconds=30)) == 7


async def test_nothing_is_told_anew_where_every_clock_was_right(
    connection: Any, database_url: str
) -> None:
    board, now = Board(), datetime.now(UTC)
    await tell(connection, board, free(7, now), now - timedelta(minutes=3))
    await tell(connection, board, free(8, now), now - timedelta(minutes=1))
    assert await states.told_behind(connection) == []
    assert not board.is_told_ahead(now)


async def test_a_clock_that_is_set_back_loses_nothing_of_what_was(connection: Any) -> None:
    board, now = Board(), datetime.now(UTC)
    await tell(connection, board, free(7, now), now - timedelta(minutes=5))
    await tell(connection, board, free(8, now), now - DAY)
    assert await free_at(connection, now) == 7
