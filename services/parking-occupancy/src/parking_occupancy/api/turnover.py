# SPDX-License-Identifier: EUPL-1.2
"""What came, stayed and went on a lot: turnover and dwell times, from its bays, its gates or both."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request

from parking_occupancy.api.documents import UNKNOWN_ID
from parking_occupancy.api.history import DAY, Time, wrong
from parking_occupancy.api.present import PresentBoard
from parking_occupancy.api.turnover_at_gates import (
    OF_BAYS,
    OF_BOTH,
    OF_GATES,
    AtGates,
    at_gates,
    read_flows,
    with_bays,
)
from parking_occupancy.api.turnover_documents import LotTurnover, Turnover
from parking_occupancy.api.turnover_of_bays import Stays, of_bays, read_stays
from parking_occupancy.domain.days import borders
from parking_occupancy.domain.history import FINEST, WIDTHS, floor
from parking_occupancy.settings import ParkingSettings
from parking_occupancy.storage import forecasts, history
from parking_occupancy.storage.turnover import Asked
from stadttakt_messages.base import LotId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Conflict, NotFound

router = APIRouter(prefix="/v1/lots", tags=["lots"])

MOST, LONGEST = 1000, timedelta(days=400)


class _Found(NamedTuple):
    """What is stored of a lot: of its bays, and of its gates where it has any."""

    asked: Asked
    stays: Stays
    gates: AtGates | None
    least: int
    limited: bool

    def stretch(self, indexes: Sequence[int]) -> Turnover:
        """Return the turnover of some buckets in a row."""
        bays = of_bays(self.asked, self.stays, indexes, self.least, limited=self.limited)
        if self.gates is None:
            return bays
        gates = at_gates(self.asked, self.gates, indexes, self.least)
        return with_bays(gates, bays) if self.stays.places else gates


@router.get(
    "/{lot_id}/turnover", summary="What came, stayed and went on a lot", responses=UNKNOWN_ID
)
async def lot_turnover(
    request: Request,
    board: PresentBoard,
    lot_id: str,
    start: Annotated[Time | None, Query(alias="from", description="inclusive")] = None,
    end: Annotated[Time | None, Query(alias="to", description="exclusive")] = None,
    bucket: Literal["15m", "1h", "1d"] = "1h",
) -> LotTurnover:
    """Without times: the last 24 hours. Widened to whole buckets; stays belong to their arrival's."""
    lot = board.city.lots.get(LotId(lot_id))
    if lot is None:
        raise NotFound(f"there is no lot {lot_id}")
    now, width = utc_now(), WIDTHS[bucket]
    until = end or (start + DAY if start else now)
    since = start or until - DAY
    if since >= until:
        raise wrong("from", "must lie before `to`")
    if until - since > LONGEST or (until - since) / width > MOST:
        raise wrong("bucket", f"at most {LONGEST.days} days and {MOST} buckets")
    database: Database = request.app.state.database
    async with database.connection() as connection:
        timezone = await forecasts.read_timezone(connection)
        closed = await history.counted_until(connection) or floor(now, FINEST)
        asked = Asked(lot_id, borders(since, until, width, ZoneInfo(timezone)), closed)
        stays = await read_stays(connection, asked, lot.max_stay_min)
        gates = None
        if lot.balancing is not None and lot.balancing.gates:
            balance = board.balances.get(lot.lot_id)
            gates = await read_flows(connection, asked, lot.balancing, balance)
    if not stays.places and gates is None:
        raise Conflict(f"lot {lot_id} has neither gates nor bays with sensors of which may be told")
    settings: ParkingSettings = request.app.state.settings
    bays = (board.city.bays[each] for each in board.city.bays_of.get(lot.lot_id, ()))
    limited = lot.max_stay_min is not None or any(bay.max_stay_min for bay in bays)
    found = _Found(asked, stays, gates, settings.dwell_min_stays, limited)
    total, items = await asyncio.to_thread(_told, found)
    return LotTurnover(bucket=bucket, timezone=timezone, total=total, items=items, **_about(found))


def _about(found: _Found) -> dict[str, Any]:
    """Return what an answer says beside its numbers."""
    method = _method(found)
    return {
        "lot_id": found.asked.lot_id,
        "method": method,
        "counted_until": found.asked.counted_until,
        "min_stays": found.least,
        "simulated": _simulated(found),
        "not_known": [_NOT_KNOWN[method]],
    }


_NOT_KNOWN = {"single_bay": OF_BAYS, "balancing": OF_GATES, "mixed": OF_BOTH}


def _method(found: _Found) -> Literal["single_bay", "balancing", "mixed"]:
    if found.gates is None:
        return "single_bay"
    return "mixed" if found.stays.places else "balancing"


def _simulated(found: _Found) -> bool:
    asked, gates = found.asked, found.gates
    at_gates = gates is not None and gates.flows.simulated_in(asked.begin, asked.end)
    return found.stays.whole.simulated or at_gates


def _told(found: _Found) -> tuple[Turnover, list[Turnover]]:
    asked = found.asked
    buckets = range(len(asked.borders) - 1)
    ended = [index for index in buckets if asked.borders[index] < asked.counted_until]
    return found.stretch(buckets), [found.stretch([index]) for index in ended]
