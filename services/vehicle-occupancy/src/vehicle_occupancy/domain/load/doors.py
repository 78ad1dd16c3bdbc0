# SPDX-License-Identifier: EUPL-1.2
"""What is known of each door of a vehicle: its counter, its part of the passengers, whether it is dead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp
from typing import NamedTuple

from vehicle_occupancy.domain.load.counter import Counter
from vehicle_occupancy.domain.load.reading import NOBODY, Passed
from vehicle_occupancy.domain.load.vehicle import VehicleRules

_PRIOR_PASSENGERS = 40.0
_MEMORY_PASSENGERS = 4_000.0
"""A door's part is learned from about so many passengers, so that it can change with the season."""

_MOST_MISSING = 0.75
_CLUSTERED = 2.0
"""Passengers come in groups: so many times the variance of independent ones."""

_SHARE_SD = 0.3

_FIRST = 1.0
"""Where nobody was seen, somebody may yet have used the door that said nothing."""


@dataclass(frozen=True, slots=True)
class DoorTrack:
    """A door so far.

    `passed` of `offered` passengers used it while it lived. Since it last counted somebody,
    `missed` passengers were to be expected at it at `stops` stops, where `waiting` passed at all
    doors. `tells_nobody` is whether it speaks of stops at which nobody passed.
    """

    counter: Counter | None = None
    cumulative: bool = False
    passed: float = 0.0
    offered: float = 0.0
    missed: float = 0.0
    waiting: float = 0.0
    stops: int = 0
    dead: bool = False
    tells_nobody: bool = False


class Unseen(NamedTuple):
    """Persons who passed doors that said nothing, means and variances."""

    boarded: float = 0.0
    boarded_variance: float = 0.0
    alighted: float = 0.0
    alighted_variance: float = 0.0


def parts_of(rules: VehicleRules, doors: Mapping[str, DoorTrack]) -> dict[str, float]:
    """Return the part of all passengers who use each door."""
    configured = {door.name: door.share for door in rules.doors}
    even = 1 / max(len(doors), 1)
    parts = {}
    for name, track in doors.items():
        share = configured.get(name)
        prior = even if share is None else share
        parts[name] = (track.passed + prior * _PRIOR_PASSENGERS) / (
            track.offered + _PRIOR_PASSENGERS
        )
    return parts


def after_stop(
    rules: VehicleRules, doors: Mapping[str, DoorTrack], flows: Mapping[str, Passed]
) -> dict[str, DoorTrack]:
    """Return the doors after a stop at which some of them said who passed."""
    total = sum(passed.total for passed in flows.values())
    if not total:
        return dict(doors)
    parts = parts_of(rules, doors)
    seen = sum(parts[name] for name in flows if name in parts and not doors[name].dead)
    everybody = total / max(seen, 1 - _MOST_MISSING)
    return {
        name: _after_stop(rules, track, flows.get(name, NOBODY), everybody, parts[name])
        for name, track in doors.items()
    }


def _after_stop(
    rules: VehicleRules, track: DoorTrack, passed: Passed, everybody: float, part: float
) -> DoorTrack:
    if passed.total:
        fade = 1.0 if track.offered < _MEMORY_PASSENGERS else 0.5
        # What waited while a door was dead says nothing of its part.
        waited = 0.0 if track.dead else track.waiting
        return replace(
            track,
            passed=(track.passed + passed.total) * fade,
            offered=(track.offered + everybody + waited) * fade,
            missed=0.0,
            waiting=0.0,
            stops=0,
            dead=False,
        )
    missed, stops = track.missed + everybody * part, track.stops + 1
    dead = missed >= rules.silence_passengers and stops >= rules.silence_stops
    return replace(
        track,
        missed=missed,
        waiting=track.waiting + everybody,
        stops=stops,
        dead=track.dead or dead,
    )


def unseen(
    rules: VehicleRules,
    doors: Mapping[str, DoorTrack],
    flows: Mapping[str, Passed],
    *,
    telling: bool = False,
) -> Unseen:
    """Return who passed the doors that are dead or whose message of a stop is missing.

    A missing message of a counter that never falls comes with the next one; it counts for
    `telling` only.
    """
    parts = parts_of(rules, doors)
    speaking = {
        name: flow for name, flow in flows.items() if name in doors and not doors[name].dead
    }
    seen = sum(parts[name] for name in speaking)
    if seen <= 0:
        return Unseen()
    # As many more as the missing parts are of the seen ones; of few, little can be said.
    scale = 1 / max(seen, 1 - _MOST_MISSING)
    everybody = scale * sum(flow.total for flow in speaking.values())
    missing = extra = 0.0
    for name, track in doors.items():
        if name in speaking or (track.cumulative and not track.dead and not telling):
            continue
        lost = _lost(rules, track, everybody * parts[name])
        missing += lost * parts[name]
        extra += lost * (1 - lost) * parts[name] ** 2
    if not missing:
        return Unseen()
    inwards = scale * sum(flow.boarded for flow in speaking.values())
    outwards = scale * sum(flow.alighted for flow in speaking.values())
    doubt = (missing * _SHARE_SD) ** 2 + extra
    return Unseen(
        inwards * missing,
        (inwards + _FIRST) * missing * _CLUSTERED + inwards**2 * doubt,
        outwards * missing,
        (outwards + _FIRST) * missing * _CLUSTERED + outwards**2 * doubt,
    )


def _lost(rules: VehicleRules, track: DoorTrack, expected: float) -> float:
    """Return the probability that a door that said nothing was passed unheard."""
    if track.dead or track.tells_nobody:
        return 1.0
    if not track.offered:
        # A door that never spoke is not there until it is known to be dead.
        return 0.0
    nobody = (1 - rules.message_loss) * exp(-expected / _CLUSTERED)
    return rules.message_loss / (rules.message_loss + nobody)
