# SPDX-License-Identifier: EUPL-1.2
"""Where a bay counts over time: among the general places, elsewhere, or out of service; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from parking_occupancy.domain.bay import Bay
from parking_occupancy.domain.restrictions import PERSONAL_KINDS, BayKind


class Place(StrEnum):
    """To which places of its lot a bay belongs at a time."""

    GENERAL = "general"
    OTHER = "other"
    PERSONAL = "personal"
    GENERAL_OUT = "general_out"
    OTHER_OUT = "other_out"


class Shift(NamedTuple):
    """From a time on a bay belongs to these places."""

    at: datetime
    place: Place


class Withdrawn(NamedTuple):
    """An operator took a bay out of service, or reserved it, from a time until before another."""

    begin: datetime
    end: datetime


class Was(NamedTuple):
    """From a time on a bay was configured so."""

    since: datetime
    bay: Bay


def places(
    versions: Sequence[Was], begin: datetime, end: datetime, withdrawn: Iterable[Withdrawn] = ()
) -> list[Shift]:
    """Return to which places a bay belongs at `begin`, and each change before `end`.

    `versions` are what it was configured as, in order, the first from `begin` or before it on.
    """
    windows, found = list(withdrawn), list[Shift]()
    ends = [*(version.since for version in versions[1:]), end]
    for version, until in zip(versions, ends, strict=True):
        for shift in _places(version.bay, max(version.since, begin), min(until, end), windows):
            if not found or found[-1].place is not shift.place:
                found.append(shift)
    return found


def _places(
    bay: Bay, begin: datetime, end: datetime, windows: Sequence[Withdrawn]
) -> Iterator[Shift]:
    borders = {at for window in windows for at in window if begin < at < end}
    moments = sorted({begin, *borders, *_kind_changes(bay, begin, end)})
    for at in moments:
        yield Shift(at, _place(bay, at, windows))


def _kind_changes(bay: Bay, begin: datetime, end: datetime) -> Iterator[datetime]:
    _, moment = bay.timed_at(begin)
    while moment is not None and moment < end:
        yield moment
        _, moment = bay.timed_at(moment)


def _place(bay: Bay, at: datetime, windows: Sequence[Withdrawn]) -> Place:
    timed, _ = bay.timed_at(at)
    kind = bay.kind if timed is None else timed.kind
    is_out = any(begin <= at < end for begin, end in windows)
    if kind is BayKind.GENERAL:
        return Place.GENERAL_OUT if is_out else Place.GENERAL
    if is_out:
        return Place.OTHER_OUT
    return Place.PERSONAL if kind in PERSONAL_KINDS else Place.OTHER
