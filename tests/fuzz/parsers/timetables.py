# SPDX-License-Identifier: EUPL-1.2
"""Timetables: the files of a feed from a folder, and the zip that they come in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

from fuzz.parsers import several_files
from fuzz.parsers.target import Parser, UnstorableError
from support.gtfs import FILES
from vehicle_occupancy.gtfs.feed import READ, Feed, UnreadableFeedError
from vehicle_occupancy.gtfs.reading import FeedPlan, PlannedTrip
from vehicle_occupancy.gtfs.report import BrokenFeedError, Report

TODAY = date(2026, 11, 26)
SHORT = {
    **FILES,
    "calendar.txt": FILES["calendar.txt"].replace("20260101,20271231", "20261123,20261206"),
}
"""A fortnight: years of days cost much and show nothing more."""
RICH = {
    **SHORT,
    "feed_info.txt": "feed_publisher_name,feed_start_date,feed_end_date,feed_version\nT,20261124,20261205,7\n",
    "shapes.txt": (
        "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
        "s,51.4800,11.9000,1\ns,51.4800,11.9200,2\ns,51.4900,11.9500,3\n"
    ),
    "trips.txt": "route_id,service_id,trip_id,shape_id\nr7,work,out,s\nr7,work,back,\n",
    "frequencies.txt": "trip_id,start_time,end_time,headway_secs,exact_times\nout,06:00:00,07:00:00,600,1\n",
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled,pickup_type\n"
        "out,05:50:00,05:50:00,a,1,0,\nback,25:10:00,25:10:00,c,1,,0\nout,,,b,2,1.4,1\n"
        "out,06:00:00,06:00:00,c,3,3.8,\nback,25:20:00,25:20:00,a,9,,\n"
    ),
}
"""With shapes, headways, a validity, times to be filled in, and the calls of trips one among another."""


def _folder(data: bytes) -> Any:
    """The input is several files of a feed."""
    with TemporaryDirectory(dir=several_files.MEMORY) as folder:
        several_files.write(data, READ, Path(folder))
        return _stored(Path(folder))


def _zip(data: bytes) -> Any:
    with NamedTemporaryFile(dir=several_files.MEMORY) as file:
        file.write(data)
        file.flush()
        return _stored(Path(file.name))


def _stored(path: Path) -> Any:
    """Return what is stored of a feed: of each trip with headways its first departure and its last."""
    with Feed.open(path) as feed:
        plan = FeedPlan.read(feed, Report(), region=None, today=TODAY)
        trips, ids = dict[object, PlannedTrip](), set[str]()
        for trip in plan.trips():
            if trip.trip_id in ids:
                raise UnstorableError(f"trip {trip.trip_id!r} twice")
            ids.add(trip.trip_id)
            base = trip.trip_id.rpartition("@")[0] or trip.trip_id
            trips.setdefault((base, "first"), trip)
            trips[base, "last"] = trip
    calendar, network = plan.calendar, plan.network
    version = (calendar.begin, calendar.end, calendar.version, calendar.publisher, network.timezone)
    days = set(calendar.running.values())
    stored = (network.stops, plan.served, network.routes, plan.book.patterns)
    return version, days, trips.values(), stored


def _packed(method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, text in SHORT.items():
            archive.writestr(zipfile.ZipInfo(f"feed/{name}"), text, method)
    return packed.getvalue()


def parsers() -> Iterator[Parser]:
    """Yield both."""
    refusals = (BrokenFeedError, UnreadableFeedError)
    yield Parser(
        "gtfs", _folder, refusals, (several_files.joined(SHORT), several_files.joined(RICH))
    )
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    yield Parser("gtfs-zip", _zip, refusals, tuple(_packed(each) for each in methods))
