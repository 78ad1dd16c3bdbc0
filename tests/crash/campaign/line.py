# SPDX-License-Identifier: EUPL-1.2
"""The one line of the town: its timetable as GTFS, and which stop of which trip each bus is told to be at next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

LINE, DIRECTION = "1", 0
STOPS = tuple(f"halt-{number}" for number in range(1, 7))
LON, FIRST_LAT, APART_DEG = 11.81, 51.42, 0.01
"""Due north, west of where buses say that they are: their positions tell nothing of the line."""

TRIPS = 1500
"""More than are driven in a scene: none is served twice on a day."""

SPACING_S, RUN_S = 50, 120
"""Between two trips, and from stop to stop, as planned; buses keep to neither."""

LEAST = timedelta(seconds=3)
"""Between two words of a bus, so that a trip is longer than doors tell of its first stop."""

_ZONE = ZoneInfo("Europe/Berlin")
_FILES = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\nA,Campaign,https://bus.example,Europe/Berlin\n",
    "routes.txt": f"route_id,agency_id,route_short_name,route_long_name,route_type\nr,A,{LINE},North,3\n",
}


class Call(NamedTuple):
    """A bus was told to be at a stop of a trip, the first of them by number 0."""

    trip_id: str
    start_date: str
    number: int

    @property
    def stop_id(self) -> str:
        """The stop's id."""
        return STOPS[self.number]


@dataclass(slots=True)
class Roster:
    """Where each bus was told to be last, and the trips that nobody has driven yet."""

    calls: dict[str, tuple[Call, datetime]] = field(default_factory=dict)
    driven: int = 0

    def idle(self, buses: tuple[str, ...], at: datetime) -> str | None:
        """Return the bus of which nothing was told for longest, if that is long enough."""
        told = {bus: self.calls[bus][1] for bus in buses if bus in self.calls}
        bus = min(buses, key=lambda each: told.get(each, datetime.min.replace(tzinfo=UTC)))
        return bus if bus not in told or at - told[bus] >= LEAST else None

    def next(self, bus: str, at: datetime) -> Call:
        """Return the next stop of its trip, or the first one of another trip."""
        before, _ = self.calls.get(bus, (None, None))
        if before is not None and before.number + 1 < len(STOPS):
            call = before._replace(number=before.number + 1)
        else:
            assert self.driven < TRIPS, "all trips of the timetable are driven"
            call = Call(f"trip-{self.driven}", f"{at.astimezone(_ZONE):%Y%m%d}", 0)
            self.driven += 1
        self.calls[bus] = call, at
        return call


def write_timetable(transit: Path, now: datetime) -> None:
    """Write the timetable of these days, and that the city has it."""
    feed = transit / "feed"
    feed.mkdir()
    (transit / "timetable.yaml").write_text("feed: feed\n")
    for name, lines in {**_FILES, **_made(now)}.items():
        (feed / name).write_text(lines)


def _made(now: datetime) -> dict[str, str]:
    day = timedelta(days=1)
    begin, end = now - 7 * day, now + 60 * day
    stops = "".join(
        f"{stop},{stop},{FIRST_LAT + number * APART_DEG:.5f},{LON}\n"
        for number, stop in enumerate(STOPS)
    )
    return {
        "stops.txt": f"stop_id,stop_name,stop_lat,stop_lon\n{stops}",
        "calendar.txt": (
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
            f"all,1,1,1,1,1,1,1,{begin:%Y%m%d},{end:%Y%m%d}\n"
        ),
        "trips.txt": "route_id,service_id,trip_id,trip_headsign,direction_id\n"
        + "".join(f"r,all,trip-{number},North,{DIRECTION}\n" for number in range(TRIPS)),
        "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        + "".join(_times()),
    }


def _times() -> Iterator[str]:
    for number in range(TRIPS):
        for index, stop in enumerate(STOPS):
            minutes, seconds = divmod(number * SPACING_S + index * RUN_S, 60)
            at = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
            yield f"trip-{number},{at},{at},{stop},{index + 1}\n"
