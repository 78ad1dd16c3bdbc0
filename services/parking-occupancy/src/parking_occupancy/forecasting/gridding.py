# SPDX-License-Identifier: EUPL-1.2
"""Readings at odd times to a panel: cleaned, at even ticks, with gaps left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from parking_occupancy.domain.forecast.panel import Floats, Panel
from parking_occupancy.domain.forecast.scoring import LONGEST_GAP
from parking_occupancy.forecasting.csv_series import Series

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_USUAL_MOST = 99.5


def to_panel(
    series: Series, step: timedelta, test_from: datetime, stated: Mapping[str, float]
) -> Panel:
    """Return the panel of a series; capacities are what is stated or was seen before the test."""
    lots = sorted(lot_id for lot_id, found in series.readings.items() if found)
    times = [
        at
        for lot_id in lots
        for at in (series.readings[lot_id][0][0], series.readings[lot_id][-1][0])
    ]
    start = _EPOCH + (min(times) - _EPOCH) // step * step
    count = (max(times) - start) // step + 2
    split = max(0, (test_from - start) // step)
    free = np.stack([_row(series.readings[lot_id], start, step, count) for lot_id in lots])
    known = {**series.capacity, **stated}
    capacity = np.array(
        [_capacity(row[:split], known.get(lot_id)) for lot_id, row in zip(lots, free, strict=True)],
        np.float32,
    )
    return Panel(tuple(lots), start, step, np.clip(free, 0, capacity[:, None]), capacity)


def _row(
    found: Sequence[tuple[datetime, float]], start: datetime, step: timedelta, count: int
) -> Floats:
    """Return a lot's value at each tick: the newest reading, unless a gap follows it."""
    seconds = np.array([(at - start).total_seconds() for at, _ in found])
    values = np.array([value for _, value in found], np.float32)
    ticks = np.arange(count) * step.total_seconds()
    newest = np.searchsorted(seconds, ticks, side="right") - 1
    place = np.maximum(newest, 0)
    following = np.append(seconds[1:], np.inf)
    told = np.where(
        following[place] - seconds[place] <= LONGEST_GAP.total_seconds(),
        True,  # noqa: FBT003
        ticks - seconds[place] < step.total_seconds(),
    )
    return np.where((newest >= 0) & told, values[place], np.float32(np.nan))


def _capacity(before_test: Floats, stated: float | None) -> float:
    """Return the larger of what is stated and what was seen; stated ones are often outdated."""
    seen = before_test[~np.isnan(before_test)]
    most = float(np.percentile(seen, _USUAL_MOST)) if len(seen) else 0.0
    if stated is None:
        return float(seen.max()) if len(seen) else 0.0
    return max(stated, most)
