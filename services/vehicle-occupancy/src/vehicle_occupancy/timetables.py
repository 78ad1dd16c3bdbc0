# SPDX-License-Identifier: EUPL-1.2
"""The timetables of the days that are worked on, in memory until another version holds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from typing import Any

from vehicle_occupancy.domain.matching import Matcher
from vehicle_occupancy.domain.timetable import DayTimetable
from vehicle_occupancy.storage.timetable import load_day
from vehicle_occupancy.storage.timetable_versions import holding

MOST_DAYS, MOST_MATCHERS = 6, 3


class Timetables:
    """Reads each day once; asks each time whether its version still holds."""

    def __init__(self) -> None:
        self._days: OrderedDict[tuple[date, int], DayTimetable] = OrderedDict()
        self._matchers: OrderedDict[tuple[tuple[date, int], ...], Matcher] = OrderedDict()

    async def day(self, connection: Any, day: date) -> DayTimetable | None:
        """Return the timetable of a service day, None where none holds."""
        version = await holding(connection, day)
        if version is None:
            return None
        key = day, int(version["version_id"])
        if key not in self._days:
            loaded = await load_day(connection, day)
            if loaded is None:
                return None
            self._days[key] = loaded
            while len(self._days) > MOST_DAYS:
                self._days.popitem(last=False)
        self._days.move_to_end(key)
        return self._days[key]

    async def matcher(self, connection: Any, days: Sequence[date]) -> Matcher | None:
        """Return what follows vehicles on these days, None where no timetable holds."""
        found = [await self.day(connection, day) for day in days]
        known = [day for day in found if day is not None and day.trips]
        if not known:
            return None
        key = tuple((day.service_day.day, day.version_id) for day in known)
        if key not in self._matchers:
            self._matchers[key] = Matcher(known)
            while len(self._matchers) > MOST_MATCHERS:
                self._matchers.popitem(last=False)
        self._matchers.move_to_end(key)
        return self._matchers[key]
