# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from parking_occupancy.city.apply import apply_city
from parking_occupancy.domain.forecast.boosting import Plan
from parking_occupancy.domain.forecast.calendar import Calendar
from parking_occupancy.domain.forecast.model import Learning
from parking_occupancy.domain.forecast.panel import Panel
from parking_occupancy.domain.forecast.telling import Skill, Source
from parking_occupancy.domain.history import FINEST, floor
from parking_occupancy.forecasting.calendars import calendar_of
from parking_occupancy.forecasting.issuing import HORIZONS_MIN, issue
from parking_occupancy.forecasting.learning import learn
from parking_occupancy.forecasting.model_file import from_bytes
from parking_occupancy.forecasting.nightly import day_to_score, score_day
from parking_occupancy.forecasting.past import advanced, read_panel
from parking_occupancy.storage import forecast_scores, forecasts
from parking_occupancy.storage.forecasts import IssuedRow, LotSize
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.plugins import CityError

from .harness import Running, World, until, write_city

LOT = "platz"
PLACES = 40
QUICK = Learning(12_000, Plan(trees=25, depth=4, rate=0.2), Plan(trees=10, depth=3, rate=0.3))
WRITE = """
insert into parking.lot_history
select $1, 300, start, free, free::int, free::int, $2 - free, 0, $5
  from unnest($3::timestamptz[], $4::float8[]) as given (start, free)
    on conflict (lot_id, width_s, start) do update set free_mean = excluded.free_mean
"""


def busy_at(start: datetime) -> float:
    """How many places are free: few around noon, the more so on working days."""
    hour = start.hour + start.minute / 60
    strength = 30 if start.weekday() < 5 else 12
    return round(PLACES - 4 - strength * math.exp(-(((hour - 12) / 3) ** 2)))


async def write_past(
    database: Database, days: float, end: datetime, *, completeness: float = 1.0
) -> None:
    starts = [end - n * FINEST for n in range(1, int(days * 288) + 1)]
    values = [busy_at(start) for start in starts]
    async with database.transaction() as connection:
        await connection.execute(WRITE, LOT, PLACES, starts, values, completeness)


@pytest.fixture
async def city(world: World, tmp_path: Path) -> Path:
    folder = write_city(tmp_path / "big", bays=PLACES)
    (folder / "city.yaml").write_text("timezone: Europe/Berlin\npublic_holidays: DE-ST\n")
    (folder / "parking" / "calendar.yaml").write_text(
        "days:\n  - {from: 2026-12-21, to: 2027-01-05, kind: school_holiday, name: Ferien}\n"
        "  - {from: 2026-12-24, to: 2026-12-24, kind: event, name: Markt}\n"
    )
    await asyncio.to_thread(apply_city, folder, world.database_url)
    return folder


async def told(service: Running, query: str = "") -> dict[str, Any]:
    answer = await service.get(f"/v1/lots/{LOT}/forecast{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def learned(world: World, service: Running, now: datetime) -> None:
    assert await learn(world.settings, now, QUICK)


async def test_history_becomes_a_model_and_a_forecast_that_is_served(
    world: World, city: Path
) -> None:
    now = utc_now()
    async with world.service() as service:
        await write_past(service.database, 28, floor(now, FINEST) + timedelta(minutes=20))
        assert (await told(service))["withheld"]["code"] in {"too_little_history", "data_stale"}
        await learned(world, service, now)
        found = await until(lambda: told(service), lambda answer: bool(answer["items"]))
        assert [item["horizon_min"] for item in found["items"]] == list(HORIZONS_MIN)
        assert found["withheld"] is None
        # Nothing was scored yet: what is known is the learner's own check.
        for skill in found["skill"]["horizons"]:
            assert skill["source"] == "held_out"
            assert skill["forecasts"] > 96
            assert 0 < skill["mae"] <= skill["mae_persistence"] < PLACES
            assert skill["mae_seasonal_mean"] is None
            assert 0.6 <= skill["coverage"] <= 1
        for item in found["items"]:
            at = datetime.fromisoformat(item["at"])
            assert 0 <= item["p10"] <= item["free"] <= item["p90"] <= PLACES
            assert item["free"] == pytest.approx(busy_at(at - FINEST), abs=8)
        short = await told(service, "?horizon_min=30")
        assert [item["horizon_min"] for item in short["items"]] == [15, 30]
        answer = await service.get(f"/v1/lots/{LOT}/forecast")
        unchanged = await service.get(
            f"/v1/lots/{LOT}/forecast", **{"if-none-match": answer.headers["etag"]}
        )
        assert unchanged.status_code == 304


async def test_service_has_a_process_learn_when_there_is_enough_history(
    world: World, city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The process gives way to all others, whose suites may keep it from a whole model for minutes.
    monkeypatch.setenv("STADTTAKT_PARKING_FORECAST_MOST_ROWS", str(QUICK.most_rows))
    async with replace(world, learning=True).service() as service:
        await write_past(service.database, 22, floor(utc_now(), FINEST))
        models = await until(
            lambda: service.fetch("select name from parking.forecast_model"),
            lambda rows: len(rows) == 1,
            within_s=240,
        )
        assert models[0]["name"].startswith("boosted-")


async def test_lot_without_enough_history_is_withheld_and_says_why(
    world: World, city: Path
) -> None:
    now = utc_now()
    async with world.service() as service:
        found = await told(service)
        assert found["withheld"]["code"] == "too_little_history"
        assert found["withheld"]["de"]
        assert found["withheld"]["en"]
        assert (found["items"], found["skill"], found["model"]) == ([], None, None)
        await write_past(service.database, 28, now)
        await learned(world, service, now)
        await service.fetch("delete from parking.lot_history")
        await write_past(service.database, 2, now)
        panel = await _panel(service.database, now)
        row = await _issued(service.database, panel, now)
        assert row.withheld == "too_little_history"


async def _panel(database: Database, at: datetime) -> Panel:
    async with database.connection() as connection:
        lots = await forecasts.lots(connection)
    until_tick = floor(at, FINEST)
    return await read_panel(database, lots, until_tick - timedelta(days=43), until_tick)


async def _issued(database: Database, panel: Panel, now: datetime) -> IssuedRow:
    async with database.connection() as connection:
        newest = await forecasts.newest_model(connection)
        assert newest is not None
        stored = await forecasts.model(connection, newest)
        calendar = await calendar_of(connection, panel.start, now)
    (row,) = issue((stored.name, from_bytes(stored.content)), panel, calendar, {})
    return row


async def test_lot_whose_present_is_unknown_is_withheld(world: World, city: Path) -> None:
    now = utc_now()
    async with world.service() as service:
        await write_past(service.database, 28, floor(now, FINEST) - timedelta(hours=1))
        await learned(world, service, now)
        found = await until(lambda: told(service), lambda answer: answer["issued_at"] is not None)
        assert found["withheld"]["code"] == "data_stale"
        assert found["items"] == []


async def test_closed_lot_has_no_forecast(world: World, tmp_path: Path) -> None:
    closed = write_city(tmp_path / "closed", lot='    opening: "off"\n')
    await asyncio.to_thread(apply_city, closed, world.database_url)
    async with world.service() as service:
        assert (await told(service))["withheld"]["code"] == "lot_closed"


async def test_panel_that_moves_on_is_the_one_read_anew(world: World, city: Path) -> None:
    end = floor(utc_now(), FINEST)
    async with world.service() as service:
        await write_past(service.database, 3, end)
        lots = [LotSize(LOT, PLACES)]
        before = end - timedelta(minutes=35)
        panel = await read_panel(service.database, lots, before - timedelta(days=2), before)
        # A late observation corrects the past.
        await service.fetch(
            "update parking.lot_history set free_mean = 1 where start = $1", before - 2 * FINEST
        )
        moved = await advanced(service.database, panel, end)
        anew = await read_panel(service.database, lots, end - timedelta(days=2), end)
        assert (moved.start, moved.ticks) == (anew.start, anew.ticks)
        np.testing.assert_array_equal(moved.free, anew.free)
        assert moved.at(moved.ticks - 1) == end
        assert moved.free[0, -1] == busy_at(end - FINEST)


async def test_incompletely_known_buckets_are_no_history(world: World, city: Path) -> None:
    end = floor(utc_now(), FINEST)
    async with world.service() as service:
        await write_past(service.database, 1, end, completeness=0.5)
        panel = await read_panel(
            service.database, [LotSize(LOT, PLACES)], end - timedelta(days=1), end
        )
        assert np.isnan(panel.free).all()


DAY = date(2026, 11, 10)
FORTNIGHT = timedelta(days=14)
BERLIN = Calendar(ZoneInfo("Europe/Berlin"))


async def test_night_scores_what_was_issued_against_what_came(world: World, city: Path) -> None:
    """Every forecast says 20 with 18 to 22; persistence says 25, the seasonal mean 10."""
    begin = datetime(2026, 11, 9, 23, tzinfo=UTC)
    truth = {n: (20 if n % 4 else 23) for n in range(96)}
    async with world.service() as service:
        async with service.database.transaction() as connection:
            rows = [
                IssuedRow(
                    LOT, begin + timedelta(minutes=15 * n), "m", None, 25,
                    [20] * 16, [18] * 16, [22] * 16, [10.0] * 16,
                )
                for n in range(-16, 96)
            ]  # fmt: skip
            await forecasts.store(connection, rows)
            starts = [begin + timedelta(minutes=15 * n) - FINEST for n in truth]
            await connection.execute(WRITE, LOT, PLACES, starts, list(truth.values()), 1.0)
        await score_day(service.database, DAY, BERLIN, kept=FORTNIGHT)
        await score_day(service.database, DAY, BERLIN, kept=FORTNIGHT)
        answer = await service.get(f"/v1/lots/{LOT}/forecast/scores?from={DAY}&to=2026-11-11")
        items = answer.json()["items"]
        assert [item["horizon_min"] for item in items] == list(HORIZONS_MIN)
        for item in items:
            assert item["forecasts"] == 96
            # 72 of 96 came as told, 24 missed by 3.
            assert item["mae"] == pytest.approx(0.75)
            assert item["mae_persistence"] == pytest.approx(0.75 * 5 + 0.25 * 2)
            assert item["mae_seasonal_mean"] == pytest.approx(0.75 * 10 + 0.25 * 13)
            assert item["coverage"] == pytest.approx(0.75)
            assert item["width"] == 4
        async with service.database.connection() as connection:
            reach = await forecast_scores.reaches(connection, DAY - timedelta(days=9))
        # Held too seldom: the intervals widen.
        assert all(1 < value < 1.1 for value in reach.values())
        assert len(reach) == 16


async def test_forecast_that_was_worse_than_persistence_is_withheld(
    world: World, city: Path
) -> None:
    now = floor(utc_now(), FINEST)
    async with world.service() as service:
        async with service.database.transaction() as connection:
            row = IssuedRow(
                LOT, now, "m", None, 25, [20] * 16, [18] * 16, [22] * 16, [10.0] * 16
            )  # fmt: skip
            await forecasts.store(connection, [row])
            for minutes in HORIZONS_MIN:
                mae = 6 if minutes < 60 else 4
                score = forecast_scores.DayScore(minutes, 96, mae, 5, 9, 0.8, 4)
                await forecast_scores.store(connection, LOT, now.date(), {score: 1.0})
        found = await told(service)
        assert [item["horizon_min"] for item in found["items"]] == list(HORIZONS_MIN[3:])
        assert [each["horizon_min"] for each in found["left_out"]] == [15, 30, 45]
        assert {each["code"] for each in found["left_out"]} == {"worse_than_persistence"}
        assert found["skill"]["horizons"][0]["mae"] == 6
        near = await told(service, "?horizon_min=45")
        assert near["items"] == []
        assert near["withheld"]["code"] == "worse_than_persistence"


async def test_lot_that_the_model_itself_finds_worse_is_withheld_from_the_first_issue_on(
    world: World, city: Path
) -> None:
    now = floor(utc_now(), FINEST)
    async with world.service() as service:
        row = IssuedRow(LOT, now, "m", None, 25, [20] * 16, [18] * 16, [22] * 16, [10.0] * 16)
        await service.database.persist(lambda c: forecasts.store(c, [row]))
        service.app.state.forecast_checks[LOT] = [
            Skill(minutes, 96, 6.0, 5.0, None, 0.8, Source.HELD_OUT) for minutes in HORIZONS_MIN
        ]
        found = await told(service)
        assert (found["items"], found["withheld"]["code"]) == ([], "worse_than_persistence")
        assert {each["source"] for each in found["skill"]["horizons"]} == {"held_out"}


async def test_alert_after_three_nights_of_withheld_forecasts_ends_with_a_better_one(
    world: World, city: Path
) -> None:
    open_ones = "select alert_id, severity from parking.alert where kind = 'forecast-quality' and cleared_at is null"
    async with world.service() as service:

        async def night(ago: int, mae: float) -> list[tuple[str, str]]:
            day = DAY - timedelta(days=ago)
            async with service.database.transaction() as connection:
                for minutes in HORIZONS_MIN:
                    score = forecast_scores.DayScore(minutes, 96, mae, 5, 9, 0.8, 4)
                    await forecast_scores.store(connection, LOT, day, {score: 1.0})
            await score_day(service.database, day, BERLIN, kept=FORTNIGHT)
            return [tuple(each) for each in await service.fetch(open_ones)]

        assert await night(4, 6) == []
        assert await night(3, 6) == []
        assert await night(2, 6) == [(LOT, "info")]
        assert await night(1, 6) == [(LOT, "info")]
        assert await night(0, 0.5) == []


@pytest.mark.parametrize(
    "query",
    [
        "forecast?horizon_min=14",
        "forecast?horizon_min=241",
        "forecast?horizon_min=soon",
        "forecast/scores?from=yesterday",
        "forecast/scores?from=2026-11-02&to=2026-11-02",
        "forecast/scores?from=2020-01-01&to=2026-01-01",
        "forecast/scores?to=0001-01-01",
    ],
)
async def test_impossible_questions_are_problems(world: World, query: str) -> None:
    async with world.service() as service:
        answer = await service.get(f"/v1/lots/{LOT}/{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_unknown_lot_has_no_forecast(world: World) -> None:
    async with world.service() as service:
        for path in ("forecast", "forecast/scores"):
            assert (await service.get(f"/v1/lots/none/{path}")).status_code == 404


async def test_calendar_is_the_folders(world: World, city: Path) -> None:
    begin, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    async with (
        Database.open(world.database_url, schema="parking", size=1) as database,
        database.connection() as connection,
    ):
        calendar = await calendar_of(connection, begin, end)
    assert calendar.timezone == ZoneInfo("Europe/Berlin")
    assert {date(2026, 10, 31), date(2027, 1, 6)} <= calendar.holidays
    assert calendar.special[date(2026, 12, 23)] == 1
    assert calendar.special[date(2026, 12, 24)] == 2


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("city.yaml", "timezone: Mars/Phobos\n", "time zone"),
        ("city.yaml", "public_holidays: DE-XX\n", "holidays"),
        ("city.yaml", "- a\n", "not YAML"),
        ("parking/calendar.yaml", "days:\n  - {from: 2026-02-02, to: 2026-02-01, kind: event, name: a}\n", "from"),
        ("parking/calendar.yaml", "days:\n  - {from: 2026-02-02, to: 2026-02-02, kind: rain, name: a}\n", "kind"),
    ],
)  # fmt: skip
def test_wrong_calendar_is_refused_with_its_file(
    world: World, tmp_path: Path, file: str, text: str, words: str
) -> None:
    folder = write_city(tmp_path / "wrong")
    (folder / file).write_text(text)
    with pytest.raises(CityError, match=words) as found:
        apply_city(folder, world.database_url)
    assert file in str(found.value)


def test_day_is_scored_when_it_has_settled() -> None:
    # 3:30 in Berlin: yesterday is over for three hours; at 2:30 the day before is the last one.
    assert day_to_score(datetime(2026, 11, 25, 2, 30, tzinfo=UTC), BERLIN) == date(2026, 11, 24)
    assert day_to_score(datetime(2026, 11, 25, 1, 30, tzinfo=UTC), BERLIN) == date(2026, 11, 23)
