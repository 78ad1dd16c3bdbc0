# SPDX-License-Identifier: EUPL-1.2
"""Counted trips as calibration sees them: devices in reach beside the load that doors alone made out.

Samples are gathered into cells of one day, vehicle, line, hour and load, so that what is kept is
small, holds no single moment, and a fit over weeks is quick.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from vehicle_occupancy.domain.load import grid
from vehicle_occupancy.domain.load.evidence import fresh_part
from vehicle_occupancy.domain.load.level import LevelRules
from vehicle_occupancy.domain.load.reading import PresenceCount, Reading, key_of
from vehicle_occupancy.domain.load.track import Track, begin, finish, take
from vehicle_occupancy.domain.load.vehicle import VehicleRules
from vehicle_occupancy.domain.presence import Radio

LOAD_BIN = 5
"""Loads of so many persons' width share a cell."""

_COUNTED_WITHIN = timedelta(minutes=10)
_MOST_SPREAD = 0.06
"""A load whose standard deviation is a larger share of all places teaches nothing."""

_FIRST_WEIGHT = 1.0


class Cell(NamedTuple):
    """Where samples belong together."""

    radio: Radio
    vehicle_id: str
    line: str
    hour: int
    load_bin: int


@dataclass(frozen=True, slots=True)
class CellSum:
    """Weighted sums of a cell's samples: of loads and their variances, devices and their squares.

    A sample's weight is the part of it that is news after the one before.
    """

    cell: Cell
    weight: float = 0.0
    load: float = 0.0
    load_variance: float = 0.0
    count: float = 0.0
    count_square: float = 0.0


def counted_cells(
    rules: VehicleRules,
    readings: Iterable[Reading],
    levels: LevelRules,
    start: Track | None = None,
) -> list[CellSum]:
    """Return the cells of one vehicle's readings: each count of devices beside the load by doors alone."""
    track, sums = start or begin(rules), defaultdict[Cell, list[float]](lambda: [0.0] * 5)
    last: PresenceCount | None = None
    for reading in sorted(readings, key=key_of):
        if not isinstance(reading, PresenceCount):
            track = take(rules, track, reading, levels).track
            continue
        found = _counted(rules, track, reading, levels)
        if found is None or reading.line is None:
            continue
        weight = _FIRST_WEIGHT
        if last is not None:
            weight = fresh_part(reading.observed_at - last.observed_at)
        last = reading
        for cell, count in _cells_of(reading, reading.line, found[0]):
            parts = (1, found[0], found[1], count, count**2)
            sums[cell] = [
                each + weight * part for each, part in zip(sums[cell], parts, strict=True)
            ]
    return [CellSum(cell, *each) for cell, each in sorted(sums.items())]


def _counted(
    rules: VehicleRules, track: Track, reading: PresenceCount, levels: LevelRules
) -> tuple[float, float] | None:
    """Return the load and its variance where doors know it well enough."""
    if track.counted_at is None or track.emptied_at is None:
        return None
    if reading.observed_at - track.counted_at > _COUNTED_WITHIN:
        return None
    load = finish(rules, track, levels).track.load
    low, middle, high = grid.quantiles(load, 0.16, 0.5, 0.84)
    spread = max((high - low) / 2, 0.3)
    if spread > _MOST_SPREAD * rules.places:
        return None
    return max(middle, 0.0), spread**2


def _cells_of(reading: PresenceCount, line: str, load: float) -> Iterable[tuple[Cell, float]]:
    radios: Sequence[tuple[Radio, int | None]] = (("wifi", reading.wifi), ("ble", reading.ble))
    for radio, count in radios:
        if count is not None:
            where = (reading.vehicle_id, line, reading.hour, int(load // LOAD_BIN))
            yield Cell(radio, *where), float(count)


def merged(sums: Iterable[CellSum]) -> list[CellSum]:
    """Return the cells of several days as those of one."""
    found: dict[Cell, CellSum] = {}
    for each in sums:
        known = found.get(each.cell, CellSum(each.cell))
        found[each.cell] = CellSum(
            each.cell,
            known.weight + each.weight,
            known.load + each.load,
            known.load_variance + each.load_variance,
            known.count + each.count,
            known.count_square + each.count_square,
        )
    return list(found.values())
