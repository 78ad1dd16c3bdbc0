# SPDX-License-Identifier: EUPL-1.2
"""What one sensor said of a bay, from its observations in any order; knows no other and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple, NewType

from parking_occupancy.domain.flapping import Said, remember
from stadttakt_messages.base import BayId

SensorId = NewType("SensorId", str)
UNNAMED = SensorId("")
"""Who spoke where an observation does not say which sensor."""

Key = tuple[datetime, str]
"""Total order of observations: observation time, ties by event id."""


class Reading(StrEnum):
    """What one observation says; a suspect one says only that the sensor lives."""

    FREE = "free"
    OCCUPIED = "occupied"
    SUSPECT = "suspect"


class Observation(NamedTuple):
    """A sensor saw a bay at a time; `event_id` is the idempotency key."""

    event_id: str
    bay_id: BayId
    observed_at: datetime
    reading: Reading
    simulated: bool = False
    sensor: SensorId = UNNAMED

    @property
    def key(self) -> Key:
        """Return the observation's place in the total order."""
        return self.observed_at, self.event_id


class Track(NamedTuple):
    """The least that must be remembered of all observations of one sensor of a bay.

    `start` opens the unbroken run of equal readings that ends with `newest`; `last_other` is the
    newest observation before the run that said something else. `recent` is what was said lately,
    where the lot looks for flapping sensors.
    """

    newest: Observation
    start: Key
    last_other: Key | None = None
    recent: tuple[Said, ...] = ()


_KEY = attrgetter("key")


def splits_run(track: Track | None, observation: Observation) -> bool:
    """Return whether a late observation breaks the run, so that its history is needed."""
    return (
        track is not None
        and observation.simulated == track.newest.simulated
        and observation.reading != track.newest.reading
        and track.start < observation.key < track.newest.key
    )


def history_needed_from(
    track: Track | None, observations: Iterable[Observation]
) -> datetime | None:
    """Return from which observation time on `fold` needs a bay's history, if it does."""
    if track is None:
        return None
    newest = track.newest.key
    late = [each for each in observations if each.key < newest]
    for observation in sorted(late, key=_KEY):
        if splits_run(track, observation):
            return observation.observed_at
        track = apply(track, observation)
    return None


def fold(
    track: Track | None,
    observations: Iterable[Observation],
    history: Sequence[Observation] = (),
    *,
    window: timedelta = timedelta(0),
) -> Track | None:
    """Return the track after more observations of its sensor, in whatever order they came.

    What was said within `window` before the newest one is remembered.
    """
    before, heard = track, sorted(observations, key=_KEY)
    for observation in heard:
        track = apply(track, observation, history)
    if track is None or not (window or track.recent):
        return track
    return track._replace(recent=_recent(before, heard, track.newest, window))


def _recent(
    before: Track | None, heard: Iterable[Observation], newest: Observation, window: timedelta
) -> tuple[Said, ...]:
    kept = before.recent if before and before.newest.simulated == newest.simulated else ()
    said = (
        Said(each.observed_at, each.event_id, each.reading.value)
        for each in heard
        if each.simulated == newest.simulated and each.reading is not Reading.SUSPECT
    )
    return remember([*kept, *said], window)


def apply(
    track: Track | None, observation: Observation, history: Sequence[Observation] = ()
) -> Track:
    """Return the track after one observation; duplicates and stale ones leave it equal.

    A real observation makes the sensor real: what simulated sources said is dropped, then ignored.
    `history` must hold the sensor's observations after a late one for which `splits_run` is true.
    """
    key = observation.key
    if track is None or (track.newest.simulated and not observation.simulated):
        return Track(observation, key)
    newest = track.newest
    if observation.simulated and not newest.simulated:
        return track
    before = newest.key
    if key > before:
        if observation.reading == newest.reading:
            return track._replace(newest=observation)
        return Track(observation, key, before)
    return _apply_late(track, observation, history)


def _apply_late(track: Track, late: Observation, history: Sequence[Observation]) -> Track:
    if late.key == track.newest.key:
        return track
    if track.last_other is not None and late.key <= track.last_other:
        return track
    if late.reading == track.newest.reading:
        return track._replace(start=min(track.start, late.key))
    if late.key < track.start:
        return track._replace(last_other=late.key)
    run = (each.key for each in history if _continues(track, each) and each.key > late.key)
    return track._replace(start=min(run, default=track.newest.key), last_other=late.key)


def _continues(track: Track, other: Observation) -> bool:
    newest = track.newest
    return (
        other.reading == newest.reading
        and other.simulated == newest.simulated
        and other.key <= newest.key
    )
