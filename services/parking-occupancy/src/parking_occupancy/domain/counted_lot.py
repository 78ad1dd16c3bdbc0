# SPDX-License-Identifier: EUPL-1.2
"""What a lot is that is counted at its gates, beside sensed bays or alone; knows no message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from parking_occupancy.domain.balance import NINE_OF_TEN, Anchor, Balance, Balancing, Cause
from parking_occupancy.domain.bay import BayReport
from parking_occupancy.domain.known_empty import next_known
from parking_occupancy.domain.lot import (
    HOLD,
    Lot,
    LotReport,
    Tally,
    gather,
    state_of,
)
from parking_occupancy.domain.restrictions import PERSONAL_KINDS, BayKind
from parking_occupancy.domain.trend import Sample, remember, trend_of
from stadttakt_messages.states import BayStatus

OBVIOUS = 3.0
"""A sensed share corrects the count only where they are so many standard deviations apart."""

_FEWEST_SENSED = 5
_CLEARLY_LESS = 0.5


@dataclass(frozen=True, slots=True)
class Inside:
    """Vehicles in a whole lot, whomever their places are for, at a time."""

    lowest: int
    likely: int
    highest: int


@dataclass(slots=True)
class Sensed:
    """What the sensors of single bays say of a lot; of personal bays only that they are places."""

    general_free: int = 0
    general_occupied: int = 0
    general_out: int = 0
    other: int = 0
    other_occupied: int = 0
    other_unknown: int = 0

    def add(self, report: BayReport) -> None:
        """Count one bay."""
        state = veiled(report).state
        if report.kind is BayKind.GENERAL:
            self.general_free += state is BayStatus.FREE
            self.general_occupied += state is BayStatus.OCCUPIED
            self.general_out += state is BayStatus.OUT_OF_SERVICE
        else:
            self.other += 1
            self.other_occupied += state is BayStatus.OCCUPIED
            self.other_unknown += state is BayStatus.UNKNOWN


def veiled(report: BayReport) -> BayReport:
    """Return what may be reckoned of a bay: what is sensed of a person's would show in the lot."""
    if report.kind not in PERSONAL_KINDS or report.state is BayStatus.OUT_OF_SERVICE:
        return report
    return report._replace(state=BayStatus.UNKNOWN)


def inside(rules: Balancing, balance: Balance, *, most: int | None = None) -> Inside:
    """Return how many vehicles are in the lot, between empty and its capacity, or another limit."""
    limit = rules.capacity if most is None else most
    spread = ceil(NINE_OF_TEN * balance.deviation(rules))
    if balance.anchored_at is None:
        likely = (balance.lowest + balance.highest) // 2
    else:
        likely = balance.count
    lowest = min(balance.lowest, likely) - spread
    highest = max(balance.highest, likely) + spread
    return Inside(*(min(max(each, 0), limit) for each in (lowest, likely, highest)))


def silent_at(rules: Balancing, balance: Balance) -> datetime | None:
    """Return when the first gate will have been silent too long; None where one never spoke."""
    if not rules.gates:
        return balance.anchored_at + rules.holds_for if balance.anchored_at else None
    moments = []
    for name, gate in rules.gates.items():
        track = balance.gates.get(name)
        if track is None:
            return None
        moments.append(track.heard_at + gate.heartbeat_limit)
    return min(moments)


def heard_at(balance: Balance) -> datetime | None:
    """Return when a gate was heard last, or when a number was set where there is no gate."""
    moments = [track.heard_at for track in balance.gates.values()]
    return max(moments, default=balance.anchored_at)


def count(
    lot: Lot,
    rules: Balancing,
    balance: Balance,
    *,
    bays: Sequence[BayReport],
    samples: tuple[Sample, ...],
    now: datetime,
) -> LotReport:
    """Return what a lot is now, given its balance and its bays assessed now."""
    gathered, sensed = gather(bays), Sensed()
    for report in bays:
        sensed.add(report)
    capacity = max(lot.capacity - sensed.other, 0)
    general = on_general_places(rules, balance, sensed, now)
    tally = _tally(general.likely if general else None, sensed, capacity)
    by_kind = {**gathered.by_kind(lot), BayKind.GENERAL: tally}
    usable = capacity - tally.out_of_service - lot.reserve
    taken = (general.highest, general.likely, general.lowest) if general else (None, None, None)
    free_min, free, free_max = (
        None if each is None else min(max(usable - each, 0), capacity) for each in taken
    )
    measured = [at for at in (heard_at(balance), gathered.measured_at) if at is not None]
    speechless_at = silent_at(rules, balance)
    ends = _ends(lot, rules, (gathered.first_silence, speechless_at), now)
    return LotReport(
        lot=lot,
        tally=tally,
        by_kind=by_kind,
        state=state_of(lot, capacity, free, now),
        free=free,
        free_min=free_min,
        free_max=free_max,
        trend=trend_of(samples, now, free, capacity),
        samples=remember(samples, now, free),
        measured_at=max(measured, default=None),
        computed_at=now,
        valid_until=min(ends),
        number_until=speechless_at if general else None,
        simulated=gathered.simulated or (balance.simulated and bool(balance.gates)),
        by_group=gathered.by_group(by_kind),
    )


def _ends(
    lot: Lot, rules: Balancing, silences: Iterable[datetime | None], now: datetime
) -> list[datetime]:
    """Return when a lot must be looked at anew."""
    ends = (*silences, lot.openings.standing(now).until, next_known(rules.known_empty, now))
    return [now + HOLD, *(end for end in ends if end is not None and end > now)]


def on_general_places(
    rules: Balancing, balance: Balance, sensed: Sensed, now: datetime
) -> Inside | None:
    """Return the vehicles of the general group, None where a gate is silent or too much open."""
    capacity = max(rules.capacity - sensed.other, 0)
    speechless_at = silent_at(rules, balance)
    if speechless_at is None or speechless_at <= now or not capacity:
        return None
    general = _general(inside(rules, balance), sensed, capacity, rules.capacity)
    open_places = general.highest - general.lowest
    return general if open_places <= rules.uncertainty_limit * capacity else None


def _general(total: Inside, sensed: Sensed, capacity: int, whole: int) -> Inside:
    """Return the vehicles on general places: those inside less those on other kinds of bays."""
    share = total.likely / whole if whole else 0.0
    elsewhere = sensed.other_occupied + round(sensed.other_unknown * share)
    least = sensed.general_occupied
    most = max(capacity - sensed.general_out - sensed.general_free, least)
    found = (
        total.lowest - sensed.other_occupied - sensed.other_unknown,
        total.likely - elsewhere,
        total.highest - sensed.other_occupied,
    )
    return Inside(*(min(max(each, least), most) for each in found))


def _tally(occupied: int | None, sensed: Sensed, capacity: int) -> Tally:
    out = min(sensed.general_out, capacity)
    if occupied is None:
        free, taken = sensed.general_free, sensed.general_occupied
        return Tally(free, taken, max(capacity - free - taken - out, 0), out)
    return Tally(max(capacity - out - occupied, 0), occupied, 0, out)


def evidence(
    lot: Lot, rules: Balancing, balance: Balance, *, bays: Iterable[BayReport], now: datetime
) -> Anchor | None:
    """Return what sensed bays say against the count, if they do.

    Bays seen taken and bays seen free bound the number of vehicles; where enough general bays
    are sensed, their share says how many there are likely to be. Personal bays say nothing.
    """
    reports = [veiled(report) for report in bays]
    taken = sum(report.state is BayStatus.OCCUPIED for report in reports)
    unusable = sum(report.state in (BayStatus.FREE, BayStatus.OUT_OF_SERVICE) for report in reports)
    lowest, highest = min(taken, rules.most), max(rules.most - unusable, taken)
    ref = f"sensed-{now.isoformat()}"
    if balance.anchored_at is not None and not lowest <= balance.count <= highest:
        return Anchor(ref, lot.lot_id, now, Cause.SENSED_BAYS, lowest, highest)
    return _sensed_share(lot, balance, balance.spread(rules), reports=reports, now=now)


def _sensed_share(
    lot: Lot, balance: Balance, spread: float, *, reports: list[BayReport], now: datetime
) -> Anchor | None:
    general = [report for report in reports if report.kind is BayKind.GENERAL]
    known = [r for r in general if r.state in (BayStatus.FREE, BayStatus.OCCUPIED)]
    whole = lot.capacity - (len(reports) - len(general))
    if len(known) < _FEWEST_SENSED or whole < len(known):
        return None
    taken = sum(report.state is BayStatus.OCCUPIED for report in known)
    # With one taken and one free more than seen, so that a share of 0 or 1 is no certainty.
    share = (taken + 1) / (len(known) + 2)
    unseen = whole - len(known)
    estimate = taken + share * unseen
    # Of the unseen ones each is taken or not, and the share itself is known from few.
    variance = unseen * share * (1 - share) * (1 + unseen / (len(known) + 3))
    elsewhere = [report.state for report in reports if report.kind is not BayKind.GENERAL]
    unsensed = elsewhere.count(BayStatus.UNKNOWN)
    others = elsewhere.count(BayStatus.OCCUPIED) + share * unsensed
    # Whose places nobody senses may all be away, or all be there.
    variance += (unsensed / 2) ** 2
    apart = balance.count - others - estimate
    obvious = apart**2 > OBVIOUS**2 * (variance + spread**2)
    # A count that began with few sensed bays goes on with more of them.
    unsure = balance.anchored_by in (None, Cause.SENSED_SHARE)
    if not obvious and not (unsure and variance < _CLEARLY_LESS * spread**2):
        return None
    middle, half = round(estimate + others), ceil(variance**0.5)
    return Anchor(
        f"share-{now.isoformat()}",
        lot.lot_id,
        now,
        Cause.SENSED_SHARE,
        max(middle - half, 0),
        middle + half,
    )
