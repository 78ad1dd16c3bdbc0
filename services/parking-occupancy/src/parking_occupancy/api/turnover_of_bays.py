# SPDX-License-Identifier: EUPL-1.2
"""Turnover from stays of single bays: flows, occupancy by kind and the distribution of dwell times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from parking_occupancy.api.turnover_documents import (
    Bounded,
    DwellBin,
    DwellView,
    KindOccupancy,
    Quantile,
    Turnover,
)
from parking_occupancy.domain.dwell import Dwell, Lasted, dwell, per_bay_and_day
from parking_occupancy.storage import turnover
from parking_occupancy.storage.turnover import Asked, Flow, Measured, Occupied, Placed


class Stays(NamedTuple):
    """What the database adds up of a lot's stays, by bucket."""

    whole: Flow
    flows: Mapping[int, Flow]
    occupied: Mapping[tuple[str, int], Occupied]
    dwell: Mapping[int, Measured]
    places: Mapping[tuple[str, int], Placed]


async def read_stays(connection: Any, asked: Asked, max_stay_min: int | None) -> Stays:
    """Return the stays of a lot in the buckets asked for."""
    at_once = asked._replace(borders=(asked.begin, asked.end))
    whole = await turnover.flows(connection, at_once, max_stay_min)
    return Stays(
        whole.get(0, Flow()),
        await turnover.flows(connection, asked, max_stay_min),
        await turnover.occupancy(connection, asked),
        await turnover.dwell_times(connection, asked),
        await turnover.places(connection, asked),
    )


def elapsed_s(asked: Asked, indexes: Sequence[int]) -> float:
    """Return how many seconds of some buckets in a row are counted."""
    begin, end = asked.borders[indexes[0]], asked.borders[indexes[-1] + 1]
    return max((min(end, asked.counted_until) - begin).total_seconds(), 0.0)


def of_bays(
    asked: Asked, stays: Stays, indexes: Sequence[int], least: int, *, limited: bool
) -> Turnover:
    """Return the turnover of some buckets in a row, from single bays."""
    # What may lie in either of two buckets surely lies in both together.
    flow = stays.whole if len(indexes) > 1 else stays.flows.get(indexes[0], Flow())
    passed_s, by_kind = elapsed_s(asked, indexes), _by_kind(stays, indexes)
    known_s, placed_s = (
        sum(each.known_s for each in by_kind),
        sum(each.placed_s for each in by_kind),
    )
    bays = placed_s / passed_s if passed_s else 0.0
    return Turnover(
        start=asked.borders[indexes[0]],
        end=asked.borders[indexes[-1] + 1],
        arrivals=Bounded(
            value=flow.arrivals, min=flow.arrivals_min, max=max(flow.arrivals_max, flow.arrivals)
        ),
        departures=Bounded(
            value=flow.departures,
            min=flow.departures_min,
            max=max(flow.departures_max, flow.departures),
        ),
        arrivals_per_h=per_h(flow.arrivals, known_s / bays) if bays else None,
        found=flow.found,
        lost=flow.lost,
        turnover=per_bay_and_day(flow.arrivals, known_s=known_s, bays=bays, elapsed_s=passed_s),
        overstays=Bounded(value=flow.overstays, min=flow.overstays_min, max=flow.overstays_max)
        if limited
        else None,
        dwell=_dwell([stays.dwell[index] for index in indexes if index in stays.dwell], least),
        dwell_mean_min=None,
        full_share=None,
        arrivals_while_full=None,
        failed_entries=None,
        by_kind=[_kind(each) for each in by_kind],
        completeness=share(known_s, placed_s) or 0.0,
    )


def per_h(arrivals: float, known_s: float) -> float | None:
    """Return how many arrive in an hour, none where a lot was known for less than a minute."""
    return round(arrivals / known_s * 3600, 2) if known_s >= 60 else None


class _OfKind(NamedTuple):
    kind: str
    bays: int
    placed_s: float
    known_s: float
    occupied_s: float


def _by_kind(stays: Stays, indexes: Sequence[int]) -> list[_OfKind]:
    """Return the kinds that there were in some buckets, and their bay time."""
    told = []
    for kind in sorted({kind for kind, index in stays.places if index in indexes}):
        placed = [stays.places.get((kind, index), Placed(0, 0)) for index in indexes]
        occupied = [stays.occupied.get((kind, index), Occupied(0, 0)) for index in indexes]
        told.append(
            _OfKind(
                kind,
                max(each.bays for each in placed),
                sum(each.placed_s for each in placed),
                sum(each.known_s for each in occupied),
                sum(each.occupied_s for each in occupied),
            )
        )
    return told


def _kind(each: _OfKind) -> KindOccupancy:
    return KindOccupancy(
        kind=each.kind,
        bays=each.bays,
        occupied_share=share(each.occupied_s, each.known_s),
        completeness=share(each.known_s, each.placed_s) or 0.0,
    )


def share(part: float, whole: float) -> float | None:
    """Return a share between 0 and 1, none of nothing."""
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
