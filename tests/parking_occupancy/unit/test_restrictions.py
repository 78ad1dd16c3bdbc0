# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from parking_occupancy import wire
from parking_occupancy.domain.bay import assess
from parking_occupancy.domain.lot import count
from parking_occupancy.domain.opening import Closure, Openings, Span
from parking_occupancy.domain.restrictions import BayKind, Restriction
from parking_occupancy.domain.sensors import fold
from parking_occupancy.domain.validity import replaces

from .building import at, make_bay, make_lot, seen


def until_noon(now: datetime) -> Span:
    """On until second 60."""
    return Span(is_open=True, until=at(60)) if now < at(60) else Span(is_open=False)


SHORT = Restriction(BayKind.GENERAL, 30, "Mo-Fr 00:00-12:00", until_noon)
LONG = Restriction(BayKind.GENERAL, 240)


def test_answer_of_a_bay_says_what_holds_now_and_no_longer_than_it_does() -> None:
    bay = replace(make_bay(), restrictions=(LONG, SHORT), told_hours=(until_noon,))
    track = fold(None, [seen(-1, "free")])
    before, after = assess(bay, track, at(30)), assess(bay, track, at(60))
    active = [
        [each["active"] for each in wire.bay_state(found)["restrictions"]]
        for found in (before, after)
    ]
    assert active == [[True, True], [True, False]]
    assert before.valid_until == at(60) < after.valid_until
    assert replaces(after, before, bay.heartbeat_limit)


def test_answer_of_a_lot_says_what_holds_now_and_no_longer_than_it_does() -> None:
    openings = Openings(beside=(until_noon,))
    lot = replace(make_lot(1), restrictions=(SHORT,), openings=openings)
    bays = [assess(make_bay(), fold(None, [seen(-1, "free")]), at(0))]
    before, after = count(lot, bays, (), at(30)), count(lot, bays, (), at(60))
    active = [wire.lot_state(found)["restrictions"][0]["active"] for found in (before, after)]
    assert active == [True, False]
    assert before.valid_until == at(60)
    assert after.valid_until > at(120)


def test_hours_of_restrictions_neither_open_nor_close_a_lot() -> None:
    closure = Closure(at(600), at(900), "fair")
    openings = Openings(closures=(closure,), beside=(until_noon,))
    assert openings.standing(at(0)).until == at(60)
    assert not openings.standing(at(0)).is_closed
    assert openings.next_change(at(0)) == at(600)
