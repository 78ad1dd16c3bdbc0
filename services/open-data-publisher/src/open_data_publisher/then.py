# SPDX-License-Identifier: EUPL-1.2
"""What was public at a moment of the past, told by the rules of today; few at a time, and off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from open_data_publisher.board import make_truth
from open_data_publisher.domain.disclosure import Disclosure
from open_data_publisher.domain.policy import Policy
from open_data_publisher.domain.states import KINDS, Kind
from open_data_publisher.domain.truth import Truth
from open_data_publisher.storage import states
from stadttakt_runtime.database import Database

AT_WORK, WAITING = 2, 6


class BusyError(Exception):
    """As many ask for the past as may."""


class Turns:
    """Lets two work on the past at a time and some wait: each costs a large city a second of the processor."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_WORK)
        self._asking = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn; raises BusyError where too many do."""
        if self._asking >= AT_WORK + WAITING:
            raise BusyError
        self._asking += 1
        try:
            async with self._free:
                yield
        finally:
            self._asking -= 1


async def truth_then(
    database: Database, policy: Policy, at: datetime, kinds: Collection[Kind] = KINDS
) -> Truth:
    """Return what was public at a moment, as far as a policy allows it to be told."""
    read = {*kinds, "lot"} if "bay" in kinds else kinds
    async with database.connection() as connection:
        rows = await states.rows_at(connection, at, read)
    truth = await asyncio.to_thread(_truth, rows, policy, at)
    return truth if "lot" in kinds else replace(truth, lots=())


def _truth(rows: Sequence[Mapping[str, Any]], policy: Policy, at: datetime) -> Truth:
    return make_truth(Disclosure(policy).of_past(states.entries_of(rows)), at)
