# SPDX-License-Identifier: EUPL-1.2
"""From the broker to database and board: a batch is one transaction, acknowledged after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import asyncpg

from open_data_publisher import metrics
from open_data_publisher.board import Board
from open_data_publisher.domain.disclosure import Disclosure
from open_data_publisher.domain.guard import is_personal
from open_data_publisher.domain.states import Change, Said
from open_data_publisher.domain.truth import STANDING_FIELDS
from open_data_publisher.reading import RefusedError, read_message
from open_data_publisher.storage import standing, states
from stadttakt_messages.states import BayState
from stadttakt_runtime import rejected
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database, is_about_the_data
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import Message, MqttConnection
from stadttakt_runtime.process import pause
from stadttakt_runtime.rejected import Rejected
from stadttakt_runtime.tracing import Traces

log = get_logger(__name__)
LINGER_S = 0.01
LOOK_EVERY_S, ANEW_AT_ONCE = 1.0, 1000
BEHIND = timedelta(seconds=1)
"""By so much a clock may lag behind the database's."""


class Consumer:
    """Takes states; what is no state is kept aside with its reason.

    `disclosing` returns what may be told at this moment: another policy may hold before a batch is stored.
    """

    def __init__(
        self,
        mqtt: MqttConnection,
        database: Database,
        board: Board,
        *,
        disclosing: Callable[[], Disclosure],
        traces: Traces,
        batch_size: int,
    ) -> None:
        self._mqtt = mqtt
        self._database = database
        self._board = board
        self._disclosing = disclosing
        self._traces = traces
        self._batch_size = batch_size
        self._storing = asyncio.Lock()

    async def run(self) -> None:
        """Consume until the session stops receiving."""
        while messages := await self._mqtt.next_batch(self._batch_size, LINGER_S):
            await self._handle(messages)
            self._mqtt.acknowledge(messages)

    async def follow_the_clock(self, stop: asyncio.Event) -> None:
        """Tell anew, until `stop`, what a wrong clock told, as soon as it is right by the database's.

        Told ahead it would be of a time to come, and told behind it stands before what it replaced. Who died with a
        wrong clock left it so: the first look is for all that was told behind or ahead.
        """
        was_behind = True
        while not stop.is_set():
            by_database = await self._now_by_database()
            is_behind = by_database - utc_now() > BEHIND
            is_ahead = self._board.is_told_ahead(max(by_database, utc_now()))
            if not is_behind and (was_behind or is_ahead):
                async with self._storing:
                    await self._put_right()
            was_behind = is_behind
            await pause(stop, LOOK_EVERY_S)

    async def _put_right(self) -> None:
        right = max(await self._now_by_database(), utc_now())
        behind = await self._database.persist(states.told_behind)
        keys = {*behind, *self._board.told_after(right)}
        await self._database.persist(partial(states.forget_ahead, moment=right))
        await self._database.persist(partial(standing.forget_ahead, moment=right))
        self._board.mark(self._board.marks.until(right))
        changes = self._board.told_anew(sorted(keys), utc_now())
        for begin in range(0, len(changes), ANEW_AT_ONCE):
            some = changes[begin : begin + ANEW_AT_ONCE]
            await self._database.persist(partial(states.keep, changes=some))
            self._board.take(some)
        if changes:
            log.warning("told_anew", entities=len(changes))

    async def _now_by_database(self) -> datetime:
        told: datetime = await self._database.persist(
            lambda c: c.fetchval("select clock_timestamp()")
        )
        return told

    async def _handle(self, messages: Sequence[Message]) -> None:
        """Store a batch; halve it where the database blames a row, down to the culprit."""
        said, refused = _read(messages)
        try:
            await self._store(said, refused)
        except asyncpg.PostgresError as error:
            if not is_about_the_data(error):
                raise
            if len(messages) > 1:
                middle = len(messages) // 2
                await self._handle(messages[:middle])
                await self._handle(messages[middle:])
                return
            await self._store([], [_rejected(messages[0], "database_refused", str(error))])

    async def _store(self, said: Sequence[Said], refused: Sequence[Rejected]) -> None:
        async with self._storing:
            await self._keep(said, refused)

    async def _keep(self, said: Sequence[Said], refused: Sequence[Rejected]) -> None:
        disclosure, begun = self._disclosing(), utc_now()
        told = disclosure.of_said(said)
        changes = self._board.reckon(told, begun)

        async def work(connection: object) -> None:
            await states.keep(connection, changes)
            await _note_withdrawn(connection, said, changes)
            if refused:
                await rejected.insert(connection, refused)

        await self._database.persist(work)
        now = self._disclosing()
        self._board.take(changes if now is disclosure else now.of_changes(changes))
        for each in said:
            metrics.STATES.labels(each.kind).inc()
        for each in told:
            if each.state is not None and each.traceparent is not None:
                about = {f"stadttakt.{each.kind}": each.entity_id}
                self._traces.took("feed", each.traceparent, begun, about)
        for message in refused:
            metrics.REJECTED.labels(message.reason).inc()
            log.warning("rejected", reason=message.reason, detail=message.detail[:200])


async def _note_withdrawn(
    connection: object, said: Sequence[Said], changes: Sequence[Change]
) -> None:
    """Note what static feeds have lost, and forget the past of bays that are persons' now."""
    lost = [each for each in changes if each.entry is None and each.kind in STANDING_FIELDS]
    if lost:
        await standing.note_withdrawn(connection, max(each.told_at for each in lost))
    bays = [each.entity_id for each in lost if each.kind == "bay"]
    if bays:
        personal = [
            each.entity_id
            for each in said
            if isinstance(each.state, BayState) and is_personal(each.state)
        ]
        await states.erase_personal(connection, personal, among=bays)


def _read(messages: Sequence[Message]) -> tuple[list[Said], list[Rejected]]:
    said: list[Said] = []
    refused: list[Rejected] = []
    for message in messages:
        try:
            said.append(read_message(message.topic, message.payload))
        except RefusedError as error:
            refused.append(_rejected(message, error.reason, error.detail))
        # A fault of ours; the broker would bring the message again, and the service would end at it each time.
        except Exception as error:
            log.exception("reader_failed", topic=message.topic[:200])
            refused.append(_rejected(message, "reader_failed", f"{type(error).__name__}: {error}"))
    return said, refused


def _rejected(message: Message, reason: str, detail: str) -> Rejected:
    # PostgreSQL's text holds no NUL; the payload column has the bytes as they came.
    clean = detail.replace("\0", "\\0")[:1000]
    return Rejected(message.topic.replace("\0", ""), message.payload, reason, clean, utc_now())
