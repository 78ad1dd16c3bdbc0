# SPDX-License-Identifier: EUPL-1.2
"""What a lot is: a pure function of its bays; knows no sign and no sensor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import floor
from typing import Literal

from parking_occupancy.domain.balance import Balancing
from parking_occupancy.domain.bay import BayReport
from parking_occupancy.domain.opening import Openings
from parking_occupancy.domain.restrictions import PERSONAL_KINDS, BayKind, Restriction
from parking_occupancy.domain.thresholds import Thresholds, default_thresholds, level
from parking_occupancy.domain.trend import Sample, Trend, remember, trend_of
from stadttakt_messages.base import LotId
from stadttakt_messages.states import BayStatus, SiteStatus

HOLD = timedelta(seconds=120)
"""The longest validity of a lot's answer."""

_FREE, _OCCUPIED, _UNKNOWN = BayStatus.FREE, BayStatus.OCCUPIED, BayStatus.UNKNOWN
_INDEX = {_FREE: 0, _OCCUPIED: 1, _UNKNOWN: 2}
_UNKNOWN_INDEX, _OUT_INDEX = 2, 3

Detection = Literal["single_bay", "balancing", "mixed", "manual"]


@dataclass(frozen=True, slots=True)
class Lot:
    """One lot as the city configured it; `capacity` counts every bay, for whomever it is."""

    lot_id: LotId
    name: str
    capacity: int
    detection: Detection
    lat: float
    lon: float
    opening: str
    reserve: int
    unknown_limit: float
    alternatives: tuple[LotId, ...] = ()
    openings: Openings = field(default_factory=Openings)
    balancing: Balancing | None = None
    max_stay_min: int | None = None
    max_height_cm: int | None = None
    max_width_cm: int | None = None
    restrictions: tuple[Restriction, ...] = ()
    thresholds: Thresholds | None = None

    def is_closed(self, now: datetime) -> bool:
        """Return whether the lot is closed."""
        return self.openings.standing(now).is_closed


@dataclass(frozen=True, slots=True)
class Tally:
    """Bays of one user group by state."""

    free: int = 0
    occupied: int = 0
    unknown: int = 0
    out_of_service: int = 0

    def plus(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(
            self.free + other.free,
            self.occupied + other.occupied,
            self.unknown + other.unknown,
            self.out_of_service + other.out_of_service,
        )

    def without(self, other: Tally) -> Tally:
        """Return what is left without some of them, nowhere below zero."""
        return Tally(
            max(self.free - other.free, 0),
            max(self.occupied - other.occupied, 0),
            max(self.unknown - other.unknown, 0),
            max(self.out_of_service - other.out_of_service, 0),
        )

    def forgotten(self) -> Tally:
        """Return the same bays when nobody knows any more whether they are free."""
        return Tally(0, 0, self.capacity - self.out_of_service, self.out_of_service)

    @property
    def capacity(self) -> int:
        """Return how many bays the group has."""
        return self.free + self.occupied + self.unknown + self.out_of_service


@dataclass(frozen=True, slots=True)
class LotReport:
    """A lot at `computed_at`; all counts but `by_kind` are of the general user group (rule 1).

    `free` is what is answered and shown: of single bays what is surely free, of a balance the best
    estimate. `by_group` has each bay in every group that may use it, so its counts overlap.
    `number_until` is when silent bays will change `free_min` or make the lot unknown if nothing
    more is heard; `samples` are what the next trend is judged by.
    """

    lot: Lot
    tally: Tally
    by_kind: Mapping[BayKind, Tally]
    state: SiteStatus
    free: int | None
    free_min: int | None
    free_max: int | None
    trend: Trend | None
    samples: tuple[Sample, ...]
    measured_at: datetime | None
    computed_at: datetime
    valid_until: datetime
    number_until: datetime | None
    simulated: bool
    by_group: Mapping[BayKind, Tally] = field(default_factory=dict)


def forgotten(report: LotReport) -> LotReport:
    """Return a report without what gates and sensors said, which does not outlive its validity."""
    return replace(
        report,
        tally=report.tally.forgotten(),
        by_kind={kind: tally.forgotten() for kind, tally in report.by_kind.items()},
        by_group={group: tally.forgotten() for group, tally in report.by_group.items()},
    )


@dataclass(slots=True)
class Gathered:
    """What one pass over a lot's public bays finds."""

    counts: dict[BayKind, list[int]] = field(default_factory=dict)
    # Where groups are not just the kind: by group, and by kind what was counted there.
    grouped: dict[BayKind, list[int]] = field(default_factory=dict)
    ungrouped: dict[BayKind, list[int]] = field(default_factory=dict)
    silences: list[datetime] = field(default_factory=list)
    free_until: datetime | None = None
    first_silence: datetime | None = None
    measured_at: datetime | None = None
    bays: int = 0
    simulated: bool = False

    def take_plain(self, reports: Sequence[BayReport]) -> None:
        """Count bays that are general places and nothing else."""
        if not reports:
            return
        states = [each.state for each in reports]
        known = [states.count(_FREE), states.count(_OCCUPIED), states.count(_UNKNOWN)]
        self.counts[BayKind.GENERAL] = [*known, len(states) - sum(known)]
        self.silences = [each.silent_at for each in reports if each.silent_at is not None]
        self.first_silence = min(self.silences, default=None)
        free = [each.silent_at for each in reports if each.state is _FREE]
        self.free_until = _first(free)
        self.measured_at = _last([each.measured_at for each in reports])
        self.simulated = True in [each.simulated for each in reports]

    def take(self, report: BayReport) -> None:
        """Count one bay; a personal one as a place only, since a count would tell of its owner."""
        kind, state, silent_at = report.kind, report.state, report.silent_at
        if kind in PERSONAL_KINDS:
            return
        index = _INDEX.get(state, _OUT_INDEX)
        if report.timed is not None or report.bay.groups:
            self.group(kind, report.groups, index)
        self.counts.setdefault(kind, [0, 0, 0, 0])[index] += 1
        self.simulated |= report.simulated
        self.first_silence = _first([self.first_silence, silent_at])
        if kind is not BayKind.GENERAL:
            return
        self.measured_at = _last([self.measured_at, report.measured_at])
        if silent_at is not None:
            self.silences.append(silent_at)
            if state is _FREE:
                self.free_until = _first([self.free_until, silent_at])

    def group(self, kind: BayKind, groups: Iterable[BayKind], state: int) -> None:
        """Count one bay that is not simply for its kind."""
        self.ungrouped.setdefault(kind, [0, 0, 0, 0])[state] += 1
        for group in groups:
            self.grouped.setdefault(group, [0, 0, 0, 0])[state] += 1

    def by_group(self, by_kind: Mapping[BayKind, Tally]) -> dict[BayKind, Tally]:
        """Return the counts per user group, given those per kind."""
        found = dict(by_kind)
        for kind, counts in self.ungrouped.items():
            found[kind] = found[kind].without(Tally(*counts))
        for group, counts in self.grouped.items():
            found[group] = found.get(group, Tally()).plus(Tally(*counts))
        return {group: found[group] for group in sorted(found) if found[group].capacity}

    def by_kind(self, lot: Lot) -> dict[BayKind, Tally]:
        """Return the counts per kind; places of the lot without a sensor are unknown general ones."""
        without_sensor = max(0, lot.capacity - self.bays)
        if without_sensor:
            self.counts.setdefault(BayKind.GENERAL, [0, 0, 0, 0])[_UNKNOWN_INDEX] += without_sensor
        return {kind: Tally(*self.counts[kind]) for kind in sorted(self.counts)}


def gather(reports: Sequence[BayReport]) -> Gathered:
    """Return what the bays of a lot say.

    A lot is counted many times a second, and most bays are simply for everybody: those are counted
    in a few passes that the interpreter makes fast, the others one by one.
    """
    found = Gathered(bays=len(reports))
    plain = [each for each in reports if each.timed is None and each.bay.is_plain]
    found.take_plain(plain)
    if len(plain) < len(reports):
        for report in reports:
            if report.timed is not None or not report.bay.is_plain:
                found.take(report)
    return found


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((each for each in moments if each is not None), default=None)


def _last(moments: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in moments if each is not None), default=None)


def interval(lot: Lot, tally: Tally) -> tuple[int, int]:
    """Return the least and the most vacant places (rule 1; unknown bays count as taken, rule 5)."""
    most = tally.capacity
    least_vacant = min(max(tally.free - lot.reserve, 0), most)
    most_vacant = min(max(tally.free + tally.unknown - lot.reserve, 0), most)
    return least_vacant, most_vacant


def is_unknown(lot: Lot, tally: Tally) -> bool:
    """Return whether too many bays are unknown to say anything of the lot (rule 5)."""
    return tally.capacity == 0 or tally.unknown > lot.unknown_limit * tally.capacity


def count(
    lot: Lot, bays: Sequence[BayReport], samples: tuple[Sample, ...], now: datetime
) -> LotReport:
    """Return what a lot is now, given its bays assessed now and its recent counts."""
    gathered = gather(bays)
    by_kind = gathered.by_kind(lot)
    tally = by_kind.get(BayKind.GENERAL, Tally())
    free_min, free_max = interval(lot, tally)
    unknown = is_unknown(lot, tally)
    known_free = None if unknown else free_min
    longest = now + HOLD
    return LotReport(
        lot=lot,
        tally=tally,
        by_kind=by_kind,
        state=state_of(lot, tally.capacity, known_free, now),
        free=known_free,
        free_min=known_free,
        free_max=None if unknown else free_max,
        trend=trend_of(samples, now, known_free, tally.capacity),
        samples=remember(samples, now, known_free),
        measured_at=gathered.measured_at,
        computed_at=now,
        valid_until=min(
            longest, gathered.first_silence or longest, lot.openings.standing(now).until or longest
        ),
        number_until=None if unknown else _number_until(lot, tally, gathered),
        simulated=gathered.simulated,
        by_group=gathered.by_group(by_kind),
    )


def state_of(lot: Lot, capacity: int, free: int | None, now: datetime) -> SiteStatus:
    """Return what a lot says of itself with so many places free, or nobody knows how many."""
    if lot.is_closed(now):
        return SiteStatus.CLOSED
    if free is None:
        return SiteStatus.UNKNOWN
    return level(lot.thresholds or default_thresholds(capacity), free)


def _number_until(lot: Lot, tally: Tally, gathered: Gathered) -> datetime | None:
    spare = floor(lot.unknown_limit * tally.capacity) - tally.unknown
    moments = [gathered.free_until] if gathered.free_until else []
    if spare < len(gathered.silences):
        moments.append(sorted(gathered.silences)[spare])
    return min(moments, default=None)
