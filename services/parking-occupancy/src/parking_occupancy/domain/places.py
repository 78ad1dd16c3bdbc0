"""Where a bay counts over time: among the general places, elsewhere, or out of service; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from parking_occupancy.domain.bay import Bay
from parking_occupancy.domain.restrictions import BayKind


class Place(StrEnum):
    """To which places of its lot a bay belongs at a time."""

    GENERAL = "general"
    OTHER = "other"
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


def places(
    bay: Bay, begin: datetime, end: datetime, withdrawn: Iterable[Withdrawn] = ()
) -> list[Shift]:
    """Return to which places a bay belongs at `begin`, and each change before `end`."""
    windows = list(withdrawn)
    borders = {at for window in windows for at in window if begin < at < end}
    moments = sorted({begin, *borders, *_kind_changes(bay, begin, end)})
    found: list[Shift] = []
    for at in moments:
        place = _place(bay, at, windows)
        if not found or found[-1].place is not place:
            found.append(Shift(at, place))
    return found


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
    return Place.OTHER_OUT if is_out else Place.OTHER
