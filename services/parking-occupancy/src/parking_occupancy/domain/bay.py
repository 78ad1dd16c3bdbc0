"""What one bay is, from its observations in any order; knows no lot and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from parking_occupancy.domain.flapping import FlappingRule, Said, remember, spell
from parking_occupancy.domain.opening import Hours
from parking_occupancy.domain.orders import Planned
from stadttakt_messages.base import BayId, LotId
from stadttakt_messages.states import BayStatus

Key = tuple[datetime, str]
"""Total order of observations: observation time, ties by event id."""


class BayKind(StrEnum):
    """For whom a bay is."""

    GENERAL = "general"
    DISABLED = "disabled"
    DISABLED_ASSIGNED = "disabled_assigned"
    FAMILY = "family"
    CHARGING = "charging"
    RESIDENT = "resident"
    TAXI = "taxi"
    WOMEN = "women"
    MOTORCYCLE = "motorcycle"
    TRUCK = "truck"
    BUS = "bus"
    CARSHARING = "carsharing"
    LOADING = "loading"


PERSONAL_KINDS = frozenset({BayKind.DISABLED_ASSIGNED, BayKind.RESIDENT})
"""Bays that belong to a person: whether they are taken is never published."""


class Reading(StrEnum):
    """What one observation says; a suspect one says only that the sensor lives."""

    FREE = "free"
    OCCUPIED = "occupied"
    SUSPECT = "suspect"


class Doubt(StrEnum):
    """Why a bay is neither free nor occupied."""

    NEVER_HEARD = "never_heard"
    SILENT = "silent"
    SUSPECT = "suspect"
    FLAPPING = "flapping"
    OUT_OF_SERVICE = "out_of_service"
    RESERVED = "reserved"


@dataclass(frozen=True, slots=True)
class TimedKind:
    """While its hours are on, a bay is of this kind."""

    kind: BayKind
    hours: Hours


@dataclass(frozen=True, slots=True)
class Bay:
    """One bay as the city configured it; `outline` is a polygon as GeoJSON."""

    bay_id: BayId
    lot_id: LotId
    kind: BayKind
    lat: float
    lon: float
    heartbeat_limit: timedelta
    out_of_service: Planned | None = None
    reserved: Planned | None = None
    flapping: FlappingRule | None = None
    outline: str | None = None
    timed_kinds: tuple[TimedKind, ...] = ()

    @property
    def personal(self) -> bool:
        """Return whether the bay belongs to a person, be it at times: it is told of at no time."""
        return self.kind in PERSONAL_KINDS or any(
            timed.kind in PERSONAL_KINDS for timed in self.timed_kinds
        )

    def kind_at(self, now: datetime) -> tuple[BayKind, datetime | None]:
        """Return for whom the bay is at a time, and until when that is sure: the first that is on."""
        moments: list[datetime] = []
        for timed in self.timed_kinds:
            span = timed.hours(now)
            if span.until is not None:
                moments.append(span.until)
            if span.is_open:
                return timed.kind, min(moments, default=None)
        return self.kind, min(moments, default=None)


@dataclass(frozen=True, slots=True)
class Observation:
    """A sensor saw a bay at a time; `event_id` is the idempotency key."""

    event_id: str
    bay_id: BayId
    observed_at: datetime
    reading: Reading
    simulated: bool = False

    @property
    def key(self) -> Key:
        """Return the observation's place in the total order."""
        return self.observed_at, self.event_id


@dataclass(frozen=True, slots=True)
class BayTrack:
    """The least that must be remembered of all observations of a bay.

    `start` opens the unbroken run of equal readings that ends with `newest`; `last_other` is the
    newest observation before the run that said something else. `recent` is what was said lately,
    where the lot looks for flapping sensors.
    """

    newest: Observation
    start: Key
    last_other: Key | None = None
    recent: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class BayReport:
    """What a bay is at `computed_at`; it is no longer free or occupied by itself at `silent_at`."""

    bay: Bay
    state: BayStatus
    since: datetime | None
    measured_at: datetime | None
    computed_at: datetime
    valid_until: datetime
    silent_at: datetime | None
    simulated: bool
    doubt: Doubt | None = None
    timed_kind: BayKind | None = None

    @property
    def kind(self) -> BayKind:
        """Return for whom the bay is at `computed_at`."""
        return self.timed_kind or self.bay.kind


def splits_run(track: BayTrack | None, observation: Observation) -> bool:
    """Return whether a late observation breaks the run, so that its history is needed."""
    return (
        track is not None
        and observation.simulated == track.newest.simulated
        and observation.reading != track.newest.reading
        and track.start < observation.key < track.newest.key
    )


def history_needed_from(
    track: BayTrack | None, observations: Iterable[Observation]
) -> datetime | None:
    """Return from which observation time on `fold` needs a bay's history, if it does."""
    for observation in sorted(observations, key=lambda each: each.key):
        if splits_run(track, observation):
            return observation.observed_at
        track = apply(track, observation)
    return None


def fold(
    track: BayTrack | None,
    observations: Iterable[Observation],
    history: Sequence[Observation] = (),
    *,
    window: timedelta = timedelta(0),
) -> BayTrack | None:
    """Return the track after more observations of its bay, in whatever order they came.

    What was said within `window` before the newest one is remembered.
    """
    before, heard = track, sorted(observations, key=lambda each: each.key)
    for observation in heard:
        track = apply(track, observation, history)
    if track is None or not (window or track.recent):
        return track
    return replace(track, recent=_recent(before, heard, track.newest, window))


def _recent(
    before: BayTrack | None, heard: Iterable[Observation], newest: Observation, window: timedelta
) -> tuple[Said, ...]:
    kept = before.recent if before and before.newest.simulated == newest.simulated else ()
    said = (
        Said(each.observed_at, each.event_id, each.reading.value)
        for each in heard
        if each.simulated == newest.simulated and each.reading is not Reading.SUSPECT
    )
    return remember([*kept, *said], window)


def track_of(standing: Iterable[Observation]) -> BayTrack | None:
    """Return the track of the observations that were not refuted: as if no other had been made.

    The newest, the last before it that said something else, and the first after that one suffice.
    """
    standing = list(standing)
    return fold(None, standing, standing)


def apply(
    track: BayTrack | None, observation: Observation, history: Sequence[Observation] = ()
) -> BayTrack:
    """Return the track after one observation; duplicates and stale ones leave it equal.

    A real observation makes the bay real: what simulated sources said is dropped, then ignored.
    `history` must hold the bay's observations after a late one for which `splits_run` is true.
    """
    if track is None or (track.newest.simulated and not observation.simulated):
        return BayTrack(newest=observation, start=observation.key)
    newest = track.newest
    if observation.simulated and not newest.simulated:
        return track
    if observation.key > newest.key:
        if observation.reading == newest.reading:
            return replace(track, newest=observation)
        return BayTrack(newest=observation, start=observation.key, last_other=newest.key)
    return _apply_late(track, observation, history)


def _apply_late(track: BayTrack, late: Observation, history: Sequence[Observation]) -> BayTrack:
    if late.key == track.newest.key:
        return track
    if track.last_other is not None and late.key <= track.last_other:
        return track
    if late.reading == track.newest.reading:
        return replace(track, start=min(track.start, late.key))
    if late.key < track.start:
        return replace(track, last_other=late.key)
    run = (each.key for each in history if _continues(track, each) and each.key > late.key)
    return replace(track, start=min(run, default=track.newest.key), last_other=late.key)


def _continues(track: BayTrack, other: Observation) -> bool:
    newest = track.newest
    return (
        other.reading == newest.reading
        and other.simulated == newest.simulated
        and other.key <= newest.key
    )


class _Found(NamedTuple):
    state: BayStatus
    since: datetime | None
    until: datetime
    doubt: Doubt | None = None


def assess(bay: Bay, track: BayTrack | None, now: datetime) -> BayReport:
    """Return what a bay is now: sign rule 5 (silent beyond its heartbeat limit is unknown)."""
    newest = track.newest if track else None
    found = _by_order(bay, now) or _by_track(bay, track, now)
    orders = (bay.out_of_service, bay.reserved)
    coming = [each.begin for each in orders if each and each.begin and each.is_coming(now)]
    kind, kind_until = bay.kind_at(now)
    valid_until = min([found.until, *coming, *([kind_until] if kind_until else [])])
    return BayReport(
        bay=bay,
        state=found.state,
        since=found.since,
        measured_at=newest.observed_at if newest else None,
        computed_at=now,
        valid_until=valid_until,
        silent_at=valid_until if found.state in (BayStatus.FREE, BayStatus.OCCUPIED) else None,
        simulated=newest.simulated if newest else False,
        doubt=found.doubt,
        timed_kind=kind if bay.timed_kinds else None,
    )


def _by_order(bay: Bay, now: datetime) -> _Found | None:
    """Return what operators ordered: out of service, or reserved, which the public cannot use."""
    for order, doubt in (
        (bay.out_of_service, Doubt.OUT_OF_SERVICE),
        (bay.reserved, Doubt.RESERVED),
    ):
        if order is not None and order.holds(now):
            until = now + bay.heartbeat_limit
            until = min(until, order.until or until)
            return _Found(BayStatus.OUT_OF_SERVICE, order.begin, until, doubt)
    return None


def _by_track(bay: Bay, track: BayTrack | None, now: datetime) -> _Found:
    """Return what the sensor says, as far as it is believed."""
    hold_until = now + bay.heartbeat_limit
    if track is None:
        return _Found(BayStatus.UNKNOWN, None, hold_until, Doubt.NEVER_HEARD)
    since, silent_at = track.start[0], track.newest.observed_at + bay.heartbeat_limit
    if track.newest.reading is Reading.SUSPECT:
        return _Found(BayStatus.UNKNOWN, since, hold_until, Doubt.SUSPECT)
    if silent_at <= now:
        return _Found(BayStatus.UNKNOWN, silent_at, hold_until, Doubt.SILENT)
    flapping = spell(bay.flapping, track.recent) if bay.flapping else None
    if flapping is not None and now < flapping.until:
        return _Found(
            BayStatus.UNKNOWN, flapping.since, min(silent_at, flapping.until), Doubt.FLAPPING
        )
    return _Found(BayStatus(track.newest.reading.value), since, silent_at)
