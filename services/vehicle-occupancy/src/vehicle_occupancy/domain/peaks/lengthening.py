# SPDX-License-Identifier: EUPL-1.2
"""Lengthen: which trip needs a longer vehicle, and which vehicle could be given up for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil

from vehicle_occupancy.domain.forecast.distribution import at_chance, mean_of
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.peaks.day import PlannedDay
from vehicle_occupancy.domain.peaks.option import Cost, Option, OptionKind, effect_on
from vehicle_occupancy.domain.peaks.peak import Peak, limit_of
from vehicle_occupancy.domain.peaks.rules import PeakRules

MOST_OFFERED = 3


def lengthenings(peak: Peak, day: PlannedDay, rules: PeakRules) -> Iterator[Option]:
    """Yield longer vehicles that could swap with the peak's for the rest of the day, the best first.

    None for a trip that has begun. An option is named by the first trip that the longer vehicle gives
    up, which stays the same until then. Where none is known of, one option without a trip says how
    many the vehicle must carry.
    """
    trip = day.trips[peak.trip_id]
    if trip.departures_s[0] <= day.now_s:
        return
    own = day.block(trip)
    section = trip.quantiles[peak.first : peak.last + 1]
    shorter, own_shorter = limit_of(trip, rules), limit_of(own[0], rules)
    givers = sorted(
        (day.chance_above(block, shorter), -limit_of(first, rules), first.trip_id, first, given)
        for block, given in day.blocks.items()
        if _is_longer(first := _given_up(given, trip), own[0], peak, rules)
        and day.is_free(block, trip.departures_s[0])
        and day.chance_above(block, own_shorter) < rules.capped_below
    )
    for crowded, _, _, other, given in givers[:MOST_OFFERED]:
        effect = effect_on(section, section, peak.limit, limit_of(other, rules))
        yield Option(
            OptionKind.LENGTHEN,
            other.trip_id,
            round(float(mean_of(section).max())),
            replace(effect, other_probability=crowded),
            Cost(abs(_km(given) - _km(own)) * rules.costs.longer_vehicle_km_eur, 0.0),
            vehicle_capacity=other.places.seats + other.places.standing,
            limit_after=limit_of(other, rules),
        )
    if not givers:
        yield _wanted(peak, trip, own, rules)


def _given_up(given: Sequence[TripForecast], trip: TripForecast) -> TripForecast:
    """Return the first of a block's trips from the beginning of another trip on; else its last one."""
    begins = trip.departures_s[0]
    return next((each for each in given if each.departures_s[0] >= begins), given[-1])


def _is_longer(other: TripForecast, own: TripForecast, peak: Peak, rules: PeakRules) -> bool:
    """Return whether another block, by a trip of it, has a longer vehicle of the same mode."""
    return (
        other.block_id != own.block_id
        and other.mode == own.mode
        and limit_of(other, rules) > peak.limit
    )


def _wanted(
    peak: Peak, trip: TripForecast, own: Sequence[TripForecast], rules: PeakRules
) -> Option:
    section = trip.quantiles[peak.first : peak.last + 1]
    needed = ceil(float(at_chance(section, rules.capped_below).max()))
    effect = effect_on(section, section, peak.limit, max(needed, peak.limit))
    return Option(
        OptionKind.LENGTHEN,
        None,
        round(float(mean_of(section).max())),
        effect,
        Cost(_km(own) * rules.costs.longer_vehicle_km_eur, 0.0),
        vehicle_capacity=ceil(peak.capacity * needed / max(peak.limit, 1)),
        limit_after=max(needed, peak.limit),
    )


def _km(trips: Sequence[TripForecast]) -> float:
    return sum(sum(trip.to_next_m) for trip in trips) / 1000
