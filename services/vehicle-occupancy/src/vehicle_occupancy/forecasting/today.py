# SPDX-License-Identifier: EUPL-1.2
"""The day as it goes: what was seen so far moves forecasts and peaks of what is still to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from stadttakt_runtime.alerts import settle
from vehicle_occupancy import metrics
from vehicle_occupancy.domain.forecast.issue import update
from vehicle_occupancy.domain.forecast.past import Run, TripLoad
from vehicle_occupancy.domain.forecast.series import Flags, Floats
from vehicle_occupancy.domain.forecast.telling import Horizon, Withheld
from vehicle_occupancy.domain.forecast.told import as_told
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.names import DayNames
from vehicle_occupancy.domain.peaks.peak import Peak, find_peaks
from vehicle_occupancy.domain.peaks.rules import PeakRules
from vehicle_occupancy.domain.running import UNSEEN, Running, is_to_come
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.forecasting.nightly import Night
from vehicle_occupancy.forecasting.peak_alerts import PEAK_EXPECTED, Words, conditions, same
from vehicle_occupancy.storage import forecast_scores, forecasts, peaks, timetable_names
from vehicle_occupancy.storage.peaks import StoredPeak

MOVED = 0.5
"""Persons by which a median must move before it is said anew."""


@dataclass
class Today:
    """The forecasts of a service day in memory, and what is said live of them."""

    service_day: ServiceDay
    zone: ZoneInfo
    night: Night
    trips: Mapping[str, TripForecast]
    live: dict[str, Floats] = field(default_factory=dict)
    running: Running = field(default_factory=dict)
    """of trips under way, how far they had come when the day was looked at last"""

    def seen(self, loads: Iterable[TripLoad]) -> Floats:
        """Return the values of the day so far, by cell."""
        past = self.night.learned.past
        value = np.full(len(past.panel.cells), np.nan, np.float32)
        for load in loads:
            rows = past.rows.get(load.run)
            if rows is not None:
                value[rows] = [np.nan if n is None else n for n in load.loads]
        return value

    def to_come(self, value: Floats, now: datetime) -> Flags:
        """Return which cells nobody left yet, given the values of the day so far."""
        past = self.night.learned.past
        unseen_min = self.service_day.seconds(now - UNSEEN) // 60
        found: Flags = np.isnan(value) & (past.panel.cells.minute > unseen_min)
        for (day, trip_id), seen in self.running.items():
            trip = self.trips.get(trip_id) if day == self.service_day.day else None
            rows = past.rows.get(_run(trip)) if trip is not None else None
            if trip is not None and rows is not None:
                found[rows] = np.isnan(value[rows]) & [
                    is_to_come(self.service_day.at(at_s), index, seen, now)
                    for index, at_s in enumerate(trip.departures_s)
                ]
        return found

    def leaves(self, peak: Peak, now: datetime) -> bool:
        """Return whether the trip of a peak of the day still leaves its first stop."""
        seen = self.running.get((peak.day, peak.trip_id))
        return is_to_come(self.service_day.at(peak.at_s), peak.first, seen, now)

    def move(self, loads: Sequence[TripLoad], running: Running, now: datetime) -> dict[str, Floats]:
        """Return what is said anew of trips after what was seen, and remember it."""
        self.running, value = running, self.seen(loads)
        found = update(
            self.night.learned,
            self.night.today,
            value,
            now_min=int(self.service_day.seconds(now) // 60),
            to_come=self.to_come(value, now),
        )
        cells = len(self.night.learned.past.panel.cells)
        place = np.full(cells, -1, np.int64)
        place[found.asked] = np.arange(len(found.asked))
        told = {}
        for trip_id, trip in self.trips.items():
            rows = self.night.learned.past.rows.get(_run(trip))
            of = place[rows] if rows is not None else np.empty(0, np.int64)
            if not np.any(of >= 0):
                continue
            before = self.live.get(trip_id, trip.quantiles)
            values = np.where(of[:, None] >= 0, found.quantiles[np.maximum(of, 0)], before)
            if trip_id not in self.live or np.nanmax(np.abs(values - before)) >= MOVED:
                told[trip_id] = self.live[trip_id] = values.astype(np.float32)
        return told

    def present(self, gone: Withheld) -> Iterator[TripForecast]:
        """Yield the trips as they are expected now, without what is withheld."""
        for trip_id, trip in self.trips.items():
            live = self.live.get(trip_id)
            told = as_told(trip, live, gone)
            if told is not None:
                yield told


def _run(trip: TripForecast) -> Run:
    return Run(trip.line, trip.direction, trip.departures_s[0], trip.stop_ids)


async def say(
    connection: Any,
    *,
    today: Today,
    told: Mapping[str, Floats],
    rules: PeakRules,
    now: datetime,
    valid_until: datetime,
) -> None:
    """Store what is said now; peaks that nobody expected the day before are added; alerts kept.

    What was said before and stays holds as long as what is said now.
    """
    day = today.service_day.day
    await forecasts.set_live(connection, day, told, now)
    await forecasts.hold_live(connection, day, valid_until)
    known = await peaks.of_day(connection, day)
    present = today.present(await forecast_scores.withheld_on(connection, day))
    coming = [peak for peak in find_peaks(present, rules) if today.leaves(peak, now)]
    new = [peak for peak in coming if not any(same(peak, each.peak) for each in known)]
    await peaks.add(connection, new, origin=today.service_day.origin, now=now)
    metrics.PEAKS_EXPECTED.set(len(coming))
    alerts = [*known, *(_unstored(peak, today.service_day, now) for peak in new)]
    words = Words(await _names(connection, day, alerts), today.zone)
    still = [each for each in alerts if today.leaves(each.peak, now)]
    told_of = conditions(still, coming, rules=rules, running=today.running, words=words)
    await settle(connection, [PEAK_EXPECTED], list(told_of), now)


async def _names(connection: Any, day: date, known: Sequence[StoredPeak]) -> DayNames:
    stops = {stop for each in known for stop in (each.peak.from_stop, each.peak.to_stop)}
    return await timetable_names.of_day(
        connection, day, (each.peak.trip_id for each in known), stops
    )


def _unstored(peak: Peak, day: ServiceDay, now: datetime) -> StoredPeak:
    at = day.origin + timedelta(seconds=peak.at_s)
    return StoredPeak(peak, at, now, None, None, Horizon.LIVE)
