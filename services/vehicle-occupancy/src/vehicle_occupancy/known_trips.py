# SPDX-License-Identifier: EUPL-1.2
"""Assignments to trips that no timetable has: told apart as they come, used once a timetable has them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.process import pause
from vehicle_occupancy.domain.reading import Assignment, Input
from vehicle_occupancy.keeper import Keeper
from vehicle_occupancy.storage import known_trips as storage
from vehicle_occupancy.storage.known_trips import NamedTrip
from vehicle_occupancy.storage.readings import Event

log = get_logger(__name__)

LOOK_EVERY_S = 5.0
MOST_REMEMBERED = 50_000


class KnownTrips:
    """Asks the timetables once for each trip; what is known stays known."""

    def __init__(self, database: Database, keeper: Keeper) -> None:
        self._database = database
        self._keeper = keeper
        self._known: set[NamedTrip] = set()

    async def unknown(self, said: Iterable[Input]) -> set[NamedTrip]:
        """Return which trips named in assignments no timetable of their day has."""
        named = {trip for each in said if (trip := named_trip(each)) is not None} - self._known
        if not named:
            return set()
        found = await self._database.persist(lambda c: storage.unknown(c, sorted(named, key=str)))
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()
        self._known |= named - found
        return found

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` whether another timetable holds, and use what it knows."""
        seen, again = None, False
        while not stop.is_set():
            mark = await self._database.persist(storage.versions_mark)
            if mark != seen or again:
                # Twice: a message read before the change may be stored after the first look.
                seen, again = mark, mark != seen
                vehicles = await self._keeper.recognise_trips()
                if vehicles:
                    log.info("trips_recognised", vehicles=vehicles)
            await pause(stop, LOOK_EVERY_S)


def doubted(event: Event) -> Event:
    """Return an assignment as it is kept whose trip nobody knows."""
    said = event.said
    if not isinstance(said, Assignment):
        return event
    return replace(event, said=replace(said, trip_known=False))


def is_doubted(event: Event) -> bool:
    """Tell whether it is an assignment to a trip that nobody knows."""
    return isinstance(event.said, Assignment) and not event.said.trip_known


def detail_of(trip: NamedTrip) -> str:
    """Return what people are told of an unknown trip."""
    day = f" on {trip.start_date}" if trip.start_date else ""
    return f"{trip.trip_id}: in no timetable{day}; kept, and used once it is in one"


def named_trip(said: Input) -> NamedTrip | None:
    """Return the trip that an assignment names."""
    if not isinstance(said, Assignment) or said.trip_id is None:
        return None
    return NamedTrip(said.trip_id, said.start_date, said.simulated)
