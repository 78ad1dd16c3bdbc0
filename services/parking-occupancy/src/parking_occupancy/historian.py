"""Counts what lots were: ends buckets as time goes by, counts marked ones, beside live traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from parking_occupancy.domain.balance import Balancing, take_all, unknown_balance
from parking_occupancy.domain.counted_past import Stretch, counted_buckets
from parking_occupancy.domain.history import FINEST, Bucket, buckets, floor, merge
from parking_occupancy.domain.lot import Lot
from parking_occupancy.keeper import Keeper
from parking_occupancy.storage import counts, history
from stadttakt_messages.base import LotId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.process import pause

log = get_logger(__name__)
AT_ONCE = 500
LOOK_EVERY_S = 2.0
LONGEST_STRETCH = timedelta(days=1)


class Historian:
    """One stretch of one lot at a time; a bucket is counted in the transaction that unmarks it."""

    def __init__(self, database: Database, keeper: Keeper) -> None:
        self._database = database
        self._keeper = keeper

    async def run(self, stop: asyncio.Event) -> None:
        """Count until `stop`."""
        while not stop.is_set():
            await self._keeper.close_history(utc_now())
            counted = await self._database.persist(self._count)
            if counted < AT_ONCE:
                await pause(stop, LOOK_EVERY_S)

    async def _count(self, connection: Any) -> int:
        marked = await history.take(connection, AT_ONCE)
        for lot_id, starts in marked.items():
            for stretch in _stretches(starts):
                await self._count_stretch(connection, lot_id, stretch)
            await self._merge(connection, lot_id, starts)
        return sum(map(len, marked.values()))

    async def _count_stretch(
        self, connection: Any, lot_id: LotId, starts: Sequence[datetime]
    ) -> None:
        begin, end = starts[0], starts[-1] + FINEST
        lot = self._keeper.lot(lot_id)
        if lot is not None and lot.balancing is not None:
            found = await _counted(connection, lot, lot.balancing, begin, end)
        else:
            bays = await history.past_of(connection, lot_id, begin, end)
            reserve = lot.reserve if lot else 0
            found = buckets(bays.values(), start=begin, end=end, reserve=reserve) if bays else []
        wanted = set(starts)
        written = [bucket for bucket in found if bucket.start in wanted]
        await history.write(connection, lot_id, FINEST, written)
        # Counting a day of a large lot takes a while; live traffic comes first.
        await asyncio.sleep(0)

    async def _merge(self, connection: Any, lot_id: LotId, starts: Sequence[datetime]) -> None:
        """Count the wider buckets anew that are whole, each from its finest parts."""
        for width in history.WIDER:
            whole = []
            for begin in sorted({floor(start, width) for start in starts}):
                parts = await history.read(connection, lot_id, FINEST, begin, begin + width)
                if len(parts) == width // FINEST:
                    whole.append(merge(begin, parts))
            await history.write(connection, lot_id, width, whole)


async def _counted(
    connection: Any, lot: Lot, rules: Balancing, begin: datetime, end: datetime
) -> list[Bucket]:
    """Return the buckets of a lot that is counted at its gates, none before it was ever heard."""
    until, before = await counts.checkpoint(connection, lot.lot_id, begin) or (None, None)
    balance = before or unknown_balance(rules, begin)
    earlier = await counts.entries(connection, lot.lot_id, until, begin)
    balance = take_all(rules, balance, earlier).balance
    entries = await counts.entries(connection, lot.lot_id, begin, end)
    if balance.newest is None and not entries:
        return []
    bays = await history.all_pasts_of(connection, lot.lot_id, begin, end)
    stretch = Stretch(begin, end)
    return counted_buckets(rules, balance, entries, bays=bays, stretch=stretch, reserve=lot.reserve)


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
