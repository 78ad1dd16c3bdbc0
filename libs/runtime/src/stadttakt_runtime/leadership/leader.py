# SPDX-License-Identifier: EUPL-1.2
"""Becoming and staying the one active instance of a service; knows nothing of what it does.

A standby asks for the lock four times a second. A leader that died lets go of it with its connection;
one that hangs is noticed by its silence and its sessions are ended by the standby. Whoever led
before cannot write: every transaction of a leader shares the row of its epoch.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

import asyncpg
from prometheus_client import Gauge

from stadttakt_runtime.database import AWAY, MISUSE, Database, heed_cancellation
from stadttakt_runtime.leadership import storage
from stadttakt_runtime.leadership.certainty import TICK_EVERY_S, Certainty
from stadttakt_runtime.leadership.lost import LeadershipLostError
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.process import pause

log = get_logger(__name__)

LEADS = Gauge("stadttakt_leader", "1 while this instance is the active one", ["schema"])

ASK_EVERY_S = 0.25
BEAT_EVERY_S = 0.5
HUNG_AFTER_S = 2.5
TELL_AFTER_S = 1.0
"""When it is first told that the lead is not regained; then after twice as long each time."""
ANSWER_WITHIN_S, LONGEST_PATIENCE_S = 2.0, 8.0
"""How long an answer may take; on a machine that is short of everything a connection takes longer each time."""


class Leadership:
    """The lock of a schema and the epoch of whoever holds it.

    Both instances of a pair log in as the same database user: one may end the sessions of the
    other, and nobody else may.
    """

    def __init__(self, database: Database, url: str, *, certainty: Certainty | None = None) -> None:
        self._schema = database.schema
        self._name = database.application_name
        self._url = url
        self._certainty = certainty or Certainty()
        self._connection: asyncpg.Connection[Any] | None = None
        self._epoch: int | None = None
        self._patience_s = ANSWER_WITHIN_S
        self._ticking: asyncio.TimerHandle | None = None
        self._leads = LEADS.labels(self._schema)

    @property
    def epoch(self) -> int | None:
        """The epoch this instance leads in, once it does."""
        return self._epoch

    async def acquire(self) -> None:
        """Wait until this instance is the active one."""
        while not await self._answered(self._try):  # noqa: ASYNC110 (a lock tells nobody that it is free)
            await asyncio.sleep(ASK_EVERY_S)
        self._leads.set(1)
        self._certainty.begin(monotonic())
        log.info("leading", epoch=self._epoch)

    async def hold(self, stop: asyncio.Event) -> None:
        """Show signs of life until `stop`, then let go.

        Raises:
            LeadershipLostError: another instance leads.

        """
        self._tick()
        try:
            while not stop.is_set():
                if not await self._confirmed():
                    await self._regain(stop)
                await pause(stop, BEAT_EVERY_S)
        finally:
            if self._ticking is not None:
                self._ticking.cancel()
            self._leads.set(0)

    async def release(self) -> None:
        """Let a standby take over at once."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def fence(self, connection: Any) -> None:
        """Refuse a transaction of an instance that does not lead (any more).

        Raises:
            LeadershipLostError: the epoch is another one.

        """
        if await connection.fetchrow(storage.FENCE, self._epoch) is None:
            raise LeadershipLostError("another instance leads; this one starts again as standby")

    async def _try(self) -> bool:
        connection = await self._connected()
        if not await storage.try_lock(connection, self._schema):
            await self._end_hung_holder(connection)
            return False
        self._epoch = await storage.next_epoch(connection, self._schema, self._name)
        return True

    async def _end_hung_holder(self, connection: Any) -> None:
        found = await storage.holder(connection, self._schema)
        # Of another login's session the server tells nothing, and lets nobody else end it.
        if found is None or found["silent_s"] is None or found["silent_s"] < HUNG_AFTER_S:
            return
        ended = await storage.end_all_of(connection, found["application_name"])
        log.warning("hung_leader_ended", silent_s=found["silent_s"], sessions=ended)

    def _tick(self) -> None:
        """Note that the event loop turns, with or without a database."""
        if stood := self._certainty.tick(monotonic()):
            log.warning("stood_still", seconds=round(stood, 1))
        loop = asyncio.get_running_loop()
        self._ticking = loop.call_later(TICK_EVERY_S, self._tick)

    async def _confirmed(self) -> bool:
        begun = monotonic()
        confirmed = await self._answered(self._beat)
        if confirmed:
            self._certainty.confirm(begun)
        return confirmed

    async def _beat(self) -> bool:
        if self._connection is None or self._connection.is_closed():
            return False
        await self._connection.execute("select 1")
        return True

    async def _regain(self, stop: asyncio.Event) -> None:
        """Take the lock again after the database was away, unless another one has led since."""
        log.warning("leader_connection_lost", epoch=self._epoch)
        since, tell_after_s = monotonic(), TELL_AFTER_S
        while not stop.is_set():
            regained = await self._answered(self._try_to_go_on)
            seconds = round(monotonic() - since, 1)
            if regained:
                log.info("lead_regained", epoch=self._epoch, seconds=seconds)
                return
            if seconds >= tell_after_s:
                log.warning("lead_not_regained", epoch=self._epoch, seconds=seconds)
                tell_after_s *= 2
            await pause(stop, ASK_EVERY_S)

    async def _try_to_go_on(self) -> bool:
        connection = await self._connected()
        locked = await storage.try_lock(connection, self._schema)
        if await storage.present_epoch(connection, self._schema) != self._epoch:
            raise LeadershipLostError("another instance took over while the database was away")
        if not locked:
            # A dead connection of ours that the server has not noticed, or a standby that has
            # the lock and begins its epoch this very moment.
            await self._end_hung_holder(connection)
        return locked

    async def _connected(self) -> asyncpg.Connection[Any]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._url,
                timeout=self._patience_s,
                server_settings={"application_name": self._name},
            )
        return self._connection

    async def _answered(self, ask: Any) -> bool:
        """Ask the database; false where it does not answer in time, the connection is then dropped."""
        try:
            async with asyncio.timeout(self._patience_s):
                answer = bool(await ask())
        except (*AWAY, *MISUSE) as error:
            heed_cancellation(error)
            if isinstance(error, TimeoutError):
                self._patience_s = min(self._patience_s * 2, LONGEST_PATIENCE_S)
            log.warning("database_away", what="leadership", error=repr(error))
            await self.release()
            return False
        self._patience_s = ANSWER_WITHIN_S
        return answer
