# SPDX-License-Identifier: EUPL-1.2
"""What several sensors of one bay said together over time, by the rules of the present."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from parking_occupancy.domain.sensors import Verdict, Voice, verdict
from parking_occupancy.domain.track import UNNAMED, Reading, SensorId

_NEVER = datetime.max.replace(tzinfo=UTC)


class Seen(NamedTuple):
    """One observation, as far as history needs it."""

    at: datetime
    reading: Reading
    sensor: SensorId = UNNAMED


class Change(NamedTuple):
    """What the sensors say together from a time on; nothing if nobody knows."""

    at: datetime
    reading: Reading | None


class _Newest(NamedTuple):
    """What a sensor said last; since when, and whether otherwise before."""

    at: datetime
    place: int
    reading: Reading
    start: tuple[datetime, str]
    changed: bool


def changes(
    seen: Sequence[Seen], *, limit: timedelta, grace: timedelta, until: datetime
) -> Iterator[Change]:
    """Yield what sensors say together after each observation and silence before a time.

    Observations are in their order. What a sensor says after it was silent is no change of its
    mind, so that nothing older than twice the limit matters.
    """
    newest: dict[SensorId, _Newest] = {}
    for place, each in enumerate(seen):
        newest[each.sensor] = _said(newest.get(each.sensor), each, place, limit)
        following = seen[place + 1].at if place + 1 < len(seen) else until
        moment = each.at
        while moment < following:
            together = _together(newest, limit, grace, moment)
            yield Change(moment, together.reading)
            moment = together.until


def _said(before: _Newest | None, each: Seen, place: int, limit: timedelta) -> _Newest:
    start = (each.at, f"{place:012}")
    if before is None:
        return _Newest(each.at, place, each.reading, start, changed=False)
    if before.reading == each.reading:
        return before._replace(at=each.at, place=place)
    changed = each.at - before.at < limit
    return _Newest(each.at, place, each.reading, start, changed)


def _together(
    newest: Mapping[SensorId, _Newest], limit: timedelta, grace: timedelta, now: datetime
) -> Verdict:
    voices = [
        Voice(each.reading, each.start, each.changed, each.at + limit)
        for each in _speaking(newest)
        if each.reading is not Reading.SUSPECT and now < each.at + limit
    ]
    return verdict(voices, grace, now) if voices else Verdict(None, now, _NEVER)


def _speaking(newest: Mapping[SensorId, _Newest]) -> Iterable[_Newest]:
    """Return who counts, as in the present: an unnamed one only until another one speaks."""
    unnamed = newest.get(UNNAMED)
    if unnamed is None:
        return newest.values()
    return [each for each in newest.values() if each.place > unnamed.place] or [unnamed]
