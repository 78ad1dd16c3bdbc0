# SPDX-License-Identifier: EUPL-1.2
"""Measured afterwards: did the peak fall, against the forecast and against comparable days?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

from vehicle_occupancy.domain.peaks.peak import Peak


class Verdict(StrEnum):
    """What became of an expected peak."""

    ABOVE_LIMIT = "above_limit"
    BELOW_LIMIT = "below_limit"
    NOT_COUNTED = "not_counted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fullest moment of the section as counted, beside what was expected and what is usual.

    The forecast is of one stop, so what was counted there, `at_worst`, is compared with it: the
    fullest of several stops lies above the forecast of any of them by chance alone.
    `beyond_chance`: that load lies outside the forecast's 80 % interval, so that chance alone would
    bring it in one of five cases at most. It says nothing of the cause.
    """

    verdict: Verdict
    load: float | None
    excess: float | None
    below_forecast: float | None
    usual_load: float | None
    """mean of the same section's fullest moment on comparable days"""
    usual_days: int
    below_usual: float | None
    beyond_chance: bool | None
    at_worst: float | None = None
    """counted where the peak was expected to be fullest"""
    limit: int | None = None
    """of the vehicle that ran, which it was judged by; None: as expected, since it is not known"""


def outcome_of(
    peak: Peak,
    counted: Sequence[float | None],
    usual: Sequence[Sequence[float | None]],
    *,
    limit: int | None = None,
) -> Outcome:
    """Return what became of a peak; loads are of the section's stops, `usual` of comparable days.

    `limit` is that of the vehicle that ran; where it is not known, the expected vehicle's. A section that was not counted at its expected fullest stop is not counted.
    """
    days = [max(known) for day in usual if (known := [each for each in day if each is not None])]
    usual_load = fmean(days) if days else None
    worst = counted[peak.worst - peak.first] if counted else None
    known = [each for each in counted if each is not None]
    if worst is None:
        return Outcome(Verdict.NOT_COUNTED, None, None, None, usual_load, len(days), None, None)
    load = max(known)
    held = peak.limit if limit is None else limit
    return Outcome(
        verdict=Verdict.ABOVE_LIMIT if load > held else Verdict.BELOW_LIMIT,
        load=load,
        excess=max(0.0, load - held),
        below_forecast=peak.expected_load - worst,
        usual_load=usual_load,
        usual_days=len(days),
        below_usual=None if usual_load is None else usual_load - load,
        beyond_chance=not peak.low <= worst <= peak.high,
        at_worst=worst,
        limit=limit,
    )
