# SPDX-License-Identifier: EUPL-1.2
"""What must be shown anew after observations or as time goes by; the core of the service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from parking_occupancy.domain import counted_lot
from parking_occupancy.domain import lot as lots
from parking_occupancy.domain import sign as signs
from parking_occupancy.domain.balance import Balance, unknown_balance
from parking_occupancy.domain.bay import BayReport, assess
from parking_occupancy.domain.city import City
from parking_occupancy.domain.lot import LotReport
from parking_occupancy.domain.sensors import BayTrack, fold, track_of
from parking_occupancy.domain.sign import SignReport
from parking_occupancy.domain.track import Observation
from parking_occupancy.domain.trend import Sample
from parking_occupancy.domain.validity import replaces
from stadttakt_messages.base import BayId, LotId, SignId
from stadttakt_messages.states import SiteStatus


@dataclass(frozen=True, slots=True)
class Situation:
    """What is remembered of each bay and balance, and what is shown of bays, lots and signs."""

    tracks: Mapping[BayId, BayTrack]
    bays: Mapping[BayId, BayReport]
    lots: Mapping[LotId, LotReport]
    signs: Mapping[SignId, SignReport]
    balances: Mapping[LotId, Balance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """Observations that are looked up: what follows a late one, by bay.

    And all that stand, new ones included, of bays of which one was refuted.
    """

    history: Mapping[BayId, Sequence[Observation]] = field(default_factory=dict)
    standing: Mapping[BayId, Sequence[Observation]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Due:
    """Whose time to be looked at has come."""

    bays: frozenset[BayId] = frozenset()
    lots: frozenset[LotId] = frozenset()
    signs: frozenset[SignId] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """The tracks and balances that changed, and what must be shown anew.

    No track is left of a bay whose only observations were refuted.
    """

    tracks: dict[BayId, BayTrack | None] = field(default_factory=dict)
    bays: dict[BayId, BayReport] = field(default_factory=dict)
    lots: dict[LotId, LotReport] = field(default_factory=dict)
    signs: dict[SignId, SignReport] = field(default_factory=dict)
    balances: dict[LotId, Balance] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether anything changed."""
        return bool(self.tracks or self.bays or self.lots or self.signs or self.balances)


def decide(
    city: City,
    before: Situation,
    observations: Mapping[BayId, Sequence[Observation]],
    *,
    due: Due,
    now: datetime,
    stored: Stored | None = None,
) -> Change:
    """Return what these observations and the passing of time change; touches nothing.

    Balances are those of `before`: who changed one names its lot among what is due.
    """
    step = _Step(city, before, now)
    stored = stored or Stored()
    step.observe(observations, stored.history)
    step.observe_anew(stored.standing)
    # In the order of arrival, then by name: equal input gives equal output, change by change.
    for bay_id in dict.fromkeys([*observations, *sorted(stored.standing), *sorted(due.bays)]):
        if bay_id in city.bays:
            step.look_at_bay(bay_id)
    # Counting a lot may find bays that fell silent this very moment.
    touched = {city.bays[bay_id].lot_id for bay_id in step.change.bays}
    step.look_at_lots(touched | due.lots)
    step.look_at_signs(due.signs)
    return step.change


class _Step:
    """One decision under way: each lot is counted once, from bays assessed now."""

    def __init__(self, city: City, before: Situation, now: datetime) -> None:
        self.change = Change()
        self._city = city
        self._before = before
        self._now = now
        self._counted: dict[LotId, LotReport] = {}

    def observe(
        self,
        observations: Mapping[BayId, Sequence[Observation]],
        history: Mapping[BayId, Sequence[Observation]],
    ) -> None:
        for bay_id, heard in observations.items():
            track = self._before.tracks.get(bay_id)
            bay = self._city.bays.get(bay_id)
            window = bay.flapping.remembered if bay and bay.flapping else timedelta(0)
            after = fold(track, heard, history.get(bay_id, ()), window=window)
            if after is not None and after != track:
                self.change.tracks[bay_id] = after

    def observe_anew(self, standing: Mapping[BayId, Sequence[Observation]]) -> None:
        for bay_id, left in standing.items():
            after = track_of(left)
            if after != self._before.tracks.get(bay_id):
                self.change.tracks[bay_id] = after

    def look_at_bay(self, bay_id: BayId) -> BayReport:
        bay = self._city.bays[bay_id]
        track = self.change.tracks.get(bay_id, self._before.tracks.get(bay_id))
        fresh, shown = assess(bay, track, self._now), self._before.bays.get(bay_id)
        if (
            shown is None
            or not _says_the_same(fresh, shown)
            or replaces(fresh, shown, bay.heartbeat_limit)
        ):
            self.change.bays[bay_id] = fresh
        return fresh

    def look_at_lots(self, lot_ids: Iterable[LotId]) -> None:
        for lot_id in sorted(set(lot_ids) & self._city.lots.keys()):
            self._count(lot_id)

    def look_at_signs(self, due: Iterable[SignId]) -> None:
        waiting, looked_at = set(due) & self._city.signs.keys(), set[SignId]()
        while waiting := (waiting | self._touched_signs()) - looked_at:
            for sign_id in sorted(waiting):
                self._show(sign_id)
            looked_at |= waiting

    def _touched_signs(self) -> set[SignId]:
        """Return the signs of every counted lot, and the full ones that may recommend a changed one."""
        return {
            sign_id
            for lot_id in self._counted
            for sign_id in self._city.signs_of.get(lot_id, ())
            if self._city.signs[sign_id].lot_id == lot_id
            or (lot_id in self.change.lots and self._recommends(sign_id))
        }

    def _recommends(self, sign_id: SignId) -> bool:
        """Return whether a sign may say where else there is room: one that is not full never does."""
        shown = self._before.signs.get(sign_id)
        return shown is None or shown.state is SiteStatus.FULL

    def _count(self, lot_id: LotId) -> LotReport:
        if lot_id in self._counted:
            return self._counted[lot_id]
        shown = self._before.lots.get(lot_id)
        bays = self._bays_now(self._city.bays_of.get(lot_id, ()))
        samples = shown.samples if shown else ()
        fresh = self._counted_lot(lot_id, bays, samples)
        self._counted[lot_id] = fresh
        if (
            shown is None
            or _lot_content(fresh) != _lot_content(shown)
            or replaces(fresh, shown, lots.HOLD)
        ):
            self.change.lots[lot_id] = fresh
        return fresh

    def _counted_lot(
        self, lot_id: LotId, bays: Sequence[BayReport], samples: tuple[Sample, ...]
    ) -> LotReport:
        lot, now = self._city.lots[lot_id], self._now
        rules = lot.balancing
        if rules is None:
            return lots.count(lot, bays, samples, now)
        balance = self._before.balances.get(lot_id) or unknown_balance(rules, now)
        return counted_lot.count(lot, rules, balance, bays=bays, samples=samples, now=now)

    def _bays_now(self, bay_ids: Iterable[BayId]) -> list[BayReport]:
        changed, shown, now = self.change.bays, self._before.bays, self._now
        return [
            report
            if (report := changed.get(bay_id) or shown.get(bay_id)) is not None
            and ((silent_at := report.silent_at) is None or silent_at > now)
            else self.look_at_bay(bay_id)
            for bay_id in bay_ids
        ]

    def _show(self, sign_id: SignId) -> None:
        sign, shown = self._city.signs[sign_id], self._before.signs.get(sign_id)
        lot = self._count(sign.lot_id)
        alternatives = self._known_lots(lot.lot.alternatives)
        fresh = signs.show(sign, lot, alternatives, prior=shown, now=self._now)
        if (
            shown is None
            or _sign_content(fresh) != _sign_content(shown)
            or replaces(fresh, shown, sign.hold)
        ):
            self.change.signs[sign_id] = fresh

    def _known_lots(self, lot_ids: Sequence[LotId]) -> list[LotReport]:
        found = (self._counted.get(each) or self._before.lots.get(each) for each in lot_ids)
        return [report for report in found if report is not None]


def _says_the_same(fresh: BayReport, shown: BayReport) -> bool:
    # What differs most often stands first.
    return (
        fresh.measured_at == shown.measured_at
        and fresh.since == shown.since
        and fresh.state is shown.state
        and fresh.doubt is shown.doubt
        and fresh.simulated is shown.simulated
        and (fresh.bay is shown.bay or fresh.bay == shown.bay)
        and fresh.kind is shown.kind
        and fresh.groups == shown.groups
    )


def _lot_content(report: LotReport) -> object:
    # Without `measured_at`: a sensor's heartbeat alone is no news of the lot.
    return (
        report.lot,
        report.by_kind,
        report.by_group,
        report.state,
        report.free,
        report.free_min,
        report.free_max,
        report.trend,
        report.simulated,
    )


def _sign_content(report: SignReport) -> object:
    return (
        report.sign,
        report.state,
        report.free,
        report.text,
        report.overridden,
        report.alternative,
        report.simulated,
    )
