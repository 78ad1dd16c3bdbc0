# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.plan import Span
from kpi_aggregator.computing.run import Report, compute
from kpi_aggregator.domain.causes import Cause
from kpi_aggregator.domain.outcome import Confidence, Reason
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.storage import computed
from kpi_aggregator.storage.computed import ComputedValue
from stadttakt_runtime.database import Database
from stadttakt_runtime.plugins import CityError
from support.indicators import LOTS, ZONE, fill_lot, indicator, libpq, write_city

BERLIN = ZoneInfo(ZONE)
NOW = datetime(2026, 11, 26, 4, tzinfo=BERLIN)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
Row = dict[str, Any]


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BERLIN)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url, schema="kpi") as opened:
        yield opened


async def apply(url: str, folder: Path, formulas: list[Row], indicators: list[Row]) -> list[str]:
    return list(await asyncio.to_thread(apply_city, write_city(folder, formulas, indicators), url))


async def holding(
    database: Database, indicator_id: str = "x", period: Period = Period.MONTH
) -> dict[date, ComputedValue]:
    async with database.connection() as connection:
        found = await computed.holding(connection, [indicator_id], period=period)
    return {each.period_start: each for each in found}


async def history(database: Database, start: date) -> list[ComputedValue]:
    async with database.connection() as connection:
        return await computed.history(connection, ["x"], Period.MONTH, start=start)


def nothing(report: Report) -> bool:
    return (report.changed, report.values) == (0, 0)


async def test_utilisation_is_computed_for_every_period_and_says_how_complete_it_is(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    # two lots: 10 of 20 places known to be occupied, and 30 of 60 known ones of 80
    fill_lot(database_url, "small", at(OCTOBER), at(date(2026, 11, 26)), 10, 20, 20)
    fill_lot(database_url, "large", at(OCTOBER), at(date(2026, 11, 26)), 45, 60, 80)
    await apply(database_url, tmp_path, [LOTS], [indicator("x", "lots")])
    report = await compute(database, NOW)
    assert (report.formulas, report.days, report.faults) == (1, 56, {})
    months = await holding(database)
    october, november = months[OCTOBER], months[NOVEMBER]
    assert october.value == pytest.approx(100 * 55 / 80)
    assert october.completeness == pytest.approx(80 / 100)
    assert (october.confidence, october.provisional) == (Confidence.MEDIUM, False)
    assert (october.lowest, october.highest) == (pytest.approx(55), pytest.approx(75))
    assert (november.provisional, november.cause) == (True, Cause.FIRST)
    # an hour more in October: the clocks went back
    assert october.denominator == pytest.approx(80 * 4 * (31 * 24 + 1))
    (year,) = (await holding(database, period=Period.YEAR)).values()
    # nothing is known of nine months
    assert (year.value, year.reason) == (None, Reason.INCOMPLETE)
    assert year.completeness == pytest.approx(0.8 * 56 / 329)
    assert len(await holding(database, period=Period.DAY)) == 56
    assert nothing(await compute(database, NOW))


async def test_late_data_change_the_past_with_their_cause_and_nothing_else(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    fill_lot(database_url, "lot", at(OCTOBER), at(date(2026, 11, 26)), 10, 20, 20)
    await apply(database_url, tmp_path, [LOTS], [indicator("x", "lots")])
    await compute(database, NOW)
    before = await holding(database)
    late = date(2026, 10, 7)
    fill_lot(database_url, "lot", at(late), at(date(2026, 10, 8)), 20, 20, 20)
    report = await compute(database, NOW)
    assert report.changed == 1
    after = await holding(database)
    first, second = await history(database, OCTOBER)
    assert (first.cause, second.cause, second.days) == (Cause.FIRST, Cause.LATE_DATA, (late,))
    hours = 31 * 24 + 1
    assert second.value == pytest.approx(50 + 50 * 24 / hours)
    assert after[NOVEMBER] == before[NOVEMBER]
    again = await compute(database, NOW, again=Span(OCTOBER, date(2026, 10, 31)))
    assert nothing(again)


async def test_earlier_rows_that_come_late_are_found(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    fill_lot(database_url, "lot", at(OCTOBER), at(NOVEMBER), 10, 20, 20)
    await apply(database_url, tmp_path, [LOTS], [indicator("x", "lots")])
    await compute(database, NOW)
    september = date(2026, 9, 1)
    fill_lot(database_url, "lot", at(september), at(date(2026, 9, 29)), 5, 20, 20)
    assert (await compute(database, NOW)).changed == 28
    found = (await holding(database))[september]
    assert (found.value, found.cause) == (25, Cause.FIRST)
    assert found.completeness == pytest.approx(28 / 30)
    assert nothing(await compute(database, NOW))


async def test_increment_gives_what_computing_from_scratch_gives(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    fill_lot(database_url, "lot", at(OCTOBER), at(date(2026, 11, 20)), 7, 20, 20)
    await apply(database_url, tmp_path, [LOTS], [indicator("x", "lots")])
    for day in (10, 11, 13):
        await compute(database, datetime(2026, 11, day, 4, tzinfo=BERLIN))
    fill_lot(database_url, "lot", at(date(2026, 11, 20)), at(date(2026, 11, 26)), 19, 20, 20)
    fill_lot(database_url, "lot", at(date(2026, 10, 25)), at(date(2026, 10, 26)), 3, 20, 20)
    await compute(database, NOW)
    stepwise = [await holding(database, period=each) for each in Period]
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute("truncate kpi.computed_value, kpi.formula_progress, kpi.day_amount")
    await compute(database, NOW)
    at_once = [await holding(database, period=each) for each in Period]
    assert [told(each) for each in stepwise] == [told(each) for each in at_once]


def told(values: dict[date, ComputedValue]) -> dict[date, Any]:
    return {
        start: (each.value, each.completeness, each.numerator, each.provisional, each.reason)
        for start, each in values.items()
    }


async def test_period_that_ends_is_told_so_and_events_wait_for_the_broker(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    fill_lot(database_url, "lot", at(date(2026, 9, 1)), at(date(2026, 11, 26)), 5, 20, 20)
    await apply(database_url, tmp_path, [LOTS], [indicator("x", "lots")])
    await compute(database, datetime(2026, 10, 31, 4, tzinfo=BERLIN))
    await compute(database, datetime(2026, 11, 1, 4, tzinfo=BERLIN))
    causes = [each.cause for each in await history(database, OCTOBER)]
    assert causes == [Cause.FIRST, Cause.COMPLETED]
    async with database.connection() as connection:
        bodies = await connection.fetch("select body ->> 'period' as period from value_event")
    assert {row["period"] for row in bodies} == {"month"}


async def test_new_version_of_a_formula_counts_everything_anew_and_says_so(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    fill_lot(database_url, "lot", at(OCTOBER), at(NOVEMBER), 10, 20, 20)
    await apply(database_url, tmp_path, [LOTS], [indicator("x", "lots")])
    await compute(database, NOW)
    changed = {**LOTS, "measure": "occupied_places / 2"}
    with pytest.raises(CityError, match="its version must be above 1"):
        await apply(database_url, tmp_path, [changed], [indicator("x", "lots")])
    await apply(database_url, tmp_path, [{**changed, "version": 2}], [indicator("x", "lots")])
    await compute(database, NOW)
    first, second = await history(database, OCTOBER)
    assert (first.value, second.value) == (50, 25)
    assert (second.cause, second.formula_version) == (Cause.FORMULA, 2)


async def test_dry_run_tells_what_it_would_do_and_keeps_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    fill_lot(database_url, "lot", at(OCTOBER), at(NOVEMBER), 10, 20, 20)
    await apply(database_url, tmp_path, [LOTS], [indicator("x", "lots")])
    would = await compute(database, NOW, dry_run=True)
    assert would.values > 30
    assert await holding(database) == {}
    assert await compute(database, NOW) == would


@pytest.mark.parametrize(
    ("changes", "bounds", "reason"),
    [
        ({"view": "opendata.v1_nothing_yet"}, {}, Reason.SOURCE_MISSING),
        ({"per": "places - occupied_places * 2"}, {}, Reason.DIVISION_BY_ZERO),
        ({"measure": "occupied_places * 3"}, {}, Reason.IMPOSSIBLE),
        ({}, {"maximum": 40}, Reason.IMPOSSIBLE),
        ({"least_completeness": 0.99}, {}, Reason.INCOMPLETE),
        ({"only": {"lot_id": ["elsewhere"]}}, {}, Reason.NO_DATA),
    ],
)
async def test_no_value_rather_than_a_wrong_one_and_an_alert_with_the_reason(
    database: Database,
    database_url: str,
    tmp_path: Path,
    changes: Row,
    bounds: Row,
    reason: Reason,
) -> None:
    fill_lot(database_url, "lot", at(OCTOBER), at(date(2026, 11, 26)), 10, 18, 20)
    await apply(database_url, tmp_path, [{**LOTS, **changes}], [indicator("x", "lots", **bounds)])
    await compute(database, NOW)
    october = (await holding(database))[OCTOBER]
    assert (october.value, october.reason) == (None, reason)
    async with database.connection() as connection:
        (alert,) = await connection.fetch("select kind, alert_id from alert")
    assert tuple(alert) == ("indicator-not-computable", "x")


async def test_a_source_that_is_lost_raises_an_alert_at_once_until_it_is_back(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async def alerts() -> list[tuple[str, str]]:
        async with database.connection() as connection:
            rows = await connection.fetch(
                "select kind, details::text from alert where cleared_at is null"
            )
        return [tuple(row) for row in rows]

    fill_lot(database_url, "lot", at(OCTOBER), at(date(2026, 11, 26)), 10, 20, 20)
    await apply(database_url, tmp_path, [LOTS], [indicator("x", "lots")])
    await compute(database, NOW)
    assert await alerts() == []
    rename = "alter view parking.{} rename to {}"
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute(rename.format("v1_lot_quarter_hour", "v1_gone"))  # type: ignore[arg-type]
        await compute(database, NOW)
        ((kind, details),) = await alerts()
        connection.execute(rename.format("v1_gone", "v1_lot_quarter_hour"))  # type: ignore[arg-type]
    assert kind == "indicator-not-computable"
    assert "there is no parking.v1_lot_quarter_hour" in details
    await compute(database, NOW)
    assert await alerts() == []


async def test_view_without_a_column_is_refused_with_the_line_and_the_old_framework_stays(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await apply(database_url, tmp_path, [LOTS], [indicator("x", "lots")])
    for wrong, reason in (
        ({"measure": "taken_places"}, "there is no column taken_places"),
        ({"measure": "simulated"}, "simulated is no number"),
        ({"time": "lot_id"}, "lot_id is neither a day nor a time"),
    ):
        with pytest.raises(CityError, match=rf"framework.yaml:\d+: parking.*: {reason}"):
            await apply(
                database_url, tmp_path, [{**LOTS, **wrong, "version": 2}], [indicator("x", "lots")]
            )
    notes = await apply(
        database_url,
        tmp_path,
        [{**LOTS, "formula": "other", "view": "registry.v1_nothing"}],
        [indicator("x", "other", version=2)],
    )
    assert notes[-1].startswith("formula other: there is no registry.v1_nothing yet")


async def test_new_indicator_of_a_known_formula_gets_its_values(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    fill_lot(database_url, "lot", at(OCTOBER), at(NOVEMBER), 10, 20, 20)
    await apply(database_url, tmp_path, [LOTS], [indicator("x", "lots")])
    await compute(database, NOW)
    both = [indicator("x", "lots"), indicator("y", "lots", maximum=49)]
    await apply(database_url, tmp_path, [LOTS], both)
    await compute(database, NOW)
    assert (await holding(database, "y"))[OCTOBER].reason is Reason.IMPOSSIBLE
    assert (await holding(database, "x"))[OCTOBER].value == 50


async def test_hours_weekdays_and_parts_are_counted_from_one_reading(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    fill_lot(database_url, "a", at(OCTOBER), at(NOVEMBER), 2, 20, 20)
    fill_lot(database_url, "b", at(OCTOBER), at(NOVEMBER), 4, 20, 20)
    for day in range(1, 31):
        rush = datetime(2026, 10, day, 7, tzinfo=BERLIN)
        fill_lot(database_url, "a", rush, rush.replace(hour=9), 18, 20, 20)
    sunday = at(date(2026, 10, 4))
    fill_lot(database_url, "b", sunday, at(date(2026, 10, 5)), 20, 20, 20)
    only_a = {"only": {"lot_id": ["a"]}}
    formulas = {
        "all": {},
        "rush": {"hours": [7, 9], **only_a},
        "dawn": {"hours": [0, 7], **only_a},
        "late": {"hours": [9, 24], **only_a},
        "sundays": {"weekdays": [7], "without": {"lot_id": ["a"]}},
        "mean": {"aggregation": "mean", "measure": "occupied_places / places", "per": "places"},
    }
    await apply(
        database_url,
        tmp_path,
        [{**LOTS, **each, "formula": name} for name, each in formulas.items()],
        [indicator(name, name) for name in formulas],
    )
    await compute(database, NOW)
    found = {name: (await holding(database, name))[OCTOBER].value for name in formulas}
    assert found["rush"] == pytest.approx(100 * (30 * 18 + 2) / 31 / 20)
    assert (found["dawn"], found["late"]) == (10, 10)
    # one of the four has 25 hours
    assert found["sundays"] == pytest.approx(100 * (24 * 20 + 73 * 4) / 97 / 20)
    # of rows of equal weight both say the same
    assert found["mean"] == pytest.approx(found["all"])


async def test_indicator_that_means_something_else_needs_another_version(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    other = {**LOTS, "formula": "other"}
    paper = {**indicator("paper", "lots", source="manual", groups=["a", "b"])}
    del paper["formula"]
    both = [LOTS, other, {**LOTS, "formula": "degrees", "unit": "°", "measure": "places"}]
    await apply(database_url, tmp_path, both, [indicator("x", "lots"), paper])
    held = await framework_of(database)
    for changes, field in (
        ({"unit": "°", "formula": "degrees"}, "formula"),
        ({"formula": "other"}, "formula"),
        ({"method": "another one"}, "method"),
        ({"period": "year"}, "period"),
    ):
        with pytest.raises(
            CityError, match=rf"framework.yaml:\d+: {field} changed, so the version"
        ):
            await apply(
                database_url, tmp_path, both, [{**indicator("x", "lots"), **changes}, paper]
            )
    for groups in (["a"], ["a", "b", "c"], ["b", "a"]):
        with pytest.raises(CityError, match=r"framework.yaml:\d+: groups changed, so the version"):
            await apply(
                database_url, tmp_path, both, [indicator("x", "lots"), {**paper, "groups": groups}]
            )
    assert await framework_of(database) == held
    changed = indicator("x", "lots", method="another one", version=2)
    await apply(database_url, tmp_path, both, [changed, {**paper, "owner": "somebody else"}])
    assert await framework_of(database) != held
    with pytest.raises(CityError, match=r"framework.yaml:\d+: version was 2 before"):
        await apply(database_url, tmp_path, both, [indicator("x", "lots"), paper])


async def framework_of(database: Database) -> list[str]:
    async with database.connection() as connection:
        rows = await connection.fetch(
            "select definition::text from indicator order by indicator_id"
        )
    return [row[0] for row in rows]


async def test_a_day_that_nobody_counted_is_not_a_day_without_requests(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    usage = {
        **{key: LOTS[key] for key in ("version",)},
        "formula": "use", "unit": "Abrufe", "aggregation": "sum", "view": "opendata.v1_usage_day",
        "time": "day", "measure": "requests", "by": "subject",
        "heartbeat": {"view": "opendata.v1_usage_counted", "time": "day", "known": "counted",
                      "expected": "slots"},
    }  # fmt: skip
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute(
            "insert into opendata.usage_day values ('2026-10-05', 'feed', 'siri-vm', 'app', 8),"
            " ('2026-10-31', 'feed', 'siri-vm', 'app', 5);"
            "insert into opendata.usage_counted (day, slot, slots, counted_at)"
            " select day, slot, 144, now() from generate_series(0, 143) as slot,"
            " generate_series('2026-10-01'::date, '2026-10-28', '1 day') as day"
        )
    await apply(
        database_url, tmp_path, [usage], [indicator("x", "use", unit="Abrufe", maximum=1000)]
    )
    await compute(database, NOW)
    october = (await holding(database))[OCTOBER]
    # of the last day it is not known how much was not counted
    assert (october.value, october.completeness) == (8, pytest.approx(28 / 31))
    days = await holding(database, period=Period.DAY)
    assert (days[date(2026, 10, 2)].value, days[date(2026, 10, 2)].completeness) == (0, 1)
    assert days.get(date(2026, 10, 30)) is None or days[date(2026, 10, 30)].value is None
    november = (await holding(database))[NOVEMBER]
    assert (november.value, november.reason) == (None, Reason.NO_DATA)
