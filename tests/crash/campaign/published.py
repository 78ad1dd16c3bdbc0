# SPDX-License-Identifier: EUPL-1.2
"""What feeds and indicators say otherwise than the truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from math import isclose
from urllib.parse import quote

import httpx
import psycopg

from crash.campaign import feeds
from crash.campaign.beside import INDICATOR, PAST
from crash.campaign.reckoning import Truth
from crash.campaign.town import LOTS

_WAITING = """
select count(*) from parking.lot_history_dirty where lot_id = %s and start >= %s and start < %s
"""
_IN_VIEW = """
select coalesce(sum(occupied_places), 0), coalesce(sum(known_places), 0)
  from parking.v1_lot_quarter_hour where lot_id = %s and start >= %s and start < %s
"""


def differing_feeds(truth: Truth, publisher: httpx.Client) -> Iterator[str]:
    """Yield what feeds say otherwise of lots and bays; the lots beside are watched alone."""
    free, bays = truth.free(), truth.bays()
    bodies = {path: _body(publisher, path) for path in (*feeds.READ, feeds.SPOTS, feeds.LIGHT)}
    for path, read in (*feeds.READ.items(), (feeds.LIGHT, feeds.light_lots)):
        yield from other_numbers(path, read(bodies[path]), free)
    spots, spaces = feeds.parkapi_bays(bodies[feeds.SPOTS]), feeds.datex_bays(bodies[feeds.DATEX])
    for bay_id, (state, _, measured_at, _) in bays.items():
        wanted = state, measured_at.replace(microsecond=0)
        if spots.get(bay_id) != wanted:
            yield f"{feeds.SPOTS}: {bay_id} is {spots.get(bay_id)} instead of {wanted}"
        if spaces.get(bay_id) != state:
            yield f"{feeds.DATEX}: {bay_id} is {spaces.get(bay_id)} instead of {state}"


def differing_then(
    free: Mapping[str, int], bays: Mapping[str, str], at: datetime, publisher: httpx.Client
) -> list[str]:
    """Return what ParkAPI says otherwise of what was public at a moment; so many were `free` and these the states of `bays` then."""
    lots, spots = (f"{path}?at={quote(at.isoformat())}" for path in (feeds.PARKAPI, feeds.SPOTS))
    found = feeds.parkapi_bays(_body(publisher, spots))
    told = {bay_id: state for bay_id, (state, _) in found.items()}
    return [
        *other_numbers(lots, feeds.parkapi_lots(_body(publisher, lots)), free),
        *(
            f"{spots}: {bay_id} is {told.get(bay_id)} instead of {state}"
            for bay_id, state in bays.items()
            if told.get(bay_id) != state
        ),
    ]


def other_numbers(path: str, told: Iterable[feeds.Place], free: Mapping[str, int]) -> Iterator[str]:
    """Yield the lots of which an answer tells another number, or none."""
    found = {place.lot_id: place.free for place in told}
    for lot_id in LOTS:
        if found.get(lot_id) != free[lot_id]:
            yield f"{path}: lot {lot_id} has {found.get(lot_id)} instead of {free[lot_id]} free"


def _body(publisher: httpx.Client, path: str) -> bytes:
    return publisher.get(path).raise_for_status().content


def differing_past(truth: Truth, database_url: str, kpi: httpx.Client) -> Iterator[str]:
    """Yield what the history of the past lot, and the indicator made of it, say otherwise.

    Each word there is good for one quarter of an hour: numerator and denominator are whole numbers.
    """
    occupied, known = truth.past()
    if not known:
        return
    day = min(each.at for each in truth.of("past")).replace(hour=0, minute=0)
    span = (PAST, day, day + timedelta(days=1))
    with psycopg.connect(database_url) as connection:
        (waiting,) = connection.execute(_WAITING, span).fetchone() or (0,)
        found = connection.execute(_IN_VIEW, span).fetchone() or (0.0, 0.0)
    if waiting:
        yield f"history: {waiting} buckets of {PAST} are not counted anew"
    elif not _alike(found, (occupied, known)):
        yield f"history: {PAST} has {found} instead of {occupied, known} places in quarters"
    else:
        yield from _indicator(kpi, day, found)


def _indicator(kpi: httpx.Client, day: datetime, sums: tuple[float, float]) -> Iterator[str]:
    """Compare the day's value to one made anew of what the view says."""
    query = {"from": day.date().isoformat(), "to": (day + timedelta(days=1)).date().isoformat()}
    answer = kpi.get(f"/v1/indicators/{INDICATOR}/values", params={**query, "period": "day"})
    items = answer.raise_for_status().json()["items"]
    numbers = ("value", "numerator", "denominator")
    told = [tuple(each[name] for name in numbers) for each in items]
    wanted = (100 * sums[0] / sums[1], *sums)
    if len(told) != 1 or not _alike(told[0], wanted):
        yield f"indicator: {told} instead of {wanted} on {day.date()}"


def _alike(found: tuple[float | None, ...], wanted: tuple[float, ...]) -> bool:
    return all(
        own is not None and isclose(own, other, rel_tol=1e-9, abs_tol=1e-9)
        for own, other in zip(found, wanted, strict=True)
    )
