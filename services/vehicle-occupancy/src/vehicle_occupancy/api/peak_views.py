# SPDX-License-Identifier: EUPL-1.2
"""Peaks as of now: what may be told of them, and what is expected by now beside what was first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np

from stadttakt_runtime.auth.storage import labels_of
from vehicle_occupancy.api.peak_documents import NowView, PeakView, Told, now_view, peak_view
from vehicle_occupancy.domain.forecast.telling import Horizon, Withheld
from vehicle_occupancy.domain.forecast.told import as_told
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.names import DayNames
from vehicle_occupancy.domain.peaks.peak import outlook_of
from vehicle_occupancy.domain.running import Running, Seen, as_running, due_at, is_to_come
from vehicle_occupancy.storage import (
    forecast_scores,
    forecast_settings,
    forecasts,
    peaks,
    running,
    timetable_names,
)
from vehicle_occupancy.storage.forecasts import Stored
from vehicle_occupancy.storage.peaks import Action, StoredPeak


@dataclass(frozen=True, slots=True)
class Present:
    """What is withheld at a moment, and until when what is said live of a day holds."""

    now: datetime
    gone: Withheld
    live_until: Mapping[date, datetime]
    running: Running = field(default_factory=dict)

    def seen(self, known: StoredPeak) -> Seen | None:
        """Return what was seen of the trip of a peak."""
        return self.running.get((known.peak.day, known.peak.trip_id))

    def is_to_come(self, known: StoredPeak) -> bool:
        """Return whether the trip of a peak still leaves its first stop."""
        return is_to_come(known.at, known.peak.first, self.seen(known), self.now)

    def expected_at(self, known: StoredPeak) -> datetime | None:
        """Return when the trip of a peak to come is due by its delay; None of one that nobody saw."""
        seen = self.seen(known)
        return None if seen is None or not self.is_to_come(known) else due_at(known.at, seen)

    def tells(self, known: StoredPeak) -> bool:
        """Return whether a peak is told: those to come only if their forecasts are."""
        peak = known.peak
        over = known.outcome is not None or not self.is_to_come(known)
        return over or self.gone.tells((peak.line, peak.direction), known.horizon)

    def is_live(self, stored: Stored) -> bool:
        """Return whether something is said live of a trip that holds and may be told."""
        trip = stored.kept.issued.trip
        told = self.gone.tells((trip.line, trip.direction), Horizon.LIVE)
        return stored.kept.live is not None and told and trip.day in self.live_until

    def expected(self, stored: Stored) -> TripForecast:
        """Return a trip as it may be told to be expected, by now if that holds, else by the night.

        Nothing is known of it where nothing of it is told.
        """
        trip = stored.kept.issued.trip
        live = stored.kept.live if trip.day in self.live_until else None
        told = as_told(trip, live, self.gone)
        return trip.with_quantiles(np.full_like(trip.quantiles, np.nan)) if told is None else told

    def running_as(self, stored: Stored) -> TripForecast:
        """Return a trip as it is expected by now, at the times to be expected by now."""
        trip = self.expected(stored)
        seen = self.running.get((trip.day, trip.trip_id))
        return as_running(trip, stored.departures_at, seen, self.now)

    def outlook(self, known: StoredPeak, stored: Stored) -> NowView | None:
        """Return what is expected of a peak to come by now; None where nothing is said live of it."""
        if not self.is_live(stored) or stored.live_at is None:
            return None
        found = outlook_of(known.peak, self.expected(stored))
        due, until = due_at(known.at, self.seen(known)), self.live_until[known.peak.day]
        until = min(due, until) if due > self.now else until
        return None if found is None else now_view(found, stored.live_at, until)


async def present_at(connection: Any, now: datetime) -> Present:
    """Return what may be told at a moment."""
    today = await forecast_settings.service_day(connection, now)
    gone = await forecast_scores.withheld_on(connection, today)
    live_until = await forecasts.live_until(connection, now)
    return Present(now, gone, live_until, await running.under_way(connection, now))


async def views(connection: Any, found: Sequence[StoredPeak], present: Present) -> list[PeakView]:
    """Return peaks as they are answered, with what was done about them."""
    done = await peaks.actions(connection, [each.peak.peak_id for each in found])
    labels = await labels_of(connection, {each.author for some in done.values() for each in some})
    names = await _names(connection, found, done)
    outlooks = await _outlooks(connection, found, present)
    return [
        peak_view(
            each,
            Told(
                present.is_to_come(each),
                present.expected_at(each),
                outlooks.get(each.peak.peak_id),
                done[each.peak.peak_id],
                names[each.peak.day],
                labels,
            ),
        )
        for each in found
    ]


async def _names(
    connection: Any, found: Sequence[StoredPeak], done: Mapping[str, Sequence[Action]]
) -> dict[date, DayNames]:
    """Return by day what the stops and trips of peaks and of actions are called."""
    names = {}
    for day in {each.peak.day for each in found}:
        of_day = [each.peak for each in found if each.peak.day == day]
        acted = (each.trip_id for peak in of_day for each in done[peak.peak_id] if each.trip_id)
        trips = {*(peak.trip_id for peak in of_day), *acted}
        stops = {stop for peak in of_day for stop in (peak.from_stop, peak.to_stop)}
        names[day] = await timetable_names.of_day(connection, day, trips, stops)
    return names


async def _outlooks(
    connection: Any, found: Sequence[StoredPeak], present: Present
) -> dict[str, NowView | None]:
    asked: defaultdict[date, list[StoredPeak]] = defaultdict(list)
    for known in found:
        if present.is_to_come(known) and known.peak.day in present.live_until:
            asked[known.peak.day].append(known)
    outlooks = {}
    for day, of_day in asked.items():
        trip_ids = [each.peak.trip_id for each in of_day]
        trips = {
            each.kept.issued.trip.trip_id: each
            for each in await forecasts.of_trips(connection, day, trip_ids)
        }
        for known in of_day:
            peak = known.peak
            if peak.trip_id in trips:
                outlooks[peak.peak_id] = present.outlook(known, trips[peak.trip_id])
    return outlooks
