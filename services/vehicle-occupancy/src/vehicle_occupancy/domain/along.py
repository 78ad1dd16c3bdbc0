# SPDX-License-Identifier: EUPL-1.2
"""How far along a way the stops of a trip lie; pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from vehicle_occupancy.domain.geometry import Line, Place, distance_m

FAR_FROM_WAY_M = 250.0
"""A stop farther from its shape tells that the shape is not this trip's."""


def distances_along(line: Line, places: Sequence[Place]) -> list[float]:
    """Return how far along a line the stops lie, each no earlier than the one before.

    A line may pass a stop twice; of all ways to pass the stops in order the one that keeps
    closest to them is taken, which a choice stop by stop would miss.
    """
    choices = [_candidates(line, place) for place in places]
    costs = [off * off for _, off in choices[0]]
    origins: list[list[int]] = []
    for before, here in pairwise(choices):
        came, paid = [], []
        for along, off in here:
            earlier = [(costs[i], i) for i, (there, _) in enumerate(before) if there <= along]
            cost, origin = min(earlier, default=(float("inf"), 0))
            came.append(origin)
            paid.append(cost + off * off)
        origins.append(came)
        costs = paid
    if min(costs) == float("inf"):
        return straight(places)
    chosen = costs.index(min(costs))
    found = [choices[-1][chosen][0]]
    for came, there in zip(reversed(origins), reversed(choices[:-1]), strict=True):
        chosen = came[chosen]
        found.append(there[chosen][0])
    return found[::-1]


def _candidates(line: Line, place: Place) -> list[tuple[float, float]]:
    feet = line.feet(place, FAR_FROM_WAY_M) or [line.nearest(place)]
    return [(foot.along_m, foot.off_m) for foot in feet]


def straight(places: Sequence[Place]) -> list[float]:
    """Return distances from stop to stop as the crow flies."""
    along = [0.0]
    for one, other in pairwise(places):
        along.append(along[-1] + distance_m(one, other))
    return along
