# SPDX-License-Identifier: EUPL-1.2
"""One connection to a broker with its consumer: down, refused or flooding, it is so alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from stadttakt_runtime.process import pause
from uplink_decoder.consumer import Consumer
from uplink_decoder.feeds.options import FeedSetupError
from uplink_decoder.sources import SourceTable

log = get_logger(__name__)
LOOK_AGAIN_S = 10.0
CLOSE_S = 1.0
LOOK_S = 0.1
QUIET_S = 3.0
"""A session from which nothing comes for so long after it was unsubscribed is empty."""


class Feed:
    """Keeps one session up and its messages going into the pipeline until it is drained.

    `make_options` is asked again until it succeeds, so that a secret may come later; `complete` adds what the session may still
    hold from earlier settings.
    """

    def __init__(
        self,
        name: str,
        sources: SourceTable,
        make_options: Callable[[], MqttOptions],
        complete: Callable[[MqttOptions], Awaitable[MqttOptions]],
        make_consumer: Callable[[MqttConnection, SourceTable], Consumer],
    ) -> None:
        self.name = name
        self.sources = sources
        self.connection: MqttConnection | None = None
        self.setup_error: str | None = None
        self._make_options = make_options
        self._complete = complete
        self._make_consumer = make_consumer
        self._consumer: Consumer | None = None
        self._stopping = asyncio.Event()
        self._consumed = asyncio.Event()
        self._closing = asyncio.Event()
        self._was_connected: bool | None = None
        self._ends_session = False
        self.since: datetime = utc_now()

    @property
    def is_connected(self) -> bool:
        """Tell whether the session is up and subscribed."""
        return self.connection is not None and self.connection.is_connected

    @property
    def error(self) -> str | None:
        """Why it is not connected, or was not the last time, in words."""
        if self.connection is None:
            return self.setup_error
        return self.connection.last_error

    @property
    def backlog(self) -> int:
        """How many messages were received and not taken up."""
        return self.connection.backlog if self.connection else 0

    @property
    def in_flight(self) -> int:
        """How many messages were received and are not acknowledged."""
        return self.backlog + (self._consumer.in_hand if self._consumer else 0)

    def look(self) -> None:
        """Note since when it is as it is."""
        if self.is_connected != self._was_connected:
            self._was_connected = self.is_connected
            self.since = utc_now()

    async def run(self, *, after_death: bool) -> None:
        """Consume until `stop_receiving`, then stay connected for acknowledgements until `close`."""
        try:
            connection = await self._set_up()
            if connection is None:
                return
            self.connection = connection
            self._consumer = self._make_consumer(connection, self.sources)
            async with asyncio.TaskGroup() as group:
                session = group.create_task(connection.run(self._closing), name=self.name)
                await self._consumer.run(after_death=after_death)
                self._consumed.set()
                await self._closing.wait()
                await asyncio.wait([session], timeout=CLOSE_S)
                # It may be in the middle of connecting to a broker that does not answer.
                session.cancel()
            await connection.close(ends_session=self._ends_session)
        finally:
            self._consumed.set()

    async def left(self) -> None:
        """Unsubscribe, and return when all that the broker held for this session is acknowledged."""
        while self.connection is None or not self.is_connected:  # noqa: ASYNC110 (no event tells)
            await asyncio.sleep(LOOK_S)
        await self.connection.unsubscribe()
        clock = asyncio.get_running_loop().time
        quiet_since = clock()
        while clock() - quiet_since < QUIET_S:
            await asyncio.sleep(LOOK_S)
            if self.in_flight or not self.is_connected:
                quiet_since = clock()
        self._ends_session = True

    async def drained(self) -> None:
        """Take no more, and return when all that was taken is with the pipeline."""
        self._stopping.set()
        if self.connection:
            self.connection.stop_receiving()
        await self._consumed.wait()

    def close(self) -> None:
        """Let `run` send what is left and disconnect; the session stays at the broker."""
        self._closing.set()

    async def forget_cleared(self) -> None:
        """Delete suspects whose messages were handled after all."""
        if self._consumer:
            await self._consumer.forget_cleared()

    async def _set_up(self) -> MqttConnection | None:
        while not self._stopping.is_set():
            try:
                return MqttConnection(await self._complete(self._make_options()))
            except FeedSetupError as error:
                if self.setup_error != str(error):
                    log.warning("source_not_set_up", feed=self.name, error=str(error))
                self.setup_error = str(error)
            await pause(self._stopping, LOOK_AGAIN_S)
        return None
