# SPDX-License-Identifier: EUPL-1.2
"""Finds the sections on which a trip is expected to be above the comfort limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from vehicle_occupancy.domain.forecast.distribution import (
    P10,
    P50,
    P90,
    chance_above,
    excess_above,
)
from vehicle_occupancy.domain.forecast.series import Flags, Floats
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.peaks.rules import PeakRules


@dataclass(frozen=True, slots=True)
class Peak:
    """One section of one trip; loads are those of its fullest stop.

    `first` and `last` are places among the trip's stops: it leaves both too full.
    """

    day: date
    trip_id: str
    line: str
    direction: int
    first: int
    last: int
    worst: int
    from_stop: str
    to_stop: str
    at_s: int
    """leaves the section's first stop, seconds of the service day"""
    expected_load: float
    low: float
    high: float
    limit: int
    capacity: int
    probability: float
    excess: float
    simulated: bool

    @property
    def stops(self) -> int:
        """Return how many stops it leaves too full."""
        return self.last - self.first + 1

    @property
    def peak_id(self) -> str:
        """Return what names it: one section of a trip begins at a stop only once."""
        return f"{self.day:%Y%m%d}.{self.first}.{self.trip_id}"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a forecast says of a peak's section; loads are those of its fullest stop."""

    expected_load: float
    low: float
    high: float
    probability: float
    excess: float


def outlook_of(peak: Peak, trip: TripForecast) -> Outlook | None:
    """Return what is expected of a peak's section by now; None where not all of its stops are known.

    `trip` is the peak's, with the expectation that is asked about.
    """
    section = trip.quantiles[peak.first : peak.last + 1]
    if np.isnan(section).any():
        return None
    excess = excess_above(section, peak.limit)
    worst = section[max(range(len(section)), key=lambda stop: (excess[stop], section[stop, P50]))]
    return Outlook(
        expected_load=float(worst[P50]),
        low=float(worst[P10]),
        high=float(worst[P90]),
        probability=float(chance_above(section, peak.limit).max()),
        excess=float(excess.max()),
    )


def is_expected(peak: Peak, trip: TripForecast, rules: PeakRules) -> bool:
    """Return whether a peak is still as probable as the rules tell of; `trip` is its, as of now."""
    found = outlook_of(peak, trip)
    return found is not None and found.probability >= rules.told_from


def limit_of(trip: TripForecast, rules: PeakRules) -> int:
    """Return how many persons the trip's vehicle carries in comfort."""
    return rules.comfort.limit(trip.places.seats, trip.places.standing)


def find_peaks(trips: Iterable[TripForecast], rules: PeakRules) -> list[Peak]:
    """Return the peaks of trips in the order of their time."""
    found = [peak for trip in trips for peak in peaks_of(trip, rules, limit_of(trip, rules))]
    return sorted(found, key=lambda peak: (peak.day, peak.at_s, peak.trip_id))


def peaks_of(trip: TripForecast, rules: PeakRules, limit: int) -> Iterator[Peak]:
    """Yield the sections of a trip that are above a limit as probably as the rules tell of."""
    if not np.any(trip.quantiles[:, -1] > limit):
        return  # most trips never come near it
    known = ~np.isnan(trip.quantiles[:, P50])
    chances = np.where(known, chance_above(np.nan_to_num(trip.quantiles), limit), 0)
    for first, last in _sections(chances >= rules.told_from):
        section = slice(first, last + 1)
        excess = excess_above(trip.quantiles[section], limit)
        worst = first + int(excess.argmax())
        yield _peak(trip, (first, last, worst), limit, chances, float(excess.max()))


def _peak(
    trip: TripForecast, place: tuple[int, int, int], limit: int, chances: Floats, excess: float
) -> Peak:
    first, last, worst = place
    at_worst = trip.quantiles[worst]
    return Peak(
        day=trip.day,
        trip_id=trip.trip_id,
        line=trip.line,
        direction=trip.direction,
        first=first,
        last=last,
        worst=worst,
        from_stop=trip.stop_ids[first],
        to_stop=trip.next_stop(last),
        at_s=trip.departures_s[first],
        expected_load=float(at_worst[P50]),
        low=float(at_worst[P10]),
        high=float(at_worst[P90]),
        limit=limit,
        capacity=trip.places.seats + trip.places.standing,
        probability=float(chances[first : last + 1].max()),
        excess=excess,
        simulated=trip.simulated,
    )


def _sections(above: Flags) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype(np.int8)))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(begin), int(end) - 1
