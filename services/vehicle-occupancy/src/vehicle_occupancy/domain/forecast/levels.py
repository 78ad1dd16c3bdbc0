# SPDX-License-Identifier: EUPL-1.2
"""Where the three levels begin for each cell, and how probable each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vehicle_occupancy.domain.forecast.series import Flags, Floats, Ints

Name = Literal["low", "medium", "high"]
NAMES: tuple[Name, Name, Name] = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Borders:
    """From how many persons on each cell is at level medium, and high."""

    medium: Floats
    high: Floats

    def of(self, load: Floats) -> Ints:
        """Return the level of each load: 0 low, 1 medium, 2 high."""
        return (load >= self.medium).astype(np.int64) + (load >= self.high)

    def only(self, chosen: Flags | Ints) -> Borders:
        """Return the borders of some cells."""
        return Borders(self.medium[chosen], self.high[chosen])


def borders(capacity: Floats, medium_from: float, high_from: float) -> Borders:
    """Return borders at shares of what each cell holds."""
    if not 0 < medium_from < high_from:
        raise ValueError("a level must begin above the one before it")
    medium = np.maximum(np.ceil(medium_from * capacity), 1)
    return Borders(medium, np.maximum(np.ceil(high_from * capacity), medium + 1))


def chances(at_least_medium: Floats, at_least_high: Floats) -> Floats:
    """Return `[cell, level]`: how probable each level is."""
    return np.stack(
        [1 - at_least_medium, np.maximum(at_least_medium - at_least_high, 0), at_least_high],
        axis=1,
    ).astype(np.float32)
