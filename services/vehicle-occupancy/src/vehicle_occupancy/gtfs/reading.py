# SPDX-License-Identifier: EUPL-1.2
"""Reads a whole feed: what is small at once, trips one by one as they are taken."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from vehicle_occupancy.domain.service_day import LONGEST_S
from vehicle_occupancy.gtfs.calls import CallReader, Calls
from vehicle_occupancy.gtfs.feed import READ, Feed
from vehicle_occupancy.gtfs.network import FeedStop, Network, Region, read_network
from vehicle_occupancy.gtfs.overlaps import Overlaps
from vehicle_occupancy.gtfs.report import BrokenFeedError, Report
from vehicle_occupancy.gtfs.service_calendar import FeedCalendar, read_calendar
from vehicle_occupancy.gtfs.trips import FeedTrip, Headway, read_headways, read_trips, services_of
from vehicle_occupancy.gtfs.ways import PatternBook

COLUMNS = {
    "agency.txt": ("agency_name", "agency_timezone"),
    "stops.txt": ("stop_id", "stop_name", "stop_lat", "stop_lon"),
    "routes.txt": ("route_id", "route_type"),
    "trips.txt": ("route_id", "service_id", "trip_id"),
    "stop_times.txt": ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"),
    "calendar.txt": (
        "service_id",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "start_date",
        "end_date",
    ),
    "calendar_dates.txt": ("service_id", "date", "exception_type"),
    "shapes.txt": ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"),
    "frequencies.txt": ("trip_id", "start_time", "end_time", "headway_secs"),
    "feed_info.txt": (),
}
NEEDED = ("agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt")
MOST_OF_A_HEADWAY = 2000


class PlannedTrip(NamedTuple):
    """A trip as it is stored."""

    trip_id: str
    pattern_id: int
    service: int
    headsign: str
    block_id: str | None
    exact: bool
    arrivals_s: list[int]
    departures_s: list[int]


@dataclass
class FeedPlan:
    """A feed that is read; its patterns are complete when all trips were taken."""

    feed: Feed
    report: Report
    network: Network
    calendar: FeedCalendar
    book: PatternBook
    _trips: dict[str, FeedTrip]
    _headways: dict[str, list[Headway]]
    count: int = 0

    @classmethod
    def read(
        cls, feed: Feed, report: Report, *, region: Region | None, today: date,
        agencies: Collection[str] = (),
    ) -> FeedPlan:  # fmt: skip
        """Read everything but the calls; raises BrokenFeedError where that cannot go on.

        Of a feed with several agencies, those named by id or name; of all if none is.
        """
        _check_columns(feed, report)
        if report.errors:
            raise BrokenFeedError(report)
        network = read_network(feed, report, region, agencies)
        calendar = read_calendar(feed, report, today, services_of(feed, network))
        trips = read_trips(feed, report, network, calendar.services)
        headways = read_headways(feed, report, trips)
        book = PatternBook(network.routes, network.stops, network.shapes)
        return cls(feed, report, network, calendar, book, trips, headways)

    def trips(self) -> Iterator[PlannedTrip]:
        """Give all trips, and then raise BrokenFeedError if anything was wrong with the feed."""
        reader = CallReader(self.report, self._trips, self.network.stops)
        overlaps = Overlaps(self.calendar)
        without = dict.fromkeys(self._trips)
        for calls in reader.read(self.feed):
            without.pop(calls.trip_id, None)
            if self.report.errors:
                continue  # nothing of it will be stored: only look what else is wrong
            trip = self._trips[calls.trip_id]
            number = self.book.number(trip, calls)
            for planned in self._planned(trip, calls, number):
                overlaps.take(planned)
                self.count += 1
                yield planned
        self._conclude(reader, overlaps, list(without))

    @property
    def served(self) -> dict[str, FeedStop]:
        """Return the stops that the trips taken call at, with their stations."""
        called = {stop_id for pattern in self.book.patterns for stop_id in pattern.stop_ids}
        stops = self.network.stops
        stations = {stops[each].parent_id for each in called}
        return {key: stop for key, stop in stops.items() if key in called or key in stations}

    def _planned(self, trip: FeedTrip, calls: Calls, number: int) -> Iterator[PlannedTrip]:
        whole = PlannedTrip(
            calls.trip_id,
            number,
            trip.service,
            trip.headsign,
            trip.block_id,
            True,  # noqa: FBT003 (a row)
            calls.arrivals_s,
            calls.departures_s,
        )
        headways = self._headways.get(calls.trip_id)
        if headways is None:
            yield whole
            return
        count = sum((each.end_s - each.begin_s) // each.headway_s + 1 for each in headways)
        if count > MOST_OF_A_HEADWAY:
            text = f"trip {calls.trip_id!r} would run {count} times a day"
            self.report.error("frequencies.txt", text, field="headway_secs", kind="many")
            return
        for headway in headways:
            for planned in _expanded(whole, headway):
                if planned.trip_id in self._trips:
                    text = (
                        f"trip {planned.trip_id!r} is named like a departure of {whole.trip_id!r}"
                    )
                    self.report.error("trips.txt", text, field="trip_id", kind="departure")
                    return
                yield planned

    def _conclude(self, reader: CallReader, overlaps: Overlaps, without: list[str]) -> None:
        if without and not self.report.errors:
            text = f"{len(without)} trips have no usable calls and are left out, such as {without[0]!r}"
            self.report.warning("trips.txt", text, field="trip_id", kind="unused")
        if reader.interpolated:
            text = f"{reader.interpolated} times are not given and were filled in by distance"
            self.report.warning("stop_times.txt", text, field="arrival_time", kind="filled in")
        if self.book.off_shape:
            text = (
                f"{len(self.book.off_shape)} shapes do not pass the stops of their trips and are not "
                f"used, such as {min(self.book.off_shape)!r}"
            )
            self.report.warning("shapes.txt", text, field="shape_id", kind="off")
        overlaps.tell(self.report)
        if not self.count and not self.report.errors:
            self.report.error("stop_times.txt", "no trip can be used", kind="no trip")
        if self.report.errors:
            raise BrokenFeedError(self.report)


def _check_columns(feed: Feed, report: Report) -> None:
    for name in READ:
        if name not in feed.names:
            if name in NEEDED:
                report.error(name, "the file is not there", kind="absent")
            continue
        table = feed.table(name, Report())
        for column in COLUMNS[name]:
            if table is not None and column not in table.columns:
                report.error(name, "the column is not there", line=1, field=column, kind="column")
        if table is None:
            feed.table(name, report)


def _expanded(whole: PlannedTrip, headway: Headway) -> Iterator[PlannedTrip]:
    """Give the trips of a headway, told apart by when they begin: `<trip_id>@<HH:MM:SS>`."""
    begin = whole.departures_s[0]
    for start in range(headway.begin_s, headway.end_s, headway.headway_s):
        shift = start - begin
        if whole.arrivals_s[-1] + shift > LONGEST_S:
            return
        clock = f"{start // 3600:02}:{start % 3600 // 60:02}:{start % 60:02}"
        yield whole._replace(
            trip_id=f"{whole.trip_id}@{clock}",
            exact=headway.exact,
            block_id=None,
            arrivals_s=[each + shift for each in whole.arrivals_s],
            departures_s=[each + shift for each in whole.departures_s],
        )
