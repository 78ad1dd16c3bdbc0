# SPDX-License-Identifier: EUPL-1.2
"""What one bay is, from its observations in any order; knows no lot and no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from parking_occupancy.domain.flapping import FlappingRule, spell
from parking_occupancy.domain.opening import Hours
from parking_occupancy.domain.orders import Planned
from parking_occupancy.domain.restrictions import (
    PERSONAL_KINDS,
    BayKind,
    Orientation,
    Restriction,
)
from parking_occupancy.domain.sensors import BayTrack, Voice, verdict
from parking_occupancy.domain.track import Reading, Track
from stadttakt_messages.base import BayId, LotId
from stadttakt_messages.states import BayStatus


class Doubt(StrEnum):
    """Why a bay is neither free nor occupied."""

    NEVER_HEARD = "never_heard"
    SILENT = "silent"
    SUSPECT = "suspect"
    FLAPPING = "flapping"
    CONTRADICTING = "contradicting"
    OUT_OF_SERVICE = "out_of_service"
    RESERVED = "reserved"


USUAL_GRACE = timedelta(seconds=120)
"""Sensors of different kinds see a vehicle seconds apart, and the radio adds some."""


@dataclass(frozen=True, slots=True)
class TimedKind:
    """While its hours are on, a bay is of this kind, and these groups may park there."""

    kind: BayKind
    hours: Hours
    groups: tuple[BayKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Bay:
    """One bay as the city configured it; `outline` is a polygon as GeoJSON.

    `groups` may park there, where these are others or more than its kind says; `restrictions` are
    told, and `told_hours` are those at which they change. `was_public`: it was ever told of.
    """

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
    grace: timedelta = USUAL_GRACE
    groups: tuple[BayKind, ...] = ()
    max_stay_min: int | None = None
    orientation: Orientation | None = None
    restrictions: tuple[Restriction, ...] = ()
    told_hours: tuple[Hours, ...] = ()
    was_public: bool = False

    @property
    def is_plain(self) -> bool:
        """Return whether the bay is a general place by its kind and its groups."""
        return self.kind is BayKind.GENERAL and not self.groups

    @property
    def is_by_clock(self) -> bool:
        """Return whether what the bay is may change by the clock alone."""
        return bool(self.timed_kinds or self.told_hours or self.out_of_service or self.reserved)

    @property
    def personal(self) -> bool:
        """Return whether the bay belongs to a person, be it at times: it is told of at no time."""
        if not self.timed_kinds:
            return self.kind in PERSONAL_KINDS
        return not PERSONAL_KINDS.isdisjoint([self.kind, *(each.kind for each in self.timed_kinds)])

    def timed_at(self, now: datetime) -> tuple[TimedKind | None, datetime | None]:
        """Return what is on at a time, the first if several are, and until when that is sure."""
        moments: list[datetime] = []
        for timed in self.timed_kinds:
            span = timed.hours(now)
            if span.until is not None:
                moments.append(span.until)
            if span.is_open:
                return timed, min(moments, default=None)
        return None, min(moments, default=None)


class BayReport(NamedTuple):
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
    timed: TimedKind | None = None

    @property
    def kind(self) -> BayKind:
        """Return for whom the bay is at `computed_at`."""
        return self.timed.kind if self.timed else self.bay.kind

    @property
    def groups(self) -> tuple[BayKind, ...]:
        """Return who may park at `computed_at`."""
        return (self.timed or self.bay).groups or (self.kind,)


_SAID = {Reading.FREE: BayStatus.FREE, Reading.OCCUPIED: BayStatus.OCCUPIED}


class _Found(NamedTuple):
    state: BayStatus
    since: datetime | None
    until: datetime
    doubt: Doubt | None = None


def assess(bay: Bay, track: BayTrack | None, now: datetime) -> BayReport:
    """Return what a bay is now: sign rule 5 (silent beyond its heartbeat limit is unknown)."""
    newest = track.newest if track else None
    is_by_clock = bay.is_by_clock
    found = (_by_order(bay, now) if is_by_clock else None) or _by_track(bay, track, now)
    timed, valid_until = None, found.until
    if is_by_clock:
        timed, timed_until = bay.timed_at(now)
        orders = (bay.out_of_service, bay.reserved)
        coming = [each.begin for each in orders if each and each.begin and each.is_coming(now)]
        clock = [timed_until, *(hours(now).until for hours in bay.told_hours)]
        valid_until = min([found.until, *coming, *(at for at in clock if at is not None)])
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
        timed=timed,
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
    """Return what the sensors say, as far as they are believed."""
    if track is None:
        return _Found(BayStatus.UNKNOWN, None, now + bay.heartbeat_limit, Doubt.NEVER_HEARD)
    speaking = track.speaking
    if len(speaking) == 1:
        return _by_sensor(bay, speaking[0], now)
    return _by_sensors(bay, speaking, now)


def _by_sensors(bay: Bay, tracks: Sequence[Track], now: datetime) -> _Found:
    """Return what several sensors say: doubted ones give way, the believed must agree."""
    found = [(track, _by_sensor(bay, track, now)) for track in tracks]
    believed = [(track, each) for track, each in found if each.doubt is None]
    # Who is calm again may contradict the others.
    calm_again = [each.until for _, each in found if each.doubt is Doubt.FLAPPING]
    if not believed:
        _, alone = max(found, key=lambda of: (of[1].doubt is not Doubt.SILENT, of[0].newest.key))
        return alone._replace(until=min([alone.until, *calm_again]))
    voices = [
        Voice(track.newest.reading, track.start, track.last_other is not None, each.until)
        for track, each in believed
    ]
    said = verdict(voices, bay.grace, now)
    until = min([said.until, *calm_again])
    if said.reading is None:
        return _Found(BayStatus.UNKNOWN, said.since, until, Doubt.CONTRADICTING)
    return _Found(_SAID[said.reading], said.since, until)


def _by_sensor(bay: Bay, track: Track, now: datetime) -> _Found:
    """Return what one sensor says, as far as it is believed."""
    newest, limit = track.newest, bay.heartbeat_limit
    since, silent_at = track.start[0], newest.observed_at + limit
    if newest.reading is Reading.SUSPECT:
        return _Found(BayStatus.UNKNOWN, since, now + limit, Doubt.SUSPECT)
    if silent_at <= now:
        return _Found(BayStatus.UNKNOWN, silent_at, now + limit, Doubt.SILENT)
    flapping = spell(bay.flapping, track.recent) if bay.flapping else None
    if flapping is not None and now < flapping.until:
        return _Found(
            BayStatus.UNKNOWN, flapping.since, min(silent_at, flapping.until), Doubt.FLAPPING
        )
    return _Found(_SAID[newest.reading], since, silent_at)
