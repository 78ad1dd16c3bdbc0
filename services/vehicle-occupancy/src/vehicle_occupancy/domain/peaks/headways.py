# SPDX-License-Identifier: EUPL-1.2
"""Insert and retime: passengers come evenly, so a departure takes those of the time before it.

That holds for short headways; where they are longer than the rules say, nothing is offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from vehicle_occupancy.domain.forecast.distribution import chance_above, mean_of
from vehicle_occupancy.domain.forecast.series import Floats
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.peaks.day import PlannedDay
from vehicle_occupancy.domain.peaks.option import Cost, Option, OptionKind, effect_on
from vehicle_occupancy.domain.peaks.peak import Peak, limit_of
from vehicle_occupancy.domain.peaks.rules import PeakRules


def inserts(peak: Peak, day: PlannedDay, rules: PeakRules) -> Iterator[Option]:
    """Yield an extra trip half a headway before, which takes half of the peak's passengers.

    None where it would have begun already. It is named by the block whose vehicle stands long enough then, if one is known.
    """
    trip = day.trips[peak.trip_id]
    before, _ = day.around(peak, 1)
    if not before or not _short(peak.at_s - before[0].at_s, rules):
        return
    earlier_s = (peak.at_s - before[0].at_s) / 2
    if trip.departures_s[0] - earlier_s <= day.now_s:
        return
    half = np.float32(0.5)
    section = _section(trip, peak)
    effect = effect_on(section, section * half, peak.limit)
    length_km = sum(trip.to_next_m) / 1000
    yield Option(
        OptionKind.INSERT,
        _standing_by(trip, day, earlier_s),
        round(float(mean_of(section).max()) / 2),
        replace(effect, other_probability=effect.probability_after),
        Cost(length_km * rules.costs.vehicle_km_eur, 0.0),
        minutes=-earlier_s / 60,
    )


def retimes(peak: Peak, day: PlannedDay, rules: PeakRules) -> Iterator[Option]:
    """Yield an earlier departure of the peak's trip, if the next one can take who comes then."""
    trip = day.trips[peak.trip_id]
    before, after = day.around(peak, 1)
    if not before or not after:
        return
    headway_s, next_s = peak.at_s - before[0].at_s, after[0].at_s - peak.at_s
    if not (_short(headway_s, rules) and _short(next_s, rules)):
        return
    section, following = _section(trip, peak), after[0].over(peak.stops)
    if np.isnan(following).any():
        return  # whether it can take who comes then is not known
    for minutes in range(rules.most_retimed_min, 0, -1):
        moved_s = 60 * minutes
        if moved_s > headway_s / 2 or trip.departures_s[0] - moved_s <= day.now_s:
            continue
        later = following * np.float32((next_s + moved_s) / next_s)
        crowded = float(chance_above(later, limit_of(after[0].trip, rules)).max())
        if crowded >= rules.told_from:
            continue
        effect = effect_on(section, section * np.float32(1 - moved_s / headway_s), peak.limit)
        who = round(float(mean_of(section).max()) * moved_s / headway_s)
        yield Option(
            OptionKind.RETIME,
            after[0].trip.trip_id,
            who,
            replace(effect, other_probability=crowded),
            Cost(0.0, who * (next_s - moved_s) / 120),
            minutes=-float(minutes),
        )
        return


def _short(seconds: float, rules: PeakRules) -> bool:
    return 0 < seconds <= 60 * rules.longest_headway_min


def _section(trip: TripForecast, peak: Peak) -> Floats:
    section: Floats = trip.quantiles[peak.first : peak.last + 1]
    return section


def _standing_by(trip: TripForecast, day: PlannedDay, earlier_s: float) -> str | None:
    """Return the trip after which a vehicle stands at the first stop for long enough, if any.

    It must stand there before the extra trip, and have time to drive it and to come back.
    """
    begin = trip.departures_s[0] - earlier_s
    lasts = trip.departures_s[-1] - trip.departures_s[0]
    for one, following in day.layovers(trip.stop_ids[0], trip.mode):
        if one.departures_s[-1] < begin and following.departures_s[0] > begin + 2 * lasts:
            return one.trip_id
    return None
