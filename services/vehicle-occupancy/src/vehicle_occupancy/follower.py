# SPDX-License-Identifier: EUPL-1.2
"""Tells which trip a vehicle drives where nobody else does, from its positions as they come.

What it finds is said as any assignment is, so that states, loads and calibration know it too; its
events are told apart by their id. The past is followed anew by `sightings`, not read from here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.process import pause
from vehicle_occupancy.board import Board
from vehicle_occupancy.domain.journeys import Journeys
from vehicle_occupancy.domain.matching import Matcher, MatchState, TripKey
from vehicle_occupancy.domain.reading import Assignment, Position
from vehicle_occupancy.domain.service_day import service_days
from vehicle_occupancy.domain.visits.served import FOLLOWED, is_followed
from vehicle_occupancy.keeper import Keeper
from vehicle_occupancy.sightings import fix_of
from vehicle_occupancy.storage import visits as storage
from vehicle_occupancy.storage.readings import Event
from vehicle_occupancy.timetables import Timetables

log = get_logger(__name__)

LOOK_EVERY_S = 5.0
RECENT = timedelta(minutes=5)
"""An older position tells nothing of now."""
WARM_UP = timedelta(minutes=10)
SURE_FOR = timedelta(seconds=30)
"""So long a trip must be the likeliest before it is told: each change empties the vehicle."""
LATE = timedelta(minutes=20)
"""So long after its planned end a trip is over, if nothing else is told."""
BEGUN_WITHIN = timedelta(minutes=10)
"""A departure longer ago is not known well enough to say who was on board then."""
TOLD_FOR = timedelta(hours=12)
"""A vehicle of which the control centre told within that time is not followed."""


@dataclass(slots=True)
class _Followed:
    matcher: Matcher
    state: MatchState
    likely: TripKey | None = None
    likely_since: datetime | None = None
    began_at: datetime | None = None
    """when the likely trip left its first stop, by how late the vehicle was when it became likely"""
    told: TripKey | None = None
    told_at: datetime | None = None


class Follower:
    """Follows all vehicles of which positions come and nobody tells the trip."""

    def __init__(
        self, database: Database, board: Board, keeper: Keeper, timetables: Timetables
    ) -> None:
        self._database = database
        self._board = board
        self._keeper = keeper
        self._timetables = timetables
        self._followed: dict[VehicleId, _Followed] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until `stop`."""
        while not stop.is_set():
            await self.look(utc_now())
            await pause(stop, LOOK_EVERY_S)

    async def look(self, now: datetime) -> None:
        """Take the positions that came since the last look, and tell what changed."""
        said: list[Event] = []
        for vehicle_id, newest in sorted(self._board.positions.items()):
            known = self._followed.get(vehicle_id)
            is_new = known is None or newest.observed_at > known.state.at
            if is_new and now - newest.observed_at < RECENT and not self._is_told(vehicle_id, now):
                found = await self._follow(newest)
                if found is not None:
                    said.append(Event(found, FOLLOWED, now))
                await asyncio.sleep(0)
        if said:
            await self._keeper.take(said)
            log.info("trips_found", vehicles=len(said))

    def _is_told(self, vehicle_id: VehicleId, now: datetime) -> bool:
        journeys = self._board.journeys.get(vehicle_id, Journeys())
        return any(
            not is_followed(each) and now - each.observed_at < TOLD_FOR
            for each in journeys.assignments
        )

    async def _follow(self, newest: Position) -> Assignment | None:
        """Return the trip to tell of a vehicle, if that is another one than before."""
        vehicle_id, at = newest.vehicle_id, newest.observed_at
        days = [each.day for each in service_days(at, ZoneInfo(self._board.city.timezone))]
        known = self._followed.get(vehicle_id)
        matcher = await self._database.read(lambda c: self._timetables.matcher(c, sorted(days)))
        if matcher is None:
            return None
        goes_on = known is not None and known.matcher is matcher
        since = known.state.at if known is not None and goes_on else at - WARM_UP
        until = at + timedelta(microseconds=1)
        positions = await self._database.read(
            lambda c: storage.positions(c, vehicle_id, since, until)
        )
        state = known.state if known is not None and goes_on else None
        followed = known
        for position in positions:
            state = matcher.step(state, fix_of(position))
            followed = _after(followed, matcher, state)
        if followed is None:
            return None
        self._followed[vehicle_id] = followed
        return self._new(followed, newest)

    def _new(self, followed: _Followed, newest: Position) -> Assignment | None:
        key, since = followed.likely, followed.likely_since
        if key is None or since is None or key == followed.told:
            return None
        if newest.observed_at - since < SURE_FOR:
            return None
        at = _begin(followed, newest)
        followed.told, followed.told_at = key, at
        trip, end = followed.matcher.trip(key), followed.matcher.ends_at(key)
        return Assignment(
            event_id=f"{FOLLOWED}:{newest.event_id}",
            vehicle_id=newest.vehicle_id,
            observed_at=at,
            line=trip.line,
            direction=trip.direction,
            trip_id=trip.trip_id,
            start_date=key.start_date,
            valid_until=max(end, newest.observed_at) + LATE,
            simulated=newest.simulated,
        )


def _begin(followed: _Followed, newest: Position) -> datetime:
    """Return from when on a trip is told: its departure, if that was lately, else now.

    The vehicle is taken to be empty then. Said later, it would be of those who just boarded.
    """
    at, earliest = newest.observed_at, newest.observed_at - BEGUN_WITHIN
    if followed.told_at is not None:
        earliest = max(earliest, followed.told_at + timedelta(seconds=1))
    began = followed.began_at
    return at if began is None or not earliest <= began < at else began


def _after(before: _Followed | None, matcher: Matcher, state: MatchState) -> _Followed:
    """Return what is known after one more position; what was told before stays told."""
    if before is not None and state.told == before.likely:
        return replace(before, matcher=matcher, state=state)
    found = state.candidate
    began = None if found is None else matcher.began_at(found)
    told, told_at = (None, None) if before is None else (before.told, before.told_at)
    return _Followed(matcher, state, state.told, state.at, began, told, told_at)
