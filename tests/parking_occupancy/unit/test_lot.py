# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.bay import BayReport, assess
from parking_occupancy.domain.lot import HOLD, Lot, LotReport, Tally, count
from parking_occupancy.domain.opening import Openings, always_closed, always_open
from parking_occupancy.domain.orders import Opening
from parking_occupancy.domain.restrictions import BayKind
from parking_occupancy.domain.sensors import fold
from parking_occupancy.domain.track import Observation
from parking_occupancy.domain.trend import Sample, remember, trend_of
from stadttakt_messages.states import SiteStatus

from .building import at, counted, make_bay, make_lot, reports, seen


@pytest.mark.parametrize(
    ("rule", "states", "lot", "free", "state"),
    [
        ("1: occupied and out of service are not vacant", "ffoox", make_lot(5), (2, 2), "free"),
        ("1: the reserve is kept back", "ffffo", make_lot(5, reserve=3), (1, 1), "free"),
        ("1: never below 0", "fo", make_lot(2, reserve=5), (0, 0), "full"),
        ("5: unknown bays count as taken, up to free", "fffffu", make_lot(6), (5, 6), "free"),
        ("5: 20 % unknown is still known", "ffffu", make_lot(5), (4, 5), "free"),
        (
            "5: above 20 % the lot is unknown",
            "fffuo",
            make_lot(5, unknown_limit=0.19),
            None,
            "unknown",
        ),
        ("4: full is not unknown", "oo", make_lot(2), (0, 0), "full"),
        ("4: closed is not full", "oo", make_lot(2, closed=True), (0, 0), "closed"),
        ("4: closed is not unknown", "uu", make_lot(2, closed=True), None, "closed"),
        ("1: places without sensor are unknown", "ff", make_lot(10), None, "unknown"),
        ("1: a lot without bays is unknown", "", make_lot(10), None, "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) and ":" in value else "",
)
def test_count(rule: str, states: str, lot: Lot, free: tuple[int, int] | None, state: str) -> None:
    report = counted(states, at(0), lot=lot)
    assert (report.free_min, report.free_max) == (free or (None, None)), rule
    assert report.state is SiteStatus(state)


def test_rule_1_capacity_and_count_cover_the_general_user_group_only() -> None:
    lot, now = make_lot(8), at(0)
    kinds = [BayKind.GENERAL] * 4 + [BayKind.DISABLED, BayKind.RESIDENT, BayKind.DISABLED_ASSIGNED]
    report = count(lot, [_free_bay(n, kind) for n, kind in enumerate(kinds)], (), now)
    assert report.tally == Tally(free=4, unknown=1)
    assert report.by_kind == {
        BayKind.GENERAL: Tally(free=4, unknown=1),
        BayKind.DISABLED: Tally(free=1),
    }


def _free_bay(number: int, kind: BayKind) -> BayReport:
    bay = make_bay(number, kind=kind)
    return assess(bay, fold(None, [seen(0, "free", bay=bay.bay_id)]), at(0))


def test_personal_bays_move_nothing_that_is_published() -> None:
    lot, now = make_lot(2), at(10)
    personal = make_bay(2, kind=BayKind.RESIDENT)
    general = _free_bay(1, BayKind.GENERAL)
    answers = {
        (report.tally, tuple(report.by_kind), report.measured_at, report.valid_until)
        for heard in ([], [seen(9, "free")], [seen(5, "occupied")])
        for report in [count(lot, [general, assess(personal, fold(None, heard), now)], (), now)]
    }
    assert len(answers) == 1


def test_rule_9_an_answer_ends_when_the_next_bay_would_fall_silent() -> None:
    fresh = counted("ff", at(0), limit_s=3600)
    ageing = counted("ff", at(100), seen_s=0, limit_s=150)
    assert fresh.valid_until == at(0) + HOLD
    assert ageing.valid_until == ageing.number_until == at(150)


def test_number_outlives_the_silence_of_taken_bays_within_the_unknown_limit() -> None:
    lot, now = make_lot(5), at(10)
    taken = [
        assess(
            make_bay(n, limit_s=20 + n), fold(None, [seen(0, "occupied", bay=f"platz-{n}")]), now
        )
        for n in range(1, 6)
    ]
    assert count(lot, taken, (), now).number_until == at(22)
    assert count(lot, taken, (), now).valid_until == at(21)


def test_measured_at_is_the_newest_observation() -> None:
    newer = assess(make_bay(2), fold(None, [seen(7, "free")]), at(9))
    bays = [*reports("f", at(9), seen_s=3), newer]
    assert count(make_lot(2), bays, (), at(9)).measured_at == at(7)


@pytest.mark.parametrize(
    ("before", "now_free", "trend"),
    [
        (10, 12, "rising"),
        (10, 8, "falling"),
        (10, 11, "steady"),
        (10, 9, "steady"),
        (10, None, None),
    ],
)
def test_trend_follows_the_free_places(
    before: int, now_free: int | None, trend: str | None
) -> None:
    assert trend_of(((at(0), before),), at(600), now_free, 48) == trend


def test_trend_needs_five_minutes() -> None:
    assert trend_of(((at(0), 3),), at(299), 40, 48) is None


def test_samples_stay_within_the_window() -> None:
    samples: tuple[Sample, ...] = ()
    for minute in range(60):
        samples = remember(samples, at(60 * minute), minute)
    assert len(samples) == 15
    assert samples[-1] == (at(3540), 59)


bay_states = st.text("foux", min_size=0, max_size=40)


@given(bay_states, st.integers(0, 10), st.integers(0, 5), st.floats(0, 1))
def test_0_le_free_min_le_free_max_le_capacity(
    states: str, reserve: int, extra: int, limit: float
) -> None:
    lot = make_lot(len(states) + extra, reserve=reserve, unknown_limit=limit)
    report = counted(states, at(0), lot=lot)
    assert report.tally.capacity == lot.capacity
    assert report.valid_until > report.computed_at
    if report.free_min is not None and report.free_max is not None:
        assert 0 <= report.free_min <= report.free_max <= lot.capacity


@given(bay_states.filter(bool), st.integers(1, 500))
def test_number_until_is_the_first_moment_at_which_silence_changes_the_number(
    states: str, step: int
) -> None:
    def look(seconds: float) -> LotReport:
        bays = [
            assess(make_bay(n, limit_s=100 + 7 * n), fold(None, _heard(n, letter)), at(seconds))
            for n, letter in enumerate(states)
        ]
        return count(make_lot(len(states)), bays, (), at(seconds))

    first = look(0)
    later = look(step)
    unchanged = later.free_min == first.free_min
    if first.number_until is None or later.computed_at < first.number_until:
        assert unchanged
    if first.number_until is not None:
        moment = (first.number_until - at(0)) / timedelta(seconds=1)
        assert look(moment).free_min != first.free_min


def _heard(number: int, letter: str) -> list[Observation]:
    reading = {"f": "free", "o": "occupied"}.get(letter)
    return [seen(0, reading, bay=f"platz-{number}")] if reading else []


@pytest.mark.parametrize(
    ("closed", "order", "seconds", "state"),
    [
        (False, Opening(at(60), closed=True), 0, SiteStatus.CLOSED),
        (False, Opening(at(60), closed=True), 60, SiteStatus.FREE),
        (False, Opening(closed=True), 99, SiteStatus.CLOSED),
        (True, Opening(at(60), closed=False), 0, SiteStatus.FREE),
        (True, Opening(at(60), closed=False), 60, SiteStatus.CLOSED),
    ],
)
def test_operators_word_goes_before_the_opening_hours_until_it_ends(
    closed: bool,  # noqa: FBT001
    order: Opening,
    seconds: float,
    state: SiteStatus,
) -> None:
    lot = replace(
        make_lot(4), openings=Openings(always_closed if closed else always_open, order=order)
    )
    report = counted("ffff", at(seconds), lot=lot)
    assert report.state is state
    if order.until and order.holds(at(seconds)):
        assert report.valid_until == order.until
