# SPDX-License-Identifier: EUPL-1.2
"""What a guidance sign shows: sign rules 1 to 5 and 7 to 10; knows no bay and no broker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from parking_occupancy.domain.alternative import Alternative, recommend
from parking_occupancy.domain.lot import Detection, LotReport
from parking_occupancy.domain.orders import AUTO, Control, Mode, Override
from parking_occupancy.domain.thresholds import LEVELS, Thresholds, default_thresholds, level
from stadttakt_messages.base import LotId, SignId
from stadttakt_messages.states import SiteStatus

MAX_TEXT_BYTES = 63
"""With the line feed 64 bytes: what the simplest controllers take."""

NUMBER = "{free}"
ALTERNATIVE = "{alternative}"
TEST_TEXT = "888"
"""Lights every segment of a digit."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What a sign says in each state; `{free}` stands for the number of vacant places.

    In `full`, `{alternative}` stands for the recommended lot's name; without one, `full_alone` is said.
    """

    free: str = NUMBER
    almost_full: str = NUMBER
    full: str = "BESETZT"
    closed: str = "ZU"
    unknown: str = "P"
    full_alone: str = "BESETZT"

    def render(
        self, state: SiteStatus, free: int | None, alternative: Alternative | None = None
    ) -> str:
        """Return the text of a state."""
        template: str = getattr(self, state.value)
        if ALTERNATIVE in template and alternative is None:
            template = self.full_alone
        text = template if free is None else template.replace(NUMBER, str(free))
        return text if alternative is None else text.replace(ALTERNATIVE, alternative.name)


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign as the city configured it."""

    sign_id: SignId
    lot_id: LotId
    detection: Detection
    lat: float
    lon: float
    min_dwell: timedelta
    stale_after: timedelta
    hold: timedelta
    thresholds: Thresholds | None
    texts: Texts
    mode: Mode = AUTO
    override: Override | None = None
    key_id: str | None = None
    """The key that signs what it says, if any does."""
    max_characters: int | None = None
    """What its hardware shows, if that is known."""


@dataclass(frozen=True, slots=True)
class SignReport:
    """What a sign shows from `computed_at` to `valid_until`, its state since `state_since`."""

    sign: Sign
    state: SiteStatus
    state_since: datetime
    free: int | None
    text: str
    overridden: bool
    alternative: Alternative | None
    simulated: bool
    measured_at: datetime | None
    computed_at: datetime
    valid_until: datetime


def show(
    sign: Sign,
    lot: LotReport,
    alternatives: Sequence[LotReport],
    *,
    prior: SignReport | None,
    now: datetime,
) -> SignReport:
    """Return what a sign shows now, given its lot counted now and what it showed before.

    `alternatives` are the lots to recommend when full, in their order. An override goes before the mode, the mode before the count.
    """
    shown = _by_hand(sign, now) or _by_count(sign, lot, prior, now)
    found = None
    if shown.state is SiteStatus.FULL:
        named = prior.alternative.lot_id if prior is not None and prior.alternative else None
        found = recommend(alternatives, sign.stale_after, now, named=named)
    alternative, until = found or (None, ())
    text = shown.text
    if text is None:
        text = sign.texts.render(shown.state, shown.free, alternative)
    kept = prior is not None and prior.state is shown.state
    return SignReport(
        sign=sign,
        state=shown.state,
        state_since=prior.state_since if prior is not None and kept else now,
        free=shown.free,
        text=text,
        overridden=shown.overridden,
        alternative=alternative,
        simulated=lot.simulated,
        measured_at=lot.measured_at,
        computed_at=now,
        valid_until=min([now + sign.hold, *until, *(end for end in shown.ends if end is not None)]),
    )


class _Shown(NamedTuple):
    """What is decided first; without a text it is that of the state."""

    state: SiteStatus
    free: int | None
    ends: Sequence[datetime | None] = ()
    text: str | None = None
    overridden: bool = False


def _by_hand(sign: Sign, now: datetime) -> _Shown | None:
    """Return what an operator wants shown, whatever is counted (rules 8 and 10)."""
    order = sign.override
    if order is not None and order.holds(now):
        return _Shown(order.state, order.free, [order.until], order.text, overridden=True)
    match sign.mode.control:
        case Control.BLANK:
            return _Shown(SiteStatus.UNKNOWN, None, text="")
        case Control.TEST:
            return _Shown(SiteStatus.UNKNOWN, None, text=TEST_TEXT)
        case Control.FULL:
            return _Shown(SiteStatus.FULL, None)
        case Control.CLOSED:
            return _Shown(SiteStatus.CLOSED, None)
        case Control.AUTO:
            return None


def _by_count(sign: Sign, lot: LotReport, prior: SignReport | None, now: datetime) -> _Shown:
    state, dwell_ends = _displayed(sign, lot, prior, now)
    free = _vacant(sign, lot) if state in LEVELS else None
    ends = [dwell_ends, lot.lot.openings.standing(now).until]
    if state in LEVELS:
        ends += [lot.number_until, _stale_at(sign, lot)]
    return _Shown(state, free, ends)


def _vacant(sign: Sign, lot: LotReport) -> int | None:
    """Return the lot's vacant places with the sign's offset, within the capacity (rules 1, 10)."""
    if lot.free is None:
        return None
    return min(max(lot.free + sign.mode.offset, 0), lot.tally.capacity)


def _displayed(
    sign: Sign, lot: LotReport, prior: SignReport | None, now: datetime
) -> tuple[SiteStatus, datetime | None]:
    """Return the state to show, and when the dwell ends that holds another one back (rule 3)."""
    if lot.state is SiteStatus.CLOSED:
        return SiteStatus.CLOSED, None
    stale_at, vacant = _stale_at(sign, lot), _vacant(sign, lot)
    if vacant is None or stale_at is None or stale_at <= now:
        return SiteStatus.UNKNOWN, None
    # What was shown by hand holds nothing back (rule 3).
    counted = prior is not None and not prior.overridden and prior.sign.mode == sign.mode
    shown = prior.state if prior is not None and counted and prior.state in LEVELS else None
    site = lot.lot.thresholds or default_thresholds(lot.tally.capacity)
    wanted = level(sign.thresholds or site, vacant, shown)
    if prior is not None and shown is not None and wanted is not shown:
        dwell_ends = prior.state_since + sign.min_dwell
        # A state that begins in the future was shown by a clock that was set back since.
        if prior.state_since <= now < dwell_ends:
            return shown, dwell_ends
    return wanted, None


def _stale_at(sign: Sign, lot: LotReport) -> datetime | None:
    return lot.measured_at + sign.stale_after if lot.measured_at else None


def withdrawn(report: SignReport, now: datetime) -> SignReport:
    """Return what takes the place of an answer whose validity is over: no number (rule 7)."""
    return SignReport(
        sign=report.sign,
        state=SiteStatus.UNKNOWN,
        state_since=report.valid_until,
        free=None,
        text=report.sign.texts.render(SiteStatus.UNKNOWN, None),
        overridden=False,
        alternative=None,
        simulated=report.simulated,
        measured_at=report.measured_at,
        computed_at=now,
        valid_until=now + report.sign.hold,
    )
