# SPDX-License-Identifier: EUPL-1.2
"""Groups of a value: how they are spread, what of them is told, and what they may not say."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_aggregator.domain.diversity import evenness, told_evenness
from kpi_aggregator.domain.framework import Parts, Source
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.publication import Field, Publication
from kpi_aggregator.domain.values import Proposal, Told, faults, filled_in
from support.indicators import a_survey, an_indicator

TODAY = date(2026, 11, 26)
GROUPS = ("a", "b", "c", "d")
COUNTS = st.dictionaries(st.sampled_from(GROUPS), st.integers(0, 1000), max_size=4)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"a": 5, "b": 5, "c": 5, "d": 5}, 1),
        ({"a": 20}, 0),
        ({"a": 10, "b": 10}, 0.5),
        ({"a": 3, "b": 1}, (0.75 * log(4 / 3) + 0.25 * log(4)) / log(4)),
        ({}, None),
        ({"a": 0}, None),
        (None, None),
    ],
)
def test_evenness_is_entropy_by_its_maximum(
    parts: dict[str, int] | None, expected: float | None
) -> None:
    found = evenness(parts, GROUPS)
    assert found is None if expected is None else found == pytest.approx(expected)
    assert evenness({"a": 4}, ("a",)) is None


@given(COUNTS, st.integers(1, 9))
def test_evenness_minds_neither_names_nor_size(parts: dict[str, int], times: int) -> None:
    found = evenness(parts, GROUPS)
    if found is None:
        assert sum(parts.values()) == 0
        return
    assert 0 <= found <= 1 + 1e-12
    turned = dict(zip(parts, reversed(list(parts.values())), strict=True))
    assert evenness(turned, GROUPS) == pytest.approx(found)
    assert evenness({k: v * times for k, v in parts.items()}, GROUPS) == pytest.approx(found)


@given(COUNTS, st.integers(1, 50))
def test_no_small_part_is_told_nor_can_be_told_from_the_sum(
    parts: dict[str, int], least: int
) -> None:
    told = Publication(least_count=least).parts(parts)
    assert told is not None
    hidden = {name: count for name, count in parts.items() if name not in told}
    assert all(count == 0 or count >= least for count in told.values())
    if hidden:
        alone = [count for count in parts.values() if count > 0]
        assert len(hidden) >= 2 or len(alone) == 1


def test_who_knows_the_rule_and_the_sum_learns_no_part_that_is_left_out() -> None:
    """What is told is held against all that would be told alike: each part left out may be several numbers."""
    least, most = 4, 8
    policy = Publication(least_count=least)
    alike: dict[tuple[object, int], list[tuple[dict[str, int], int]]] = {}
    for *sizes, rest in itertools.product(range(most + 1), repeat=4):
        parts = dict(zip("abc", sizes, strict=True))
        told = policy.parts(parts, sum(sizes) + rest) or {}
        # Larger sums are not looked at in full.
        if sum(sizes) + rest - sum(told.values()) <= most and any(told.values()):
            key = (tuple(sorted(told.items())), sum(sizes) + rest)
            alike.setdefault(key, []).append((parts, rest))
    decided = [
        (told, total, name)
        for (told, total), found in alike.items()
        for name in {*found[0][0]} - {name for name, _ in told}  # type: ignore[attr-defined]
        if len({parts[name] for parts, _ in found}) == 1
    ]
    assert decided == []
    whole = [
        found for (told, _), found in alike.items() if told == tuple(sorted(found[0][0].items()))
    ]
    assert not [rest for found in whole for _, rest in found if 0 < rest < least]


@pytest.mark.parametrize(
    ("parts", "total", "told"),
    [
        ({"a": 1, "b": 1, "c": 50, "d": 60}, 112, {"d": 60}),
        ({"a": 4, "b": 4, "c": 50, "d": 60}, 118, {"d": 60}),
        ({"a": 50, "b": 8}, 60, {"a": 50}),
        ({"a": 50, "b": 8}, 58, {"a": 50, "b": 8}),
        ({"a": 50, "b": 8}, None, {"a": 50, "b": 8}),
        ({"a": 1, "b": 50}, 70, {"b": 50}),
        ({"a": 2, "b": 8, "c": 8, "d": 60}, None, {"d": 60}),
    ],
)
def test_so_many_others_are_left_out_that_the_sum_decides_nothing(
    parts: dict[str, int], total: int | None, told: dict[str, int]
) -> None:
    assert Publication(least_count=5).parts(parts, total) == told


def test_parts_are_told_by_the_policy_alone() -> None:
    assert Publication(fields=(Field.SOURCE,)).parts({"a": 50}) is None
    assert Publication().parts(None) is None


@pytest.mark.parametrize(
    ("policy", "end", "held"),
    [
        (Publication(), date(2026, 12, 1), False),
        (Publication(delay_days=30), date(2026, 10, 27), False),
        (Publication(delay_days=30), date(2026, 10, 28), True),
    ],
)
def test_values_are_held_back_for_the_delay(policy: Publication, end: date, held: object) -> None:
    assert policy.holds_back(end, TODAY) is held


def test_counts_alone_are_small() -> None:
    policy = Publication(least_count=5)
    cases = [(4, True, True), (5, True, False), (0, True, False), (4, False, False)]
    for value, whole, small in cases:
        assert policy.is_small(value, whole=whole) is small


def entry(**changes: object) -> Proposal:
    made = Proposal("x", Period.YEAR, date(2025, 1, 1), 100, "Umfrage", TODAY, "Leitung", "neu")
    return replace(made, **changes)  # type: ignore[arg-type]


COUNTED = an_indicator(source=Source.MANUAL, whole=True, maximum=None, groups=("rad", "oepnv"))
PERSONS = replace(COUNTED, source=Source.SURVEY)
GRADES = replace(
    a_survey(),
    minimum=1,
    maximum=6,
    groups=("good", "middle", "bad"),
    group_scores={"good": (1, 2), "middle": (3, 4), "bad": (5, 6)},
)


ALL = replace(COUNTED, parts=Parts.EXHAUSTIVE)
ASKED = replace(a_survey(), parts=Parts.EXHAUSTIVE)
SPLIT = replace(
    a_survey(), groups=("fuss", "rad", "auto"), parts=Parts.PERCENT, share_of=("fuss", "rad")
)


@pytest.mark.parametrize(
    ("indicator", "changes", "found"),
    [
        (COUNTED, {"parts": {"rad": 60, "oepnv": 40}}, []),
        (COUNTED, {"parts": {"rad": 60, "oepnv": 1}}, []),
        (COUNTED, {"parts": {"rad": 60, "oepnv": 41}}, [("parts", "contradiction")]),
        (PERSONS, {"parts": {"rad": 60, "oepnv": 30}, "group_size": 120}, []),
        (PERSONS, {"parts": {"rad": 60, "oepnv": 35}, "group_size": 120},
         [("parts", "group_too_small")]),
        (PERSONS, {"group_size": None}, [("group_size", "missing")]),
        (PERSONS, {"value": 1200, "group_size": 50}, [("group_size", "contradiction")]),
        (PERSONS, {"value": 1200, "group_size": 1200}, []),
        (GRADES, {"value": 2.5, "group_size": None}, [("group_size", "missing")]),
        (GRADES, {"value": 2.5, "parts": {"good": 20, "middle": 20}, "group_size": 40}, []),
        (GRADES, {"value": 3.1, "parts": {"good": 20, "middle": 20}, "group_size": 40},
         [("parts", "contradiction")]),
        (GRADES, {"value": 1.9, "parts": {"good": 20, "middle": 20}, "group_size": 40},
         [("parts", "contradiction")]),
        (GRADES, {"value": 2, "parts": {"good": 0}, "group_size": 40}, [("parts", "contradiction")]),
        (ALL, {"parts": {"rad": 60, "oepnv": 40}}, []),
        (ALL, {"parts": {"rad": 60, "oepnv": 39}}, [("parts", "contradiction")]),
        (ASKED, {"value": 50, "parts": {"rad": 60, "oepnv": 40}, "group_size": 100}, []),
        (ASKED, {"value": 50, "parts": {"rad": 60, "oepnv": 40}, "group_size": 120},
         [("parts", "contradiction")]),
        (SPLIT, {"value": 62.3, "parts": {"fuss": 29, "rad": 33, "auto": 38}}, []),
        (SPLIT, {"value": 61, "parts": {"fuss": 29, "rad": 32, "auto": 38}}, []),
        (SPLIT, {"value": 60, "parts": {"fuss": 29, "rad": 31, "auto": 38}},
         [("parts", "contradiction")]),
        (SPLIT, {"value": 10, "parts": {"fuss": 30, "rad": 32, "auto": 38}},
         [("parts", "contradiction")]),
        (SPLIT, {"value": 100, "parts": {"fuss": 0, "rad": 101, "auto": 0}},
         [("parts", "out_of_range")]),
        (SPLIT, {"value": 99, "parts": {"fuss": 1, "rad": 98, "auto": 1}, "group_size": 900},
         [("parts", "group_too_small"), ("parts", "group_too_small")]),
    ],
)  # fmt: skip
def test_a_value_does_not_contradict_its_parts(
    indicator: object, changes: dict[str, object], found: list[tuple[str, str]]
) -> None:
    changes = {"group_size": 1000, **changes}
    told = faults(indicator, entry(**changes), TODAY)  # type: ignore[arg-type]
    assert [(each.field, each.code) for each in told] == found


def test_a_count_of_persons_stands_for_those_that_it_counts() -> None:
    assert filled_in(PERSONS, entry(value=1200)).group_size == 1200
    assert filled_in(PERSONS, entry(value=1200, group_size=1300)).group_size == 1300
    for other in (a_survey(), COUNTED):
        assert filled_in(other, entry(value=50)).group_size is None
    assert filled_in(PERSONS, entry(value=float("nan"))).group_size is None


@pytest.mark.parametrize(
    ("parts", "size", "fields"),
    [
        ({"rad": 60, "oepnv": 40}, 100, []),
        ({"rad": 70, "oepnv": 50}, 120, []),
        ({"rad": 63, "oepnv": 40}, 113, ["parts"]),
        ({"rad": 60, "oepnv": 40}, 110, []),
        ({"rad": 60}, 100, []),
        ({"rad": 50, "oepnv": 46}, 106, ["group_size", "parts"]),
        (None, 103, ["group_size"]),
    ],
)
def test_a_correction_does_not_show_a_few_persons(
    parts: dict[str, int] | None, size: int, fields: list[str]
) -> None:
    told = Told({"rad": 60, "oepnv": 40}, 100)
    survey = a_survey()
    found = faults(survey, entry(value=50, parts=parts, group_size=size), TODAY, [told])
    differences = [each.field for each in found if each.code == "difference_too_small"]
    assert differences == fields
    by_hand = replace(survey, source=Source.MANUAL)
    assert faults(by_hand, entry(value=50, parts=parts), TODAY, [told]) == []


def test_a_correction_is_held_against_all_that_was_told_and_counts_of_persons_too() -> None:
    survey = a_survey()
    told = [Told(None, 100), Told(None, 112)]
    found = faults(survey, entry(value=50, parts=None, group_size=101), TODAY, told)
    assert [each.code for each in found] == ["difference_too_small"]
    persons = replace(survey, whole=True, maximum=None)
    for value, before, fault in (
        (5, None, "group_too_small"),
        (60, 57, "difference_too_small"),
        (60, 20, None),
    ):
        held = [] if before is None else [Told(None, 200, before)]
        found = faults(persons, entry(value=value, parts=None, group_size=200), TODAY, held)
        assert [(each.field, each.code) for each in found] == ([("value", fault)] if fault else [])


def test_evenness_is_not_told_where_it_would_tell_a_hidden_part() -> None:
    parts = {"a": 100, "b": 3, "c": 40}
    told = Publication(least_count=5).parts(parts)
    assert told == {"a": 100}
    assert told_evenness(parts, told, ("a", "b", "c")) is None
    assert told_evenness(parts, parts, ("a", "b", "c")) == evenness(parts, ("a", "b", "c"))


COARSE = Publication(fields=(), least_period=Period.MONTH, decimals=0)


@pytest.mark.parametrize(
    ("period", "provisional", "withheld"),
    [
        (Period.DAY, False, True),
        (Period.WEEK, False, True),
        (Period.MONTH, False, False),
        (Period.MONTH, True, True),
        (Period.YEAR, False, False),
    ],
)
def test_short_periods_and_such_not_over_are_withheld(
    period: Period, provisional: object, withheld: object
) -> None:
    assert COARSE.withholds(period, provisional=bool(provisional)) is withheld
    assert not Publication().withholds(period, provisional=bool(provisional))


def test_numbers_are_rounded_a_half_away_from_zero() -> None:
    assert [COARSE.rounded(each) for each in (2.5, -2.5, 6.075, -0.2, None)] == [3, -3, 6, 0, None]
    assert str(COARSE.rounded(-0.2)) == "0.0"
    assert Publication(decimals=1).rounded(6.05) == 6.1
    assert Publication().rounded(6.075) == 6.075
