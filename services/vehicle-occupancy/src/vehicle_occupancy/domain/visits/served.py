# SPDX-License-Identifier: EUPL-1.2
"""Which trips a vehicle served from when to when: as it was told, else as its positions say; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise, zip_longest

from vehicle_occupancy.domain.matching import TripKey
from vehicle_occupancy.domain.reading import Assignment

LONGEST_TRIP = timedelta(hours=6)
"""A trip of which nobody tells the end is over by then."""
SHORTEST = timedelta(minutes=2)
"""What positions tell for a shorter time is an error on the way from one trip to the next."""
LONGEST_GAP = timedelta(minutes=20)


FOLLOWED = "followed"
"""How events of trips begin that were found from positions when they came."""


class ServedBy(StrEnum):
    """Who says that a vehicle served a trip."""

    ASSIGNMENT = "assignment"
    POSITION = "position"


@dataclass(frozen=True, slots=True)
class Served:
    """A vehicle on a trip from `begun_at` to before `ended_at`."""

    trip: TripKey
    begun_at: datetime
    ended_at: datetime
    by: ServedBy
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a position said of the trip."""

    at: datetime
    trip: TripKey | None


def is_followed(assignment: Assignment) -> bool:
    """Tell whether a trip was found from positions, not told by a control centre."""
    return assignment.event_id.startswith(f"{FOLLOWED}:")


def assigned(told: Iterable[Assignment], until: datetime) -> list[Served]:
    """Return the trips of assignments; real ones leave no room for simulated ones."""
    known = [each for each in told if not is_followed(each)]
    real = [each for each in known if not each.simulated]
    ordered = sorted(real or known, key=lambda each: each.identity)
    found: list[Served] = []
    for each, after in zip_longest(ordered, ordered[1:]):
        if each.trip_id is None or each.start_date is None:
            continue
        ends = [each.observed_at + LONGEST_TRIP, max(until, each.observed_at)]
        ends += [after.observed_at] if after is not None else []
        ends += [each.valid_until] if each.valid_until is not None else []
        trip = TripKey(each.start_date, each.trip_id)
        one = Served(trip, each.observed_at, min(ends), ServedBy.ASSIGNMENT, each.simulated)
        if one.ended_at > one.begun_at:
            _join(found, one, timedelta())
    return found


def sighted(seen: Sequence[Sighting], *, simulated: bool) -> list[Served]:
    """Return the trips that positions tell, without what was told for a moment only."""
    found: list[Served] = []
    for each, after in pairwise(seen):
        if each.trip is None or after.at - each.at > LONGEST_GAP:
            continue
        one = Served(each.trip, each.at, after.at, ServedBy.POSITION, simulated)
        _join(found, one, LONGEST_GAP)
    return [each for each in found if each.ended_at - each.begun_at >= SHORTEST]


def _join(found: list[Served], one: Served, gap: timedelta) -> None:
    last = found[-1] if found else None
    if last is not None and last.trip == one.trip and one.begun_at - last.ended_at <= gap:
        found[-1] = replace(last, ended_at=one.ended_at)
    else:
        found.append(one)


def merged(told: Sequence[Served], seen: Sequence[Served]) -> list[Served]:
    """Return what was told, and between it what was seen."""
    found = list(told)
    for each in seen:
        found += _outside(each, told)
    return sorted(found, key=lambda each: each.begun_at)


def leaves_room(told: Sequence[Served], begin: datetime, end: datetime) -> bool:
    """Tell whether what was told leaves room for another trip in a period."""
    whole = Served(TripKey("", ""), begin, end, ServedBy.POSITION)
    return any(_outside(whole, told))


def joined(served: Sequence[Served]) -> list[Served]:
    """Return trips each once; one that was left for a moment goes on."""
    found: list[Served] = []
    for each in served:
        _join(found, each, LONGEST_GAP)
    return found


def _outside(one: Served, told: Sequence[Served]) -> Iterator[Served]:
    begin = one.begun_at
    for each in told:
        if each.ended_at <= begin or each.begun_at >= one.ended_at:
            continue
        if each.begun_at - begin >= SHORTEST:
            yield replace(one, begun_at=begin, ended_at=each.begun_at)
        begin = max(begin, each.ended_at)
    if one.ended_at - begin >= SHORTEST:
        yield replace(one, begun_at=begin)
