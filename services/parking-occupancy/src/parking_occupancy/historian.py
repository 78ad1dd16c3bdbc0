# SPDX-License-Identifier: EUPL-1.2
"""Counts what lots were: ends buckets as time goes by, counts marked ones, beside live traffic."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from parking_occupancy import metrics
from parking_occupancy.courtesy import Courtesy
from parking_occupancy.domain.balance import key_of, take_all, unknown_balance
from parking_occupancy.domain.bay import Bay
from parking_occupancy.domain.counted_past import CountedBucket, Stretch, counted_buckets
from parking_occupancy.domain.days import DAY, bucket_of
from parking_occupancy.domain.history import FINEST, Bucket, Span, buckets, floor, merge
from parking_occupancy.domain.lot import Lot
from parking_occupancy.domain.places import Shift, Was, places
from parking_occupancy.domain.restrictions import BayKind
from parking_occupancy.domain.searching import HORIZON, LOOK_BACK
from parking_occupancy.keeper import Keeper
from parking_occupancy.storage import counts, flows, forecasts, history, kinds, orders
from parking_occupancy.storage.kinds import Versions
from parking_occupancy.storage.stretches import Changed, mark_days
from stadttakt_messages.base import BayId, LotId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.process import pause

log = get_logger(__name__)
AT_ONCE = 250
LOOK_EVERY_S = 2.0
LONGEST_STRETCH = timedelta(days=1)
EVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Historian:
    """One stretch of one lot at a time; a bucket is counted in the transaction that unmarks it."""

    def __init__(self, database: Database, keeper: Keeper, courtesy: Courtesy) -> None:
        self._database = database
        self._keeper = keeper
        self._timezone: str | None = None
        self._courtesy = courtesy

    async def run(self, stop: asyncio.Event) -> None:
        """Count until `stop`."""
        while not stop.is_set():
            await self._keeper.close_history(utc_now())
            await self._keep_days_of_the_city()
            with self._courtesy.timed():
                counted = await self._database.persist(self._count)
            await self._courtesy.give_way(stop)
            metrics.COUNTED.labels("bucket").inc(counted)
            if counted < AT_ONCE:
                await pause(stop, LOOK_EVERY_S)

    async def _keep_days_of_the_city(self) -> None:
        """Make days anew that begin at the midnight of another zone, when the zone is a new one."""
        timezone = await self._database.persist(forecasts.read_timezone)
        if timezone == self._timezone:
            return
        stray = await self._database.persist(lambda c: history.lots_with_other_days(c, timezone))
        for lot_id in stray:
            await self._database.persist(
                partial(_days_anew, lot_id=lot_id, zone=ZoneInfo(timezone))
            )
        self._timezone = timezone
        if stray:
            log.info("days_made_anew", lots=len(stray), timezone=timezone)

    async def _count(self, connection: Any) -> int:
        taken = await history.take(connection, AT_ONCE)
        marked: defaultdict[LotId, list[datetime]] = defaultdict(list)
        for each in taken:
            marked[each.lot_id].append(each.start)
        timezone = await forecasts.read_timezone(connection) if taken else "UTC"
        changed: list[Changed] = []
        for lot_id, starts in marked.items():
            for stretch in _stretches(starts):
                changed += await self._count_stretch(connection, lot_id, stretch)
            await _merge(connection, lot_id, starts, ZoneInfo(timezone))
        await mark_days(connection, changed, timezone)
        await history.unmark(connection, taken)
        return len(taken)

    async def _count_stretch(
        self, connection: Any, lot_id: LotId, starts: Sequence[datetime]
    ) -> list[Changed]:
        """Count some buckets of a lot; return of which days the stays may differ then."""
        begin, end = starts[0], starts[-1] + FINEST
        lot = self._keeper.lot(lot_id)
        wanted, changed = set(starts), list[Changed]()
        if lot is not None and lot.balancing is not None:
            bays = self._keeper.bays_of(lot_id)
            counted = await _counted(connection, lot, bays, begin=begin, end=end)
            found = [each.bucket for each in counted]
            # Of which nothing is known any more, since all that was said until then was taken back.
            unheard = wanted - {bucket.start for bucket in found}
            await history.drop(connection, lot_id, FINEST, unheard)
            await flows.drop(connection, lot_id, unheard)
            if lot.balancing.gates:
                passed = [each.flow for each in counted if each.flow.start in wanted]
                await flows.write(connection, lot_id, passed)
                # Days before as well: their last vehicles left then; and after: what is usual there.
                if passed:
                    until = min(starts[-1] + LOOK_BACK, utc_now())
                    changed.append(Changed(lot_id, begin - HORIZON, until))
        else:
            found = await self._sensed(connection, lot_id, begin, end) if lot is not None else []
        written = [bucket for bucket in found if bucket.start in wanted]
        await history.write(connection, lot_id, FINEST, written)
        # Counting a day of a large lot takes a while; live traffic comes first.
        await asyncio.sleep(0)
        return changed

    async def _sensed(
        self, connection: Any, lot_id: LotId, begin: datetime, end: datetime
    ) -> list[Bucket]:
        """Return the buckets of a lot of single bays, none where no place has a sensor."""
        configured = self._keeper.bays_of(lot_id)
        versions = await kinds.versions(connection, lot_id, configured, begin, end)
        general = [
            bay.bay_id for bay in configured if _is_general_at_times(_versions_of(bay, versions))
        ]
        bays = await history.past_of(connection, lot_id, begin, end, general)
        lot = self._keeper.lot(lot_id)
        if lot is None or not bays:
            return []
        shifts = await _shifts(connection, lot_id, configured, versions, Stretch(begin, end))
        without_sensor = max(lot.capacity - len(configured), 0)
        return buckets(
            [replace(past, shifts=shifts.get(bay_id, ())) for bay_id, past in bays.items()],
            start=begin,
            end=end,
            reserve=lot.reserve,
            without_sensor=without_sensor,
        )


def _versions_of(bay: Bay, versions: Versions) -> Sequence[Was]:
    """Return what a bay was configured as: what it is today where nothing else is known."""
    return versions.get(bay.bay_id) or [Was(EVER[0], bay)]


def _is_general_at_times(versions: Iterable[Was]) -> bool:
    return any(
        kind is BayKind.GENERAL
        for was in versions
        for kind in (was.bay.kind, *(timed.kind for timed in was.bay.timed_kinds))
    )


async def _shifts(
    connection: Any, lot_id: LotId, bays: Sequence[Bay], versions: Versions, stretch: Stretch
) -> dict[BayId, list[Shift]]:
    """Return to which places those bays belonged that did not always belong to the same.

    Or not to those that they belong to today.
    """
    withdrawn = await orders.withdrawn(connection, lot_id, *stretch)
    return {
        bay.bay_id: places(
            _versions_of(bay, versions),
            stretch.begin,
            stretch.end,
            withdrawn.get(bay.bay_id, ()),
        )
        for bay in bays
        if bay.timed_kinds or bay.bay_id in withdrawn or bay.bay_id in versions
    }


async def _merge(connection: Any, lot_id: LotId, starts: Sequence[datetime], zone: tzinfo) -> None:
    """Count the wider buckets anew that are whole, each from its finest parts."""
    for stretch in _stretches(starts):
        days = bucket_of(stretch[0], DAY, zone).begin, bucket_of(stretch[-1], DAY, zone).end
        parts = {part.start: part for part in await history.read(connection, lot_id, FINEST, *days)}
        for width in history.WIDER:
            wider = sorted({bucket_of(start, width, zone) for start in stretch})
            found = {bucket.begin: _merged(bucket, parts) for bucket in wider}
            whole = [bucket for bucket in found.values() if bucket is not None]
            await history.write(connection, lot_id, width, whole)
            if any(start not in parts for start in stretch):
                gone = [begin for begin, bucket in found.items() if bucket is None]
                await history.drop(connection, lot_id, width, gone)


def _merged(wider: Span, parts: Mapping[datetime, Bucket]) -> Bucket | None:
    """Return a wider bucket, none where one of its parts is not there."""
    count = (wider.end - wider.begin) // FINEST
    found = [parts.get(wider.begin + n * FINEST) for n in range(count)]
    known = [part for part in found if part is not None]
    return merge(wider.begin, known) if len(known) == count else None


async def _days_anew(connection: Any, lot_id: LotId, zone: tzinfo) -> None:
    """Make all days of a lot anew from its finest buckets."""
    await history.drop_days(connection, lot_id)
    parts = await history.read(connection, lot_id, FINEST, *EVER)
    whole = []
    for (begin, end), found in groupby(parts, lambda part: bucket_of(part.start, DAY, zone)):
        day = list(found)
        if len(day) == (end - begin) // FINEST:
            whole.append(merge(begin, day))
    await history.write(connection, lot_id, DAY, whole)


async def _counted(
    connection: Any, lot: Lot, configured: Sequence[Bay], *, begin: datetime, end: datetime
) -> list[CountedBucket]:
    """Return the buckets of a lot that is counted at its gates, none before it was ever heard."""
    rules = lot.balancing
    if rules is None:
        return []
    until, before = await counts.checkpoint(connection, lot.lot_id, begin) or (None, None)
    balance = before or unknown_balance(rules, begin)
    earlier = await counts.entries(connection, lot.lot_id, until, begin)
    balance = take_all(rules, balance, earlier).balance
    entries = await counts.entries(connection, lot.lot_id, begin, end)
    if balance.newest is None and not entries:
        return []
    pasts = await history.all_pasts_of(connection, lot.lot_id, begin, end)
    stretch = Stretch(begin, end)
    versions = await kinds.versions(connection, lot.lot_id, configured, begin, end)
    shifts = await _shifts(connection, lot.lot_id, configured, versions, stretch)
    bays = [
        each._replace(past=replace(each.past, shifts=shifts.get(bay_id, ())))
        for bay_id, each in pasts.items()
    ]
    count = partial(counted_buckets, bays=bays, stretch=stretch, reserve=lot.reserve)
    found = await asyncio.to_thread(count, rules, balance, entries)
    since = begin if balance.newest is not None else floor(key_of(entries[0])[0], FINEST)
    return [each for each in found if each.bucket.start >= since]


def _stretches(starts: Sequence[datetime]) -> Iterator[list[datetime]]:
    """Yield runs of buckets that are near each other, so that each costs one query."""
    run: list[datetime] = []
    for start in starts:
        if run and (start - run[-1] > 12 * FINEST or start - run[0] >= LONGEST_STRETCH):
            yield run
            run = []
        run.append(start)
    if run:
        yield run
