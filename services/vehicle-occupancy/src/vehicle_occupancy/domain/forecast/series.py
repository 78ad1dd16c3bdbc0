# SPDX-License-Identifier: EUPL-1.2
"""The values of places at times of day, day by day; knows no file and no table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Sums = NDArray[np.float64]

BIN_MIN = 15
BINS = 30 * 60 // BIN_MIN
"""Of a service day: departures after midnight belong to the day before, as in a timetable."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What is forecast each day: a departure from a stop, or an interval at a place.

    Sorted by run and time: what stands before a cell of the same run comes before it that day.
    """

    group: Ints
    """line and direction, or the counting place"""
    place: Ints
    """the stop within the group"""
    run: Ints
    """the trip, or the counting place"""
    minute: Ints
    """of the service day, at which the value is known: departure, or end of the interval"""

    def __len__(self) -> int:
        """Return how many cells there are."""
        return len(self.group)

    @property
    def groups(self) -> int:
        """Return how many groups there are."""
        return int(self.group.max()) + 1 if len(self) else 0

    @property
    def bins(self) -> Ints:
        """Return in which quarter of an hour of the service day each cell lies.

        A full quarter belongs to the one that it ends, so that a bin is known at its end.
        """
        return np.clip((self.minute - 1) // BIN_MIN, 0, BINS - 1)

    @property
    def runs(self) -> int:
        """Return how many runs there are."""
        return int(self.run.max()) + 1 if len(self) else 0

    @property
    def places(self) -> int:
        """Return how many places there are."""
        return int(self.place.max()) + 1 if len(self) else 0

    @property
    def position(self) -> Ints:
        """Return which cell of its run each is, from 0."""
        first = np.flatnonzero(np.diff(self.run, prepend=-1))
        lengths = np.diff(np.append(first, len(self)))
        return np.arange(len(self), dtype=np.int64) - np.repeat(first, lengths)

    def only(self, chosen: Flags | Ints) -> Cells:
        """Return some of the cells, in the same order."""
        return Cells(self.group[chosen], self.place[chosen], self.run[chosen], self.minute[chosen])


@dataclass(frozen=True)
class Panel:
    """`value[cell, day]`, NaN where nobody knows; day 0 is `first`."""

    cells: Cells
    first: date
    value: Floats

    def __post_init__(self) -> None:
        if self.value.ndim != 2 or self.value.shape[0] != len(self.cells):
            raise ValueError("one row per cell")

    @property
    def days(self) -> int:
        """Return how many days there are."""
        return int(self.value.shape[1])

    def day(self, index: int) -> date:
        """Return the date of a day."""
        return self.first + timedelta(days=index)

    @cached_property
    def known(self) -> Floats:
        """Return 1 where a value is known, else 0."""
        return (~np.isnan(self.value)).astype(np.float32)

    @cached_property
    def filled(self) -> Floats:
        """Return the values, 0 where nobody knows."""
        return np.nan_to_num(self.value, nan=0.0)

    @cached_property
    def squared(self) -> Floats:
        """Return the squares of the values, 0 where nobody knows."""
        return np.square(self.filled)

    def until(self, day: int) -> Panel:
        """Return what was known before a day."""
        return replace(self, value=self.value[:, :day])
