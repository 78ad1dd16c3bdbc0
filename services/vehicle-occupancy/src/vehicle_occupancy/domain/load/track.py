# SPDX-License-Identifier: EUPL-1.2
"""A vehicle's load folded from its readings, one stop after the other.

Readings are taken in the order of their keys. Doors' messages near each other are one stop: all
who alight do so before others board, whichever door speaks first. What else a reading says
(devices, mass, known empty) is taken with the stop it belongs to. `Track` is the checkpoint from
which a fold goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from vehicle_occupancy.domain.load import doors, grid, miscount
from vehicle_occupancy.domain.load.counter import Finding, hear
from vehicle_occupancy.domain.load.doors import DoorTrack
from vehicle_occupancy.domain.load.evidence import doubt_of, fresh_part, likelihood_of
from vehicle_occupancy.domain.load.grid import Grid
from vehicle_occupancy.domain.load.level import Level, LevelRules, next_level
from vehicle_occupancy.domain.load.miscount import Miscounts
from vehicle_occupancy.domain.load.reading import (
    NOBODY,
    AxleLoad,
    DoorCount,
    EmptyCause,
    Key,
    KnownEmpty,
    Passed,
    PresenceCount,
    Reading,
    key_of,
)
from vehicle_occupancy.domain.load.vehicle import Door, VehicleRules

GROSS = 0.01
"""How likely all counts since the vehicle was last empty are worth nothing."""

GROSS_PER_STOP = 0.0005

CERTAIN = 0.5
"""Above this probability that a vehicle was empty, its balance is taken to have begun there."""

_ACCIDENT = 1.3
"""Persons in groups are missed together: so many times the variance of independent misses."""

_LEAST_MISSED = 0.01

_DOORS_LIVE_FOR = timedelta(minutes=10)
"""After so long without a door's word, the load of a moving vehicle is no longer held by doors."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop that may not be over: what its doors said, and what else was said at it."""

    began_at: datetime
    heard_at: datetime
    flows: Mapping[str, Passed] = field(default_factory=dict)
    empty: KnownEmpty | None = None
    evidence: tuple[PresenceCount | AxleLoad, ...] = ()


class Correction(NamedTuple):
    """The count was moved by `amount` persons where the vehicle was known to be empty.

    `raw` is the imbalance of the doors' plain counts since it was last empty, `probability` how
    likely it was empty.
    """

    at: datetime
    ref: str
    cause: EmptyCause
    amount: float
    raw: int
    probability: float


class DoorFinding(NamedTuple):
    """Something unusual about a door at a time."""

    at: datetime
    door: str
    finding: Finding
    ref: str


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A vehicle's load after its last finished stop, and the stop it may still be at.

    `traffic`, `noise` (variance of accidents, persons squared), `shared` (variance from not knowing
    the doors' errors) and `unseen` (net persons at doors that said nothing) count since
    `emptied_at`; `doubt` is what a wrong calibration of devices may do to a load that nothing else
    holds: a share of it and persons, standard deviations. `plain` is the uncorrected sum of all counts there were. `counted_at` is when a door last spoke
    usefully, `heard_at` when anything did.
    """

    load: Grid
    doors: Mapping[str, DoorTrack]
    miscounts: Miscounts
    newest: Key | None = None
    stop: Stop | None = None
    traffic: Mapping[str, Passed] = field(default_factory=dict)
    noise: float = 0.0
    shared: float = 0.0
    unseen: float = 0.0
    plain: int = 0
    emptied_at: datetime | None = None
    counted_at: datetime | None = None
    heard_at: datetime | None = None
    weighed_at: datetime | None = None
    doubt: tuple[float, float] = (0.0, 0.0)
    level: Level | None = None
    simulated: bool = False


class Flows(NamedTuple):
    """Who passed all doors at a stop, errors taken off: means, variances, and what was unseen of it."""

    boarded: float
    boarded_variance: float
    alighted: float
    alighted_variance: float
    unseen: doors.Unseen


class Taken(NamedTuple):
    """A track after readings, and what they showed."""

    track: Track
    corrections: tuple[Correction, ...] = ()
    findings: tuple[DoorFinding, ...] = ()


def begin(rules: VehicleRules, miscounts: Miscounts | None = None) -> Track:
    """Return what is known of a vehicle of which nothing was heard, but perhaps how its doors err."""
    fits = miscounts is not None and miscounts.doors == tuple(each.name for each in rules.doors)
    return Track(
        grid.unknown(rules.most, rules.places * 0.3),
        {door.name: DoorTrack() for door in rules.doors},
        miscounts if fits and miscounts is not None else miscount.prior(rules.doors),
    )


def take_all(
    rules: VehicleRules, track: Track, readings: Iterable[Reading], levels: LevelRules
) -> Taken:
    """Return the track after readings, which must be in the order of their keys."""
    corrections: list[Correction] = []
    findings: list[DoorFinding] = []
    for reading in readings:
        taken = take(rules, track, reading, levels)
        track = taken.track
        corrections += taken.corrections
        findings += taken.findings
    return Taken(track, tuple(corrections), tuple(findings))


def take(
    rules: VehicleRules,
    before: Track,
    reading: Reading,
    levels: LevelRules,
    done: Taken | None = None,
) -> Taken:
    """Return the track after one reading that follows all taken so far.

    `done` is `finish` of the track before, where somebody has it already.
    """
    corrections: tuple[Correction, ...] = ()
    findings: tuple[DoorFinding, ...] = ()
    track, at = before, reading.observed_at
    if track.stop is not None and at - track.stop.heard_at > rules.stop_gap:
        track, corrections, findings = done or finish(rules, track, levels)
    if track.heard_at is not None and at - track.heard_at > rules.rest:
        track = _rested(rules, track, at)
    stop = track.stop or Stop(at, at)
    match reading:
        case DoorCount():
            heard = _hear(rules, track, stop, reading)
            return Taken(heard.track, corrections, findings + heard.findings)
        case KnownEmpty():
            stop = replace(stop, heard_at=at, empty=reading)
        case _:
            stop = replace(stop, heard_at=at, evidence=(*stop.evidence, reading))
    placed = replace(
        track,
        newest=key_of(reading),
        stop=stop,
        heard_at=at,
        simulated=reading.simulated or track.simulated,
    )
    return Taken(placed, corrections, findings)


def _rested(rules: VehicleRules, track: Track, at: datetime) -> Track:
    """Return the track of a vehicle that stood still for long: most likely all have left it."""
    load, chance = grid.emptied(track.load, rules.rest_empty, GROSS)
    if chance < CERTAIN:
        return replace(track, load=load)
    return replace(
        track,
        load=load,
        traffic={},
        noise=0.0,
        shared=0.0,
        unseen=0.0,
        # Its last trip ended somewhere in the meantime: nothing is learned from its balance.
        emptied_at=at,
    )


def _hear(rules: VehicleRules, track: Track, stop: Stop, count: DoorCount) -> Taken:
    name, at = count.door, count.observed_at
    known = track.doors.get(name, DoorTrack())
    door = next((each for each in rules.doors if each.name == name), None) or Door(name)
    heard = hear(door, known.counter, count)
    told = replace(
        known,
        counter=heard.counter,
        cumulative=count.mode == "cumulative",
        tells_nobody=known.tells_nobody or (heard.usable and not heard.passed.total),
    )
    flows = stop.flows
    if heard.usable:
        sofar = flows.get(name, NOBODY)
        flows = {
            **flows,
            name: Passed(
                sofar.boarded + heard.passed.boarded, sofar.alighted + heard.passed.alighted
            ),
        }
    after = replace(
        track,
        newest=key_of(count),
        heard_at=at,
        simulated=count.simulated or track.simulated,
        doors={**track.doors, name: told},
        stop=Stop(stop.began_at, at, flows, stop.empty, stop.evidence),
        counted_at=at if heard.usable else track.counted_at,
        plain=track.plain + heard.passed.boarded - heard.passed.alighted,
    )
    if heard.finding is None:
        return Taken(after)
    return Taken(after, (), (DoorFinding(at, name, heard.finding, count.event_id),))


def finish(
    rules: VehicleRules, track: Track, levels: LevelRules, *, telling: bool = False
) -> Taken:
    """Return the track after the stop that it is at, as if nothing more were said of it.

    For `telling`, the missing message of a counter that never falls is made up for; to go on from,
    it is not, since it comes with the next one.
    """
    stop = track.stop
    if stop is None:
        return Taken(track)
    flows = flows_at(rules, track, stop, telling=telling)
    load = grid.doubted(track.load, GROSS_PER_STOP, rules.places) if stop.flows else track.load
    load = grid.alighted(load, flows.alighted, flows.alighted_variance)
    moved = replace(
        track,
        load=load,
        stop=None,
        traffic=_added(track.traffic, stop.flows),
        noise=track.noise + flows.boarded_variance + flows.alighted_variance,
        unseen=track.unseen + flows.unseen.boarded - flows.unseen.alighted,
    )
    corrections: tuple[Correction, ...] = ()
    if stop.empty is not None:
        moved, corrections = _emptied(moved, stop, stop.empty, flows)
    shared = moved.miscounts.variance(moved.traffic)
    # What is not known of the doors is shared by all counts; each stop adds its part.
    more = max(shared - moved.shared, 0.0)
    load = grid.boarded(moved.load, flows.boarded, flows.boarded_variance + more)
    for evidence in stop.evidence:
        load, moved = _weighed(rules, moved, load, evidence)
    after = replace(
        moved,
        load=load,
        shared=shared,
        doors=doors.after_stop(rules, track.doors, stop.flows),
        level=next_level(levels, rules, moved.level, load),
    )
    return Taken(after, corrections, _deaths(track, after, stop))


def is_all_told(track: Track) -> bool:
    """Tell whether `finish` is the same for telling and to go on from."""
    flows = track.stop.flows if track.stop is not None else {}
    return all(
        name in flows or door.dead or not door.cumulative for name, door in track.doors.items()
    )


def flows_at(rules: VehicleRules, track: Track, stop: Stop, *, telling: bool = False) -> Flows:
    """Return who passed at the stop that a vehicle is at, as far as it is known what doors miss."""
    more = doors.unseen(rules, track.doors, stop.flows, telling=telling)
    inwards, in_variance = more.boarded, more.boarded_variance
    outwards, out_variance = more.alighted, more.alighted_variance
    for name, flow in stop.flows.items():
        too_many_in, too_many_out = track.miscounts.share(name)
        inwards += flow.boarded / (1 + too_many_in)
        outwards += flow.alighted / (1 + too_many_out)
        in_variance += _accidents(flow.boarded, too_many_in)
        out_variance += _accidents(flow.alighted, too_many_out)
    scale = track.miscounts.scale
    return Flows(inwards, in_variance * scale, outwards, out_variance * scale, more)


def _accidents(counted: int, too_many: float) -> float:
    rate = max(min(abs(too_many), 0.9), _LEAST_MISSED)
    return counted * rate * (1 - rate) * _ACCIDENT


def _added(traffic: Mapping[str, Passed], flows: Mapping[str, Passed]) -> dict[str, Passed]:
    added = dict(traffic)
    for name, flow in flows.items():
        sofar = added.get(name, NOBODY)
        added[name] = Passed(sofar.boarded + flow.boarded, sofar.alighted + flow.alighted)
    return added


def _emptied(
    track: Track, stop: Stop, empty: KnownEmpty, flows: Flows
) -> tuple[Track, tuple[Correction, ...]]:
    """Weigh that the vehicle is empty between those who alighted and those who board."""
    expected = grid.mean_of(track.load)
    load, chance = grid.emptied(track.load, empty.probability, GROSS)
    if chance < CERTAIN:
        return replace(track, load=load), ()
    boarding = {name: Passed(flow.boarded, 0) for name, flow in stop.flows.items()}
    traffic = {
        name: Passed(passed.boarded - boarding.get(name, NOBODY).boarded, passed.alighted)
        for name, passed in track.traffic.items()
    }
    raw = sum(passed.boarded - passed.alighted for passed in traffic.values())
    miscounts, unseen = track.miscounts, track.unseen - flows.unseen.boarded
    if track.emptied_at is not None:
        miscounts = miscounts.learn(traffic, raw + unseen, track.noise - flows.boarded_variance)
    after = replace(
        track,
        load=load,
        miscounts=miscounts,
        traffic=boarding,
        noise=flows.boarded_variance,
        shared=0.0,
        unseen=flows.unseen.boarded,
        emptied_at=empty.observed_at,
    )
    moved = grid.mean_of(load) - expected
    return after, (Correction(empty.observed_at, empty.event_id, empty.cause, moved, raw, chance),)


def _weighed(
    rules: VehicleRules, track: Track, load: Grid, evidence: PresenceCount | AxleLoad
) -> tuple[Grid, Track]:
    at = evidence.observed_at
    since = track.weighed_at or track.heard_at or at
    silent = not counted_lately(track, at)
    doubt = track.doubt
    if silent:
        minutes = min(max((at - since).total_seconds() / 60, 0.0), 60.0)
        load = grid.widened(load, (rules.turnover * rules.places) ** 2 * minutes)
    # Without doors what changes between readings is news, whoever is sensed again.
    old = track.weighed_at is not None and not silent
    weight = fresh_part(at - since) if old else 1.0
    likelihood = likelihood_of(rules, evidence, weight, shared=not silent)
    if isinstance(evidence, PresenceCount):
        doubt = doubt_of(rules, evidence)
    return grid.weighed(load, likelihood), replace(track, weighed_at=at, doubt=doubt)


def counted_lately(track: Track, at: datetime) -> bool:
    """Tell whether doors hold the load at a time, as they do while they speak."""
    return track.counted_at is not None and at - track.counted_at <= _DOORS_LIVE_FOR


def _deaths(before: Track, after: Track, stop: Stop) -> tuple[DoorFinding, ...]:
    return tuple(
        DoorFinding(stop.heard_at, name, Finding.DEAD if track.dead else Finding.REVIVED, "")
        for name, track in after.doors.items()
        if track.dead != before.doors[name].dead
    )
