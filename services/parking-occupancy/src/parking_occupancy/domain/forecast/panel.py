# SPDX-License-Identifier: EUPL-1.2
"""The free places of lots at evenly spaced times; knows no file and no table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NO_FLOATS: Floats = np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class Panel:
    """`free[lot, tick]`, NaN where nobody knows; tick 0 is at `start` (UTC), `step` apart."""

    lot_ids: tuple[str, ...]
    start: datetime
    step: timedelta
    free: Floats
    capacity: Floats

    def __post_init__(self) -> None:
        if self.free.shape[0] != len(self.lot_ids) or self.capacity.shape != (len(self.lot_ids),):
            raise ValueError("one row and one capacity per lot")
        if timedelta(days=1) % self.step:
            raise ValueError("a day must be whole steps")

    @property
    def ticks(self) -> int:
        """Return how many ticks there are."""
        return int(self.free.shape[1])

    @property
    def step_min(self) -> int:
        """Return the step in minutes."""
        return int(self.step.total_seconds()) // 60

    def steps(self, minutes: int) -> int:
        """Return how many steps make up so many minutes; they must be whole."""
        count, rest = divmod(minutes, self.step_min)
        if rest:
            raise ValueError(f"{minutes} min are no whole steps of {self.step_min} min")
        return count

    def at(self, tick: int) -> datetime:
        """Return the time of a tick."""
        return self.start + tick * self.step

    def tick_of(self, at: datetime) -> int:
        """Return the first tick at or after a time."""
        return -((self.start - at) // self.step)

    def taken(self) -> Floats:
        """Return the share of places that are taken, 0 to 1; all NaN for a lot without places."""
        capacity = np.where(self.capacity > 0, self.capacity, np.nan)[:, None]
        share: Floats = np.clip(1 - self.free / capacity, 0, 1).astype(np.float32)
        return share

    def until(self, tick: int) -> Panel:
        """Return what was known before a tick."""
        return Panel(self.lot_ids, self.start, self.step, self.free[:, :tick], self.capacity)


def earlier(values: Floats, lots: Ints, ticks: Ints) -> Floats:
    """Return `values[lot, tick]`, NaN where the tick lies outside."""
    inside = (ticks >= 0) & (ticks < values.shape[1])
    found = values[lots, np.where(inside, ticks, 0)]
    return np.where(inside, found, np.float32(np.nan))
