# SPDX-License-Identifier: EUPL-1.2
"""What passed the gates of a lot, by finest bucket: who came while it was full, how many stood inside.

Pure. `domain.searching` makes turnover, dwell times and searching traffic of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from parking_occupancy.domain.counted_lot import Inside
from parking_occupancy.domain.gate import NOTHING, Passed
from parking_occupancy.domain.thresholds import default_thresholds


class Vacant(NamedTuple):
    """Places free for those who come; fewer than none where some look for one inside already."""

    least: int
    likely: int
    most: int


class Level(NamedTuple):
    """What a lot is at a time: places of the general group, and vehicles in it whoever they are.

    `vacant` and `inside` are none where the gates tell nothing.
    """

    capacity: int
    free: int
    occupied: int
    unknown: int
    vacant: Vacant | None = None
    inside: Inside | None = None

    @property
    def is_tight(self) -> bool:
        """Return whether the lot is nearly full (sign rule 2), or full."""
        return self.vacant is not None and (
            self.free <= default_thresholds(self.capacity).almost_full_at
        )


class Passing(NamedTuple):
    """What a message tells: vehicles that passed after `since`, and at most so many uncounted."""

    passed: Passed
    uncounted: Passed
    since: datetime


class Flow(NamedTuple):
    """One finest bucket of a lot's gates.

    Vehicles are counted when they are told of; `*_before` of them may have passed before the bucket
    began, back to `before_from`. `*_missed` more may have passed uncounted. A lot is full without a
    free general place, tight when nearly full. `inside_*` are vehicles, by the likely, the lowest
    and the highest count: means of the time in which it is known, what it was when the bucket
    began, and the least that the highest ever was.
    """

    start: datetime
    arrivals: int = 0
    departures: int = 0
    arrivals_before: int = 0
    departures_before: int = 0
    before_from: datetime | None = None
    arrivals_missed: int = 0
    departures_missed: int = 0
    known_s: float = 0.0
    full_s: float = 0.0
    tight_s: float = 0.0
    full_arrivals_min: int = 0
    full_arrivals: float = 0.0
    full_arrivals_max: int = 0
    tight_arrivals: int = 0
    tight_departures: int = 0
    tight_inside_s: float = 0.0
    inside_first: int | None = None
    inside_mean: float | None = None
    inside_low_mean: float | None = None
    inside_high_mean: float | None = None
    inside_high_least: int | None = None
    simulated: bool = False


class FlowMeter:
    """Adds up one bucket; must be told in the order of time."""

    def __init__(self, start: datetime) -> None:
        self._flow = Flow(start)
        self._areas = [0.0, 0.0, 0.0]
        self._stood = False

    def stand(self, level: Level, seconds: float) -> None:
        """Take that the lot was so for a while."""
        inside, flow = level.inside, self._flow
        first = inside.likely if inside and not self._stood else flow.inside_first
        self._stood = True
        self._flow = flow._replace(inside_first=first)
        if inside is None:
            return
        for index, vehicles in enumerate((inside.likely, inside.lowest, inside.highest)):
            self._areas[index] += vehicles * seconds
        tight_s = seconds if level.is_tight else 0.0
        least = flow.inside_high_least
        self._flow = self._flow._replace(
            known_s=flow.known_s + seconds,
            full_s=flow.full_s + (seconds if level.free == 0 else 0.0),
            tight_s=flow.tight_s + tight_s,
            tight_inside_s=flow.tight_inside_s + tight_s * inside.likely,
            inside_high_least=inside.highest if least is None else min(least, inside.highest),
        )

    def pass_by(self, level: Level, told: Passing, *, simulated: bool) -> None:
        """Take what a message tells of a lot that was so before it."""
        flow, (inwards, outwards) = self._flow, told.passed
        early = told.passed if told.since < flow.start else NOTHING
        since = min(flow.before_from or told.since, told.since)
        least, likely, most = _while_full(level, told.passed)
        tight = told.passed if level.is_tight else NOTHING
        self._flow = flow._replace(
            arrivals=flow.arrivals + inwards,
            departures=flow.departures + outwards,
            arrivals_before=flow.arrivals_before + early.inwards,
            departures_before=flow.departures_before + early.outwards,
            before_from=since if early.total else flow.before_from,
            arrivals_missed=flow.arrivals_missed + told.uncounted.inwards,
            departures_missed=flow.departures_missed + told.uncounted.outwards,
            full_arrivals_min=flow.full_arrivals_min + least,
            full_arrivals=flow.full_arrivals + likely,
            full_arrivals_max=flow.full_arrivals_max + most,
            tight_arrivals=flow.tight_arrivals + tight.inwards,
            tight_departures=flow.tight_departures + tight.outwards,
            simulated=flow.simulated or simulated,
        )

    def flow(self) -> Flow:
        """Return the bucket."""
        known_s = self._flow.known_s
        if not known_s:
            return self._flow
        mean, low, high = (area / known_s for area in self._areas)
        return self._flow._replace(inside_mean=mean, inside_low_mean=low, inside_high_mean=high)


def _while_full(level: Level, passed: Passed) -> tuple[int, float, int]:
    """Return how many of those told of came while no place was free: at least, likely, at most.

    A message does not say in which order they passed: at least, if all left before any came.
    """
    if level.vacant is None:
        return 0, 0.0, passed.inwards
    inwards, outwards = passed
    early = max(inwards - max(level.vacant.likely + outwards, 0), 0)
    late = max(inwards - max(level.vacant.likely, 0), 0)
    least = max(inwards - max(level.vacant.most + outwards, 0), 0)
    most = max(inwards - max(level.vacant.least, 0), 0)
    return least, (early + late) / 2, most
