# SPDX-License-Identifier: EUPL-1.2
"""Stays on one bay, from its observations in any order: when a vehicle came and left, within bounds.

What lies between the last reading that says otherwise and the first that confirms is not known, so
each end of a stay is an interval. Pure; knows no lot. Decision 0034 says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from parking_occupancy.domain.track import UNNAMED, Reading, SensorId

LATENCY = timedelta(seconds=60)
"""From a change to the time of the message that tells it, at most."""

MARGIN = 8
"""So many stretches before a late observation are made anew with those that follow it."""

_UNTOUCHED = 2


class Seen(NamedTuple):
    """One observation; `previous_duration_s` is how long the state before lasted, rounded down."""

    at: datetime
    event_id: str
    reading: Reading
    previous_duration_s: int | None = None
    sensor: SensorId = UNNAMED


class Ending(StrEnum):
    """How a stretch ended: seen, lost from sight by silence, or not yet."""

    OBSERVED = "observed"
    SILENT = "silent"
    OPEN = "open"


class Stretch(NamedTuple):
    """A bay was occupied (a stay) or free without interruption.

    It began in `[begun_from, begun_to]` and ended in `[ended_from, ended_to]`; `begun_from` is none
    where nobody saw it begin, `ended_to` where nobody saw it end.
    """

    occupied: bool
    begun_from: datetime | None
    begun_to: datetime
    ended_from: datetime
    ended_to: datetime | None
    ending: Ending


class _Point(NamedTuple):
    """A bay was so at a time, and up to `earliest` before it may have been otherwise already."""

    at: datetime
    rank: int
    occupied: bool
    earliest: datetime


_LAST_BEFORE, _FIRST_AFTER, _SEEN = range(3)


def stretches(
    seen: Iterable[Seen], *, limit: timedelta, shortest: timedelta = timedelta()
) -> list[Stretch]:
    """Return what a bay was, in order, from its observations in any order and number.

    Of observations of one time the last by id counts, so that a correction takes the place of what
    it corrects; suspect ones say nothing. Silence longer than `limit` ends a stretch. What was
    reported to last less than `shortest` is flapping and belongs to what surrounds it.
    """
    newest = {each.at: each for each in sorted(seen)}
    credible = [each for each in newest.values() if each.reading is not Reading.SUSPECT]
    points, covered = _evidence(credible)
    runs = list(_runs(points, covered, limit))
    return _without(_without(runs, shortest, occupied=False), shortest, occupied=True)


def rounding(duration: timedelta) -> timedelta:
    """Return by how much a state may have lasted longer than a sensor says.

    Sensors send minutes, the longer the coarser: those of Nwave's NPS405 are the coarsest known.
    """
    if duration < timedelta(minutes=90):
        return timedelta(minutes=1) + LATENCY
    if duration < timedelta(minutes=240):
        return timedelta(minutes=5) + LATENCY
    return timedelta(minutes=60) + LATENCY


def _evidence(seen: Sequence[Seen]) -> tuple[list[_Point], list[tuple[datetime, datetime]]]:
    """Return all that is known of single moments, and stretches in which nothing changed."""
    points: set[_Point] = set()
    covered: list[tuple[datetime, datetime]] = []
    newest: dict[bool, Seen] = {}
    first_after: dict[bool, Seen] = {}
    changed_at = None
    for each in seen:
        occupied = each.reading is Reading.OCCUPIED
        points.add(_Point(each.at, _SEEN, occupied, each.at))
        if each.previous_duration_s:
            same, other = newest.get(occupied), first_after.get(not occupied)
            told = _told(each, same, other, changed_at)
            points.update(told)
            covered += [(told[0].at, each.at)] if told else []
            changed_at = each.at
        newest[occupied] = each
        first_after.pop(not occupied, None)
        first_after.setdefault(occupied, each)
    return sorted(points), sorted(covered)


def _told(
    each: Seen, same: Seen | None, other: Seen | None, changed_at: datetime | None
) -> list[_Point]:
    """Return what an observation tells of the state before, which lasted so long.

    `same` is the newest reading like it, `other` the first unlike it since, `changed_at` the time
    of the newest observation before that told a change. What contradicts them tells nothing.
    """
    occupied = each.reading is Reading.OCCUPIED
    duration = timedelta(seconds=each.previous_duration_s or 0)
    begun, excess = each.at - duration, rounding(duration)
    known = [time for time in (same.at if same else None, changed_at) if time is not None]
    floor = max(known, default=None)
    if floor is not None and begun < floor - LATENCY:
        return []
    begun = begun if floor is None else max(begun, floor)
    if other is not None and begun <= other.at + LATENCY:
        begun = min(begun, other.at)
    after = _Point(begun, _FIRST_AFTER, not occupied, begun)
    ended = _Point(each.at, _LAST_BEFORE, not occupied, max(each.at - LATENCY, begun))
    if floor is not None and begun <= floor:
        return [after, ended]
    if same is None and (other is None or begun <= other.at):
        # That it was otherwise before says nothing of how long.
        return [after, ended]
    earliest = begun - excess if floor is None else max(begun - excess, floor)
    return [_Point(begun, _LAST_BEFORE, occupied, earliest), after, ended]


def _runs(
    points: Sequence[_Point], covered: Sequence[tuple[datetime, datetime]], limit: timedelta
) -> Iterator[Stretch]:
    """Yield stretches of equal points without silence between them."""
    if not points:
        return
    first, begun_from, held_until, position = points[0], None, points[0].at, 0
    for last, following in pairwise(points):
        while position < len(covered) and covered[position][0] <= last.at:
            held_until = max(held_until, covered[position][1])
            position += 1
        if following.at - last.at > limit and following.at > held_until:
            run = (first.occupied, begun_from, first.at)
            yield Stretch(*run, last.at, None, Ending.SILENT)
            first, begun_from = following, None
        elif following.occupied != last.occupied:
            run = (first.occupied, begun_from, first.at)
            yield Stretch(*run, last.earliest, following.at, Ending.OBSERVED)
            first, begun_from = following, last.earliest
    run = (first.occupied, begun_from, first.at)
    yield Stretch(*run, points[-1].at, None, Ending.OPEN)


def _without(runs: Sequence[Stretch], shortest: timedelta, *, occupied: bool) -> list[Stretch]:
    """Return the stretches with short ones of one kind gone into those around them."""
    kept: list[Stretch] = []
    position = 0
    while position < len(runs):
        run = runs[position]
        surrounded = kept and kept[-1].ending is Ending.OBSERVED and position + 1 < len(runs)
        if surrounded and run.occupied == occupied and _lasted_less(run, shortest):
            after = runs[position + 1]
            kept[-1] = kept[-1]._replace(
                ended_from=after.ended_from, ended_to=after.ended_to, ending=after.ending
            )
            position += 2
        else:
            kept.append(run)
            position += 1
    return kept


def _lasted_less(run: Stretch, shortest: timedelta) -> bool:
    return run.ended_to is not None and run.ended_to - run.begun_to < shortest


def reach(seen: Iterable[Seen], late: datetime) -> datetime:
    """Return from when on observations since a time tell what a bay was."""
    told = (
        each.at - duration - rounding(duration)
        for each in seen
        if each.at >= late and (duration := timedelta(seconds=each.previous_duration_s or 0))
    )
    return min([late, *told])


def joint(recent: Sequence[Stretch], anew: Sequence[Stretch], late: datetime) -> int | None:
    """Return from which stretch on the ones made anew take the place of recent ones, or none.

    `recent` are those known before, `anew` those made from observations since the first of them;
    the first ones made anew lack what was before.
    """
    known = {stretch[:3] for stretch in recent if stretch.begun_to < late}
    for index, stretch in enumerate(anew[_UNTOUCHED:], start=_UNTOUCHED):
        if stretch[:3] in known and anew[index - 1].begun_to < stretch.begun_to:
            return index
    return None
