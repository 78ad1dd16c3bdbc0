# SPDX-License-Identifier: EUPL-1.2
"""The history of lots as a panel, read lot by lot so that nothing else waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from parking_occupancy.domain.forecast.panel import Panel
from parking_occupancy.domain.history import FINEST
from parking_occupancy.storage import forecasts
from parking_occupancy.storage.forecasts import LotSize
from stadttakt_runtime.database import Database

STEP = FINEST
SEEN_AGAIN = timedelta(hours=6)
"""How far back late observations are still noticed between two whole readings."""


async def read_panel(
    database: Database, lots: Sequence[LotSize], since: datetime, until: datetime
) -> Panel:
    """Return what was free at the ticks after `since` up to `until`: the mean of the 5 minutes before."""
    panel = _empty(lots, since, until)
    for row, lot in enumerate(lots):
        read = partial(forecasts.free_of, lot_id=lot.lot_id, since=since, until=until)
        _fill(panel, row, *await database.persist(read))
        await asyncio.sleep(0)
    return panel


async def advanced(database: Database, panel: Panel, until: datetime) -> Panel:
    """Return the panel moved on to end at `until`, its last hours read again."""
    lots = [
        LotSize(lot_id, int(capacity))
        for lot_id, capacity in zip(panel.lot_ids, panel.capacity, strict=True)
    ]
    end = panel.at(panel.ticks - 1)
    moved = _empty(lots, panel.start - STEP + (until - end), until)
    by = (until - end) // STEP
    kept = panel.ticks - by
    if kept > 0:
        moved.free[:, :kept] = panel.free[:, by:]
    since = min(end, until - SEEN_AGAIN)
    first = moved.tick_of(since + STEP)
    moved.free[:, max(first, 0) :] = np.nan
    rows = {lot_id: row for row, lot_id in enumerate(panel.lot_ids)}
    found = await database.persist(lambda c: forecasts.free_of_all(c, since, until))
    for lot_id, starts, values in found:
        if lot_id in rows:
            _fill(moved, rows[lot_id], starts, values)
    return moved


def _empty(lots: Sequence[LotSize], since: datetime, until: datetime) -> Panel:
    ticks = (until - since) // STEP
    return Panel(
        tuple(lot.lot_id for lot in lots),
        since + STEP,
        STEP,
        np.full((len(lots), ticks), np.nan, np.float32),
        np.array([lot.capacity for lot in lots], np.float32),
    )


def _fill(panel: Panel, row: int, starts: Sequence[int], values: Sequence[float]) -> None:
    """Write buckets at the ticks at which they end."""
    if not starts:
        return
    step = int(STEP.total_seconds())
    ticks = (np.array(starts) + step - int(panel.start.timestamp())) // step
    inside = (ticks >= 0) & (ticks < panel.ticks)
    panel.free[row, ticks[inside]] = np.array(values, np.float32)[inside]
