"""What came, stayed and went on a lot: turnover and dwell times, from stays of its bays."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from parking_occupancy.api.documents import UNKNOWN_ID
from parking_occupancy.api.history import DAY, Time, wrong
from parking_occupancy.api.present import PresentBoard
from parking_occupancy.domain.dwell import Dwell, Lasted, dwell, per_bay_and_day
from parking_occupancy.domain.history import FINEST, WIDTHS, floor
from parking_occupancy.settings import ParkingSettings
from parking_occupancy.storage import history, turnover
from parking_occupancy.storage.turnover import Asked, Flow, Measured, Occupied
from stadttakt_messages.base import LotId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Conflict, NotFound

router = APIRouter(prefix="/v1/lots", tags=["lots"])

MOST, LONGEST = 1000, timedelta(days=400)


class Bounded(BaseModel):
    """A count as reported, and between what the truth lies as far as observations reach."""

    value: int
    min: int
    max: int


class DwellBin(BaseModel):
    """Stays of `from_min` to before `to_min` minutes that ended, and the estimated share of all."""

    from_min: int
    to_min: int | None
    stays: int
    share: float


class Quantile(BaseModel):
    """Minutes as reported, and between what they lie; null: too many stays were lost before."""

    value: float | None
    min: float | None
    max: float | None


class DwellView(BaseModel):
    """Dwell times of the stays that began in the stretch (Kaplan and Meier)."""

    ended: int
    censored: int = Field(description="stays still going on or lost from sight")
    p25: Quantile
    median: Quantile
    p75: Quantile
    p90: Quantile
    bins: list[DwellBin]


class KindOccupancy(BaseModel):
    """Bays of one kind: the share of known bay time in which they were occupied."""

    kind: str
    bays: int
    occupied_share: float | None
    completeness: float


class Turnover(BaseModel):
    """One stretch of time."""

    start: datetime
    end: datetime
    arrivals: Bounded
    departures: Bounded
    found: int = Field(description="stays whose arrival nobody saw: after silence, or the first")
    lost: int = Field(description="stays lost from sight by silence")
    turnover: float | None = Field(
        description="arrivals per bay and day of known bay time; null: known for too short"
    )
    overstays: Bounded | None = Field(description="stays longer than the lot's max_stay_min")
    dwell: DwellView | None = Field(description="null: fewer than `min_stays` stays")
    by_kind: list[KindOccupancy]
    completeness: float = Field(description="share of bay time in which bays were known, 0 to 1")


class LotTurnover(BaseModel):
    """Stays of a lot, all kinds of bays but those that belong to a person."""

    lot_id: str
    bucket: str
    method: Literal["single_bay"] = "single_bay"
    counted_until: datetime
    min_stays: int
    simulated: bool
    total: Turnover
    items: list[Turnover]


class _Stored(NamedTuple):
    whole: Flow
    flows: Mapping[int, Flow]
    occupied: Mapping[tuple[str, int], Occupied]
    dwell: Mapping[int, Measured]
    bays: Mapping[str, int]


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
    begin = floor(since, width)
    until = begin + ceil((until - begin) / width) * width
    settings: ParkingSettings = request.app.state.settings
    database: Database = request.app.state.database
    async with database.connection() as connection:
        closed = await history.counted_until(connection) or floor(now, FINEST)
        asked = Asked(lot_id, begin, until, width, closed)
        at_once = asked._replace(width=until - begin)
        whole = await turnover.flows(connection, at_once, lot.max_stay_min)
        stored = _Stored(
            whole.get(0, Flow()),
            await turnover.flows(connection, asked, lot.max_stay_min),
            await turnover.occupancy(connection, asked),
            await turnover.dwell_times(connection, asked),
            await turnover.bays_by_kind(connection, lot_id),
        )
    if not stored.bays:
        raise Conflict(f"lot {lot_id} has no bays with sensors of which may be told")
    least, limited = settings.dwell_min_stays, lot.max_stay_min is not None
    total, items = await asyncio.to_thread(_told, asked, stored, least, limited=limited)
    return LotTurnover(
        lot_id=lot_id,
        bucket=bucket,
        counted_until=closed,
        min_stays=least,
        simulated=stored.whole.simulated,
        total=total,
        items=items,
    )


def _told(
    asked: Asked, stored: _Stored, least: int, *, limited: bool
) -> tuple[Turnover, list[Turnover]]:
    count = ceil(
        (min(asked.end, max(asked.counted_until, asked.begin)) - asked.begin) / asked.width
    )
    items = [_stretch(asked, stored, [index], least, limited=limited) for index in range(count)]
    everything = range(round((asked.end - asked.begin) / asked.width))
    return _stretch(asked, stored, everything, least, limited=limited), items


def _stretch(
    asked: Asked, stored: _Stored, indexes: Sequence[int], least: int, *, limited: bool
) -> Turnover:
    begin = asked.begin + indexes[0] * asked.width
    end = asked.begin + (indexes[-1] + 1) * asked.width
    elapsed_s = max((min(end, asked.counted_until) - begin).total_seconds(), 0.0)
    # What may lie in either of two buckets surely lies in both together.
    flow = stored.whole if len(indexes) > 1 else stored.flows.get(indexes[0], Flow())
    by_kind = {
        kind: [stored.occupied.get((kind, index), Occupied(0, 0)) for index in indexes]
        for kind in stored.bays
    }
    known_s = sum(each.known_s for found in by_kind.values() for each in found)
    return Turnover(
        start=begin,
        end=end,
        arrivals=Bounded(
            value=flow.arrivals, min=flow.arrivals_min, max=max(flow.arrivals_max, flow.arrivals)
        ),
        departures=Bounded(
            value=flow.departures,
            min=flow.departures_min,
            max=max(flow.departures_max, flow.departures),
        ),
        found=flow.found,
        lost=flow.lost,
        turnover=per_bay_and_day(
            flow.arrivals, known_s=known_s, bays=sum(stored.bays.values()), elapsed_s=elapsed_s
        ),
        overstays=Bounded(value=flow.overstays, min=flow.overstays_min, max=flow.overstays_max)
        if limited
        else None,
        dwell=_dwell([stored.dwell[index] for index in indexes if index in stored.dwell], least),
        by_kind=[
            _kind(kind, stored.bays[kind], found, elapsed_s) for kind, found in by_kind.items()
        ],
        completeness=_share(known_s, sum(stored.bays.values()) * elapsed_s) or 0.0,
    )


def _kind(kind: str, bays: int, found: Sequence[Occupied], elapsed_s: float) -> KindOccupancy:
    known_s = sum(each.known_s for each in found)
    return KindOccupancy(
        kind=kind,
        bays=bays,
        occupied_share=_share(sum(each.occupied_s for each in found), known_s),
        completeness=_share(known_s, bays * elapsed_s) or 0.0,
    )


def _share(part: float, whole: float) -> float | None:
    return min(round(part / whole, 4), 1.0) if whole > 0 else None


def _dwell(measured: Sequence[Measured], least: int) -> DwellView | None:
    reported = dwell(_merged([each.reported for each in measured]))
    if reported.ended + reported.censored < least:
        return None
    shortest = dwell(_merged([each.shortest for each in measured]))
    longest = dwell(_merged([each.longest for each in measured]))
    return DwellView(
        ended=reported.ended,
        censored=reported.censored,
        p25=Quantile(value=reported.p25, min=shortest.p25, max=longest.p25),
        median=Quantile(value=reported.median, min=shortest.median, max=longest.median),
        p75=Quantile(value=reported.p75, min=shortest.p75, max=longest.p75),
        p90=Quantile(value=reported.p90, min=shortest.p90, max=longest.p90),
        bins=_bins(reported),
    )


def _merged(parts: Sequence[Sequence[Lasted]]) -> list[Lasted]:
    return [each for part in parts for each in part]


def _bins(found: Dwell) -> list[DwellBin]:
    return [DwellBin(**each._asdict()) for each in found.bins]
