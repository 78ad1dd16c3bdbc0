# SPDX-License-Identifier: EUPL-1.2
"""A vehicle's readings since a while, in order: late and repeated ones end where they belong.

The fold goes on from the newest checkpoint before whatever is new, so that any order of arrival
gives the same track, as long as a reading is not older than everything kept.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from vehicle_occupancy.domain.load.level import LevelRules
from vehicle_occupancy.domain.load.reading import Key, Reading, key_of
from vehicle_occupancy.domain.load.track import (
    Correction,
    DoorFinding,
    Track,
    begin,
    take,
)
from vehicle_occupancy.domain.load.vehicle import VehicleRules

_CHECKPOINT_EVERY = 64


class Ignored(StrEnum):
    """Why a reading was not taken."""

    DUPLICATE = "duplicate"
    TOO_LATE = "too_late"


class Added(NamedTuple):
    """What readings changed; corrections and findings are those of the part that was folded anew.

    `since` is the time from which loads that were told before may differ.
    """

    since: datetime | None
    corrections: tuple[Correction, ...] = ()
    findings: tuple[DoorFinding, ...] = ()
    ignored: tuple[tuple[Reading, Ignored], ...] = ()


class ReadingLog:
    """One vehicle's readings of the last `keep`, and the track they make."""

    def __init__(
        self,
        rules: VehicleRules,
        levels: LevelRules,
        *,
        start: Track | None = None,
        keep: timedelta = timedelta(hours=3),
    ) -> None:
        self._rules, self._levels, self._keep = rules, levels, keep
        first = start or begin(rules)
        self._checkpoints: list[tuple[Key | None, Track]] = [(first.newest, first)]
        self._readings: list[Reading] = []
        self._keys: list[Key] = []
        self._ids: set[str] = set()
        self.track = first

    def add(self, readings: Iterable[Reading]) -> Added:
        """Take readings in whatever order they arrived, and fold anew what they change."""
        earliest: int | None = None
        ignored: list[tuple[Reading, Ignored]] = []
        oldest = self._checkpoints[0][0]
        for reading in readings:
            key = key_of(reading)
            if reading.event_id in self._ids:
                ignored.append((reading, Ignored.DUPLICATE))
                continue
            if oldest is not None and key <= oldest:
                ignored.append((reading, Ignored.TOO_LATE))
                continue
            place = bisect_left(self._keys, key)
            self._keys.insert(place, key)
            self._readings.insert(place, reading)
            self._ids.add(reading.event_id)
            earliest = place if earliest is None else min(earliest, place)
        if earliest is None:
            return Added(None, ignored=tuple(ignored))
        since = self._readings[earliest].observed_at
        corrections, findings = self._fold(self._keys[earliest])
        self._forget()
        return Added(since, corrections, findings, tuple(ignored))

    def _fold(self, changed: Key) -> tuple[tuple[Correction, ...], tuple[DoorFinding, ...]]:
        while self._checkpoints[-1][0] is not None and self._checkpoints[-1][0] >= changed:
            self._checkpoints.pop()
        newest, track = self._checkpoints[-1]
        if self.track.newest is not None and self.track.newest < changed:
            newest, track = self.track.newest, self.track
        place = 0 if newest is None else bisect_right(self._keys, newest)
        corrections: list[Correction] = []
        findings: list[DoorFinding] = []
        for index in range(place, len(self._readings)):
            taken = take(self._rules, track, self._readings[index], self._levels)
            track = taken.track
            corrections += taken.corrections
            findings += taken.findings
            if (index + 1) % _CHECKPOINT_EVERY == 0:
                self._checkpoints.append((self._keys[index], track))
        self.track = track
        return tuple(corrections), tuple(findings)

    def _forget(self) -> None:
        """Drop readings before the newest checkpoint that is older than what is kept."""
        limit = self._keys[-1][0] - self._keep
        while len(self._checkpoints) > 1:
            newest = self._checkpoints[1][0]
            if newest is None or newest[0] >= limit:
                return
            self._checkpoints.pop(0)
            place = bisect_right(self._keys, newest)
            self._ids -= {reading.event_id for reading in self._readings[:place]}
            del self._readings[:place], self._keys[:place]
