# SPDX-License-Identifier: EUPL-1.2
"""What stays and turnover of the past lot say otherwise than arithmetic over what was told of its quarters of an hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import httpx
import psycopg

from crash.campaign.beside import PAST, QUARTER
from crash.campaign.reckoning import Truth

_WAITING = """
select (select count(*) from parking.stay_dirty where bay_id like %(bays)s)
     + (select count(*) from parking.stay_day_dirty where lot_id = %(lot)s and day = %(day)s)
"""
_STRETCHES = """
select bay_id, occupied, begun_from, begun_to, ended_from, ended_to
  from parking.bay_stretch where bay_id like %(bays)s
"""
_DAY = "select arrivals, departures from parking.stay_day where lot_id = %(lot)s and day = %(day)s"


class Stay(NamedTuple):
    """A bay was occupied, or free, in quarters in a row; none where nobody saw it begin or end."""

    bay_id: str
    occupied: bool
    begun_from: datetime | None
    begun_to: datetime
    ended_from: datetime
    ended_to: datetime | None


def stays(words: Mapping[tuple[str, datetime], bool]) -> set[Stay]:
    """Return the stretches that these words make, each good for one quarter: what is not told is silence."""
    told: defaultdict[str, dict[datetime, bool]] = defaultdict(dict)
    for (bay_id, at), occupied in words.items():
        told[bay_id][at] = occupied
    return {each for bay_id, quarters in told.items() for each in _of_bay(bay_id, quarters)}


def _of_bay(bay_id: str, quarters: Mapping[datetime, bool]) -> Iterator[Stay]:
    for at, occupied in quarters.items():
        if quarters.get(at - QUARTER) == occupied:
            continue
        last = at
        while quarters.get(last + QUARTER) == occupied:
            last += QUARTER
        before = at - QUARTER if at - QUARTER in quarters else None
        after = last + QUARTER if last + QUARTER in quarters else None
        yield Stay(bay_id, occupied, before, at, last, after)


def flows(found: set[Stay]) -> tuple[int, int]:
    """Return how many were seen to come, and to go."""
    parked = [each for each in found if each.occupied]
    came = sum(each.begun_from is not None for each in parked)
    return came, sum(each.ended_to is not None for each in parked)


def differing_stays(truth: Truth, database_url: str, parking: httpx.Client) -> Iterator[str]:
    """Yield what stretches, the day's row and the turnover over HTTP say otherwise."""
    words = truth.past_words()
    if not words:
        return
    day = min(at for _, at in words).replace(hour=0, minute=0)
    asked = {"bays": f"{PAST}-%", "lot": PAST, "day": day.date()}
    with psycopg.connect(database_url) as connection:
        connection.execute("set transaction isolation level repeatable read")
        (waiting,) = connection.execute(_WAITING, asked).fetchone() or (0,)
        rows = [Stay(*row) for row in connection.execute(_STRETCHES, asked)]
        counted = connection.execute(_DAY, asked).fetchone()
    if waiting:
        yield f"stays: {waiting} of {PAST} are not made anew"
        return
    span = {"from": day.isoformat(), "to": (day + timedelta(days=1)).isoformat(), "bucket": "1d"}
    answer = parking.get(f"/v1/lots/{PAST}/turnover", params=span).raise_for_status().json()
    yield from compared(stays(words), rows, counted, answer["total"])


def compared(
    wanted: set[Stay],
    rows: Sequence[Stay],
    counted: tuple[int, int] | None,
    total: Mapping[str, Any],
) -> Iterator[str]:
    """Yield where rows, the day's count or an answer differ from the stays that must be."""
    if len(rows) != len(wanted) or set(rows) != wanted:
        odd = sorted(set(rows) ^ wanted, key=str)[:3]
        yield f"stays: {len(rows)} instead of {len(wanted)} of {PAST}, e.g. {odd}"
    came, went = flows(wanted)
    if counted != (came, went):
        yield f"stays: the day of {PAST} has {counted} instead of {came, went} who came and went"
    told = total["arrivals"]["value"], total["departures"]["value"]
    if told != (came, went):
        yield f"turnover: {PAST} tells {told} instead of {came, went} who came and went"
