# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from parking_occupancy.domain.bay import Bay, TimedKind, assess
from parking_occupancy.domain.lot import count
from parking_occupancy.domain.opening import Span
from parking_occupancy.domain.restrictions import BayKind
from parking_occupancy.domain.sensors import fold
from stadttakt_messages.states import BayStatus

from .building import at, make_bay, make_lot, seen


def evening(now: datetime) -> Span:
    """Be on from 100 s to 200 s."""
    if now < at(100):
        return Span(is_open=False, until=at(100))
    return Span(is_open=True, until=at(200)) if now < at(200) else Span(is_open=False)


def timed(number: int, kind: BayKind) -> Bay:
    return replace(make_bay(number), timed_kinds=(TimedKind(kind, evening),))


@pytest.mark.parametrize(
    ("now_s", "general", "loading", "until_s"),
    [(99, 2, None, 100), (100, 1, 1, 200), (199, 1, 1, 200), (200, 2, None, 3600)],
)
def test_a_bay_moves_between_the_groups_exactly_when_its_kind_changes(
    now_s: float, general: int, loading: int | None, until_s: float
) -> None:
    now = at(now_s)
    bays = [
        assess(bay, fold(None, [seen(0, "free", bay=bay.bay_id)]), now)
        for bay in (make_bay(1), timed(2, BayKind.LOADING))
    ]
    assert bays[1].valid_until == at(until_s)
    lot = count(make_lot(2), bays, (), now)
    assert (lot.free, lot.tally.capacity) == (general, general)
    counted = lot.by_kind.get(BayKind.LOADING)
    assert (counted.free if counted else None) == loading


def test_a_bay_of_a_person_at_times_is_told_of_at_no_time_and_counted_while_it_is_general() -> None:
    bay = timed(1, BayKind.RESIDENT)
    assert bay.personal
    track = fold(None, [seen(0, "free")])
    by_day, by_night = (
        count(make_lot(1), [assess(bay, track, at(second))], (), at(second)) for second in (10, 150)
    )
    assert by_day.free == 1
    assert by_night.by_kind == {}


def test_the_kind_of_an_unknown_bay_changes_too() -> None:
    before, after = (assess(timed(1, BayKind.TAXI), None, at(second)) for second in (99, 100))
    assert (before.state, before.kind, before.valid_until) == (
        BayStatus.UNKNOWN,
        BayKind.GENERAL,
        at(100),
    )
    assert after.kind is BayKind.TAXI
