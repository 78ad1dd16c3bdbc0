# SPDX-License-Identifier: EUPL-1.2
"""Which trips a vehicle's positions tell, hour by hour, so that late ones change one hour and a half.

Every hour is followed from half an hour before it, with nothing remembered from earlier: what it
says depends on its own positions only, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.geometry import Place
from vehicle_occupancy.domain.matching import Fix, Matcher, MatchState
from vehicle_occupancy.domain.reading import Identity, Position
from vehicle_occupancy.domain.service_day import service_days
from vehicle_occupancy.domain.visits.served import Served, Sighting, leaves_room, sighted
from vehicle_occupancy.storage import visits as storage
from vehicle_occupancy.timetables import Timetables

HOUR, BEFORE = timedelta(hours=1), timedelta(minutes=30)
MOVING_MPS = 2.0
"""Slower than that a bearing says nothing."""


@dataclass(slots=True)
class _Followed:
    """An hour of a vehicle as far as it was followed."""

    matcher: Matcher
    seen: list[Identity] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    state: MatchState | None = None


REMEMBERED = 2
"""Hours of a vehicle: a trip is counted from its begin on, which often lies in the hour before."""


class Sightings:
    """Follows vehicles through the timetable; goes on where only newer positions came."""

    def __init__(self, timetables: Timetables, zone: Callable[[], str]) -> None:
        self._timetables = timetables
        self._zone = zone
        self._followed: dict[VehicleId, dict[datetime, _Followed]] = {}

    async def of(
        self,
        connection: Any,
        vehicle_id: VehicleId,
        begin: datetime,
        end: datetime,
        *,
        told: Sequence[Served] = (),
    ) -> list[Served]:
        """Return which trips a vehicle's positions tell in a period, widened to whole hours.

        Hours in which trips that were `told` leave no room for others are passed over: to follow a
        vehicle takes a millisecond a position, and most control centres tell all trips.
        """
        hour = begin.replace(minute=0, second=0, microsecond=0)
        found: list[Sighting] = []
        simulated = False
        while hour < end:
            until = min(hour + HOUR, end)
            if not leaves_room(told, max(hour, begin), until):
                hour += HOUR
                continue
            positions = await storage.positions(connection, vehicle_id, hour - BEFORE, until)
            if positions:
                simulated = positions[-1].simulated
                matcher = await self._matcher(connection, hour)
                found += self._follow(vehicle_id, hour, positions, matcher)
            hour += HOUR
        return sighted(found, simulated=simulated)

    async def _matcher(self, connection: Any, hour: datetime) -> Matcher | None:
        zone = ZoneInfo(self._zone())
        days: dict[date, None] = {}
        for moment in (hour - BEFORE, hour + HOUR):
            days.update(dict.fromkeys(each.day for each in service_days(moment, zone)))
        return await self._timetables.matcher(connection, tuple(sorted(days)))

    def _follow(
        self,
        vehicle_id: VehicleId,
        hour: datetime,
        positions: Sequence[Position],
        matcher: Matcher | None,
    ) -> list[Sighting]:
        if matcher is None:
            return []
        hours = self._followed.setdefault(vehicle_id, {})
        known = hours.get(hour)
        keys = [each.identity for each in positions]
        if known is None or known.matcher is not matcher or known.seen != keys[: len(known.seen)]:
            known = hours[hour] = _Followed(matcher)
            for old in sorted(hours)[:-REMEMBERED]:
                del hours[old]
        for position in positions[len(known.seen) :]:
            known.state = matcher.step(known.state, fix_of(position))
            if position.observed_at >= hour:
                known.sightings.append(Sighting(position.observed_at, known.state.told))
        known.seen = keys
        return list(known.sightings)


def fix_of(position: Position) -> Fix:
    """Return a position as the matcher takes it."""
    moves = position.speed_mps is not None and position.speed_mps >= MOVING_MPS
    return Fix(
        position.observed_at,
        Place(position.lat, position.lon),
        position.bearing_deg if moves else None,
    )
