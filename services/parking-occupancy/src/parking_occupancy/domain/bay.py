"""What one bay is, from its observations in any order; knows no lot and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from parking_occupancy.domain.orders import Limited
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


PERSONAL_KINDS = frozenset({BayKind.DISABLED_ASSIGNED, BayKind.RESIDENT})
"""Bays that belong to a person: whether they are taken is never published."""


class Reading(StrEnum):
    """What one observation says; a suspect one says only that the sensor lives."""

    FREE = "free"
    OCCUPIED = "occupied"
    SUSPECT = "suspect"


@dataclass(frozen=True, slots=True)
class Bay:
    """One bay as the city configured it."""

    bay_id: BayId
    lot_id: LotId
    kind: BayKind
    lat: float
    lon: float
    heartbeat_limit: timedelta
    out_of_service: Limited | None = None

    @property
    def personal(self) -> bool:
        """Return whether the bay belongs to a person."""
        return self.kind in PERSONAL_KINDS


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
    newest observation before the run that said something else.
    """

    newest: Observation
    start: Key
    last_other: Key | None = None


@dataclass(frozen=True, slots=True)
class BayReport:
    """What a bay is at `computed_at`; it becomes unknown by itself at `silent_at`."""

    bay: Bay
    state: BayStatus
    since: datetime | None
    measured_at: datetime | None
    computed_at: datetime
    valid_until: datetime
    silent_at: datetime | None
    simulated: bool


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
) -> BayTrack | None:
    """Return the track after more observations of its bay, in whatever order they came."""
    for observation in sorted(observations, key=lambda each: each.key):
        track = apply(track, observation, history)
    return track


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


def assess(bay: Bay, track: BayTrack | None, now: datetime) -> BayReport:
    """Return what a bay is now: sign rule 5 (silent beyond its heartbeat limit is unknown)."""
    newest = track.newest if track else None
    silent_at = newest.observed_at + bay.heartbeat_limit if newest else None
    state, since, valid_until = _state(bay, track, now)
    return BayReport(
        bay=bay,
        state=state,
        since=since,
        measured_at=newest.observed_at if newest else None,
        computed_at=now,
        valid_until=valid_until,
        silent_at=silent_at if state in (BayStatus.FREE, BayStatus.OCCUPIED) else None,
        simulated=newest.simulated if newest else False,
    )


def _state(
    bay: Bay, track: BayTrack | None, now: datetime
) -> tuple[BayStatus, datetime | None, datetime]:
    hold_until = now + bay.heartbeat_limit
    order = bay.out_of_service
    if order is not None and order.holds(now):
        return BayStatus.OUT_OF_SERVICE, None, min(hold_until, order.until or hold_until)
    if track is None:
        return BayStatus.UNKNOWN, None, hold_until
    since, silent_at = track.start[0], track.newest.observed_at + bay.heartbeat_limit
    if track.newest.reading is Reading.SUSPECT:
        return BayStatus.UNKNOWN, since, hold_until
    if silent_at <= now:
        return BayStatus.UNKNOWN, silent_at, hold_until
    return BayStatus(track.newest.reading.value), since, silent_at
