# SPDX-License-Identifier: EUPL-1.2
"""Makes the forecasts of a day's planned trips from what was learned of the past."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from vehicle_occupancy.domain.forecast.baselines import historical_mean, last_week
from vehicle_occupancy.domain.forecast.calendar import TYPES, Calendar, Days, DayType, days_of
from vehicle_occupancy.domain.forecast.distribution import quantiles_of
from vehicle_occupancy.domain.forecast.expecting import Expected, expected
from vehicle_occupancy.domain.forecast.levels import Borders
from vehicle_occupancy.domain.forecast.model import Model, fit, told
from vehicle_occupancy.domain.forecast.past import Holds, Past, PlannedTrip
from vehicle_occupancy.domain.forecast.scoring import Came, Score, compared, joined, score
from vehicle_occupancy.domain.forecast.series import Flags, Floats, Ints
from vehicle_occupancy.domain.forecast.trip import Places, TripForecast
from vehicle_occupancy.domain.forecast.upstream import last_seen, move

FURTHEST = 14
"""Days that may be forecast beyond the last known one."""
CHECKED_DAYS = 14
BordersOf = Callable[[Holds], tuple[int, int]]
"""From how many persons on a vehicle's levels medium and high begin."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A trip's forecast with what the baselines say of each stop."""

    trip: TripForecast
    last_week: Floats
    historical_mean: Floats


@dataclass(frozen=True)
class Learned:
    """A past with what was learned of it."""

    past: Past
    days: Days
    model: Model


def learn(past: Past, calendar: Calendar) -> Learned:
    """Return what a past teaches; raises TooLittleHistoryError."""
    days = days_of(past.panel.first, past.panel.days + FURTHEST, calendar)
    return Learned(past, days, fit(past.panel, days))


def expectation(learned: Learned, day: date) -> Expected:
    """Return what is expected of all cells on a day."""
    return expected(learned.past.panel, learned.days, (day - learned.past.panel.first).days)


def issue(
    learned: Learned, today: Expected, day: date, planned: Iterable[PlannedTrip], levels: BordersOf
) -> Iterator[Issued]:
    """Yield the forecasts of a day's trips; none of those of which no vehicle's places are known."""
    past = learned.past
    target = (day - past.panel.first).days
    shares = learned.model.shares[past.panel.cells.group]
    quantiles = quantiles_of(today.mean, today.deviation, shares)
    week = last_week(past.panel, target)
    mean = historical_mean(past.panel, learned.days, target)
    kind = _kind(learned, target)
    for trip in planned:
        holds = past.holds_of(trip.run, kind)
        if holds is None:
            continue
        rows = past.rows[trip.run]
        forecast = TripForecast(
            day=day,
            trip_id=trip.trip_id,
            line=trip.line,
            direction=trip.direction,
            stop_ids=trip.stop_ids,
            departures_s=trip.departures_s,
            to_next_m=trip.to_next_m,
            quantiles=quantiles[rows],
            places=Places(*holds, *levels(holds)),
            last_stop_id=trip.last_stop_id,
            block_id=trip.block_id,
            mode=trip.mode,
            simulated=trip.simulated or (trip.line, trip.direction) in past.simulated,
        )
        yield Issued(forecast, week[rows], mean[rows])


@dataclass(frozen=True, slots=True)
class Now:
    """What is expected now, after what was seen of the day; `asked`: cells that it moved."""

    quantiles: Floats
    asked: Ints


def update(learned: Learned, today: Expected, seen: Floats, *, now_min: int, to_come: Flags) -> Now:
    """Return what is expected of cells that are still to come, after what was seen until a minute."""
    cells = learned.past.panel.cells
    moved = move(learned.model.update, cells, today, seen, now_min)
    asked = np.flatnonzero((moved.row >= 0) & to_come)
    shares = learned.model.update.shares[moved.row[asked], cells.group[asked]]
    quantiles = quantiles_of(
        moved.expectation.mean[asked], moved.expectation.deviation[asked], shares
    )
    return Now(quantiles, asked)


def has_upstream(learned: Learned, seen: Floats, now_min: int) -> Ints:
    """Return the cells of whose trip something was seen upstream."""
    found = last_seen(learned.past.panel.cells, seen, now_min)
    return np.flatnonzero(found >= 0)


def check(learned: Learned, levels: BordersOf) -> dict[tuple[str, int], Score]:
    """Return, by line and direction, how good blind forecasts of the last days would have been.

    What is expected of a day sees earlier days only; the shares of misses have seen these days,
    which widths and levels profit from a little, errors do not.
    """
    panel, past = learned.past.panel, learned.past
    of_kind = {kind: _borders(past, kind, levels) for kind in TYPES}
    first = max(panel.days - CHECKED_DAYS, 8)
    parts = []
    for day in range(first, panel.days):
        borders = of_kind[_kind(learned, day)]
        came = Came(
            panel.value[:, day],
            last_week(panel, day),
            historical_mean(panel, learned.days, day),
            borders,
            panel.cells.group,
        )
        today = expected(panel, learned.days, day)
        parts.append(compared(told(learned.model, panel.cells, today, borders), slice(None), came))
    if not parts:
        return {}
    rows = joined(parts)
    found = {group: score(rows.only(rows.group == n)) for n, group in enumerate(past.groups)}
    return {group: each for group, each in found.items() if each is not None}


def _kind(learned: Learned, day: int) -> DayType:
    return TYPES[int(learned.days.kind[day])]


def _borders(past: Past, kind: DayType, levels: BordersOf) -> Borders:
    """Return where levels begin for each cell; unreachable where no vehicle's places are known."""
    medium = np.full(len(past.panel.cells), np.float32(1e6))
    high = medium + 1
    for run, rows in past.rows.items():
        holds = past.holds_of(run, kind)
        if holds is not None:
            medium[rows], high[rows] = levels(holds)
    return Borders(medium, high)
