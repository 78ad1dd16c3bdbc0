"""Reconstructs stays of bays and counts lots' days, beside live traffic."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from parking_occupancy.domain.stays import MARGIN, joint, reach, stretches
from parking_occupancy.settings import ParkingSettings
from parking_occupancy.storage import forecasts, stay_days
from parking_occupancy.storage import stretches as storage
from parking_occupancy.storage.stretches import DirtyBay
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause

BAYS_AT_ONCE, DAYS_AT_ONCE = 50, 50
LOOK_EVERY_S = 2.0


class StayCounter:
    """Some bays or some lots' days at a time; done in the transaction that unmarks them."""

    def __init__(self, settings: ParkingSettings, database: Database) -> None:
        self._shortest = timedelta(seconds=settings.stay_min_s)
        self._least = settings.dwell_min_stays
        self._database = database

    async def run(self, stop: asyncio.Event) -> None:
        """Count until `stop`."""
        while not stop.is_set():
            bays = await self._database.persist(self.reconstruct)
            days = 0 if bays == BAYS_AT_ONCE else await self._database.persist(self.count_days)
            if bays < BAYS_AT_ONCE and days < DAYS_AT_ONCE:
                await pause(stop, LOOK_EVERY_S)

    async def reconstruct(self, connection: Any) -> int:
        """Make the stretches of some marked bays anew; return how many bays."""
        dirty = await storage.take(connection, BAYS_AT_ONCE)
        if not dirty:
            return 0
        timezone, now = await _timezone(connection), utc_now()
        for bay in dirty:
            since = await self._reconstruct(connection, bay)
            if since is not None:
                await storage.mark_days(connection, bay.lot_id, since, now, timezone)
            # A bay's year takes a while; live traffic comes first.
            await asyncio.sleep(0)
        return len(dirty)

    async def _reconstruct(self, connection: Any, bay: DirtyBay) -> datetime | None:
        """Make a bay's stretches anew; return from when on they may differ."""
        rules = {"limit": bay.limit, "shortest": self._shortest}
        later = await storage.seen_since(connection, bay, bay.since)
        late = reach(later, bay.since)
        recent = await storage.recent(connection, bay, late)
        if len(recent) == MARGIN and not bay.turned_real:
            seen = await storage.seen_since(connection, bay, recent[0].begun_to)
            anew = stretches(seen, **rules)
            index = joint(recent, anew, late)
            if index is not None:
                await storage.replace(connection, bay, anew[index].begun_to, anew[index:])
                return anew[index].begun_to
        whole = stretches(await storage.seen_since(connection, bay, None), **rules)
        await storage.replace(connection, bay, None, whole)
        return whole[0].begun_to if whole else None

    async def count_days(self, connection: Any) -> int:
        """Count some marked days of lots anew; return how many."""
        marked = await stay_days.take(connection, DAYS_AT_ONCE)
        timezone = await _timezone(connection) if marked else ""
        for lot_id, day in marked:
            await stay_days.count(connection, lot_id, day, timezone, self._least)
            await asyncio.sleep(0)
        return len(marked)


async def _timezone(connection: Any) -> str:
    calendar = await forecasts.read_calendar(connection)
    return calendar.timezone if calendar else "UTC"
