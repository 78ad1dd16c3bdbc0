# SPDX-License-Identifier: EUPL-1.2
"""When a site counts as full or almost full: sign rule 2, with hysteresis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from stadttakt_messages.states import SiteStatus

LEVELS = frozenset({SiteStatus.FREE, SiteStatus.ALMOST_FULL, SiteStatus.FULL})
"""The states that say how much is vacant; closed and unknown say something else."""

_SMALL_CAPACITY = 20


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Vacant places at which a state is entered (`_at`, at most) and left (`_left_at`, at least)."""

    full_at: int
    full_left_at: int
    almost_full_at: int
    almost_full_left_at: int

    def __post_init__(self) -> None:
        """Refuse thresholds between which a site could not settle."""
        if not 0 <= self.full_at < self.full_left_at:
            message = "full_left_at must be above full_at, and full_at not negative"
            raise ValueError(message)
        if not self.full_at <= self.almost_full_at < self.almost_full_left_at:
            message = "full_at <= almost_full_at < almost_full_left_at must hold"
            raise ValueError(message)


@lru_cache(maxsize=4096)
def default_thresholds(capacity: int) -> Thresholds:
    """Return the thresholds of sign rule 2 for a site of this many places.

    Reckoned in hundredths of a place: entered at the rule's value rounded down, left at the
    rule's value rounded up, so that whole places meet exactly what the rule says.
    """
    percent = capacity
    full = 0 if capacity < _SMALL_CAPACITY else max(100, 2 * percent)
    full_left = 100 if capacity < _SMALL_CAPACITY else full + max(200, 2 * percent)
    almost = max(full, 10 * percent)
    almost_left = almost // 100 * 100 + max(100, 2 * percent)
    return Thresholds(
        full_at=full // 100,
        full_left_at=-(-full_left // 100),
        almost_full_at=almost // 100,
        almost_full_left_at=-(-almost_left // 100),
    )


def level(thresholds: Thresholds, vacant: int, previous: SiteStatus | None = None) -> SiteStatus:
    """Return the level for this many vacant places, given the level that was shown before."""
    if vacant <= thresholds.full_at:
        return SiteStatus.FULL
    if previous is SiteStatus.FULL and vacant < thresholds.full_left_at:
        return SiteStatus.FULL
    if vacant <= thresholds.almost_full_at:
        return SiteStatus.ALMOST_FULL
    was_tight = previous in (SiteStatus.FULL, SiteStatus.ALMOST_FULL)
    if was_tight and vacant < thresholds.almost_full_left_at:
        return SiteStatus.ALMOST_FULL
    return SiteStatus.FREE
