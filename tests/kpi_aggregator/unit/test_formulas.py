# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_aggregator.city.folder import read_folder
from kpi_aggregator.domain.borders import borders
from kpi_aggregator.domain.causes import Cause, cause_words, reason_words, weightiest
from kpi_aggregator.domain.expression import ExpressionError, columns, parse, text
from kpi_aggregator.domain.formula import POINTS, Aggregation, Stretch, formula_of
from kpi_aggregator.domain.formula_words import words
from kpi_aggregator.domain.four_eyes import Hand, refused
from kpi_aggregator.domain.framework import Source
from kpi_aggregator.domain.outcome import Before, Confidence, Reason, completeness, outcome
from kpi_aggregator.domain.periods import Period, end_of, name_of, read_period, start_of
from kpi_aggregator.domain.sums import (
    Amount,
    Member,
    Place,
    Sums,
    changed_days,
    select,
    total,
    with_all_members,
    with_heartbeat,
)
from stadttakt_runtime.plugins import CityError
from support.indicators import LOTS, an_indicator, indicator, write_city

FORMULA = formula_of({**LOTS, "least_completeness": 0.6})
INDICATOR = an_indicator(source=Source.FORMULA, period=Period.MONTH, formula="lots")


def sums(numerator: float, denominator: float, known: float, expected: float, days: int) -> Sums:
    return Sums(Amount(numerator, denominator, known, expected), days)


def test_expression_is_arithmetic_over_columns() -> None:
    read = parse("occupied / (occupied + free) * 100")
    assert columns(read) == {"occupied", "free"}
    assert text(read) == "(occupied / (occupied + free)) * 100"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "1; drop table x",
        "a.b",
        "f(a)",
        "a if b else c",
        "'text'",
        "a ** 2",
        "-a",
        "a == b",
        '"a"',
        "Column",
        "1e999",
        "True",
        "(" * 50 + "a" + ")" * 50 + " + b" * 60,
        "a + " * 30 + "a",
        "a\x00b",
        "a" * 301,
        "größe",
        "a / 0",
        "a / (b * 0)",
        "a / (b * (c - c))",
        "a / (2 - 1 - 1)",
        "a / (0 / b + 0 * b)",
    ],
)
def test_everything_else_is_refused(wrong: str) -> None:
    with pytest.raises(ExpressionError):
        parse(wrong)


def test_what_may_be_other_than_zero_divides() -> None:
    for divided in ("a / (b - c)", "a / (b * 0 + 1)", "a / (1 / b)", "0 / b", "a - a"):
        assert columns(parse(divided)) <= {"a", "b", "c"}


@settings(deadline=None)
@given(st.text("ab_1.e+-*/()[]{}'\"\\\n;:,=<>!@#%^&|~ \x00²ß€", max_size=300))
def test_no_text_does_more_than_be_read_or_refused(given_text: str) -> None:
    try:
        read = parse(given_text)
    except ExpressionError:
        return
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in columns(read))


@pytest.mark.parametrize(
    ("of", "days", "value", "reason", "confidence"),
    [
        (sums(50, 100, 100, 100, 30), 30, 50, None, Confidence.HIGH),
        (sums(50, 100, 60, 100, 30), 30, 50, None, Confidence.LOW),
        (sums(50, 100, 59, 100, 30), 30, None, Reason.INCOMPLETE, None),
        # half of the days are missing altogether
        (sums(50, 100, 100, 100, 15), 30, None, Reason.INCOMPLETE, None),
        (sums(0, 0, 100, 100, 30), 30, None, Reason.DIVISION_BY_ZERO, None),
        (sums(101, 100, 100, 100, 30), 30, None, Reason.IMPOSSIBLE, None),
        (sums(-1, 100, 100, 100, 30), 30, None, Reason.IMPOSSIBLE, None),
        (sums(float("inf"), 100, 100, 100, 30), 30, None, Reason.IMPOSSIBLE, None),
        (Sums(), 30, None, Reason.NO_DATA, None),
        (sums(0, 0, 0, 0, 30), 30, None, Reason.INCOMPLETE, None),
    ],
)
def test_value_or_the_reason_why_there_is_none(
    of: Sums,
    days: int,
    value: float | None,
    reason: Reason | None,
    confidence: Confidence | None,
) -> None:
    found = outcome(FORMULA, INDICATOR, of, days=days)
    assert (found.value, found.reason, found.confidence) == (value, reason, confidence)


def test_value_of_sixty_percent_says_between_what_it_could_lie() -> None:
    found = outcome(FORMULA, INDICATOR, sums(50, 100, 60, 100, 30), days=30)
    assert (found.lowest, found.highest) == (pytest.approx(30), pytest.approx(70))
    summed = replace(FORMULA, aggregation=Aggregation.SUM, unit="Abrufe")
    counted = outcome(summed, replace(INDICATOR, maximum=None), sums(7, 0, 8, 10, 3), days=3)
    assert (counted.value, counted.lowest, counted.highest) == (7, 7, None)


# Whole numbers, so that sums are exact in whatever order.
amounts = st.builds(
    Amount,
    *(st.integers(0, 10_000).map(float) for _ in range(4)),
    st.booleans(),
)


@settings(deadline=None)
@given(st.lists(amounts, min_size=1, max_size=60), st.data())
def test_value_of_split_intervals_is_the_value_of_the_whole(
    days: list[Amount], data: st.DataObject
) -> None:
    wide = replace(INDICATOR, maximum=None)
    each = [Sums(amount, 1) for amount in days]
    cuts = sorted(data.draw(st.sets(st.integers(0, len(days)))) | {0, len(days)})
    parts = [total(each[begin:end]) for begin, end in pairwise(cuts)]
    shuffled = data.draw(st.permutations(parts))
    for way in (Aggregation.RATIO, Aggregation.MEAN, Aggregation.SUM):
        formula = replace(FORMULA, aggregation=way, unit="u")
        whole = outcome(formula, wide, total(each), days=len(days))
        assert outcome(formula, wide, total(shuffled), days=len(days)) == whole
        assert 0 <= whole.completeness <= 1


def test_rows_are_chosen_by_their_keys_and_put_together_by_part() -> None:
    formula = replace(
        FORMULA, by="lot_id", only={"kind": ("feed",)}, without={"client": ("robot",)}
    )
    day, other = date(2026, 11, 1), date(2026, 11, 2)
    keys = ("client", "kind", "lot_id")
    one = (day, False, (9, 9, 9, 9, 1, 2, 3, 4))
    rows = {
        ("app", "feed", "a"): [one],
        ("browser", "feed", "a"): [(day, True, one[2])],
        ("robot", "feed", "a"): [one],
        ("app", "page", "a"): [one],
        ("app", "feed", None): [one],
        ("app", "feed", "b"): [(other, False, one[2])],
    }
    found = select(formula, rows, keys=keys, cell=1, days={day})
    assert found == {
        Place(day, "a", ""): Amount(2, 4, 6, 8, simulated=True),
        Place(day, "", ""): Amount(1, 2, 3, 4),
    }


# Clocks that go back at midnight, by half an hour, and into the day before.
@pytest.mark.parametrize(
    "zone",
    [
        *("Europe/Berlin", "America/Santiago", "America/Havana", "Australia/Lord_Howe"),
        *("Atlantic/Azores", "Asia/Beirut", "Asia/Kathmandu", "UTC"),
    ],
)
def test_what_lies_behind_a_border_is_of_its_day_and_between_its_hours(zone: str) -> None:
    first, last, hours = date(2026, 3, 1), date(2026, 11, 30), [1, 2, 3, 9, 23, 24]
    here = ZoneInfo(zone)
    found = borders(first, last, hours, here)
    begins = [each.begin for each in found]
    assert begins == sorted(set(begins))
    moment = found[0].begin
    assert moment == datetime(2026, 3, 1, tzinfo=here)
    while (local := moment.astimezone(here)).date() <= last:
        border = found[bisect_right(begins, moment) - 1]
        assert border.day == local.date()
        assert [border.hour < each for each in hours] == [local.hour < each for each in hours]
        moment += timedelta(minutes=30)


def test_rounding_changes_no_day() -> None:
    day = date(2026, 11, 1)
    before = {Place(day, "", ""): Amount(0.1 + 0.2, 1, 1, 1)}
    assert changed_days(before, {Place(day, "", ""): Amount(0.3, 1, 1, 1)}, [day]) == set()
    assert changed_days(before, {}, [day]) == {day}
    assert changed_days({}, before, [day]) == {day}


@settings(deadline=None)
@given(st.sampled_from(Period), st.dates(date(1999, 1, 1), date(2050, 1, 1)))
def test_periods_have_names_that_are_read_again(period: Period, day: date) -> None:
    start = start_of(period, day)
    assert start <= day < end_of(period, start)
    assert read_period(name_of(period, start)) == (period, start)


@pytest.mark.parametrize("wrong", ["", "26", "2026-13", "2026-Q5", "2026-W60", "2026-02-30", "x"])
def test_other_names_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_period(wrong)


def test_the_weightiest_cause_is_told_with_its_days() -> None:
    day = date(2026, 11, 1)
    late = [day + timedelta(days=n) for n in range(30)]
    found = weightiest({Cause.ONGOING: [day], Cause.LATE_DATA: late})
    assert (found.cause, found.days) == (Cause.LATE_DATA, tuple(late[:20]))
    assert weightiest({Cause.ONGOING: [day]}).days == ()
    assert all(cause_words(each)["de"] for each in Cause)
    assert all(reason_words(each)["en"] for each in Reason)


@pytest.mark.parametrize(
    ("author", "approver", "allowed"),
    [
        (("oidc:anna", "Sachbearbeitung"), ("oidc:anna", "Leitung"), False),
        (("oidc:anna", "Sachbearbeitung"), ("oidc:ben", "Sachbearbeitung"), True),
        (("api_key:1", "Sachbearbeitung"), ("api_key:1", "Leitung"), False),
        (("api_key:1", "Sachbearbeitung"), ("api_key:2", "Leitung"), True),
        (("api_key:1", "Sachbearbeitung"), ("api_key:2", " sach-bearbeitung"), False),
        (("api_key:1", "Leitung"), ("oidc:anna", "Leitung"), False),
    ],
)
def test_two_persons_decide_or_two_keys_in_different_roles(
    author: tuple[str, str], approver: tuple[str, str], *, allowed: bool
) -> None:
    assert (refused(Hand(*author), Hand(*approver)) is None) is allowed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"view": "parking.bay"}, "view"),
        ({"view": 'parking.v1_lot" where 1=1 --'}, "view"),
        ({"view": "pg_catalog.v1_x"}, "view"),
        ({"measure": "occupied_places; select 1"}, "measure"),
        ({"time": "start)"}, "time"),
        ({"by": 'lot"id'}, "by"),
        ({"only": {'lot"id': ["a"]}}, "only"),
        ({"per": None}, "a ratio needs what it is divided by"),
        ({"per": "known_places * 0"}, "per: divides by zero"),
        ({"measure": "occupied_places / (places * 0)"}, "measure: divides by zero"),
        ({"aggregation": "members"}, "member: belongs to"),
        ({"member": "lot_id"}, "member: belongs to"),
        ({"aggregation": "sum"}, "only a share is told in %"),
        ({"known": None}, "known and expected belong together"),
        ({"hours": [9, 7]}, "hours"),
        ({"least_completeness": 1.5}, "least_completeness"),
        ({"sql": "select 1"}, "sql"),
        ({"at_least": 0.5}, "at_least"),
        ({"unit": "h"}, "the formula gives h, not %"),
    ],
)
def test_broken_formula_is_refused_with_file_line_and_reason(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    city = write_city(tmp_path, [{**LOTS, **changes}], [indicator("x", "lots")])
    with pytest.raises(CityError, match=re.escape(reason)) as caught:
        read_folder(city)
    assert caught.value.file.name == "framework.yaml"
    assert caught.value.line is not None


def test_indicator_of_no_formula_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CityError, match="there is no formula elsewhere"):
        read_folder(write_city(tmp_path, [LOTS], [indicator("x", "elsewhere")]))
    with pytest.raises(CityError, match="lots is given twice"):
        read_folder(write_city(tmp_path, [LOTS, LOTS], [indicator("x", "lots")]))


def test_nothing_is_complete_of_nothing() -> None:
    assert completeness(Sums(), 3) == 0


DAYS = [date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 3)]


def test_a_day_is_as_complete_as_its_heartbeat_and_unknown_without_one() -> None:
    found = {
        Place(DAYS[0], "feed", ""): Amount(8, 0, 1, 1),
        Place(DAYS[2], "feed", ""): Amount(5, 0, 1, 1),
    }
    told = with_heartbeat(found, DAYS, {DAYS[0]: (144, 144), DAYS[1]: (72, 144)})
    by_day = {
        day: total(Sums(own) for place, own in told.items() if place.day == day).amount
        for day in {place.day for place in told}
    }
    assert by_day == {DAYS[0]: Amount(8, 0, 144, 144), DAYS[1]: Amount(0, 0, 72, 144)}


def test_members_have_their_place_from_the_day_on_which_they_are() -> None:
    members = [
        Member("old", "Markt"),
        Member("new", "Holzplatz", DAYS[1]),
        Member("later", "", date(2027, 1, 1)),
    ]
    found = {
        Place(DAYS[0], "elsewhere", "old"): Amount(3, 4, 9, 9),
        Place(DAYS[0], "", "gone"): Amount(1, 1),
    }
    told = with_all_members(found, DAYS[:2], members)
    assert told == {
        Place(DAYS[0], "Markt", "old"): Amount(3, 4, 1, 1),
        Place(DAYS[1], "Markt", "old"): Amount(0, 0, 1, 1),
        Place(DAYS[1], "Holzplatz", "new"): Amount(0, 0, 1, 1),
    }


@pytest.mark.parametrize(
    ("before", "days", "value", "reason", "share"),
    [
        (sums(30, 100, 100, 100, 10), 10, 20, None, 0.9),
        # what it is held against is less complete than the value itself
        (sums(30, 100, 100, 100, 8), 10, 20, None, 0.8),
        (sums(30, 100, 100, 100, 5), 10, None, Reason.NOTHING_BEFORE, 0.5),
        (Sums(), 10, None, Reason.NOTHING_BEFORE, 0),
    ],
)
def test_a_value_is_held_against_the_days_before(
    before: Sums, days: int, value: float | None, reason: Reason | None, share: float
) -> None:
    formula = replace(
        FORMULA, unit=POINTS, since=DAYS[0], before=Stretch(date(2026, 9, 1), date(2026, 9, 11))
    )
    indicator = replace(INDICATOR, minimum=-100)
    found = outcome(
        formula, indicator, sums(50, 100, 90, 100, 30), days=30, before=Before(before, days)
    )
    assert (found.value, found.reason) == (value if value is None else pytest.approx(value), reason)
    assert found.completeness == pytest.approx(share)
    assert (found.lowest, found.highest) == (None, None)
    assert "abzüglich des Werts vom 01.09.2026 bis 10.09.2026" in words(formula)["de"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"heartbeat": {"view": "opendata.v1_x", "time": "day", "known": "a", "expected": "b"}},
         "heartbeat: takes the place of known"),
        ({"before": {"from": "2026-09-01", "to": "2026-09-11"}}, "before: a difference of shares"),
        ({"before": {"from": "2026-09-11", "to": "2026-09-01"}}, "to: must be after from"),
        ({"unit": "Prozentpunkte"}, "before: a difference of shares"),
        ({"unit": "Prozentpunkte", "before": {"from": "2026-09-01", "to": "2026-09-11"}},
         "before: needs since"),
        ({"unit": "Prozentpunkte", "since": "2026-09-10",
          "before": {"from": "2026-09-01", "to": "2026-09-11"}}, "since: must not be before"),
    ],
)  # fmt: skip
def test_times_and_heartbeats_that_contradict_are_refused_with_file_and_line(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    city = write_city(tmp_path, [{**LOTS, **changes}], [])
    with pytest.raises(CityError, match=rf"framework.yaml:\d+: .*{reason}"):
        read_folder(city)
