# SPDX-License-Identifier: EUPL-1.2
"""Means of a survey's groups: of enough persons, also by difference, and fitting the mean of all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_aggregator.domain.cells import AmbiguousError, read_means
from kpi_aggregator.domain.means import GroupMean, Means
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.publication import Field, Publication
from kpi_aggregator.domain.values import Proposal, Told, faults
from support.indicators import a_survey

TODAY = date(2026, 11, 26)
GRADES = replace(
    a_survey(), unit="Note", minimum=1, maximum=6, groups=(), mean_groups=("a", "b"), least_group=10
)
MADE = Proposal("x", Period.YEAR, date(2025, 1, 1), 2.2, "Umfrage", TODAY, "Leitung", "neu")
MEANS = {"a": GroupMean(2.0, 40), "b": GroupMean(2.5, 30)}


def codes(
    means: Means | None, value: float = 2.2, size: int = 70, told: tuple[Told, ...] = ()
) -> list[tuple[str, str]]:
    made = replace(MADE, value=value, means=means, group_size=size)
    return [(each.field, each.code) for each in faults(GRADES, made, TODAY, told)]


@pytest.mark.parametrize(
    ("means", "value", "size", "code"),
    [
        (MEANS, 2.2, 70, None),
        (None, 2.2, 70, None),
        ({"a": MEANS["a"]}, 2.2, 70, None),
        ({"c": MEANS["a"]}, 2.2, 70, "unknown_group"),
        ({"a": GroupMean(2, 9)}, 2.2, 70, "group_too_small"),
        ({"a": GroupMean(2, 61)}, 2.2, 70, "group_too_small"),
        ({"a": GroupMean(2, 61)}, 2.2, 60, "too_many"),
        ({"a": GroupMean(6.1, 40)}, 6, 70, "out_of_range"),
        ({"a": GroupMean(float("nan"), 40)}, 2, 70, "out_of_range"),
        (MEANS, 2.32, 70, "contradiction"),
        # The thirty in no group would have to have given 0.5 on the mean.
        ({"a": GroupMean(3.5, 40)}, 2.2, 70, "contradiction"),
        ({"a": GroupMean(1, 40)}, 3.9, 70, "contradiction"),
    ],
)
def test_means_fit_their_survey_and_no_group_is_small(
    means: Means | None, value: float, size: int, code: str | None
) -> None:
    assert codes(means, value, size) == ([("means", code)] if code else [])


@pytest.mark.parametrize(
    ("persons", "size", "fields"),
    [
        ((40, 30), 90, []),
        ((50, 20), 90, []),
        ((41, 29), 90, ["means", "means"]),
        # Twelve more were asked, ten of them in a group: two could be told.
        ((50, 30), 102, ["means"]),
        ((50, 30), 100, []),
    ],
)
def test_a_correction_does_not_show_a_few_persons_of_any_group(
    persons: tuple[int, int], size: int, fields: list[str]
) -> None:
    told = Told(None, 90, 2.2, MEANS)
    means = {name: GroupMean(2.2, each) for name, each in zip("ab", persons, strict=True)}
    found = codes(means, 2.2, size, (told,))
    assert [field for field, code in found if code == "difference_too_small"] == fields


def test_who_is_in_no_part_is_protected_from_differences_too() -> None:
    survey = a_survey()
    made = replace(MADE, value=50, parts={"rad": 70, "oepnv": 20}, group_size=112)
    found = faults(survey, made, TODAY, [Told({"rad": 60, "oepnv": 20}, 100)])
    assert [(each.field, each.code) for each in found if "left" not in each.code] == [
        ("parts", "difference_too_small")
    ]


@given(
    st.dictionaries(
        st.sampled_from("abcd"), st.builds(GroupMean, st.floats(1, 6), st.integers(1, 99))
    ),
    st.integers(1, 50),
)
def test_means_are_told_of_groups_whose_number_may_be(
    means: dict[str, GroupMean], least: int
) -> None:
    told = Publication(least_count=least).means(means)
    assert told is not None
    assert all(each.persons >= least for each in told.values())
    assert len(means) - len(told) != 1 or len(means) == 1
    assert Publication(fields=(Field.SOURCE,)).means(means) is None


def test_means_are_read_as_offices_write_them() -> None:
    said = {"unter-18": GroupMean(2.3, 41), "ab-65": GroupMean(2, 60)}
    assert read_means("unter-18=2,3 (41)| ab-65=2(60)|sonst=", has_points=False) == said
    assert read_means("unter-18=2.3 (41)|ab-65=2.0 (60)", has_points=True) == said
    assert read_means("a=|b=", has_points=False) is None
    assert read_means("", has_points=False) is None
    for wrong in (
        "a=2,3",
        "a=(41)",
        "a=2,3 (41",
        "a=2 (1)|a=2 (1)",
        "a=x (3)",
        "=2 (3)",
        "a=2 (²)",
    ):
        with pytest.raises(ValueError, match=r"."):
            read_means(wrong, has_points=False)
    with pytest.raises(AmbiguousError):
        read_means("a=1.234 (41)", has_points=False)
