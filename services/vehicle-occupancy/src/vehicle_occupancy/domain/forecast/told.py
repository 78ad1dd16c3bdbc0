# SPDX-License-Identifier: EUPL-1.2
"""Scores forecasts that were told against the loads that came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from vehicle_occupancy.domain.forecast.distribution import P10, P50, P90, chance_above
from vehicle_occupancy.domain.forecast.issue import Issued
from vehicle_occupancy.domain.forecast.past import TripLoad
from vehicle_occupancy.domain.forecast.scoring import Compared, Score, joined, score
from vehicle_occupancy.domain.forecast.series import Flags, Floats
from vehicle_occupancy.domain.forecast.telling import Horizon, Withheld
from vehicle_occupancy.domain.forecast.trip import TripForecast


@dataclass(frozen=True, slots=True)
class Kept:
    """A trip's forecast as kept: of the day before, and the last that was said live."""

    issued: Issued
    live: Floats | None


def moved(trip: TripForecast, live: Floats) -> Flags:
    """Return of which stops something else is said live than the day before."""
    found: Flags = np.any(live != trip.quantiles, axis=1)
    return found


def as_told(trip: TripForecast, live: Floats | None, gone: Withheld) -> TripForecast | None:
    """Return a trip as it may be told, as of now if that may be; None where nothing is.

    Where only live forecasts are told, stops of which the day before alone spoke are unknown.
    """
    way = (trip.line, trip.direction)
    horizon = gone.told(way, live=live is not None)
    if horizon is None:
        return None
    if horizon is Horizon.DAY_AHEAD or live is None:
        return trip
    if gone.tells(way, Horizon.DAY_AHEAD):
        return trip.with_quantiles(live)
    seen = np.where(moved(trip, live)[:, None], live, np.nan)
    return trip.with_quantiles(seen.astype(np.float32))


def score_told(
    kept: Iterable[Kept], loads: Mapping[str, TripLoad]
) -> dict[tuple[str, int, Horizon], Score]:
    """Return the scores of a day by line, direction and horizon; loads are by trip.

    Live are the departures of which something else was said than the day before, and what that had
    said of them is scored beside.
    """
    rows: defaultdict[tuple[str, int, Horizon], list[Compared]] = defaultdict(list)
    beside: defaultdict[tuple[str, int, Horizon], list[Compared]] = defaultdict(list)
    for each in kept:
        trip = each.issued.trip
        load = loads.get(trip.trip_id)
        if load is None or load.stop_ids != trip.stop_ids:
            continue
        key = (trip.line, trip.direction)
        rows[*key, Horizon.DAY_AHEAD].append(_row(each.issued, trip.quantiles, load))
        if each.live is not None:
            chosen = moved(trip, each.live)
            rows[*key, Horizon.LIVE].append(_row(each.issued, each.live, load).only(chosen))
            day_ahead = _row(each.issued, trip.quantiles, load)
            beside[*key, Horizon.LIVE].append(day_ahead.only(chosen))
    found = {key: score(joined(parts)) for key, parts in rows.items()}
    day_before = {key: score(joined(parts)) for key, parts in beside.items()}
    return {
        key: each
        if (other := day_before.get(key)) is None
        else replace(each, mae_day_ahead=other.mae)
        for key, each in found.items()
        if each is not None
    }


def _row(issued: Issued, quantiles: Floats, load: TripLoad) -> Compared:
    places, count = issued.trip.places, len(load.loads)
    known = np.nan_to_num(quantiles)
    return Compared(
        truth=np.array([np.nan if n is None else n for n in load.loads], np.float32),
        load=np.round(quantiles[:, P50]),
        low=np.round(quantiles[:, P10]),
        high=np.round(quantiles[:, P90]),
        at_least_medium=chance_above(known, places.medium_from - 1),
        at_least_high=chance_above(known, places.high_from - 1),
        last_week=issued.last_week,
        historical_mean=issued.historical_mean,
        medium=np.full(count, places.medium_from, np.float32),
        high_from=np.full(count, places.high_from, np.float32),
        group=np.zeros(count, np.int64),
    )
