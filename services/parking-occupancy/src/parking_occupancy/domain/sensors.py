# SPDX-License-Identifier: EUPL-1.2
"""What the sensors of one bay say together: they agree, one is silent, or they contradict each other.

Decision 0037 says why it is so. Pure; knows no bay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from parking_occupancy.domain import track as single
from parking_occupancy.domain.track import (
    UNNAMED,
    Key,
    Observation,
    Reading,
    SensorId,
    Track,
)

MOST_SENSORS = 8
"""Remembered of a bay: a partner that names another sensor in each message must not fill memory."""


@dataclass(frozen=True, slots=True)
class BayTrack:
    """What is remembered of each sensor of a bay; never of none."""

    sensors: Mapping[SensorId, Track]

    @property
    def newest(self) -> Observation:
        """Return what was said last, by whichever sensor."""
        if len(self.sensors) == 1:
            return next(iter(self.sensors.values())).newest
        return max((track.newest for track in self.sensors.values()), key=lambda each: each.key)

    @property
    def speaking(self) -> Sequence[Track]:
        """Return the tracks that count.

        What does not say which sensor spoke takes the place of all that was said before it, and
        of nothing that was said after.
        """
        if len(self.sensors) == 1 or UNNAMED not in self.sensors:
            return list(self.sensors.values())
        unnamed = self.sensors[UNNAMED]
        later = [each for each in self.sensors.values() if each.newest.key > unnamed.newest.key]
        return later or [unnamed]


def history_needed_from(
    track: BayTrack | None, observations: Iterable[Observation]
) -> datetime | None:
    """Return from which observation time on `fold` needs a bay's history, if it does."""
    if track is None:
        return None
    known = track.sensors
    late = [
        each
        for each in observations
        if (before := known.get(each.sensor)) and each.observed_at <= before.newest.observed_at
    ]
    if not late:
        return None
    moments = [
        moment
        for sensor, said in _by_sensor(late).items()
        if (moment := single.history_needed_from(known[sensor], said)) is not None
    ]
    return min(moments, default=None)


def fold(
    track: BayTrack | None,
    observations: Iterable[Observation],
    history: Sequence[Observation] = (),
    *,
    window: timedelta = timedelta(0),
) -> BayTrack | None:
    """Return the track after more observations of a bay, in whatever order they came.

    What each sensor said within `window` before its newest one is remembered.
    """
    sensors = {**track.sensors} if track else {}
    past = _by_sensor(history) if history else {}
    for sensor, said in _by_sensor(observations).items():
        before = sensors.get(sensor)
        after = single.fold(before, said, past.get(sensor, ()), window=window)
        if after is not None:
            sensors[sensor] = after
    return BayTrack(_kept(sensors)) if sensors else None


def track_of(standing: Iterable[Observation]) -> BayTrack | None:
    """Return the track of the observations that were not refuted: as if no other had been made.

    Of each sensor the newest, the last before it that said something else, and the first after
    that one suffice.
    """
    standing = list(standing)
    return fold(None, standing, standing)


def _by_sensor(observations: Iterable[Observation]) -> dict[SensorId, list[Observation]]:
    found: dict[SensorId, list[Observation]] = {}
    for observation in observations:
        found.setdefault(observation.sensor, []).append(observation)
    return found


def _kept(sensors: dict[SensorId, Track]) -> Mapping[SensorId, Track]:
    """Return the real sensors if there are any, the last heard ones of too many, in one order."""
    if len(sensors) == 1:
        return sensors
    if any(not track.newest.simulated for track in sensors.values()):
        sensors = {name: each for name, each in sensors.items() if not each.newest.simulated}
    last_heard = sorted(sensors, key=lambda name: sensors[name].newest.key)[-MOST_SENSORS:]
    return {name: sensors[name] for name in sorted(last_heard)}


class Voice(NamedTuple):
    """What a believed sensor says since when, and until when it is believed if it stays silent.

    It `changed` if it said otherwise before; the first word of a sensor is no change.
    """

    reading: Reading
    start: Key
    changed: bool
    until: datetime


class Verdict(NamedTuple):
    """What voices say together since and until when; nothing if they contradict each other."""

    reading: Reading | None
    since: datetime
    until: datetime


def verdict(voices: Sequence[Voice], grace: timedelta, now: datetime) -> Verdict:
    """Return what voices say together: within `grace`, who changed last saw it first."""
    readings = {voice.reading for voice in voices}
    if len(readings) == 1:
        return Verdict(
            readings.pop(), _agreed_since(voices, grace), max(each.until for each in voices)
        )
    ends = min(voice.until for voice in voices)
    began = max(voice.start[0] for voice in voices)
    changed = [voice for voice in voices if voice.changed]
    if changed:
        last = max(changed, key=lambda voice: voice.start)
        believed_until = last.start[0] + grace
        if now < believed_until:
            return Verdict(last.reading, last.start[0], min(ends, believed_until))
        began = max(began, believed_until)
    return Verdict(None, began, ends)


def _agreed_since(voices: Sequence[Voice], grace: timedelta) -> datetime:
    """Return when the first of them saw what the last of them confirmed within the grace."""
    changes = [voice.start[0] for voice in voices if voice.changed]
    if not changes:
        return min(voice.start[0] for voice in voices)
    latest = max(changes)
    return min(each for each in changes if each >= latest - grace)
