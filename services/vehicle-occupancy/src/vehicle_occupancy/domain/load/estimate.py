# SPDX-License-Identifier: EUPL-1.2
"""What is told of a vehicle's load: number, interval, level, status, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vehicle_occupancy.domain.load import grid
from vehicle_occupancy.domain.load.grid import Grid
from vehicle_occupancy.domain.load.level import (
    Level,
    LevelRules,
    OccupancyStatus,
    probability_of,
    status_of,
)
from vehicle_occupancy.domain.load.track import (
    Taken,
    Track,
    counted_lately,
    finish,
    is_all_told,
)
from vehicle_occupancy.domain.load.vehicle import VehicleRules

_MOST_SPREAD = 0.22
"""A load whose standard deviation is a larger share of all places is not known."""


class NoData(StrEnum):
    """Why nothing is told of a load."""

    NEVER_HEARD = "never_heard"
    STALE = "stale"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class LoadEstimate:
    """The persons in a vehicle at a time: 10 and 90 % bounds, percentage of seats and standing places.

    `confidence` is the probability that the level is right. Without data all of these are none and
    `no_data` tells why. `dead_doors` are those that stopped counting.
    """

    load: int | None
    load_min: int | None
    load_max: int | None
    percentage: float | None
    level: Level | None
    status: OccupancyStatus
    confidence: float | None
    measured_at: datetime | None
    valid_until: datetime | None
    no_data: NoData | None = None
    dead_doors: tuple[str, ...] = ()
    simulated: bool = False


def estimate(
    rules: VehicleRules,
    track: Track,
    now: datetime,
    levels: LevelRules,
    finished: Taken | None = None,
) -> LoadEstimate:
    """Return what is known of a vehicle's load now, with the stop that it may still be at.

    `finished` is `finish` of the track, where somebody has it already.
    """
    if track.heard_at is None:
        return _nothing(track, NoData.NEVER_HEARD)
    if now - track.heard_at > rules.stale_after:
        return _nothing(track, NoData.STALE)
    if finished is None or not is_all_told(track):
        finished = finish(rules, track, levels, telling=True)
    done = finished.track
    if not _anchored(rules, done, now):
        return _nothing(done, NoData.UNCERTAIN)
    told = _told(rules, done, track.heard_at, now)
    if grid.variance_of(told) ** 0.5 > _MOST_SPREAD * rules.places or done.level is None:
        return _nothing(done, NoData.UNCERTAIN)
    load, lowest, highest = grid.interval(told, 0.1)
    return LoadEstimate(
        load,
        lowest,
        highest,
        round(100 * load / rules.places, 1),
        done.level,
        status_of(rules, load),
        min(max(probability_of(levels, rules, told, done.level), 0.0), 1.0),
        track.heard_at,
        track.heard_at + rules.stale_after,
        None,
        _dead(done),
        done.simulated,
    )


def _anchored(rules: VehicleRules, done: Track, now: datetime) -> bool:
    """Tell whether something other than doors held the load lately: their errors add up."""
    if done.emptied_at is not None and now - done.emptied_at <= rules.anchor_holds:
        return True
    return done.weighed_at is not None and now - done.weighed_at <= rules.stale_after


def _told(rules: VehicleRules, done: Track, heard_at: datetime, now: datetime) -> Grid:
    """Return the load with what a calibration may have wrong, where no doors hold it."""
    if done.weighed_at is None or counted_lately(done, now):
        return done.load
    share, persons = done.doubt
    minutes = max((now - heard_at).total_seconds() / 60, 0.0)
    variance = (share * grid.mean_of(done.load)) ** 2 + persons**2
    return grid.widened(done.load, variance + (rules.turnover * rules.places) ** 2 * minutes)


def _nothing(track: Track, why: NoData) -> LoadEstimate:
    return LoadEstimate(
        None,
        None,
        None,
        None,
        None,
        OccupancyStatus.NO_DATA_AVAILABLE,
        None,
        track.heard_at,
        None,
        why,
        _dead(track),
        track.simulated,
    )


def _dead(track: Track) -> tuple[str, ...]:
    return tuple(sorted(name for name, door in track.doors.items() if door.dead))
