# SPDX-License-Identifier: EUPL-1.2
"""Which lot a full one recommends: the first of its alternatives that has room and is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from parking_occupancy.domain.lot import LotReport
from stadttakt_messages.base import LotId
from stadttakt_messages.states import SiteStatus

_WITH_ROOM = frozenset({SiteStatus.FREE, SiteStatus.ALMOST_FULL})


@dataclass(frozen=True, slots=True)
class Alternative:
    """A recommended lot as it is now."""

    lot_id: LotId
    name: str
    state: SiteStatus
    free: int | None


def recommend(
    candidates: Sequence[LotReport],
    stale_after: timedelta,
    now: datetime,
    *,
    named: LotId | None = None,
) -> tuple[Alternative, Sequence[datetime]] | None:
    """Return the first lot that is neither full, closed nor unknown, and when that must be judged anew.

    The one `named` before stays as long as it is one of these: a lot before it that has room for one
    vehicle, and then for none, must not turn drivers round. A number that is stale or over is
    unknown, whoever was meant to renew it.
    """
    for lot in sorted(candidates, key=lambda each: each.lot.lot_id != named):
        ends = _ends(lot, stale_after)
        if lot.state in _WITH_ROOM and ends and now < min(ends):
            return Alternative(lot.lot.lot_id, lot.lot.name, lot.state, lot.free), ends
    return None


def _ends(lot: LotReport, stale_after: timedelta) -> Sequence[datetime]:
    if lot.measured_at is None:
        return []
    stale_at = lot.measured_at + stale_after
    return [stale_at, lot.number_until] if lot.number_until else [stale_at]
