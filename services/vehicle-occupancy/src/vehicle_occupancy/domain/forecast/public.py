# SPDX-License-Identifier: EUPL-1.2
"""What everybody may know of what is usual and expected: means over days, cut at secret places.

One passenger of a day that is over moves a mean over days little, but a number that is rounded, or a
level that begins, at a place that everybody knows shows that little where it lies there. So these
places are drawn by the secret of published levels, once for a trip or half an hour of a line, the same on
all days (decision 0049).
"""

from __future__ import annotations

import numpy as np

from vehicle_occupancy.domain.forecast.levels import NAMES, Name
from vehicle_occupancy.domain.forecast.series import Floats
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.publication import PublicationPolicy, draw

_TENTHS = 10
_DRAWN = 2.0**64


def told_chances(key: bytes, trip: TripForecast) -> Floats:
    """Return `[stop, level]`: the chances of levels in tenths, up or down as the key draws.

    A chance that differs by d is told differently with a probability of 10 d; on average what is told is
    right. Raises ValueError for a key of zero bytes.
    """
    exact = trip.level_chances(trip.quantiles).astype(np.float64)
    first, _ = draw(key, f"chances\0{trip.line}\0{trip.direction}\0{trip.departures_s[0]}")
    at_least = np.stack([exact[:, 1] + exact[:, 2], exact[:, 2]])
    medium, high = np.minimum(np.floor(at_least * _TENTHS + first / _DRAWN), _TENTHS)
    tenths = np.stack([_TENTHS - medium, medium - high, high], axis=1)
    return (tenths / _TENTHS).astype(np.float32)


def told_usual(
    key: bytes,
    policy: PublicationPolicy,
    borders: tuple[int, int],
    *,
    name: str,
    mean: float,
) -> Name | None:
    """Return the level of a mean load by secret borders around the known ones.

    `name` says of what it is the mean. None where there is no room for borders as wide apart as the
    policy wants them. A mean that differs by d is told differently with a probability of d / `least_width`.
    """
    width = float(policy.least_width)
    medium, high = borders
    if medium - width / 2 < policy.least_load or high - medium < width:
        return None
    first, second = draw(key, f"usual\0{name}")
    medium_from = medium + (first / _DRAWN - 0.5) * width
    high_from = high + (second / _DRAWN - 0.5) * width
    return NAMES[(mean >= medium_from) + (mean >= high_from)]
