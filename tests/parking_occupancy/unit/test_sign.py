# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.lot import Lot, LotReport
from parking_occupancy.domain.orders import Control, Mode, Override
from parking_occupancy.domain.sign import SignReport, Texts, show, withdrawn
from parking_occupancy.domain.thresholds import LEVELS, Thresholds, default_thresholds, level
from stadttakt_messages.base import LotId
from stadttakt_messages.states import SiteStatus

from .building import at, counted, make_lot, make_sign

FREE, ALMOST, FULL = SiteStatus.FREE, SiteStatus.ALMOST_FULL, SiteStatus.FULL
CLOSED, UNKNOWN = SiteStatus.CLOSED, SiteStatus.UNKNOWN


def bays(free: int, of: int) -> str:
    return "f" * free + "o" * (of - free)


@pytest.mark.parametrize(
    ("states", "lot", "state", "free", "text"),
    [
        pytest.param("ffoox", make_lot(5), FREE, 2, "2", id="rule 1: out of service is not vacant"),
        pytest.param("ffffo", make_lot(5, reserve=2), FREE, 2, "2", id="rule 1: reserve"),
        pytest.param(bays(2, 48), None, ALMOST, 2, "2", id="rule 2: almost full"),
        pytest.param(bays(1, 48), None, FULL, 1, "BESETZT", id="rule 2: full at 1 of 48"),
        pytest.param("oooo", None, FULL, 0, "BESETZT", id="rule 4: full"),
        pytest.param("ffff", make_lot(4, closed=True), CLOSED, None, "ZU", id="rule 4: closed"),
        pytest.param(
            "uuuu", make_lot(4, closed=True), CLOSED, None, "ZU", id="rule 4: closed first"
        ),
        pytest.param("uuuu", None, UNKNOWN, None, "P", id="rule 4: unknown"),
        pytest.param("ffffu", None, FREE, 4, "4", id="rule 5: unknown counts as taken"),
        pytest.param("ffuu", None, UNKNOWN, None, "P", id="rule 5: too many unknown"),
    ],
)
def test_what_a_sign_shows(
    states: str, lot: Lot | None, state: SiteStatus, free: int | None, text: str
) -> None:
    report = show(make_sign(), counted(states, at(0), lot=lot), (), prior=None, now=at(0))
    assert (report.state, report.free, report.text) == (state, free, text)


def test_rule_2_thresholds_of_the_site_replace_the_default() -> None:
    sign = make_sign(thresholds=Thresholds(5, 8, 12, 15))
    assert show(sign, counted(bays(5, 48), at(0)), (), prior=None, now=at(0)).state is FULL
    assert show(sign, counted(bays(12, 48), at(0)), (), prior=None, now=at(0)).state is ALMOST


def test_rule_2_lot_and_signs_share_the_thresholds_of_the_site() -> None:
    site = Thresholds(full_at=5, full_left_at=7, almost_full_at=8, almost_full_left_at=9)
    lot = counted(bays(5, 48), at(0), lot=replace(make_lot(48), thresholds=site))
    assert lot.state is FULL
    assert show(make_sign(), lot, (), prior=None, now=at(0)).state is FULL
    own = make_sign(thresholds=Thresholds(0, 1, 2, 3))
    assert show(own, lot, (), prior=None, now=at(0)).state is FREE


def run(steps: Sequence[tuple[float, str]], *, hold_s: float = 120) -> list[SignReport]:
    """Show a sign at each of these seconds, given the bays at that time."""
    sign, prior, shown = make_sign(hold_s=hold_s), None, []
    for seconds, states in steps:
        lot = counted(states, at(seconds))
        prior = show(sign, lot, (), prior=prior, now=at(seconds))
        shown.append(prior)
    return shown


def test_rule_3_a_state_stays_for_its_dwell_while_the_number_moves() -> None:
    shown = run([(0, bays(9, 48)), (10, bays(0, 48)), (59, bays(0, 48)), (60, bays(0, 48))])
    assert [(s.state, s.free, s.text) for s in shown] == [
        (FREE, 9, "9"),
        (FREE, 0, "0"),
        (FREE, 0, "0"),
        (FULL, 0, "BESETZT"),
    ]
    assert shown[1].valid_until == at(60)
    assert [s.state_since for s in shown] == [at(0), at(0), at(0), at(60)]


def test_rule_3_a_short_peak_never_reaches_the_sign() -> None:
    shown = run([(0, bays(9, 48)), (10, bays(0, 48)), (30, bays(9, 48)), (90, bays(9, 48))])
    assert {s.state for s in shown} == {FREE}


def test_rule_3_a_state_that_began_in_the_future_of_a_wrong_clock_holds_nothing_back() -> None:
    shown = run([(7200, bays(0, 48)), (10, bays(9, 48))])
    assert [(s.state, s.free, s.text) for s in shown] == [(FULL, 0, "BESETZT"), (FREE, 9, "9")]


@pytest.mark.parametrize("states", ["uuuu", ""])
def test_rule_3_the_dwell_never_keeps_a_number_that_nobody_knows(states: str) -> None:
    first = run([(0, "ffff")])[0]
    lot = counted(states, at(1), lot=make_lot(4))
    report = show(make_sign(), lot, (), prior=first, now=at(1))
    assert (report.state, report.free, report.text) == (UNKNOWN, None, "P")


def test_rule_3_closing_and_opening_wait_for_nothing() -> None:
    first = run([(0, "ffff")])[0]
    closed_lot = counted("ffff", at(1), lot=make_lot(4, closed=True))
    closed = show(make_sign(), closed_lot, (), prior=first, now=at(1))
    opened = show(make_sign(), counted("ffff", at(2)), (), prior=closed, now=at(2))
    assert (closed.state, opened.state) == (CLOSED, FREE)


def test_rule_7_a_stale_lot_shows_no_number() -> None:
    sign, lot = make_sign(stale_after_s=900), make_lot(4)
    before = counted("ffff", at(899), lot=lot, seen_s=0)
    after = counted("ffff", at(900), lot=lot, seen_s=0)
    shown = show(sign, before, (), prior=None, now=at(899))
    assert (shown.state, shown.valid_until) == (FREE, at(900))
    stale = show(sign, after, (), prior=shown, now=at(900))
    assert (stale.state, stale.free, stale.text) == (UNKNOWN, None, "P")


def test_rule_9_an_answer_says_when_it_was_measured_computed_and_ends() -> None:
    report = run([(50, "ffff")], hold_s=120)[0]
    assert (report.measured_at, report.computed_at, report.valid_until) == (at(50), at(50), at(170))


def test_rule_9_an_answer_ends_when_silence_would_change_it() -> None:
    lot = counted("ffff", at(10), seen_s=0, limit_s=60)
    assert show(make_sign(), lot, (), prior=None, now=at(10)).valid_until == at(60)


def test_rule_9_what_replaces_an_expired_answer_has_no_number() -> None:
    shown = run([(0, "ffff")])[0]
    over = withdrawn(shown, at(500))
    assert (over.state, over.free, over.text) == (UNKNOWN, None, "P")
    assert over.valid_until > at(500)


def other(name: str, states: str, *, closed: bool = False, seen_s: float = 0) -> LotReport:
    report = counted(states, at(0), lot=make_lot(len(states), closed=closed), seen_s=seen_s)
    return replace(report, lot=replace(report.lot, lot_id=LotId(name), name=name.upper()))


@pytest.mark.parametrize(
    ("states", "others", "expected"),
    [
        pytest.param("oooo", [other("a", "ffoo")], ("a", FREE, 2), id="full names the other lot"),
        pytest.param(
            "oooo", [other("a", bays(2, 48))], ("a", ALMOST, 2), id="almost full is room enough"
        ),
        pytest.param(
            "oooo",
            [
                other("a", "oooo"),
                other("b", "uuuu"),
                other("c", "ffff", closed=True),
                other("d", "ffff", seen_s=-900),
                other("e", "ffff"),
                other("f", "ffff"),
            ],
            ("e", FREE, 4),
            id="the first that is not full, unknown, closed or stale",
        ),
        pytest.param("oooo", [other("a", "oooo"), other("b", "uuuu")], None, id="none has room"),
        pytest.param("oooo", [], None, id="there is none"),
        pytest.param("ffff", [other("a", "ffff")], None, id="only when full"),
        pytest.param("uuuu", [other("a", "ffff")], None, id="not when unknown"),
    ],
)
def test_rule_9_a_full_sign_names_the_first_alternative_with_room(
    states: str, others: list[LotReport], expected: tuple[str, SiteStatus, int] | None
) -> None:
    named = show(make_sign(), counted(states, at(0)), others, prior=None, now=at(0)).alternative
    assert (named and (named.lot_id, named.state, named.free)) == expected


def test_rule_9_a_named_alternative_stays_until_it_has_no_room_itself() -> None:
    full, said = counted("oooo", at(0)), ""
    prior: SignReport | None = None
    for first, second in (("oooo", "ffoo"), ("fooo", "ffoo"), ("fooo", "oooo"), ("oooo", "ffoo")):
        others = [other("a", first), other("b", second)]
        prior = show(make_sign(), full, others, prior=prior, now=at(0))
        said += prior.alternative.lot_id if prior.alternative else "-"
    assert said == "bbab"


def test_rule_9_an_answer_ends_when_its_alternative_does() -> None:
    ahead = other("a", "ffff", seen_s=-870)
    shown = show(make_sign(), counted("oooo", at(0)), [ahead], prior=None, now=at(0))
    assert shown.valid_until == at(30)


def test_text_names_the_alternative_and_without_one_says_something_else() -> None:
    texts = Texts(full="voll > {alternative}", full_alone="alles voll")
    full, room = counted("oooo", at(0)), other("a", "ffff")
    sign = make_sign(texts=texts)
    assert show(sign, full, [room], prior=None, now=at(0)).text == "voll > A"
    assert show(sign, full, [], prior=None, now=at(0)).text == "alles voll"
    ordered = make_sign(texts=texts, mode=Mode(Control.FULL))
    assert show(ordered, counted("ffff", at(0)), [room], prior=None, now=at(0)).text == "voll > A"


def test_texts_of_the_city_are_shown() -> None:
    texts = Texts(free="noch {free} frei", almost_full="nur {free}", unknown="Parken")
    sign = make_sign(texts=texts)
    assert show(sign, counted("ffff", at(0)), (), prior=None, now=at(0)).text == "noch 4 frei"
    assert show(sign, counted("uuuu", at(0)), (), prior=None, now=at(0)).text == "Parken"


walks = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 48)), min_size=2, max_size=40)


@given(walks)
def test_a_shown_level_never_changes_within_its_dwell(walk: list[tuple[int, int]]) -> None:
    seconds, steps = 0, []
    for pause, free in walk:
        seconds += pause
        steps.append((seconds, bays(free, 48)))
    shown = run(steps)
    changes = [
        one.computed_at
        for before, one in itertools.pairwise(shown)
        if one.state is not before.state
    ]
    gaps = [
        later - earlier
        for earlier, later in zip([shown[0].computed_at, *changes], changes, strict=False)
    ]
    assert all(gap.total_seconds() >= 60 for gap in gaps)
    for one, (_, free) in zip(shown, walk, strict=True):
        assert one.free == free
        assert one.state in LEVELS
        assert one.valid_until > one.computed_at


@given(walks, st.integers(0, 48))
def test_once_settled_a_sign_shows_the_level_of_its_number(
    walk: list[tuple[int, int]], last: int
) -> None:
    seconds, steps = 0, []
    for pause, free in [*walk, (1, last), (120, last), (120, last)]:
        seconds += pause
        steps.append((seconds, bays(free, 48)))
    settled = run(steps)[-1]
    thresholds = default_thresholds(48)
    assert settled.state in {level(thresholds, last, before) for before in LEVELS}
    outside_bands = len({level(thresholds, last, before) for before in LEVELS}) == 1
    if outside_bands:
        assert settled.state is level(thresholds, last)


@pytest.mark.parametrize(
    ("control", "state", "text"),
    [
        (Control.BLANK, UNKNOWN, ""),
        (Control.FULL, FULL, "BESETZT"),
        (Control.CLOSED, CLOSED, "ZU"),
        (Control.TEST, UNKNOWN, "888"),
    ],
)
def test_rule_10_mode_goes_before_the_count(control: Control, state: SiteStatus, text: str) -> None:
    sign = make_sign(mode=Mode(control))
    report = show(sign, counted("ffff", at(0)), (), prior=None, now=at(0))
    assert (report.state, report.free, report.text) == (state, None, text)
    assert (report.overridden, report.valid_until) == (False, at(120))


@pytest.mark.parametrize(("offset", "free"), [(-3, 7), (-11, 0), (2, 12), (90, 60)])
def test_rule_10_offset_moves_the_number_within_the_capacity(offset: int, free: int) -> None:
    sign = make_sign(mode=Mode(offset=offset))
    report = show(sign, counted(bays(10, 60), at(0)), (), prior=None, now=at(0))
    assert report.free == free


def test_rule_8_override_goes_before_mode_and_count_until_it_ends() -> None:
    override = Override(at(50), SiteStatus.FULL, "MESSE VOLL", None)
    sign = make_sign(mode=Mode(Control.BLANK), override=override)
    lot = counted("ffff", at(0))
    shown = show(sign, lot, (), prior=None, now=at(0))
    assert (shown.state, shown.text, shown.overridden) == (FULL, "MESSE VOLL", True)
    assert shown.valid_until == at(50)
    after = show(sign, lot, (), prior=shown, now=at(50))
    assert (after.state, after.text, after.overridden) == (UNKNOWN, "", False)


def test_rule_3_what_was_ordered_holds_no_count_back() -> None:
    lot = counted("ffff", at(0))
    by_hand = make_sign(override=Override(at(5), SiteStatus.FULL, "VOLL", None))
    shown = show(by_hand, lot, (), prior=None, now=at(0))
    assert show(by_hand, lot, (), prior=shown, now=at(5)).state is FREE
    full = show(make_sign(mode=Mode(Control.FULL)), lot, (), prior=None, now=at(0))
    assert show(make_sign(), lot, (), prior=full, now=at(1)).state is FREE


def test_override_of_a_service_that_died_ends_with_its_validity() -> None:
    sign = make_sign(override=Override(at(9999), SiteStatus.FULL, "VOLL", None))
    shown = show(sign, counted("ffff", at(0)), (), prior=None, now=at(0))
    assert shown.valid_until == at(120)
    assert (withdrawn(shown, at(121)).text, withdrawn(shown, at(121)).overridden) == ("P", False)
