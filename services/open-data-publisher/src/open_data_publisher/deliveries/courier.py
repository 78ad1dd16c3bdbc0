# SPDX-License-Identifier: EUPL-1.2
"""Delivers to one target: queues what is due, sends what is next, keeps what came of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from open_data_publisher import metrics
from open_data_publisher.deliveries import alarms
from open_data_publisher.deliveries.press import Press
from open_data_publisher.deliveries.sending import push
from open_data_publisher.deliveries.targets import Target
from open_data_publisher.domain.deliveries import (
    OPEN,
    TAKEN,
    Answer,
    Delivery,
    FirstVersion,
    Offer,
    Payload,
    Reason,
    due,
    outcome,
    pause,
)
from open_data_publisher.storage import deliveries
from stadttakt_runtime.alerts import clear_alert, raise_alert
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.process import pause as wait

log = get_logger(__name__)
LOOK_EVERY_S = 1.0
NOTHING_TO_TELL = timedelta(seconds=10)


class Courier:
    """One target's deliveries, one after the other; a slow target holds up no other.

    What is sent may come twice, where this process dies between sending and noting it.
    """

    def __init__(
        self,
        database: Database,
        press: Press,
        target: Target,
        *,
        may_send: Callable[[], bool],
    ) -> None:
        self._database = database
        self._press = press
        self._target = target
        self._may_send = may_send
        self._first: dict[str, FirstVersion] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`; what is under way then is waited for."""
        while not stop.is_set():
            await self.queue(utc_now())
            while not stop.is_set() and await self._send_next(utc_now()):
                pass
            await wait(stop, LOOK_EVERY_S)

    async def queue(self, now: datetime) -> None:
        """Queue what changed or is due by its interval; a static version with its bytes."""
        name = self._target.target_id
        feeds = self._target.feeds
        latest = await self._database.persist(lambda c: deliveries.latest(c, name, feeds))
        for offer in self._target.offers:
            content = partial(self._content, offer, now)
            reason = due(offer, latest.get(offer.feed_id), content, now)
            if reason is None or (offer.feed_id not in latest and not self._may_begin(offer, now)):
                continue
            payload = await self._print(offer, now)
            if payload is not None:
                await self._add(offer, reason, payload, now)

    def _may_begin(self, offer: Offer, now: datetime) -> bool:
        """Tell whether an offer of which nothing was delivered yet may begin; a live one at once."""
        if not offer.is_static:
            return True
        content = self._content(offer, now)
        first = self._first.setdefault(offer.feed_id, FirstVersion(content, now))
        return first.stands_still(content, now)

    async def _add(self, offer: Offer, reason: Reason, payload: Payload, now: datetime) -> None:
        delivery_id = uuid4()

        async def work(connection: Any) -> None:
            await deliveries.add(
                connection,
                delivery_id,
                target=self._target.target_id,
                feed=offer.feed_id,
                is_static=offer.is_static,
                reason=reason,
                now=now,
            )
            if offer.is_static:
                await deliveries.bind(connection, delivery_id, payload, now)

        await self._database.persist(work)

    async def _send_next(self, now: datetime) -> bool:
        """Send what is next; false where there is nothing to do now."""
        name = self._target.target_id
        delivery = await self._database.persist(lambda c: deliveries.next_due(c, name, now))
        if delivery is None or not self._may_send():
            return False
        offer = self._target.offer(delivery.feed_id)
        if offer is None:
            return False
        payload = await self._payload(delivery, offer, now)
        if payload is None:
            until = now + NOTHING_TO_TELL
            await self._database.persist(
                lambda c: deliveries.postpone(c, delivery.delivery_id, until)
            )
            return True
        await self._attempt(delivery, offer, payload)
        return True

    async def _payload(self, delivery: Delivery, offer: Offer, now: datetime) -> Payload | None:
        """Return what to send: of a live offer always what is newest."""
        if offer.is_static and delivery.sha256 is not None:
            kept = await self._database.persist(
                lambda c: deliveries.payload(c, delivery.delivery_id)
            )
            if kept is not None:
                return kept
        return await self._print(offer, now)

    async def _attempt(self, delivery: Delivery, offer: Offer, payload: Payload) -> None:
        begun = utc_now()

        async def begin(connection: Any) -> int:
            await deliveries.bind(connection, delivery.delivery_id, payload, begun)
            return await deliveries.begin(connection, delivery.delivery_id, begun)

        attempts = await self._database.persist(begin)
        started = perf_counter()
        answer = await push(self._target, offer, payload)
        metrics.DELIVERY_SECONDS.labels(self._target.target_id).observe(perf_counter() - started)
        await self._note(delivery, offer, attempts, answer)

    async def _note(self, delivery: Delivery, offer: Offer, attempts: int, answer: Answer) -> None:
        now = utc_now()
        status = outcome(delivery, answer)
        done_at = None if status in OPEN else now
        again = now + pause(attempts, answer, random.random())  # noqa: S311 (jitter)

        async def work(connection: Any) -> None:
            await deliveries.end(
                connection,
                delivery.delivery_id,
                status,
                answer,
                next_attempt_at=again,
                done_at=done_at,
            )
            await self._tell(connection, now)

        await self._database.persist(work)
        name = self._target.target_id
        metrics.DELIVERIES.labels(name, offer.feed_id, status.value).inc()
        if status in TAKEN:
            metrics.DELIVERED_AT.labels(name, offer.feed_id).set(now.timestamp())
        _log(name, offer, delivery.delivery_id, status, answer)

    async def _tell(self, connection: Any, now: datetime) -> None:
        """Raise, renew or clear the target's alert, in the transaction that found it out."""
        name = self._target.target_id
        rows = await deliveries.standing(connection, name, self._target.feeds)
        found = alarms.failure(name, rows)
        if found is None:
            await clear_alert(connection, alarms.DELIVERY_FAILED, name, now)
        else:
            await raise_alert(connection, found, now)

    def _content(self, offer: Offer, now: datetime) -> bytes:
        return self._press.content(offer.feed_id, now, simulated=self._target.entry.simulated)

    async def _print(self, offer: Offer, now: datetime) -> Payload | None:
        return await self._press.print(offer.feed_id, now, simulated=self._target.entry.simulated)


def _log(target: str, offer: Offer, delivery_id: UUID, status: Any, answer: Answer) -> None:
    say = log.info if answer.error is None else log.warning
    say(
        "delivery",
        target=target,
        feed=offer.feed_id,
        delivery_id=str(delivery_id),
        status=status.value,
        http_status=answer.http_status,
        error=answer.error,
        detail=None if answer.error is None else answer.text[:200],
    )
