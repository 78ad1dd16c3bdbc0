"""What a guidance sign shows: sign rules 1, 2, 3, 4, 5, 7 and 9; knows no bay and no broker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from parking_occupancy.domain.lot import Detection, LotReport
from parking_occupancy.domain.thresholds import LEVELS, Thresholds, default_thresholds, level
from stadttakt_messages.base import LotId, SignId
from stadttakt_messages.states import SiteStatus

MAX_TEXT_BYTES = 63
"""With the line feed 64 bytes: what the simplest controllers take."""

NUMBER = "{free}"


@dataclass(frozen=True, slots=True)
class Texts:
    """What a sign says in each state; `{free}` stands for the number of vacant places."""

    free: str = NUMBER
    almost_full: str = NUMBER
    full: str = "BESETZT"
    closed: str = "ZU"
    unknown: str = "P"

    def render(self, state: SiteStatus, free: int | None) -> str:
        """Return the text of a state."""
        template: str = getattr(self, state.value)
        return template if free is None else template.replace(NUMBER, str(free))


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


@dataclass(frozen=True, slots=True)
class SignReport:
    """What a sign shows from `computed_at` to `valid_until`, its state since `state_since`."""

    sign: Sign
    state: SiteStatus
    state_since: datetime
    free: int | None
    text: str
    alternative: LotId | None
    simulated: bool
    measured_at: datetime | None
    computed_at: datetime
    valid_until: datetime


def show(
    sign: Sign,
    lot: LotReport,
    alternative: LotReport | None,
    *,
    prior: SignReport | None,
    now: datetime,
) -> SignReport:
    """Return what a sign shows now, given its lot counted now and what it showed before."""
    state, dwell_ends = _displayed(sign, lot, prior, now)
    free = lot.free_min if state in LEVELS else None
    ends = [now + sign.hold, dwell_ends]
    if state in LEVELS:
        ends += [lot.number_until, _stale_at(sign, lot)]
    kept = prior is not None and prior.state is state
    return SignReport(
        sign=sign,
        state=state,
        state_since=prior.state_since if prior is not None and kept else now,
        free=free,
        text=sign.texts.render(state, free),
        alternative=_alternative(state, alternative),
        simulated=lot.simulated,
        measured_at=lot.measured_at,
        computed_at=now,
        valid_until=min(end for end in ends if end is not None),
    )


def _displayed(
    sign: Sign, lot: LotReport, prior: SignReport | None, now: datetime
) -> tuple[SiteStatus, datetime | None]:
    """Return the state to show, and when the dwell ends that holds another one back (rule 3)."""
    if lot.state is SiteStatus.CLOSED:
        return SiteStatus.CLOSED, None
    stale_at = _stale_at(sign, lot)
    if lot.free_min is None or stale_at is None or stale_at <= now:
        return SiteStatus.UNKNOWN, None
    shown = prior.state if prior is not None and prior.state in LEVELS else None
    thresholds = sign.thresholds or default_thresholds(lot.tally.capacity)
    wanted = level(thresholds, lot.free_min, shown)
    if prior is not None and shown is not None and wanted is not shown:
        dwell_ends = prior.state_since + sign.min_dwell
        if now < dwell_ends:
            return shown, dwell_ends
    return wanted, None


def _stale_at(sign: Sign, lot: LotReport) -> datetime | None:
    return lot.measured_at + sign.stale_after if lot.measured_at else None


def _alternative(state: SiteStatus, lot: LotReport | None) -> LotId | None:
    if state is not SiteStatus.FULL or lot is None:
        return None
    helpless = lot.state in (SiteStatus.FULL, SiteStatus.CLOSED)
    return None if helpless else lot.lot.lot_id


def withdrawn(report: SignReport, now: datetime) -> SignReport:
    """Return what takes the place of an answer whose validity is over: no number (rule 7)."""
    return SignReport(
        sign=report.sign,
        state=SiteStatus.UNKNOWN,
        state_since=report.valid_until,
        free=None,
        text=report.sign.texts.render(SiteStatus.UNKNOWN, None),
        alternative=None,
        simulated=report.simulated,
        measured_at=report.measured_at,
        computed_at=now,
        valid_until=now + report.sign.hold,
    )
