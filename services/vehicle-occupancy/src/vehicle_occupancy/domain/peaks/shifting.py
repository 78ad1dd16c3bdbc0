# SPDX-License-Identifier: EUPL-1.2
"""Shift: which neighbouring departures have room, and how many passengers would have to move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil, floor

import numpy as np

from vehicle_occupancy.domain.forecast.distribution import (
    at_chance,
    chance_above,
    fewer,
    mean_of,
)
from vehicle_occupancy.domain.peaks.day import Call, PlannedDay
from vehicle_occupancy.domain.peaks.option import Cost, Option, OptionKind, effect_on
from vehicle_occupancy.domain.peaks.peak import Peak, limit_of
from vehicle_occupancy.domain.peaks.rules import PeakRules


def shifts(peak: Peak, day: PlannedDay, rules: PeakRules) -> Iterator[Option]:
    """Yield neighbouring departures still to come with room for some or all who are too many.

    `passengers` is how many would have to move so that the peak is capped, as far as there is room;
    the effect is of those who are taken to move when told: a share of those on board.
    """
    trip = day.trips[peak.trip_id]
    section = trip.quantiles[peak.first : peak.last + 1]
    too_many = ceil(float(at_chance(section, rules.capped_below).max()) - peak.limit)
    willing = floor(rules.share_who_move * float(mean_of(section).max()))
    before, after = day.around(peak, rules.neighbours)
    for call in (*before, *after):
        if call.at_s <= day.now_s:
            continue
        waits_min = (call.at_s - peak.at_s) / 60
        room = _room(call, peak, rules)
        if room < 1 or abs(waits_min) > rules.longest_shift_min:
            continue
        passengers = max(1, min(too_many, room))
        movers = min(willing, passengers)
        effect = effect_on(section, fewer(section, movers), peak.limit)
        other = chance_above(fewer(call.over(peak.stops), -movers), limit_of(call.trip, rules))
        yield Option(
            OptionKind.SHIFT,
            call.trip.trip_id,
            passengers,
            replace(effect, other_probability=float(other.max())),
            Cost(0.0, abs(waits_min) * movers),
            minutes=waits_min,
            assumed_movers=movers,
        )


def _room(call: Call, peak: Peak, rules: PeakRules) -> int:
    """Return how many more a neighbour carries in comfort, as surely as the rules want."""
    there = call.over(peak.stops)
    if np.isnan(there).any():
        return 0
    return floor(limit_of(call.trip, rules) - float(at_chance(there, rules.capped_below).max()))
