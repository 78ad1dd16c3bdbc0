# SPDX-License-Identifier: EUPL-1.2
"""Counts per user group: each bay in every group that may use it now."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain import counted_lot
from parking_occupancy.domain.balance import take_all, unknown_balance
from parking_occupancy.domain.bay import Bay, BayReport, TimedKind, assess
from parking_occupancy.domain.lot import LotReport, Tally, count, forgotten
from parking_occupancy.domain.opening import always_open
from parking_occupancy.domain.restrictions import PERSONAL_KINDS, BayKind
from parking_occupancy.domain.sensors import fold

from .building import T0, at, make_bay, make_lot, seen
from .counted import anchor, counted, make_rules
from .test_timed_kinds import evening

GENERAL, DISABLED, FAMILY = BayKind.GENERAL, BayKind.DISABLED, BayKind.FAMILY


def heard(bay: Bay, reading: str = "free", now_s: float = 1) -> BayReport:
    return assess(bay, fold(None, [seen(0, reading, bay=bay.bay_id)]), at(now_s))


def of(*bays: BayReport, capacity: int | None = None) -> LotReport:
    return count(make_lot(capacity or len(bays)), bays, (), at(1))


def test_without_groups_of_their_own_bays_count_by_their_kind() -> None:
    lot = of(heard(make_bay(1)), heard(make_bay(2, kind=DISABLED), "occupied"), capacity=3)
    assert lot.by_group == lot.by_kind


def test_a_bay_counts_for_each_group_that_may_use_it_and_no_other() -> None:
    shared = replace(make_bay(2, kind=DISABLED), groups=(DISABLED, FAMILY))
    lot = of(heard(make_bay(1)), heard(shared))
    assert lot.by_kind == {GENERAL: Tally(free=1), DISABLED: Tally(free=1)}
    assert lot.by_group == {GENERAL: Tally(free=1), DISABLED: Tally(free=1), FAMILY: Tally(free=1)}
    given_away = of(heard(replace(make_bay(1), groups=(FAMILY,)), "occupied"))
    assert given_away.by_group == {FAMILY: Tally(occupied=1)}


def test_groups_of_a_bay_change_with_its_hours() -> None:
    timed = replace(make_bay(1), timed_kinds=(TimedKind(GENERAL, evening, (DISABLED, FAMILY)),))
    before, during = heard(timed, now_s=99), heard(timed, now_s=100)
    assert (before.groups, during.groups) == ((GENERAL,), (DISABLED, FAMILY))
    assert during.kind is GENERAL


def test_personal_bays_are_in_no_group() -> None:
    for kind in PERSONAL_KINDS:
        at_times = replace(make_bay(2), timed_kinds=(TimedKind(kind, always_open),))
        lot = of(heard(make_bay(1, kind=kind)), heard(at_times), heard(make_bay(3)))
        assert lot.by_group == {GENERAL: Tally(free=1)}


def test_groups_of_a_lot_with_gates_follow_its_count() -> None:
    rules = make_rules(20)
    balance = take_all(rules, unknown_balance(rules, T0), [counted(0, 0, 0), anchor(0, 8)]).balance
    shared = replace(make_bay(2, kind=DISABLED), groups=(DISABLED, FAMILY))
    lot = replace(make_lot(20), balancing=rules)
    report = counted_lot.count(lot, rules, balance, bays=[heard(shared)], samples=(), now=at(1))
    assert report.by_group[GENERAL] == report.tally
    assert report.by_group[FAMILY] == Tally(free=1)
    assert {each.unknown for each in forgotten(report).by_group.values()} == {19, 1}


publicly = [kind for kind in BayKind if kind not in PERSONAL_KINDS]
kinds = st.sampled_from(publicly)


@given(
    st.lists(
        st.tuples(
            kinds, st.lists(kinds, max_size=3, unique=True), st.sampled_from(["free", "occupied"])
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_bay_is_counted_once_in_each_of_its_groups(
    bays: list[tuple[BayKind, list[BayKind], str]],
) -> None:
    reports = [
        heard(replace(make_bay(n, kind=kind), groups=tuple(groups)), reading)
        for n, (kind, groups, reading) in enumerate(bays)
    ]
    lot = of(*reports)
    for group in publicly:
        mine = [r for r, (_, _, reading) in zip(reports, bays, strict=True) if group in r.groups]
        tally = lot.by_group.get(group, Tally())
        assert tally.capacity == len(mine)
        assert tally.free == sum(r.state == "free" for r in mine)
