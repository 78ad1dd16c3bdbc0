# SPDX-License-Identifier: EUPL-1.2
"""All deliveries of one instance: a courier for each target, and a watch on certificates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from open_data_publisher import metrics
from open_data_publisher.deliveries import alarms
from open_data_publisher.deliveries.courier import Courier
from open_data_publisher.deliveries.credentials import CredentialError, read_certificate
from open_data_publisher.deliveries.press import Press
from open_data_publisher.deliveries.targets import Target, Targets
from open_data_publisher.settings import Settings
from open_data_publisher.storage import deliveries
from stadttakt_runtime.alerts import Condition, settle
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause

LOOK_EVERY_S = 30.0


class Dispatch:
    """Runs while this instance leads; idle without targets."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        press: Press,
        targets: Targets,
        *,
        may_send: Callable[[], bool],
    ) -> None:
        self._database = database
        self._targets = targets.targets
        self._warn_before = timedelta(days=settings.certificate_warn_days)
        self._couriers = [
            Courier(database, press, target, may_send=may_send) for target in targets.targets
        ]

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`."""
        await self._begin()
        async with asyncio.TaskGroup() as group:
            for courier in self._couriers:
                group.create_task(courier.run(stop), name="courier")
            while not stop.is_set():
                await self._look(utc_now())
                await pause(stop, LOOK_EVERY_S)

    async def _begin(self) -> None:
        """End what belongs to no declared offer any more, and alerts that nobody would clear."""
        now = utc_now()
        offers = [(t.target_id, feed) for t in self._targets for feed in t.feeds]

        async def work(connection: Any) -> None:
            await deliveries.withdraw_others(connection, offers, now)
            found: list[Condition] = []
            for target in self._targets:
                rows = await deliveries.standing(connection, target.target_id, target.feeds)
                condition = alarms.failure(target.target_id, rows)
                found += [condition] if condition else []
            await settle(connection, (alarms.DELIVERY_FAILED,), found, now)

        await self._database.persist(work)

    async def _look(self, now: datetime) -> None:
        ends = await asyncio.to_thread(certificate_ends, self._targets)
        for target, ends_at in ends.items():
            metrics.CERTIFICATE_ENDS_AT.labels(target).set(ends_at.timestamp())
        found = list(alarms.endings(ends, now, self._warn_before))

        async def work(connection: Any) -> dict[str, Any]:
            await settle(connection, (alarms.CERTIFICATE_ENDS,), found, now)
            return await deliveries.count_open(connection)

        opened = await self._database.persist(work)
        for each in self._targets:
            row = opened.get(each.target_id)
            metrics.OPEN_DELIVERIES.labels(each.target_id).set(row["open"] if row else 0)


def certificate_ends(targets: tuple[Target, ...]) -> dict[str, datetime]:
    """Return until when the targets' certificates are valid; an unreadable one fails its delivery."""
    ends: dict[str, datetime] = {}
    for target in targets:
        try:
            found = read_certificate(target)
        except CredentialError:
            continue
        if found is not None:
            ends[target.target_id] = found.ends_at
    return ends
