# SPDX-License-Identifier: EUPL-1.2
import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from open_data_publisher.datasets.chart import draw
from open_data_publisher.datasets.collector import changed_day
from open_data_publisher.datasets.due import due_days
from open_data_publisher.datasets.edition import (
    Kept,
    first_kept,
    forgotten,
    from_bytes,
    renewed,
    to_bytes,
    under_other_rules,
)
from open_data_publisher.datasets.formats.csv_file import CsvFile
from open_data_publisher.datasets.rows import tables_by_day
from open_data_publisher.domain.asked import Asked, PeriodError, Wanted, asked_for
from open_data_publisher.domain.known_sources import (
    DEPARTURE_LEVEL,
    IDEAS,
    INDICATORS,
    LOT_HISTORY,
    MEASURES,
    STAY_DAY,
)
from open_data_publisher.domain.licences import LICENCES
from open_data_publisher.domain.policy import Chart, Dataset, Terms, Words
from open_data_publisher.domain.sources import Source
from open_data_publisher.storage.editions import Edition
from support.open_data import lots_dataset

BERLIN = ZoneInfo("Europe/Berlin")
RUN_BY_SPREADSHEETS = ("=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", "\r=1")
NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SCHEMA = pa.schema([("id", pa.string()), ("value", pa.int64())])
WORDS = Words("Wort", "word")
HOUR = timedelta(hours=1)

Rows = dict[str, int]
some_rows: st.SearchStrategy[Rows] = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2))


def dataset(source: Source = LOT_HISTORY, **more: Any) -> Dataset:
    values: dict[str, Any] = {
        "dataset_id": "lots",
        "source": source,
        "title": WORDS,
        "description": WORDS,
        "measured": WORDS,
        "fields": tuple(source.by_name),
        "aggregation": next(iter(source.aggregations), None),
        "protection": None,
        "delay": timedelta(),
        "terms": Terms(LICENCES["cc-zero"], None),
    }
    return Dataset(**{**values, **more})


def table(rows: Rows) -> pa.Table:
    return pa.table({"id": list(rows), "value": list(rows.values())}, SCHEMA)


def told(found: pa.Table) -> Rows:
    return {row["id"]: row["value"] for row in found.to_pylist()}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(some_rows, min_size=1, max_size=6))
def test_what_was_told_at_any_time_is_told_again(versions: list[Rows]) -> None:
    kept = first_kept(table(versions[0]), NOON)
    for number, rows in enumerate(versions[1:], 1):
        kept = renewed(kept, table(rows), ("id",), NOON + number * HOUR)
    former = None if kept.former is None else from_bytes(to_bytes(kept.former))
    kept = Kept(from_bytes(to_bytes(kept.told)), former)
    for number, rows in enumerate(versions):
        assert told(kept.public(NOON + number * HOUR)) == rows
    assert told(kept.public(None)) == versions[-1]
    assert told(kept.public(NOON - HOUR)) == {}


def test_other_rules_keep_times_and_forget_what_was_told_by_the_old_ones() -> None:
    kept = renewed(first_kept(table({"a": 1}), NOON), table({"a": 2}), ("id",), NOON + HOUR)
    wide = pa.table({"id": ["a", "b"], "other": ["x", "y"]})
    again = under_other_rules(kept, wide, ("id",), NOON + 2 * HOUR)
    assert again.former is None
    assert [row["id"] for row in again.public(NOON + HOUR).to_pylist()] == ["a"]
    assert [row["id"] for row in again.public(NOON).to_pylist()] == []


def as_edition(of: Dataset, kept: Kept) -> Edition:
    former = None if kept.former is None else to_bytes(kept.former)
    return Edition(
        NOON.date(), of.rules, "", kept.told.num_rows, NOON, NOON, to_bytes(kept.told), former
    )


@pytest.mark.parametrize("source", [IDEAS, MEASURES])
def test_words_taken_out_of_an_idea_are_told_of_no_time(source: Source) -> None:
    of = dataset(source)
    schema = pa.schema([(source.key[0], pa.string()), ("summary", pa.string())])
    before, after = (
        pa.table({source.key[0]: ["a", "b"], "summary": [words, "stays"]}, schema)
        for words in ("by Mr Muster", "[…]")
    )
    kept = changed_day(of, after, as_edition(of, first_kept(before, NOON)), NOON + HOUR)
    assert kept is not None
    assert kept.public(NOON)["summary"].to_pylist() == ["stays"]
    assert kept.public(None)["summary"].to_pylist() == ["[…]", "stays"]
    assert kept.former is None
    # What was kept by an earlier release goes, although nothing is told otherwise now.
    old = renewed(first_kept(before, NOON), after, source.key, NOON + HOUR)
    again = changed_day(of, after, as_edition(of, old), NOON + 2 * HOUR)
    assert again is not None
    assert again.former is None
    assert changed_day(of, after, as_edition(of, again), NOON + 3 * HOUR) is None


def test_what_was_replaced_long_ago_is_forgotten() -> None:
    kept = renewed(first_kept(table({"a": 1}), NOON), table({"a": 2}), ("id",), NOON + HOUR)
    assert forgotten(kept, NOON).former is not None
    assert forgotten(kept, NOON + 2 * HOUR).former is None


def test_rows_belong_to_the_citys_day_also_at_the_change_of_the_clock() -> None:
    row = dict.fromkeys(LOT_HISTORY.by_name) | {"lot_id": "a", "simulated": False}
    starts = [datetime(2026, 10, 24, 22, 0, tzinfo=UTC), datetime(2026, 10, 25, 22, 45, tzinfo=UTC)]
    found = tables_by_day(dataset(), [row | {"start": at} for at in starts], zone=BERLIN, now=NOON)
    assert list(found) == [date(2026, 10, 25)]
    assert found[date(2026, 10, 25)].num_rows == 2


def test_a_departure_that_two_vehicles_made_is_told_once() -> None:
    row = dict.fromkeys(DEPARTURE_LEVEL.by_name) | {
        "day": NOON.date(), "trip_id": "t", "call": 1, "planned_departure": NOON - HOUR, "level": "low",
    }  # fmt: skip
    rows = [row, row | {"planned_departure": NOON - HOUR / 2, "level": "high"}]
    found = tables_by_day(dataset(DEPARTURE_LEVEL), rows, zone=BERLIN, now=NOON)
    assert found[NOON.date()]["level"].to_pylist() == ["low"]


def test_days_are_looked_at_the_more_seldom_the_older_they_are() -> None:
    today = NOON.astimezone(BERLIN).date()

    def due(checked_before: timedelta, delay: timedelta = timedelta(), **more: Any) -> list[int]:
        ruled = replace(dataset(), delay=delay)
        checked = {
            today - timedelta(days=back): (more.get("rules", ruled.rules), NOON - checked_before)
            for back in range(100)
        }
        found = due_days(
            ruled, checked, first=today - timedelta(days=100), now=NOON, zone=BERLIN,
            every=timedelta(minutes=1), revise=timedelta(days=60),
        )  # fmt: skip
        return [(today - day).days for day in found]

    assert due(timedelta()) == [100]
    assert due(timedelta(minutes=5)) == [0, 100]
    assert due(HOUR) == [0, 1, 100]
    assert due(timedelta(days=30)) == [*range(61), 100]
    assert due(timedelta(), rules="others") == list(range(101))
    # What may be told later is looked at later too: else it stayed empty for ever.
    assert 90 in due(timedelta(days=30), delay=timedelta(days=80))


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        (Wanted(day=date(2026, 11, 25)), "2026-11-25", "2026-11-25"),
        (Wanted(month="2026-02"), "2026-02-01", "2026-02-28"),
        (Wanted(month="2026-12"), "2026-12-01", "2026-12-31"),
        (Wanted(), "2026-10-27", "2026-11-26"),
        (Wanted(begin=date(2026, 3, 1), end=date(2026, 3, 3)), "2026-03-01", "2026-03-02"),
        (Wanted(begin=NOON, end=NOON + timedelta(hours=12)), "2026-11-26", "2026-11-27"),
    ],
)
def test_a_period_is_of_the_citys_days(wanted: Wanted, first: str, last: str) -> None:
    found = asked_for(wanted, zone=BERLIN, now=NOON, all_by_default=False, has_days=True)
    assert (str(found.first), str(found.last)) == (first, last)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(day=date(9999, 12, 31)),
        Wanted(end=date(1, 1, 1)),
        Wanted(begin=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))),
        Wanted(month="9999-12"),
        Wanted(month="0001-01"),
    ],
)
def test_the_ends_of_the_calendar_are_no_period(wanted: Wanted) -> None:
    with pytest.raises(PeriodError):
        asked_for(wanted, zone=BERLIN, now=NOON, all_by_default=False, has_days=True)


def test_a_day_is_whole_where_all_of_its_hours_are_asked_for() -> None:
    """Also the one that has 25 of them."""
    clock_set_back = date(2026, 10, 25)
    begin, end = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    assert Asked(begin, end, BERLIN).has_whole(clock_set_back)
    assert Asked(None, None, BERLIN).has_whole(clock_set_back)
    assert not Asked(begin, end - HOUR, BERLIN).has_whole(clock_set_back)
    assert not Asked(begin + HOUR, end, BERLIN).has_whole(clock_set_back)


def test_a_register_has_no_period_and_is_told_whole() -> None:
    found = asked_for(Wanted(), zone=BERLIN, now=NOON, all_by_default=True, has_days=False)
    assert found == Asked(None, None, BERLIN)
    with pytest.raises(PeriodError):
        asked_for(
            Wanted(month="2026-11"), zone=BERLIN, now=NOON, all_by_default=True, has_days=False
        )


def test_a_drawing_shows_the_largest_lines_with_gaps_where_data_are_missing() -> None:
    rows = [
        {"lot_id": f"lot-{lot}", "start": NOON + hour * HOUR, "free_mean": float(lot * 10)}
        for lot in range(6)
        for hour in (0, 1, 2, 9, 10)
    ]
    drawing = draw(dataset(chart=Chart("free_mean", "lot_id")), rows, "UTC")
    assert drawing is not None
    lines = drawing.chart.lines
    assert sorted(line.name for line in lines) == ["lot-2", "lot-3", "lot-4", "lot-5"]
    assert drawing.left_out == 2
    assert {line.path.count("M") for line in lines} == {2}
    assert (drawing.begin, drawing.end) == (NOON, NOON + 10 * HOUR)


def test_values_below_zero_are_drawn_below_zero() -> None:
    rows = [{"start": NOON + n * HOUR, "free_mean": value} for n, value in enumerate((-5.0, 2.0))]
    drawing = draw(dataset(chart=Chart("free_mean")), rows, "UTC")
    assert drawing is not None
    assert [value for value, _ in drawing.chart.up] == [-6, -4, -2, 0, 2]


def test_nothing_is_drawn_of_one_time_or_of_no_values() -> None:
    chart = dataset(chart=Chart("free_mean"))
    assert draw(chart, [{"start": NOON, "free_mean": 1.0}], "UTC") is None
    times = [NOON, NOON + HOUR]
    assert draw(chart, [{"start": at, "free_mean": None} for at in times], "UTC") is None
    assert draw(dataset(), [{"start": at, "free_mean": 1.0} for at in times], "UTC") is None


def test_of_indicators_a_row_that_has_no_value_is_not_counted() -> None:
    days = [NOON.date() + timedelta(days=n) for n in range(4)]
    empty = [{"mehrwert": "m", "period_start": day, "value": None} for day in days]
    chart = dataset(INDICATORS, chart=Chart(by="mehrwert"))
    assert draw(chart, empty, "UTC") is None
    known = [{**row, "value": 7.0} for row in empty[1:3]]
    drawing = draw(chart, [*empty, *known], "UTC")
    assert drawing is not None
    assert (drawing.begin.date(), drawing.end.date()) == (days[1], days[2])


def test_rows_are_counted_by_hour_where_no_number_is_drawn() -> None:
    rows = [
        {"planned_departure": NOON + minutes * timedelta(minutes=1), "level": "low"}
        for minutes in (1, 2, 61)
    ]
    drawing = draw(dataset(DEPARTURE_LEVEL, chart=Chart(by="level")), rows, "UTC")
    assert drawing is not None
    assert drawing.begin == NOON
    assert drawing.chart.up[-1][0] == 2


def test_turnover_of_a_day_is_told_when_the_day_is_over() -> None:
    row = dict.fromkeys(STAY_DAY.by_name) | {
        "lot_id": "a",
        "day": date(2026, 11, 26),
        "arrivals": 9,
    }
    midnight = datetime(2026, 11, 26, 23, 0, tzinfo=UTC)
    assert tables_by_day(dataset(STAY_DAY), [row], zone=BERLIN, now=midnight - HOUR) == {}
    assert len(tables_by_day(dataset(STAY_DAY), [row], zone=BERLIN, now=midnight)) == 1


@pytest.mark.parametrize("written", RUN_BY_SPREADSHEETS)
def test_no_text_of_a_csv_is_run_by_a_spreadsheet(written: str) -> None:
    table = pa.table({"id": [written, "Bänke = gut", None], "value": [-1, 2, 3]}, schema=SCHEMA)
    lines = list(csv.reader(io.StringIO(CsvFile(lots_dataset()).part(table).decode(), newline="")))
    assert lines == [[f"'{written}", "-1"], ["Bänke = gut", "2"], ["", "3"]]
