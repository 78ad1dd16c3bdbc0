# SPDX-License-Identifier: EUPL-1.2
"""A city's vehicles by the clock: what arrives until now, day after day."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

from stadttakt_simulators.transit.delivery import Delivered
from stadttakt_simulators.transit.reports import AssignmentReport, DoorTruth, StopTruth
from stadttakt_simulators.transit.town import TransitDay

DAY = timedelta(days=1)
LONGEST_DAY = timedelta(hours=34)
"""Trips of a service day end at the latest so long after its midnight."""

READY_BEFORE = timedelta(minutes=30)


class LiveTransit:
    """Hands out deliveries as time passes; the days are made as they come."""

    def __init__(
        self, make_day: Callable[[date], TransitDay], zone: ZoneInfo, now: datetime
    ) -> None:
        self._make_day, self._zone = make_day, zone
        self._made: set[date] = set()
        self._waiting: deque[Delivered] = deque()
        self.vehicles = 0
        self._prepare(now)
        self._waiting = deque(_under_way(self._waiting, now))

    def due(self, now: datetime) -> list[Delivered]:
        """This function returns what arrived since the call before, in order."""
        self._prepare(now)
        arrived = []
        while self._waiting and self._waiting[0].arrives_at <= now:
            arrived.append(self._waiting.popleft())
        return arrived

    def _prepare(self, now: datetime) -> None:
        """This function makes the days that `now` may belong to, the coming one a little before it begins."""
        days = {(now + ahead).astimezone(self._zone).date() for ahead in (-DAY, READY_BEFORE)}
        new = sorted(days - self._made)
        self._made |= days
        self._made = {day for day in self._made if day >= min(days)}
        if not new:
            return
        found = list(self._waiting)
        for day in new:
            made = self._make_day(day)
            self.vehicles = max(self.vehicles, len(made.rides))
            found += made.all()
        self._waiting = deque(sorted(found, key=attrgetter("arrives_at")))


def _under_way(
    deliveries: Sequence[Delivered] | deque[Delivered], now: datetime
) -> list[Delivered]:
    """This function drops what is over: of each vehicle, all before its current trip.

    What was said since then is said now, so that it is known at once how full vehicles are.
    """
    began: dict[str, datetime] = {}
    for each in deliveries:
        event = each.event
        if isinstance(event, AssignmentReport) and each.arrives_at <= now:
            began[event.vehicle_id] = each.arrives_at
    return [
        each
        for each in deliveries
        if each.arrives_at > now
        or (
            each.arrives_at >= began.get(each.event.vehicle_id, now)
            and not isinstance(each.event, StopTruth | DoorTruth)
        )
    ]
