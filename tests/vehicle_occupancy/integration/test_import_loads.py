# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import csv
import gzip
import json
import time
from collections.abc import Awaitable, Callable, ItemsView
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import SERVER_LETS_GO, Database
from support.counted_town import LINE, feed, loads
from support.gtfs import a_folder
from vehicle_occupancy.city.timetable import apply_timetable
from vehicle_occupancy.commands import app
from vehicle_occupancy.forecasting.csv_loads import read_loads
from vehicle_occupancy.forecasting.loading import LoadOptions, take_over
from vehicle_occupancy.storage import configuration, forecast_history, forecast_settings

from .harness import World, until

Run = Callable[..., Awaitable[Result]]
# of a city in UTC, whose night until three belongs to the day before
TODAY = (utc_now() - timedelta(hours=3)).date()
HEADER = (
    "date",
    "trip_id",
    "line",
    "direction",
    "stop_sequence",
    "stop_id",
    "departure",
    "load",
    "seats",
    "standing",
)


def clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def rows(days: int = 28) -> list[list[Any]]:
    """The made-up town's loads, with the last stop, which nobody leaves by this trip."""
    found: list[list[Any]] = []
    for load in loads(TODAY - timedelta(days=days), days):
        for number, (stop, at, aboard) in enumerate(
            zip(load.stop_ids, load.departures_s, load.loads, strict=True)
        ):
            row = [
                load.day,
                load.trip_id,
                load.line,
                0,
                number + 1,
                stop,
                clock(at),
                aboard,
                60,
                90,
            ]
            found.append(row)
        end = clock(load.departures_s[-1] + 240)
        found.append([load.day, load.trip_id, load.line, 0, 9, load.last_stop_id, end, "", "", ""])
    return found


def written(path: Path, given: list[list[Any]]) -> Path:
    text = StringIO()
    csv.writer(text).writerows([HEADER, *given])
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8") as stream:
        stream.write(text.getvalue())
    return path


@pytest.fixture
def run(database_url: str) -> Run:
    async def invoke(*arguments: object, code: int = 0) -> Result:
        given = ["import-loads", *(str(each) for each in arguments)]
        environment = {"STADTTAKT_DATABASE_URL": database_url}
        result = await asyncio.to_thread(CliRunner().invoke, app, given, env=environment)
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> Any:
    a_folder(tmp_path / "transit", {})
    a_folder(tmp_path / "transit/feed", feed())
    (tmp_path / "transit/timetable.yaml").write_text("feed: feed\n")
    (tmp_path / "city.yaml").write_text("timezone: Europe/Berlin\nbbox: [11.8, 51.3, 12.2, 51.6]\n")
    await asyncio.to_thread(apply_timetable, tmp_path, database_url)
    async with Database.open(database_url, schema="transit", size=2) as opened:
        yield opened


async def stored(database: Database, until: date = TODAY) -> list[Any]:
    async with database.connection() as connection:
        return await forecast_history.read(connection, date(2000, 1, 1), until)


async def test_a_city_forecasts_from_loads_that_it_brings(
    run: Run, database: Database, tmp_path: Path, database_url: str, mqtt_url: str
) -> None:
    result = await run(written(tmp_path / "loads.csv.gz", rows()), "--json")
    told = json.loads(result.stdout)
    assert told["outcome"] == "stored"
    assert told["days"] == 28
    assert told["trips"] == told["stored"] == told["in_timetable"] == 28 * 108
    assert told["lines_not_in_timetable"] == told["lines_without_places"] == []
    one = min(await stored(database), key=lambda load: (load.day, load.departures_s))
    assert one.stop_ids == ("a", "b", "c")
    assert one.last_stop_id == "d"
    assert one.to_next_m[1] / one.to_next_m[0] == pytest.approx(1.5, rel=0.01), "of the timetable"
    async with World(database_url, mqtt_url).service() as service:
        asked = f"/v1/forecast?line={LINE}"
        answer = await until(lambda: service.get(asked), lambda each: bool(each.json()["items"]))
        assert answer.json()["items"][0]["stops"]


class Long(dict[Any, Any]):
    """Trips that it takes long to go through."""

    def items(self) -> ItemsView[Any, Any]:
        time.sleep(1.5)
        return super().items()


async def test_a_file_may_take_longer_than_a_session_may_be_silent(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del database  # its timetable is there
    with written(tmp_path / "loads.csv", rows(1)).open(encoding="utf-8") as stream:
        file = read_loads(stream, TODAY)
    monkeypatch.setitem(SERVER_LETS_GO, "idle_in_transaction_session_timeout", "500ms")
    async with Database.open(database_url, schema="transit", size=2) as short:
        long = replace(file, trips=Long(file.trips))
        done = await take_over(short, long, TODAY, LoadOptions(), lambda _: None)
        assert (done.trips, done.stored) == (108, 108)
        assert len(await stored(short)) == 108


async def test_a_running_service_is_told_to_learn_anew(
    run: Run, database: Database, tmp_path: Path
) -> None:
    before = await database.persist(configuration.version)
    await run(written(tmp_path / "loads.csv", rows(2)))
    assert await database.persist(configuration.version) == before + 1
    # the same file again changes nothing
    again = json.loads((await run(tmp_path / "loads.csv", "--json")).stdout)
    assert (again["stored"], again["known"]) == (0, 2 * 108)
    assert await database.persist(configuration.version) == before + 1


async def test_what_was_counted_stays_unless_it_shall_be_replaced(
    run: Run, database: Database, tmp_path: Path
) -> None:
    given = [row for row in rows(1) if row[1] == "out-300"]
    await run(written(tmp_path / "one.csv", given))
    for row in given:
        row[7] = 7 if row[7] != "" else ""
    await run(written(tmp_path / "other.csv", given))
    assert (await stored(database))[0].loads != (7, 7, 7)
    await run(tmp_path / "other.csv", "--replace")
    assert (await stored(database))[0].loads == (7, 7, 7)


async def test_a_dry_run_stores_nothing(run: Run, database: Database, tmp_path: Path) -> None:
    result = await run(written(tmp_path / "loads.csv", rows(2)), "--dry-run")
    assert "would be stored" in result.stdout
    assert await stored(database) == []


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Etc/GMT+12"])
async def test_which_day_is_over_is_told_by_the_citys_clock(
    run: Run, database: Database, tmp_path: Path, timezone: str
) -> None:
    # at any hour one of these two has another date than UTC
    settings = forecast_settings.ForecastSettings(timezone, "", {})
    await database.persist(lambda c: forecast_settings.write(c, settings, {}))
    today = forecast_settings.local_day(settings, utc_now())
    given = [row for row in rows(1) if row[1] == "out-300"]
    for day, code in ((today, 1), (today - timedelta(days=1), 0)):
        for row in given:
            row[0] = day
        await run(written(tmp_path / "loads.csv", given), code=code)
    assert {load.day for load in await stored(database, until=today)} == {day}


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        (0, "26.11.2025", "date 26.11.2025 is not written as"),
        (0, TODAY, "is not over"),
        (1, "", "trip_id is empty"),
        (3, "2", "direction 2 is neither 0 nor 1"),
        (6, "31:00", "31:00 is no time of a service day"),
        (6, "7", "7 is no time of a service day"),
        (7, "-3", "-3 is no count"),
        (7, "nan", "nan is no count"),
        (7, "4000", "4000 persons are more than 1000"),
        (8, "many", "many is no whole number of places"),
        (9, "-90", "60 seats and -90 standing places are no vehicle"),
    ],
)
async def test_wrong_lines_are_named_and_nothing_is_stored(
    run: Run, database: Database, tmp_path: Path, column: int, value: object, why: str
) -> None:
    given = rows(1)
    given[4][column] = value
    result = await run(written(tmp_path / "loads.csv", given), "--json", code=1)
    wrong = json.loads(result.stdout)["wrong"]
    assert wrong[0]["line"] == 6
    assert why in wrong[0]["text"]
    assert await stored(database) == []


def lines(*given: str) -> StringIO:
    return StringIO("\n".join((",".join(HEADER), *given)) + "\n")


def test_trips_that_contradict_themselves_are_wrong() -> None:
    day = TODAY - timedelta(days=1)
    found = read_loads(
        lines(
            f"{day},t1,7,0,1,a,08:00,3,,",
            f"{day},t1,7,0,1,a,08:00,4,,",
            f"{day},t2,7,0,1,a,08:10,3,,",
            f"{day},t2,7,0,2,b,08:05,3,,",
            f"{day},t3,7,0,1,a,08:20,3,,",
            f"{day},t3,7,1,2,b,08:25,3,,",
        ),
        TODAY,
    )
    assert [each.text.split(": ")[1] for each in found.wrong] == [
        "a departure stands there twice",
        "departures go back in time",
        "of two lines or directions",
    ]


def test_old_loads_are_left_out_and_a_file_of_another_form_is_refused() -> None:
    old = TODAY - timedelta(days=500)
    found = read_loads(lines(f"{old},t1,7,0,1,a,08:00,3,,"), TODAY)
    assert (found.too_old, found.errors, found.trips) == (1, 0, {})
    other = read_loads(StringIO("time,place,count\n"), TODAY)
    assert other.wrong[0].text.startswith("the header lacks date, trip_id")
