# SPDX-License-Identifier: EUPL-1.2
"""Reconstructs stays of bays and counts lots' days, beside live traffic."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from parking_occupancy import metrics
from parking_occupancy.courtesy import Courtesy
from parking_occupancy.domain.agreed import agreed
from parking_occupancy.domain.balance import Balancing
from parking_occupancy.domain.days import DAY, bucket_of
from parking_occupancy.domain.dwell import per_bay_and_day
from parking_occupancy.domain.history import FINEST, Span, floor
from parking_occupancy.domain.searching import HORIZON, LOOK_BACK, Errors, Flows, searching
from parking_occupancy.domain.stays import MARGIN, Seen, joint, reach, stretches
from parking_occupancy.keeper import Keeper
from parking_occupancy.settings import ParkingSettings
from parking_occupancy.storage import flows, forecasts, history, stay_days
from parking_occupancy.storage import stretches as storage
from parking_occupancy.storage.stay_days import FlowDay
from parking_occupancy.storage.stretches import Changed, DirtyBay
from stadttakt_messages.base import LotId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause

BAYS_AT_ONCE, DAYS_AT_ONCE = 50, 50
LOOK_EVERY_S = 2.0


class StayCounter:
    """Some bays or some lots' days at a time; done in the transaction that unmarks them."""

    def __init__(
        self,
        settings: ParkingSettings,
        database: Database,
        keeper: Keeper,
        *,
        courtesy: Courtesy,
    ) -> None:
        self._keeper = keeper
        self._shortest = timedelta(seconds=settings.stay_min_s)
        self._least = settings.dwell_min_stays
        self._database = database
        self._courtesy = courtesy

    async def run(self, stop: asyncio.Event) -> None:
        """Count until `stop`."""
        while not stop.is_set():
            with self._courtesy.timed():
                bays = await self._database.persist(self.reconstruct)
                days = 0 if bays == BAYS_AT_ONCE else await self._database.persist(self.count_days)
            await self._courtesy.give_way(stop)
            metrics.RECONSTRUCTED.inc(bays)
            metrics.COUNTED.labels("day").inc(days)
            for what, rows in (await self._database.persist(stay_days.waiting)).items():
                metrics.WAITING.labels(what).set(rows)
            if bays < BAYS_AT_ONCE and days < DAYS_AT_ONCE:
                await pause(stop, LOOK_EVERY_S)

    async def reconstruct(self, connection: Any) -> int:
        """Make the stretches of some marked bays anew; return how many bays."""
        taken = await storage.take(connection, BAYS_AT_ONCE)
        if not taken:
            return 0
        dirty = await storage.heard(connection, taken)
        now, changed = utc_now(), []
        for bay in dirty:
            since = await self._reconstruct(connection, bay)
            if since is not None:
                changed.append(Changed(bay.lot_id, since, now))
            # A bay's year takes a while; live traffic comes first.
            await asyncio.sleep(0)
        await storage.mark_days(connection, changed, await forecasts.read_timezone(connection))
        await storage.unmark(connection, taken)
        return len(taken)

    async def _reconstruct(self, connection: Any, bay: DirtyBay) -> datetime | None:
        """Make a bay's stretches anew; return from when on they may differ."""
        rules = {"limit": bay.limit, "shortest": self._shortest}
        # What came now may confirm or contradict what was said a moment before.
        since = bay.since - bay.grace if bay.several else bay.since
        later = await _seen(connection, bay, since)
        late = reach(later, since)
        recent = await storage.recent(connection, bay, late)
        if len(recent) == MARGIN and not bay.turned_real:
            seen = await _seen(connection, bay, recent[0].begun_to)
            anew = stretches(seen, **rules)
            index = joint(recent, anew, late)
            if index is not None:
                await storage.replace(connection, bay, anew[index].begun_to, anew[index:])
                return anew[index].begun_to
        whole = stretches(await _seen(connection, bay, None), **rules)
        await storage.replace(connection, bay, None, whole)
        return whole[0].begun_to if whole else None

    async def count_days(self, connection: Any) -> int:
        """Count some marked days of lots anew; return how many."""
        marked = await stay_days.take(connection, DAYS_AT_ONCE)
        timezone = await forecasts.read_timezone(connection) if marked else ""
        for lot_id, day in marked:
            await stay_days.count(connection, lot_id, day, timezone, self._least)
            lot = self._keeper.lot(lot_id)
            if lot is not None and lot.balancing is not None and lot.balancing.gates:
                await self._count_gates(connection, lot.balancing, lot_id, day, timezone)
            await asyncio.sleep(0)
        return len(marked)

    async def _count_gates(
        self, connection: Any, rules: Balancing, lot_id: LotId, date_: date, timezone: str
    ) -> None:
        """Take what passed the gates in place of what single bays saw of a day."""
        day = _day_of(date_, timezone)
        closed = await history.counted_until(connection) or floor(utc_now(), FINEST)
        elapsed_s = (min(day.end, closed) - day.begin).total_seconds()
        if elapsed_s <= 0:
            return
        since, until = day.begin - LOOK_BACK, day.end + HORIZON
        found = Flows.of(since, until, await flows.read(connection, lot_id, since, until))
        told = searching(
            found, day.begin, day.end, most=rules.most, errors=Errors(), seen_until=closed
        )
        few = (told.arrivals.value or 0) < self._least
        failed = told.failed_entries.value
        put = FlowDay(
            day=date_,
            arrivals=round(told.arrivals.value or 0),
            departures=round(told.departures.value or 0),
            dwell_mean_min=None if few else told.dwell_mean_min.value,
            turnover=per_bay_and_day(
                round(told.arrivals.value or 0),
                known_s=told.known_s * rules.capacity,
                bays=rules.capacity,
                elapsed_s=elapsed_s,
            ),
            full_arrivals=told.full_arrivals.value,
            failed_entries=None if failed is None else round(failed),
            completeness=min(told.known_s / elapsed_s, 1.0),
            simulated=told.simulated,
        )
        await stay_days.put_flow(connection, lot_id, put)


def _day_of(day: date, timezone: str) -> Span:
    noon = datetime.combine(day, time(12), ZoneInfo(timezone))
    return bucket_of(noon, DAY, ZoneInfo(timezone))


async def _seen(connection: Any, bay: DirtyBay, since: datetime | None) -> list[Seen]:
    """Return what a bay's sensors say in agreement from a time on."""
    if not bay.several:
        return await storage.seen_since(connection, bay, since)
    earlier = None if since is None else since - bay.limit
    seen = await storage.seen_since(connection, bay, earlier)
    found = agreed(seen, limit=bay.limit, grace=bay.grace)
    return [each for each in found if since is None or each.at >= since]
