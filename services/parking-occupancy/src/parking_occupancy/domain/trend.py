# SPDX-License-Identifier: EUPL-1.2
"""Whether the free places of a lot become more or fewer, from its recent counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

Trend = Literal["rising", "falling", "steady"]
Sample = tuple[datetime, int]
"""Free places at a time."""

WINDOW = timedelta(minutes=15)
SPACING = timedelta(minutes=1)
_LEAST_SPAN = timedelta(minutes=5)


def remember(samples: tuple[Sample, ...], now: datetime, free: int | None) -> tuple[Sample, ...]:
    """Return the samples of the last window, with this one if the last is a minute old."""
    kept = tuple(sample for sample in samples if sample[0] > now - WINDOW)
    if free is None or (kept and now - kept[-1][0] < SPACING):
        return kept
    return (*kept, (now, free))


def trend_of(
    samples: tuple[Sample, ...], now: datetime, free: int | None, capacity: int
) -> Trend | None:
    """Return the trend of the free places, or None when there is too little to judge by.

    A difference below two places or 2 % of the capacity is noise.
    """
    if free is None or not samples or now - samples[0][0] < _LEAST_SPAN:
        return None
    difference = free - samples[0][1]
    if abs(difference) < max(2, 0.02 * capacity):
        return "steady"
    return "rising" if difference > 0 else "falling"
