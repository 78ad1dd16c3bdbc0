# SPDX-License-Identifier: EUPL-1.2
"""Trips of a feed without their calls, and the headways of frequencies.txt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from vehicle_occupancy.domain.service_day import LONGEST_S
from vehicle_occupancy.gtfs.feed import Feed, Row
from vehicle_occupancy.gtfs.network import Network
from vehicle_occupancy.gtfs.report import Report
from vehicle_occupancy.gtfs.values import Values

SHORTEST_HEADWAY_S = 20
DAY_S = 24 * 3600


class FeedTrip(NamedTuple):
    """A line of trips.txt."""

    route_id: str
    service: int
    direction: int
    headsign: str
    block_id: str | None
    shape_id: str | None


class Headway(NamedTuple):
    """A line of frequencies.txt: a departure every so often, from a time to before another."""

    begin_s: int
    end_s: int
    headway_s: int
    exact: bool


def services_of(feed: Feed, network: Network) -> set[str]:
    """Return the services of trips on routes that are taken; what is wrong with any is told later."""
    return {
        row.text("service_id")
        for row in feed.peek("trips.txt")
        if row.text("route_id") in network.routes
    }


def read_trips(
    feed: Feed, report: Report, network: Network, services: Mapping[str, int]
) -> dict[str, FeedTrip]:
    """Read trips.txt; a trip whose references lead nowhere is an error and left out."""
    values, found, undirected = Values("trips.txt", report), dict[str, FeedTrip](), 0
    for row in feed.rows("trips.txt", report):
        trip_id = values.key(row, "trip_id", found)
        route_id = values.reference(row, "route_id", network.routes, "routes.txt")
        service_id = values.reference(row, "service_id", services, "calendar.txt")
        undirected += not row.text("direction_id")
        direction = values.whole(row, "direction_id", range(2), default=0)
        shape_id = row.text("shape_id") or None
        if not (route_id is None or shape_id is None or shape_id in network.shapes):
            text = f"{shape_id!r} is not in shapes.txt; the way is drawn from stop to stop"
            values.doubtful(row, "shape_id", text, kind="reference")
        if None not in (trip_id, route_id, service_id, direction):
            found[str(trip_id)] = FeedTrip(
                str(route_id),
                services[str(service_id)],
                direction or 0,
                values.optional(row, "trip_headsign"),
                row.text("block_id") or None,
                shape_id,
            )
        else:
            values.leave_out(trip_id)
    if undirected:
        text = f"{undirected} trips tell no direction; all of them count as direction 0"
        report.warning("trips.txt", text, field="direction_id", kind="undirected")
    return found


def read_headways(
    feed: Feed, report: Report, trips: Mapping[str, FeedTrip]
) -> dict[str, list[Headway]]:
    """Read frequencies.txt; headways without exact times are approximate departures."""
    values = Values("frequencies.txt", report)
    found: defaultdict[str, list[Headway]] = defaultdict(list)
    for row in feed.rows("frequencies.txt", report):
        trip_id = values.reference(row, "trip_id", trips, "trips.txt")
        headway = _headway(values, row)
        if trip_id is None or headway is None:
            continue
        if any(
            headway.begin_s < other.end_s and other.begin_s < headway.end_s
            for other in found[trip_id]
        ):
            text = f"trip {trip_id!r} has two headways at the same time"
            values.wrong(row, "start_time", text, kind="overlap")
        found[trip_id].append(headway)
    if any(not headway.exact for each in found.values() for headway in each):
        text = "headways without exact_times are read as departures that may be off by a headway"
        report.warning("frequencies.txt", text, field="exact_times", kind="inexact")
    return dict(found)


def _headway(values: Values, row: Row) -> Headway | None:
    begin, end = values.time(row, "start_time"), values.time(row, "end_time")
    every = values.whole(row, "headway_secs", range(SHORTEST_HEADWAY_S, DAY_S + 1))
    exact = values.whole(row, "exact_times", range(2), default=0)
    if begin is None or end is None or every is None or exact is None:
        return None
    if begin >= end:
        values.wrong(row, "end_time", "is not later than start_time")
        return None
    return Headway(begin, min(end, LONGEST_S), every, bool(exact))
