# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_aggregator.domain.framework import Aim, Direction, Indicator, Source
from kpi_aggregator.domain.periods import Period, begins, end_of
from kpi_aggregator.domain.publication import publication_of
from kpi_aggregator.domain.scorecard import Known, Light, Trend, expected_at, standing
from kpi_aggregator.domain.values import Proposal, Told, faults
from kpi_aggregator.standings import Horizon, newest_over

TODAY = date(2026, 11, 26)
EVENTS = Indicator(
    indicator_id="formate",
    mehrwert="vernetzen",
    title={"de": "Formate", "en": "Events"},
    unit="Formate",
    direction=Direction.UP,
    source=Source.MANUAL,
    period=Period.YEAR,
    version=1,
    measured="Anzahl",
    method="gezählt",
    owner="Stadt",
    public=True,
    extension=False,
    whole=True,
    minimum=0,
    maximum=None,
    groups=("eng", "andere"),
    least_group=10,
    baseline=Aim(10, date(2023, 1, 1)),
    target=Aim(30, date(2027, 1, 1)),
    formula=None,
    fields=(),
    references={},
)
SURVEY = replace(EVENTS, source=Source.SURVEY, whole=False, minimum=1, maximum=6)
ENTRY = Proposal("formate", Period.YEAR, date(2025, 1, 1), 20, "Liste", TODAY, "Leitung", "neu")


def codes(indicator: Indicator, proposal: Proposal) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in faults(indicator, proposal, TODAY)]


def test_value_that_fits_has_no_fault() -> None:
    assert codes(EVENTS, replace(ENTRY, parts={"eng": 3})) == []
    assert codes(SURVEY, replace(ENTRY, value=2.3, group_size=30, parts={"eng": 12})) == []


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"value": -1}, "value", "out_of_range"),
        ({"value": 1.5}, "value", "not_whole"),
        ({"value": float("nan")}, "value", "not_finite"),
        ({"period": Period.MONTH}, "period", "wrong_period"),
        ({"period_start": date(2025, 2, 1)}, "period_start", "not_a_start"),
        ({"period_start": date(2027, 1, 1)}, "period_start", "out_of_range"),
        ({"source_date": date(2027, 1, 1)}, "source_date", "out_of_range"),
        ({"evidence": "javascript:alert(1)"}, "evidence", "invalid_link"),
        ({"parts": {"lose": 3}}, "parts", "unknown_group"),
        ({"parts": {"eng": -3}}, "parts", "out_of_range"),
    ],
)
def test_impossible_values_are_refused(change: dict[str, object], field: str, code: str) -> None:
    assert codes(EVENTS, replace(ENTRY, **change)) == [(field, code)]


def test_computed_indicators_are_not_entered_and_percentages_end_at_a_hundred() -> None:
    computed = replace(EVENTS, source=Source.FORMULA, formula="x")
    assert codes(computed, ENTRY) == [("indicator_id", "computed")]
    share = replace(EVENTS, maximum=100, whole=False)
    assert codes(share, replace(ENTRY, value=100.01)) == [("value", "out_of_range")]


def test_a_bound_is_told_in_full_with_what_lies_beyond_it() -> None:
    large = replace(EVENTS, minimum=0.5, maximum=1_250_000)
    told = [faults(large, replace(ENTRY, value=each), TODAY)[0] for each in (0, 1_250_001)]
    assert [(each.detail, each.of) for each in told] == [
        ("is below 0.5", "≥ 0.5"),
        ("is above 1250000", "≤ 1250000"),
    ]


def test_surveys_of_few_persons_are_refused() -> None:
    assert codes(SURVEY, replace(ENTRY, value=2, group_size=9)) == [
        ("group_size", "group_too_small")
    ]
    few = replace(ENTRY, value=2, group_size=40, parts={"eng": 9, "andere": 0})
    assert codes(SURVEY, few) == [("parts", "group_too_small")]


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ({"eng": 40}, []),
        ({"eng": 30}, []),
        # who knows the sum knows the nine that no part names
        ({"eng": 31}, [("parts", "group_too_small")]),
        ({"eng": 41}, [("parts", "too_many")]),
    ],
)
def test_few_persons_are_told_of_by_no_difference_either(
    parts: dict[str, int], found: list[tuple[str, str]]
) -> None:
    assert codes(SURVEY, replace(ENTRY, value=2, group_size=40, parts=parts)) == found


@given(st.sampled_from(Period), st.dates(date(1999, 1, 1), date(2050, 1, 1)))
def test_periods_follow_each_other_without_gap(period: Period, day: date) -> None:
    while not begins(period, day):
        day -= timedelta(days=1)
    end = end_of(period, day)
    assert begins(period, end)
    inner = [day + timedelta(days=n) for n in range(1, (end - day).days)]
    assert not any(begins(period, each) for each in inner)


@pytest.mark.parametrize(
    "cause",
    ["first entry", "First Entry", "Ersterfassung", "ERSTERFASSUNG.", "Erst-Erfassung", "CSV import",
     "aus einer Datei eingelesen", "---", "2026", " . "],
)  # fmt: skip
def test_a_correction_says_why_in_words_of_its_own(cause: str) -> None:
    corrects = replace(ENTRY, cause=cause)
    told = [Told(None, None, 19.0)]
    found = faults(EVENTS, corrects, TODAY, told)
    assert [(each.field, each.code) for each in found] == [("cause", "cause_missing")]
    assert faults(EVENTS, corrects, TODAY) == []
    assert faults(EVENTS, replace(corrects, cause="Zähler fehlte"), TODAY, told) == []


def known(*values: float) -> list[Known]:
    return [
        Known(Period.YEAR, date(2023 + n, 1, 1), value, None, "neu")
        for n, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("direction", "values", "light"),
    [
        (Direction.UP, (15,), Light.GREEN),  # after a year the path is just below 15
        (Direction.UP, (14,), Light.YELLOW),
        (Direction.UP, (12.9,), Light.RED),
        (Direction.DOWN, (14,), Light.GREEN),
        (Direction.DOWN, (18,), Light.RED),
        (Direction.NONE, (15,), Light.GREY),
        (Direction.UP, (), Light.GREY),
    ],
)
def test_light_compares_with_the_target_path(
    direction: Direction, values: tuple[float, ...], light: Light
) -> None:
    found = standing(replace(EVENTS, direction=direction), known(*values))
    assert found.light is light
    assert found.rule["de"]


@pytest.mark.parametrize("direction", [Direction.UP, Direction.DOWN])
def test_what_stands_on_its_target_is_on_target_whatever_the_fractions(
    direction: Direction,
) -> None:
    """Told in binary, 0.7 + (3.1 - 0.7) is more than 3.1."""
    missed = []
    for low, high in itertools.combinations(range(0, 300, 7), 2):
        begin, end = (low, high) if direction is Direction.UP else (high, low)
        aims = {
            "baseline": Aim(begin / 10, date(2023, 1, 1)),
            "target": Aim(end / 10, date(2023, 12, 1)),
        }
        found = standing(replace(EVENTS, direction=direction, **aims), known(end / 10))
        if found.light is not Light.GREEN:
            missed.append((begin, end))
    assert missed == []


def test_a_hair_behind_the_path_is_behind_it() -> None:
    found = standing(EVENTS, known(14.99))
    assert (found.light, found.expected is not None and found.expected > 14.99) == (
        Light.YELLOW,
        True,
    )


def test_a_level_to_be_kept_is_told_as_one() -> None:
    level = {"baseline": Aim(50.1, date(2022, 1, 1)), "target": Aim(50.1, date(2024, 1, 1))}
    kept = replace(EVENTS, **level)
    assert standing(kept, known(50.1)).light is Light.GREEN
    below = standing(kept, known(50))
    assert (below.light, below.rule["de"]) == (
        Light.RED,
        "nicht auf dem Soll 50,1, das zu halten ist",
    )
    assert below.rule["en"] == "not at 50.1, which is to be kept"


def test_rule_tells_large_numbers_in_full_and_small_ones_without_zeros() -> None:
    large = replace(
        EVENTS, baseline=Aim(0, date(2023, 1, 1)), target=Aim(120_000, date(2025, 1, 1))
    )
    rule = standing(large, known(50_000)).rule
    assert rule["de"] == "höchstens 12.000 hinter dem Zielpfad (Soll 59.918)"
    assert rule["en"] == "at most 12,000 behind the target path (59,918 expected)"
    small = replace(EVENTS, baseline=Aim(0, date(2023, 1, 1)), target=Aim(0.5, date(2025, 1, 1)))
    assert standing(small, known(0.24)).rule["de"].startswith("höchstens 0,05 hinter")


def test_trend_and_value_before() -> None:
    assert standing(EVENTS, known(10, 12)).trend is Trend.RISING
    assert standing(EVENTS, known(12, 10)).trend is Trend.FALLING
    found = standing(EVENTS, list(reversed(known(10, 12, 12))))
    assert (found.trend, found.before) == (Trend.STEADY, known(10, 12, 12)[1])


def test_there_is_no_trend_across_a_gap_nor_since_a_value_that_was_made_up() -> None:
    first, _, third = known(10, 12, 14)
    found = standing(EVENTS, [first, third])
    assert (found.trend, found.before) == (None, first)
    made_up, real = known(10, 12)
    assert standing(EVENTS, [made_up._replace(simulated=True), real]).trend is None
    both = [each._replace(simulated=True) for each in (made_up, real)]
    assert standing(EVENTS, both).trend is Trend.RISING


def test_the_newest_period_that_is_over_is_rated_and_the_running_one_stands_beside_it() -> None:
    first, second, third = known(10, 15, 3)
    running = third._replace(provisional=True)
    found = standing(EVENTS, [first, second, running])
    assert (found.value, found.before, found.running) == (second, first, running)
    assert (found.trend, found.expected) == (Trend.RISING, standing(EVENTS, [second]).expected)
    assert found.light is standing(EVENTS, [second]).light is not Light.GREY
    alone = standing(EVENTS, [running])
    assert (alone.value, alone.running, alone.light) == (running, None, Light.GREY)


def test_the_newest_period_that_is_over_follows_the_day_of_the_city_and_what_may_be_told() -> None:
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    here = Horizon(new_year, on=date(2027, 1, 1))
    assert newest_over(EVENTS, here) == date(2026, 1, 1)
    assert newest_over(EVENTS, replace(here, ended=date(2026, 7, 1))) == date(2025, 1, 1)
    late = replace(
        EVENTS, publication=publication_of({"fields": None, "delay_days": 30, "least_count": 1})
    )
    assert newest_over(late, replace(here, public_on=date(2027, 1, 1))) == date(2025, 1, 1)
    assert newest_over(late, here) == date(2026, 1, 1)


def test_path_is_straight_and_stays_at_its_target() -> None:
    assert expected_at(EVENTS, date(2022, 1, 1)) == 10
    assert expected_at(EVENTS, date(2025, 1, 1)) == pytest.approx(20, abs=0.02)
    assert expected_at(EVENTS, date(2030, 1, 1)) == 30
    assert expected_at(replace(EVENTS, target=None), date(2025, 1, 1)) is None
