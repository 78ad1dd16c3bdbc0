# SPDX-License-Identifier: EUPL-1.2
"""Which readings of a bay with several sensors tell of stays: those that no other one contradicts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from parking_occupancy.domain.stays import Seen
from parking_occupancy.domain.track import UNNAMED, Reading, SensorId

_AT = attrgetter("at")


def agreed(seen: Iterable[Seen], *, limit: timedelta, grace: timedelta) -> list[Seen]:
    """Return the readings that other sensors agree with, in order.

    Another one disagrees if what it said last, not longer ago than `limit`, is otherwise, and it
    says the same at no time within `grace` after. What does not name its sensor contradicts none.
    """
    ordered = sorted(seen)
    named: dict[SensorId, list[Seen]] = {}
    for each in ordered:
        if each.sensor != UNNAMED:
            named.setdefault(each.sensor, []).append(each)
    if len(named) < 2:
        return ordered
    return [
        each
        for each in ordered
        if each.sensor == UNNAMED
        or each.reading is Reading.SUSPECT
        or not any(_disagrees(other, each, limit, grace) for other in _others(named, each.sensor))
    ]


def _others(named: Mapping[SensorId, Sequence[Seen]], sensor: SensorId) -> Iterable[Sequence[Seen]]:
    return (said for name, said in named.items() if name != sensor)


def _disagrees(other: Sequence[Seen], each: Seen, limit: timedelta, grace: timedelta) -> bool:
    position = bisect_right(other, each.at, key=_AT)
    if not position or each.at - other[position - 1].at >= limit:
        return False
    if other[position - 1].reading in (each.reading, Reading.SUSPECT):
        return False
    return not _comes_to_say(other[position:], each.reading, each.at + grace)


def _comes_to_say(following: Sequence[Seen], reading: Reading, until: datetime) -> bool:
    for each in following:
        if each.at > until:
            return False
        if each.reading is reading:
            return True
    return False
