"""Scores forecasts that were told against the loads that came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from vehicle_occupancy.domain.forecast.distribution import P10, P50, P90, chance_above
from vehicle_occupancy.domain.forecast.issue import Issued
from vehicle_occupancy.domain.forecast.past import TripLoad
from vehicle_occupancy.domain.forecast.scoring import Compared, Score, joined, score
from vehicle_occupancy.domain.forecast.series import Floats
from vehicle_occupancy.domain.forecast.telling import Horizon


@dataclass(frozen=True, slots=True)
class Kept:
    """A trip's forecast as kept: of the day before, and the last that was said live."""

    issued: Issued
    live: Floats | None


def score_told(
    kept: Iterable[Kept], loads: Mapping[str, TripLoad]
) -> dict[tuple[str, int, Horizon], Score]:
    """Return the scores of a day by line, direction and horizon; loads are by trip."""
    rows: defaultdict[tuple[str, int, Horizon], list[Compared]] = defaultdict(list)
    for each in kept:
        trip = each.issued.trip
        load = loads.get(trip.trip_id)
        if load is None or load.stop_ids != trip.stop_ids:
            continue
        told = {Horizon.DAY_AHEAD: trip.quantiles}
        if each.live is not None:
            told[Horizon.LIVE] = each.live
        for horizon, quantiles in told.items():
            rows[trip.line, trip.direction, horizon].append(_row(each.issued, quantiles, load))
    found = {key: score(joined(parts)) for key, parts in rows.items()}
    return {key: each for key, each in found.items() if each is not None}


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
