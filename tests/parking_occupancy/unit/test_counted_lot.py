# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from parking_occupancy import wire
from parking_occupancy.domain.balance import (
    Balance,
    Balancing,
    Cause,
    Entry,
    key_of,
    take_all,
    unknown_balance,
)
from parking_occupancy.domain.bay import BayReport, assess
from parking_occupancy.domain.counted_lot import count, evidence
from parking_occupancy.domain.lot import Lot, LotReport
from parking_occupancy.domain.opening import Closure, Openings, always_closed
from parking_occupancy.domain.orders import Planned
from parking_occupancy.domain.restrictions import PERSONAL_KINDS, BayKind
from parking_occupancy.domain.sensors import fold
from parking_occupancy.signing import Signatures
from stadttakt_messages.states import SiteStatus

from .building import T0, at, make_bay, make_lot, seen
from .counted import anchor, counted, make_gate, make_rules

RULES = make_rules(50, make_gate(limit_s=600))
LOT = replace(make_lot(50), detection="mixed", balancing=RULES)
NOW = at(10)


def balance(*entries: Entry, rules: Balancing = RULES) -> Balance:
    return take_all(rules, unknown_balance(rules, T0), sorted(entries, key=key_of)).balance


def bay(number: int, reading: str | None, kind: BayKind = BayKind.GENERAL) -> BayReport:
    built = make_bay(number, kind=kind, out_of_service=reading == "x")
    heard = [seen(1, reading, bay=built.bay_id)] if reading in ("free", "occupied") else []
    return assess(built, fold(None, heard), NOW)


def shown(
    known: Balance,
    *bays: BayReport,
    lot: Lot = LOT,
    now: datetime = NOW,
) -> LotReport:
    rules = lot.balancing
    assert rules is not None
    return count(lot, rules, known, bays=bays, samples=(), now=now)


def test_a_counted_lot_answers_its_estimate_between_its_bounds() -> None:
    report = shown(balance(anchor(1, 20), counted(2, 30, 25)))
    assert (report.free, report.tally.occupied, report.tally.unknown) == (25, 25, 0)
    assert report.free_min is not None
    assert report.free_max is not None
    assert report.free_min < 25 < report.free_max
    assert (report.state, report.measured_at) == (SiteStatus.FREE, at(2))


def test_before_any_certain_number_the_lot_is_unknown() -> None:
    report = shown(balance(counted(2, 0, 0)))
    assert (report.state, report.free, report.tally.unknown) == (SiteStatus.UNKNOWN, None, 50)


def test_one_silent_gate_of_two_makes_the_lot_unknown() -> None:
    rules = make_rules(50, make_gate("nord"), make_gate("sued", limit_s=600))
    lot = replace(LOT, balancing=rules)
    known = balance(anchor(1, 20), counted(2, 0, 0), counted(2, 0, 0, gate="sued"), rules=rules)
    assert shown(known, lot=lot).number_until == at(602)
    gone = shown(known, lot=lot, now=at(602))
    assert (gone.state, gone.free, gone.tally.occupied) == (SiteStatus.UNKNOWN, None, 0)


def test_vehicles_on_other_kinds_of_bays_are_no_general_ones() -> None:
    others = [bay(1, "occupied", BayKind.DISABLED), bay(2, "free", BayKind.DISABLED)]
    report = shown(balance(anchor(1, 20), counted(2, 0, 0)), *others)
    assert (report.tally.capacity, report.tally.occupied, report.free) == (48, 19, 29)
    assert report.by_kind[BayKind.DISABLED].occupied == 1


def test_bays_of_other_kinds_that_nobody_senses_widen_the_interval() -> None:
    unsensed = [bay(n, None, BayKind.FAMILY) for n in range(1, 6)]
    report = shown(balance(anchor(1, 20), counted(2, 0, 0)), *unsensed)
    # Of 20 vehicles none to five stand on the five family bays; likely two.
    assert (report.free_min, report.free, report.free_max) == (25, 27, 30)


@pytest.mark.parametrize("kind", sorted(PERSONAL_KINDS))
def test_what_is_sensed_of_personal_bays_moves_no_byte_of_a_counted_lot(kind: BayKind) -> None:
    known = balance(anchor(1, 20), counted(2, 0, 0))
    reports = [
        shown(known, *(bay(n, reading, kind) for n in range(1, 6)), bay(6, "free"))
        for reading in ("occupied", "free", None)
    ]
    assert len({wire.body(report, 1, Signatures({})) for report in reports}) == 1
    # Of 20 vehicles on 50 places two are likely on the five that nobody looks at.
    assert (reports[0].tally.capacity, reports[0].tally.occupied) == (45, 18)
    assert set(reports[0].by_kind) == {BayKind.GENERAL}


def test_personal_bays_are_no_evidence_and_hide_none() -> None:
    general = [bay(n, "occupied" if n % 5 else "free") for n in range(1, 21)]
    resident = BayKind.RESIDENT
    for number in (3, 30, 40, 50):
        found = {
            evidence(LOT, RULES, balance(anchor(1, number)), bays=[*general, *residents], now=NOW)
            for reading in ("occupied", "free", None)
            for residents in [[bay(n, reading, resident) for n in range(21, 41)]]
        }
        assert len(found) == 1
        # 24 of 30 general places are likely taken, and 0 to 20 of the residents' own.
        assert (found == {None}) is (number in (30, 40)), number


def test_what_bays_show_goes_before_the_count() -> None:
    taken = [bay(n, "occupied") for n in range(1, 11)]
    report = shown(balance(anchor(1, 4), counted(2, 0, 0)), *taken)
    assert report.tally.occupied == 10
    free = [bay(n, "free") for n in range(1, 11)]
    assert shown(balance(anchor(1, 49), counted(2, 0, 0)), *free).free == 10


def test_bays_out_of_service_and_the_reserve_are_not_free() -> None:
    lot = replace(LOT, reserve=3)
    report = shown(balance(anchor(1, 20), counted(2, 0, 0)), bay(1, "x"), lot=lot)
    assert (report.free, report.tally.out_of_service) == (50 - 20 - 1 - 3, 1)


def test_a_lot_set_by_hand_holds_for_its_time() -> None:
    rules = replace(make_rules(50), gates={})
    lot = replace(LOT, detection="manual", balancing=rules)
    known = balance(anchor(1, 20), rules=rules)
    assert shown(known, lot=lot).free == 30
    assert shown(known, lot=lot, now=at(86_401)).free is None


def test_a_lot_without_places_is_unknown_and_crashes_nothing() -> None:
    rules = make_rules(0)
    lot = replace(make_lot(0), balancing=rules)
    known = balance(anchor(1, 0), counted(2, 3, 1), rules=rules)
    assert shown(known, lot=lot).state is SiteStatus.UNKNOWN


def test_an_answer_of_a_counted_lot_ends_when_the_lot_closes() -> None:
    closing = Openings(closures=(Closure(at(40), at(9_000), "Nacht"),))
    known = balance(anchor(1, 20), counted(2, 30, 25))
    report = shown(known, lot=replace(LOT, openings=closing))
    assert (report.state, report.valid_until) == (SiteStatus.FREE, at(40))


def test_a_closed_lot_is_closed_whatever_is_counted() -> None:
    lot = replace(LOT, openings=Openings(always_closed))
    assert shown(balance(anchor(1, 20)), lot=lot).state is SiteStatus.CLOSED


@pytest.mark.parametrize(("number", "bounds"), [(3, (6, 50)), (50, (0, 44)), (20, None)])
def test_bays_that_contradict_the_count_are_evidence(
    number: int, bounds: tuple[int, int] | None
) -> None:
    reading = "occupied" if number < 20 else "free"
    # Few enough that their share says nothing.
    bays = [bay(n, reading, BayKind.DISABLED) for n in range(1, 7)]
    found = evidence(LOT, RULES, balance(anchor(1, number)), bays=bays, now=NOW)
    assert (found and (found.lowest, found.highest)) == bounds


def test_a_share_that_says_clearly_something_else_is_evidence() -> None:
    taken = [bay(n, "occupied") for n in range(1, 21)]
    found = evidence(LOT, RULES, balance(anchor(1, 22), counted(2, 0, 0)), bays=taken, now=NOW)
    assert found is not None
    assert found.cause is Cause.SENSED_SHARE
    assert 40 <= (found.lowest + found.highest) / 2 <= 50
    mixed = [bay(n, "occupied" if n % 2 else "free") for n in range(1, 21)]
    assert evidence(LOT, RULES, balance(anchor(1, 25)), bays=mixed, now=NOW) is None
    assert evidence(LOT, RULES, balance(counted(2, 0, 0)), bays=mixed, now=NOW) is not None


def test_a_limited_order_is_no_evidence_of_a_vehicle() -> None:
    closed = replace(make_bay(1), out_of_service=Planned())
    report = assess(closed, None, NOW)
    assert evidence(LOT, RULES, balance(anchor(1, 50)), bays=[report], now=NOW) is not None
