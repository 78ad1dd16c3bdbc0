# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_aggregator.domain.report import ReportDefinition, spans_due
from kpi_aggregator.domain.spans import Interval, Span, newest_over, read_span, span_of

DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))
INTERVALS = st.sampled_from(Interval)


@given(INTERVALS, DAYS)
def test_a_day_lies_in_its_span_and_the_name_reads_back(interval: Interval, day: date) -> None:
    span = span_of(interval, day)
    assert span.begin <= day < span.end
    assert read_span(interval, span.name) == span
    assert span.after.before == span
    assert span_of(interval, span.last) == span


@given(INTERVALS, DAYS)
def test_the_newest_that_is_over_ended_by_today(interval: Interval, today: date) -> None:
    span = newest_over(interval, today)
    assert span.end <= today < span.after.end


@pytest.mark.parametrize(
    ("interval", "name", "begin"),
    [
        (Interval.MONTH, "2026-10", date(2026, 10, 1)),
        (Interval.TWO_MONTHS, "2026-B5", date(2026, 9, 1)),
        (Interval.QUARTER, "2026-Q3", date(2026, 7, 1)),
        (Interval.HALF_YEAR, "2026-H2", date(2026, 7, 1)),
        (Interval.YEAR, "2026", date(2026, 1, 1)),
    ],
)
def test_names_are_those_that_people_write(interval: Interval, name: str, begin: date) -> None:
    assert Span(interval, begin).name == name


@pytest.mark.parametrize(
    ("interval", "name"),
    [
        (Interval.MONTH, "2026-13"),
        (Interval.MONTH, "2026-1"),
        (Interval.MONTH, "2026"),
        (Interval.MONTH, "0000-01"),
        (Interval.MONTH, "9999-12"),
        (Interval.MONTH, "2026-Q1"),
        (Interval.TWO_MONTHS, "2026-B7"),
        (Interval.QUARTER, "2026-Q0"),
        (Interval.QUARTER, "2026-Q03"),
        (Interval.HALF_YEAR, "2026-H3"),
        (Interval.YEAR, "2026-1"),
        (Interval.YEAR, "２０２６"),
        (Interval.YEAR, ""),
    ],
)
def test_another_reports_period_is_refused(interval: Interval, name: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_span(interval, name)


def monthly(due_days: int = 5) -> ReportDefinition:
    return ReportDefinition(
        report_id="r", title={"de": "R", "en": "R"}, recipient={"de": "A", "en": "A"},
        occasion="o", office="f", every=Interval.MONTH, due_days=due_days, public=True,
        mehrwerte=(), version=1,
    )  # fmt: skip


def names(spans: list[Span]) -> list[str]:
    return [span.name for span in spans]


def test_a_report_is_due_some_days_after_its_period() -> None:
    before, on = date(2026, 11, 5), date(2026, 11, 6)
    assert names(spans_due(monthly(), None, before)) == ["2026-09"]
    assert names(spans_due(monthly(), None, on)) == ["2026-10"]


def test_reports_that_were_missed_are_made_but_not_those_before_the_first() -> None:
    last = Span(Interval.MONTH, date(2026, 7, 1))
    assert names(spans_due(monthly(), last, date(2026, 11, 6))) == ["2026-08", "2026-09", "2026-10"]
    assert spans_due(monthly(), Span(Interval.MONTH, date(2026, 10, 1)), date(2026, 11, 6)) == []


def test_after_a_long_absence_not_all_of_history_is_reported() -> None:
    last = Span(Interval.MONTH, date(1990, 1, 1))
    found = spans_due(monthly(0), last, date(2026, 11, 1))
    assert len(found) == 24
    assert found[-1].end - timedelta(days=1) == date(2026, 10, 31)
