# SPDX-License-Identifier: EUPL-1.2
"""Finds what calendars let happen twice: the same journey, or one vehicle in two places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from vehicle_occupancy.gtfs.report import Report
from vehicle_occupancy.gtfs.service_calendar import FeedCalendar

if TYPE_CHECKING:
    from vehicle_occupancy.gtfs.reading import PlannedTrip


class _Seen(NamedTuple):
    begin_s: int
    end_s: int
    service: int
    trip_id: str


class _Twice(NamedTuple):
    times: int
    day: date
    trips: tuple[str, str]


class Overlaps:
    """Keeps when each trip runs, in few bytes, until all were seen."""

    def __init__(self, calendar: FeedCalendar) -> None:
        self._calendar = calendar
        self._journeys: defaultdict[tuple[int, int], list[_Seen]] = defaultdict(list)
        self._blocks: defaultdict[str, list[_Seen]] = defaultdict(list)

    def take(self, trip: PlannedTrip) -> None:
        """Note a trip."""
        begin_s, end_s = trip.departures_s[0], trip.arrivals_s[-1]
        seen = _Seen(begin_s, end_s, trip.service, trip.trip_id)
        self._journeys[trip.pattern_id, begin_s].append(seen)
        if trip.block_id is not None:
            self._blocks[trip.block_id].append(seen)

    def tell(self, report: Report) -> None:
        """Note what runs twice on a day, once for each two services and each block."""
        names = {number: service_id for service_id, number in self._calendar.services.items()}
        days = self._calendar.days_of
        same = _found((pair for each in self._journeys.values() for pair in pairwise(each)), days)
        for (one, other), found in same.items():
            text = (
                f"{found.times} journeys run twice on {found.day}, by services {names[one]!r} and "
                f"{names[other]!r}, such as {found.trips[0]!r} and {found.trips[1]!r}"
            )
            report.warning("calendar.txt", text, field="service_id", kind="overlap")
        for block_id, block in self._blocks.items():
            for found in _found(clashes(block), days).values():
                text = (
                    f"trips {found.trips[0]!r} and {found.trips[1]!r} of block {block_id!r} run at "
                    f"the same time on {found.day}"
                )
                report.warning("trips.txt", text, field="block_id", kind="block")


def clashes(block: list[_Seen]) -> Iterator[tuple[_Seen, _Seen]]:
    """Give those of a block that overlap in time."""
    ordered = sorted(block)
    for index, one in enumerate(ordered):
        for other in ordered[index + 1 :]:
            if other.begin_s >= one.end_s:
                break
            yield one, other


def _found(
    pairs: Iterable[tuple[_Seen, _Seen]], days: Mapping[int, frozenset[date]]
) -> dict[tuple[int, int], _Twice]:
    """Return pairs that share a day by their services: how many, and the first as an example."""
    found: dict[tuple[int, int], _Twice] = {}
    for one, other in pairs:
        services = min(one.service, other.service), max(one.service, other.service)
        known = found.get(services)
        if known is not None:
            found[services] = known._replace(times=known.times + 1)
        elif common := days[one.service] & days[other.service]:
            found[services] = _Twice(1, min(common), (one.trip_id, other.trip_id))
    return found
