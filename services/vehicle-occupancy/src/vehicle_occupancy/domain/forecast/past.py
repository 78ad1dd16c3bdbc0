# SPDX-License-Identifier: EUPL-1.2
"""The loads of trips on the days before, as a panel: which trips of which days are the same one.

A trip is known again by line, direction, stops and when it begins, not by its id, which a new
version of the timetable changes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from vehicle_occupancy.domain.forecast.calendar import Calendar, DayType
from vehicle_occupancy.domain.forecast.series import Cells, Panel


class Run(NamedTuple):
    """What a trip has in common with those of other days."""

    line: str
    direction: int
    begin_s: int
    stop_ids: tuple[str, ...]


class Holds(NamedTuple):
    """Seats and standing places of a vehicle."""

    seats: int
    standing: int


@dataclass(frozen=True, slots=True)
class TripLoad:
    """How many were on board when a trip left each stop but the last; None: not counted."""

    day: date
    trip_id: str
    line: str
    direction: int
    stop_ids: tuple[str, ...]
    departures_s: tuple[int, ...]
    to_next_m: tuple[float, ...]
    last_stop_id: str
    loads: tuple[float | None, ...]
    vehicle_id: str | None = None
    holds: Holds | None = None
    simulated: bool = False

    def __post_init__(self) -> None:
        lengths = {len(self.departures_s), len(self.to_next_m), len(self.loads)}
        if lengths != {len(self.stop_ids)} or not self.stop_ids:
            raise ValueError("one departure, way and load per stop")

    @property
    def run(self) -> Run:
        """Return what it has in common with trips of other days."""
        return Run(self.line, self.direction, self.departures_s[0], self.stop_ids)


@dataclass(frozen=True, slots=True)
class PlannedTrip:
    """A trip of the timetable that is to be forecast."""

    trip_id: str
    line: str
    direction: int
    stop_ids: tuple[str, ...]
    departures_s: tuple[int, ...]
    to_next_m: tuple[float, ...]
    last_stop_id: str
    block_id: str | None = None
    mode: int = 3
    simulated: bool = False

    @property
    def run(self) -> Run:
        """Return what it has in common with trips of other days."""
        return Run(self.line, self.direction, self.departures_s[0], self.stop_ids)


@dataclass(frozen=True)
class Past:
    """A panel of all runs, where each stands in it, and with which vehicles they ran."""

    panel: Panel
    groups: tuple[tuple[str, int], ...]
    rows: Mapping[Run, slice]
    holds: Mapping[tuple[Run, DayType], Holds]
    last_holds: Mapping[Run, Holds]
    of_group: Mapping[tuple[str, int], Holds]
    simulated: frozenset[tuple[str, int]]
    """lines and directions of which some loads are made up"""

    def holds_of(self, run: Run, kind: DayType) -> Holds | None:
        """Return the places of the vehicle to be expected on a day of a type; None: not known.

        The run's last on such a day, else its last, else the usual ones of its line.
        """
        return (
            self.holds.get((run, _as_run(kind)))
            or self.last_holds.get(run)
            or self.of_group.get((run.line, run.direction))
        )


def past_of(
    loads: Iterable[TripLoad],
    planned: Iterable[PlannedTrip],
    calendar: Calendar,
    *,
    first: date,
    days: int,
) -> Past:
    """Return the past of days from `first` on, with room for planned trips that never ran."""
    told = sorted(loads, key=lambda load: load.day)
    departures = {load.run: load.departures_s for load in told}
    departures |= {trip.run: trip.departures_s for trip in planned}
    runs = sorted(departures)
    groups = tuple(sorted({(run.line, run.direction) for run in runs}))
    cells, rows = _cells(runs, departures, groups)
    value = np.full((len(cells), days), np.nan, np.float32)
    holds: dict[tuple[Run, DayType], Holds] = {}
    last: dict[Run, Holds] = {}
    kinds: defaultdict[tuple[str, int], Counter[Holds]] = defaultdict(Counter)
    simulated = set()
    for load in told:
        day = (load.day - first).days
        if not 0 <= day < days:
            continue
        value[rows[load.run], day] = [np.nan if n is None else n for n in load.loads]
        if load.simulated:
            simulated.add((load.line, load.direction))
        if load.holds is not None:
            holds[load.run, _as_run(calendar.day_type(load.day))] = load.holds
            last[load.run] = load.holds
            kinds[load.line, load.direction][load.holds] += 1
    usual = {group: counted.most_common(1)[0][0] for group, counted in kinds.items()}
    return Past(Panel(cells, first, value), groups, rows, holds, last, usual, frozenset(simulated))


def _as_run(kind: DayType) -> DayType:
    """Return the type of day whose vehicles run: holidays are rare, and run as Sundays do."""
    return DayType.SUNDAY if kind is DayType.HOLIDAY else kind


def _cells(
    runs: Sequence[Run],
    departures: Mapping[Run, tuple[int, ...]],
    groups: Sequence[tuple[str, int]],
) -> tuple[Cells, Mapping[Run, slice]]:
    of_group = {group: n for n, group in enumerate(groups)}
    places: dict[tuple[int, str], int] = {}
    rows: dict[Run, slice] = {}
    group: list[int] = []
    place: list[int] = []
    number: list[int] = []
    minute: list[int] = []
    for n, run in enumerate(runs):
        own = of_group[run.line, run.direction]
        rows[run] = slice(len(group), len(group) + len(run.stop_ids))
        group += [own] * len(run.stop_ids)
        place += [places.setdefault((own, stop), len(places)) for stop in run.stop_ids]
        number += [n] * len(run.stop_ids)
        minute += [-(-departure // 60) for departure in departures[run]]
    columns = (np.array(each, np.int64) for each in (group, place, number, minute))
    return Cells(*columns), rows
