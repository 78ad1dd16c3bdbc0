# SPDX-License-Identifier: EUPL-1.2
"""Keeps a transaction alive that computes: the server ends one of which it hears nothing for a minute."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import nullcontext
from typing import Any, TypeVar

T = TypeVar("T")
SPEAK_EVERY_S = 15.0
"""A quarter of `idle_in_transaction_session_timeout`, since a starved event loop is late."""


async def speak(connection: Any) -> None:
    """Let the server know that a transaction goes on: in the middle of what is long and leaves no event loop alone."""
    await connection.execute("select")


async def awake(connection: Any, work: Awaitable[T], turn: asyncio.Lock | None = None) -> T:
    """Return what `work` comes to, while the server is told every so often that the transaction goes on.

    `work` goes on beside the event loop: in a thread, in other processes. It leaves the connection alone; where
    others use that meanwhile, they and this do so in `turn`.
    """
    working = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait([working], timeout=SPEAK_EVERY_S))[0]:
            async with turn or nullcontext():
                await speak(connection)
        return working.result()
    finally:
        if not working.done():
            working.cancel()
            await asyncio.wait([working])
            if not working.cancelled():
                # Taken note of; what ends the block comes first.
                working.exception()
