# SPDX-License-Identifier: EUPL-1.2
"""How good forecasts were of weeks that their learner had not seen, per lot and horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parking_occupancy.domain.forecast.panel import Flags, Floats, Ints


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Forecasts in places: `change`, and what was expected of it, are of places taken.

    `least` and `most` are what the interval reaches beyond the expected change.
    """

    cell: Ints
    now: Floats
    capacity: Floats
    change: Floats
    expected: Floats
    least: Floats
    most: Floats


def check(held_out: HeldOut, counted: Flags, shape: tuple[int, int]) -> Floats:
    """Return per lot and horizon: how many count, mean errors, persistence's, coverage.

    In whole places, as forecasts are told; zeros where none counts.
    """
    told = _free(held_out, held_out.expected)
    truth = np.round(held_out.now - held_out.change)
    low = _free(held_out, held_out.expected + held_out.most)
    high = _free(held_out, held_out.expected + held_out.least)
    cell, cells = held_out.cell[counted], shape[0] * shape[1]
    count = np.bincount(cell, minlength=cells)
    means = [
        np.bincount(cell, weights=values[counted], minlength=cells) / np.maximum(count, 1)
        for values in (
            np.abs(told - truth),
            np.abs(np.round(held_out.now) - truth),
            ((low <= truth) & (truth <= high)).astype(np.float32),
        )
    ]
    return np.stack([count, *means], axis=1).reshape(*shape, 4).astype(np.float32)


def _free(held_out: HeldOut, change: Floats) -> Floats:
    free: Floats = np.round(np.clip(held_out.now - change, 0, held_out.capacity))
    return free
