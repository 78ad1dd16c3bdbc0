# SPDX-License-Identifier: EUPL-1.2
"""A service day straight from a feed, without a database."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from vehicle_occupancy.domain.geometry import Line
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.domain.timetable import (
    DayTimetable,
    LineName,
    Pattern,
    Stop,
    StopId,
    StopTime,
    Trip,
    TripId,
)
from vehicle_occupancy.gtfs.feed import Feed
from vehicle_occupancy.gtfs.reading import FeedPlan, PlannedTrip
from vehicle_occupancy.gtfs.report import Report
from vehicle_occupancy.gtfs.ways import FeedPattern


def day_of(feed_path: Path, day: date) -> DayTimetable:
    """Return what runs on a day by a feed."""
    with Feed.open(feed_path) as feed:
        plan = FeedPlan.read(feed, Report(), region=None, today=day)
        planned = list(plan.trips())
    running = plan.calendar.running[day]
    stored = plan.book.patterns
    return DayTimetable(
        version_id=1,
        service_day=ServiceDay(day, ZoneInfo(plan.network.timezone)),
        trips={
            TripId(each.trip_id): _trip(each, stored[each.pattern_id])
            for each in planned
            if each.service in running
        },
        patterns={each.pattern_id: _pattern(each) for each in stored},
        stops={
            StopId(each.stop_id): Stop(StopId(each.stop_id), each.name, each.place)
            for each in plan.network.stops.values()
        },
    )


def _pattern(each: FeedPattern) -> Pattern:
    return Pattern(
        each.pattern_id,
        LineName(each.route.line),
        each.direction,
        each.route.mode,
        tuple(StopId(stop_id) for stop_id in each.stop_ids),
        each.distances_m,
        Line(each.way),
    )


def _trip(each: PlannedTrip, pattern: FeedPattern) -> Trip:
    calls = zip(
        pattern.stop_ids,
        pattern.sequences,
        each.arrivals_s,
        each.departures_s,
        pattern.distances_m,
        strict=True,
    )
    return Trip(
        TripId(each.trip_id),
        LineName(pattern.route.line),
        pattern.direction,
        each.headsign,
        each.block_id,
        each.pattern_id,
        tuple(StopTime(StopId(call[0]), *call[1:]) for call in calls),
        each.exact,
    )
