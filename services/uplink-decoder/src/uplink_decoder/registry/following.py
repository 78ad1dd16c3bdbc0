# SPDX-License-Identifier: EUPL-1.2
"""Follows the registry: all devices at first, then those that changed, a few at a time."""

from __future__ import annotations

import asyncio
from functools import partial

from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from uplink_decoder import metrics
from uplink_decoder.devices import DeviceBook
from uplink_decoder.storage import devices as storage
from uplink_decoder.storage import registry

log = get_logger(__name__)
AT_START = 5000
AT_ONCE = 100
"""Devices between two turns of the event loop, so that live traffic waits about 2 ms."""


class RegistryReader:
    """Keeps a device book in line with the registry."""

    def __init__(self, database: Database, book: DeviceBook) -> None:
        self._database = database
        self._book = book
        self._change: int | None = None
        self._turn = asyncio.Lock()

    async def follow(self) -> None:
        """Take over what changed since the last call, everything at the first."""
        # Two at once could put back what the other has read later.
        async with self._turn:
            await self._follow()

    async def _follow(self) -> None:
        if self._change is None:
            # Read first: what changes meanwhile is merely read twice.
            newest = await self._database.persist(registry.newest_change)
            await self._load_all()
            self._change = newest
        else:
            await self._load_changes(self._change)
        metrics.DEVICES.set(len(self._book))

    async def _load_all(self) -> None:
        euis = await self._database.persist(storage.registered)
        for start in range(0, len(euis), AT_START):
            await self._load(euis[start : start + AT_START])
        log.info("devices_loaded", count=len(self._book))

    async def _load_changes(self, change: int) -> None:
        while True:
            read = partial(registry.changed_after, change=change, limit=AT_ONCE)
            last, euis = await self._database.persist(read)
            if not euis:
                return
            await self._load(euis)
            self._change = change = last
            log.info("devices_changed", count=len(euis))

    async def _load(self, euis: list[str]) -> None:
        found = await self._database.persist(partial(storage.read_devices, euis=euis))
        self._book.take_over(euis, found)
        await asyncio.sleep(0)
