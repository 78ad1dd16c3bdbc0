# SPDX-License-Identifier: EUPL-1.2
"""Work that goes on beside other work on the same event loop, and never outlives its block."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


class Beside(Generic[T]):
    """At most one piece of work at a time; what still goes on when the block is left is cancelled.

    Its errors come as they are, in no group: whoever calls tells them by their class.
    """

    def __init__(self) -> None:
        self._task: asyncio.Future[T] | None = None

    async def __aenter__(self) -> Self:
        """Begin with nothing."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cancel what goes on and wait until it has ended: a connection it uses is free then."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                # Taken note of; what ends the block comes first.
                self._task.exception()

    def begin(self, work: Coroutine[Any, Any, T]) -> None:
        """Start a piece of work; the one before must have been ended."""
        self._task = asyncio.ensure_future(work)

    async def end(self) -> T | None:
        """Wait for what was begun and return its result; nothing was begun, nothing is returned."""
        if self._task is None:
            return None
        result = await self._task
        self._task = None
        return result
