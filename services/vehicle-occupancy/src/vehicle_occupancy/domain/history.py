# SPDX-License-Identifier: EUPL-1.2
"""A vehicle's log folded into its track: forward, or anew from a moment that is still remembered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from vehicle_occupancy.domain.load.level import LevelRules
from vehicle_occupancy.domain.load.reading import Key, Reading, key_of
from vehicle_occupancy.domain.load.track import (
    Correction,
    DoorFinding,
    Taken,
    Track,
    begin,
    finish,
    take,
)
from vehicle_occupancy.domain.load.vehicle import VehicleRules

REMEMBERED = 96
"""So many readings back a late one is put in its place without reading what is stored."""
SPACING = timedelta(minutes=10)
"""Between checkpoints: a very late message, or a start, costs the readings of so long before."""


class Step(NamedTuple):
    """A reading and what was known before it."""

    before: Track
    reading: Reading


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What is known of a vehicle, None before anything was heard, and the last steps to there.

    `done` is the track as if nothing more were said of its last stop: both what is told and what
    comes next begin from it.
    """

    track: Track | None = None
    steps: tuple[Step, ...] = ()
    done: Taken | None = None

    @property
    def newest(self) -> Key | None:
        """Return the place of the last reading."""
        return self.track.newest if self.track is not None else None


@dataclass(slots=True)
class Folded:
    """A history after more readings: checkpoints that were passed, and what was found."""

    history: History
    checkpoints: dict[datetime, Track] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)
    findings: list[DoorFinding] = field(default_factory=list)


def in_order(readings: Iterable[Reading]) -> list[Reading]:
    """Return readings in the order in which they are taken, each once."""
    found = {key_of(reading): reading for reading in readings}
    return [found[key] for key in sorted(found)]


def is_late(history: History, first: Key) -> bool:
    """Tell whether something belongs before what was taken already."""
    return history.newest is not None and first <= history.newest


def rewound(history: History, first: Key) -> tuple[History, list[Reading]] | None:
    """Return the history before a key and what was taken since; None where that is forgotten."""
    steps = history.steps
    if not steps or first < key_of(steps[0].reading):
        return None
    place = next((n for n, step in enumerate(steps) if key_of(step.reading) >= first), len(steps))
    if place == len(steps):
        return history, []
    taken = [step.reading for step in steps[place:]]
    return History(steps[place].before, steps[:place]), taken


def fold(
    rules: VehicleRules, levels: LevelRules, history: History, readings: Sequence[Reading]
) -> Folded:
    """Return the history after readings that are in order and later than all it has."""
    folded = Folded(history)
    track, done = history.track or begin(rules), history.done
    steps = list(history.steps)
    for reading in readings:
        for moment in _passed(track, reading):
            folded.checkpoints[moment] = track
        steps.append(Step(track, reading))
        if track.newest is not None and track.simulated != reading.simulated:
            if reading.simulated:
                # What is real stays real for good.
                continue
            track, done = begin(rules), None
        track, corrections, findings = take(rules, track, reading, levels, done)
        done = None
        folded.corrections += corrections
        folded.findings += findings
    done = done or finish(rules, track, levels)
    folded.history = History(track, tuple(steps[-REMEMBERED:]), done)
    return folded


def checkpoint_before(moment: datetime) -> datetime:
    """Return the last time for a checkpoint that is not later than a moment."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return hour + ((moment - hour) // SPACING) * SPACING


def _passed(track: Track, reading: Reading) -> Iterator[datetime]:
    """Yield the last checkpoint between the readings taken so far and this one."""
    moment = checkpoint_before(reading.observed_at)
    if track.newest is not None and track.newest[0] < moment:
        yield moment
