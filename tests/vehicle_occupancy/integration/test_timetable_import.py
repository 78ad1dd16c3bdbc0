# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import csv
import json
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import SERVER_LETS_GO, Database
from stadttakt_runtime.plugins import CityError
from support.gtfs import FILES, a_folder, a_zip, changed
from vehicle_occupancy.city.timetable import apply_timetable
from vehicle_occupancy.commands import app
from vehicle_occupancy.importing import ImportOptions, Outcome, check_feed, import_feed
from vehicle_occupancy.storage.timetable import Bbox, list_lines, list_stops, load_day, load_trip
from vehicle_occupancy.storage.timetable_versions import dispensable, holding, holds, versions

ULM = Path(__file__).parents[4] / "shared/data/gtfs_ulm/swu_ulm_2013-02-24.gtfs.zip"
DEMO = Path(__file__).parents[3] / "deploy/cities/halle"
MONDAY = date(2026, 11, 30)
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(database_url: str) -> Run:
    async def invoke(*arguments: object, code: int = 0) -> Result:
        given = [str(each) for each in arguments]
        environment = {"STADTTAKT_DATABASE_URL": database_url}
        result = await asyncio.to_thread(CliRunner().invoke, app, given, env=environment)
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture
async def connection(database_url: str) -> Any:
    async with (
        Database.open(database_url, schema="transit", size=2) as database,
        database.connection() as opened,
    ):
        yield opened


def shifted(begin: str, end: str, version: str) -> dict[str, str]:
    """The feed for another time, with a version of its own."""
    return {
        **changed("calendar.txt", "20260101,20271231", f"{begin},{end}"),
        "calendar_dates.txt": "service_id,date,exception_type\n",
        "feed_info.txt": f"feed_publisher_name,feed_version\nTrams,{version}\n",
    }


async def held(connection: Any, day: date) -> str | None:
    found = await holding(connection, day)
    known = {version.version_id: version for version in await versions(connection)}
    told = holds(list(known.values()), day)
    assert (told.version_id if told else None) == (found["version_id"] if found else None)
    return known[found["version_id"]].name if found else None


async def test_an_imported_feed_is_the_timetable_of_its_days(
    run: Run, connection: Any, tmp_path: Path
) -> None:
    await run("import-gtfs", a_zip(tmp_path / "feed.zip"), "--city", DEMO)
    day = await load_day(connection, MONDAY)
    assert day is not None
    out = day.trips["out"]  # type: ignore[index]
    assert [(c.stop_id, c.arrival_s, c.departure_s) for c in out.stop_times] == [
        ("a", 89_400, 89_400),
        ("b", 89_580, 89_640),
        ("c", 90_000, 90_000),
    ]
    assert day.at(out.begin_s).isoformat() == "2026-11-30T23:50:00+00:00"
    assert (out.line, out.direction, out.headsign, out.block_id) == ("7", 0, "Chaussee", "B1")
    assert day.stops["b"].parent_id == "C"  # type: ignore[index]
    assert not day.simulated
    sunday = await load_day(connection, MONDAY - timedelta(days=1))
    assert sunday is not None
    assert not sunday.trips
    assert await load_day(connection, date(2028, 1, 3)) is None
    assert await load_trip(connection, MONDAY, "gone") is None
    single = await load_trip(connection, MONDAY, "back")
    assert single is not None
    assert list(single.trips) == ["back"]


async def test_a_broken_feed_leaves_the_old_version_live_and_says_why(
    run: Run, connection: Any, tmp_path: Path
) -> None:
    await run("import-gtfs", a_folder(tmp_path / "sound"), "--name", "sound")
    broken = a_folder(tmp_path / "broken", changed("stop_times.txt", "24:53:00", "24:40:00"))
    report = tmp_path / "report.csv"
    result = await run("import-gtfs", broken, "--report", report, code=1)
    assert "earlier than the stop before" in result.output
    assert "nothing is stored" in result.output
    with report.open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream)) == [
            {
                "severity": "error",
                "file": "stop_times.txt",
                "line": "3",
                "field": "arrival_time",
                "text": "is earlier than the stop before",
            }
        ]
    assert await held(connection, MONDAY) == "sound"
    for table in ("version", "trip", "stop", "pattern", "day"):
        rows = await connection.fetchval(
            f"select count(distinct version_id) from timetable_{table}"
        )
        assert rows == 1


async def test_a_feed_may_take_longer_to_read_than_a_session_may_be_silent(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SERVER_LETS_GO, "idle_in_transaction_session_timeout", "500ms")
    pauses = iter([1.5])
    feed = a_folder(tmp_path / "feed")
    async with Database.open(database_url, schema="transit", size=2) as database:
        for outcome in (Outcome.IMPORTED, Outcome.KNOWN):
            done = await import_feed(
                database, feed, ImportOptions(), lambda _: lambda _: time.sleep(next(pauses, 0))
            )
            assert done.outcome is outcome


@pytest.mark.parametrize("make", [a_folder, a_zip])
async def test_progress_of_an_import_is_told_from_its_first_byte_to_its_last(
    database_url: str, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    totals: list[int] = []
    pieces: list[int] = []

    def start(total: int) -> Callable[[int], object]:
        totals.append(total)
        return pieces.append

    feed = make(tmp_path / "feed")
    for read in (check_feed, None):
        totals.clear()
        pieces.clear()
        if read is not None:
            read(feed, ImportOptions(), start)
        else:
            async with Database.open(database_url, schema="transit", size=2) as database:
                await import_feed(database, feed, ImportOptions(), start)
        assert len(totals) == 1
        assert sum(pieces) == totals[0] > 0


async def test_the_command_shows_how_far_an_import_is(run: Run, tmp_path: Path) -> None:
    result = await run("import-gtfs", a_zip(tmp_path / "feed.zip"))
    (bar,) = [line for line in result.stderr.splitlines() if line.startswith("timetable")]
    size = sum(len(text.encode()) for text in FILES.values())
    done, _, total = bar.split()[-3].partition("/")
    assert done == total, f"of {size} bytes: {bar}"


async def test_the_same_content_again_changes_nothing(
    run: Run, connection: Any, tmp_path: Path
) -> None:
    await run("import-gtfs", a_zip(tmp_path / "feed.zip"))
    before = await versions(connection)
    again = await run("import-gtfs", a_folder(tmp_path / "folder"), "--json")
    assert json.loads(again.stdout)["outcome"] == "known"
    assert await versions(connection) == before
    await run("import-gtfs", tmp_path / "folder", "--valid-from", "2026-12-01")
    assert [each.valid_from for each in await versions(connection)] == [date(2026, 12, 1)]


async def test_of_a_regional_feed_one_operator_is_taken_and_another_choice_is_another_version(
    run: Run, connection: Any, tmp_path: Path
) -> None:
    agency = "B,Coaches,https://coaches.example.org,Europe/Berlin\n"
    files = {
        **FILES,
        "agency.txt": FILES["agency.txt"] + agency,
        "routes.txt": FILES["routes.txt"] + "r8,B,7,,3,\n",
        "trips.txt": FILES["trips.txt"] + "r8,work,over,Chaussee,0,,\n",
        "stop_times.txt": FILES["stop_times.txt"]
        + "over,08:00:00,08:00:00,a,1\nover,08:10:00,08:10:00,c,2\n",
    }
    feed = a_folder(tmp_path / "feed", files)
    refused = await run("import-gtfs", feed, code=1)
    assert "line '7' is of Coaches and of Trams" in " ".join(refused.output.split())
    for agency_id, trips in (("A", {"out", "back"}), ("B", {"over"})):
        await run("import-gtfs", feed, "--agency", agency_id)
        day = await load_day(connection, MONDAY)
        assert day is not None
        assert set(day.trips) == trips
    assert set(day.stops) == {"a", "c"}
    again = await run("import-gtfs", feed, "--agency", "B")
    assert "already; nothing changed" in " ".join(again.output.split())


async def test_a_city_folder_names_whose_trips_are_taken(database_url: str, tmp_path: Path) -> None:
    transit = tmp_path / "transit"
    transit.mkdir()
    a_folder(transit / "feed")
    (transit / "timetable.yaml").write_text("feed: feed\nagencies: [Ferries]\n")
    with pytest.raises(CityError, match="'Ferries' is no agency's id or name"):
        await asyncio.to_thread(apply_timetable, tmp_path, database_url)
    (transit / "timetable.yaml").write_text("feed: feed\nagencies: [Trams]\n")
    (told,) = await asyncio.to_thread(apply_timetable, tmp_path, database_url)
    assert "2 trips" in told


async def test_a_dry_run_stores_nothing(run: Run, connection: Any, tmp_path: Path) -> None:
    result = await run("import-gtfs", a_zip(tmp_path / "feed.zip"), "--dry-run", "--json")
    told = json.loads(result.stdout)
    assert (told["outcome"], told["summary"]["trips"]) == ("dry_run", 2)
    assert (told["valid_from"], told["valid_to"]) == ("2026-01-01", "2027-12-31")
    assert not await versions(connection)


async def test_one_version_holds_on_each_day_and_the_way_back_is_open(
    run: Run, connection: Any, tmp_path: Path
) -> None:
    today = utc_now().date()
    soon, later = today + timedelta(days=10), today + timedelta(days=20)
    for number, (begin, end) in enumerate(
        [(today - timedelta(days=90), later), (soon, later + timedelta(days=99))], 1
    ):
        files = shifted(f"{begin:%Y%m%d}", f"{end:%Y%m%d}", f"v{number}")
        await run("import-gtfs", a_folder(tmp_path / str(number), files))
    assert await held(connection, today) == "v1"
    assert await held(connection, soon - timedelta(days=1)) == "v1"
    assert await held(connection, soon) == "v2"
    assert await held(connection, later + timedelta(days=50)) == "v2"
    first, second = sorted(each.version_id for each in await versions(connection))
    await run("timetable", "activate", first)
    assert await held(connection, soon) == "v1"
    assert await held(connection, later + timedelta(days=1)) == "v2"
    await run("timetable", "retire", first)
    assert await held(connection, soon) == "v2"
    assert await held(connection, today) is None
    await run("timetable", "activate", second)
    listed = json.loads((await run("timetable", "list", "--json")).stdout)
    assert [(each["name"], each["holds_today"]) for each in listed] == [
        ("v2", False),
        ("v1", False),
    ]
    assert "there is no version 99" in (await run("timetable", "activate", 99, code=1)).output


async def test_a_new_version_does_not_change_what_was_driven(
    run: Run, connection: Any, tmp_path: Path
) -> None:
    today = utc_now().date()
    begin, end = f"{today - timedelta(days=90):%Y%m%d}", f"{today + timedelta(days=90):%Y%m%d}"
    for name in ("old", "new"):
        await run("import-gtfs", a_folder(tmp_path / name, shifted(begin, end, name)))
    assert await held(connection, today - timedelta(days=2)) == "old"
    assert await held(connection, today + timedelta(days=2)) == "new"


async def test_old_versions_go_unless_a_day_needs_them(
    run: Run, connection: Any, tmp_path: Path
) -> None:
    today = utc_now().astimezone(ZoneInfo("Europe/Berlin")).date()
    begin = f"{today:%Y%m%d}"
    for number in range(5):
        files = shifted(begin, f"{today + timedelta(days=300 - number):%Y%m%d}", f"v{number}")
        await run("import-gtfs", a_folder(tmp_path / str(number), files), "--keep", 2)
    # each one is valid a day less than the one before, so that each holds on some day
    assert [each.name for each in await versions(connection)] == ["v4", "v3", "v2", "v1", "v0"]
    files = shifted(begin, f"{today + timedelta(days=400):%Y%m%d}", "v5")
    await run("import-gtfs", a_folder(tmp_path / "5", files), "--keep", 2)
    found = await versions(connection)
    assert [each.name for each in found] == ["v5", "v4"]
    assert dispensable(found, 1, today) == [found[1].version_id]


async def test_the_city_folders_timetable_is_simulated_and_sound(
    run: Run, connection: Any, database_url: str
) -> None:
    feed = DEMO / "transit/demo-gtfs"
    told = json.loads(
        (await run("import-gtfs", feed, "--city", DEMO, "--dry-run", "--json")).stdout
    )
    assert (told["errors"], told["warnings"], told["findings"]) == (0, 0, [])

    async def applied() -> list[str]:
        return list(await asyncio.to_thread(apply_timetable, DEMO, database_url))

    assert "905 trips" in (await applied())[0]
    assert (await applied())[0].endswith("unchanged")
    day = await load_day(connection, MONDAY)
    assert day is not None
    assert day.simulated
    assert {trip.line for trip in day.trips.values()} == {"T1", "T2", "T3", "T4", "B5"}
    assert all("(simuliert)" in stop.name for stop in day.stops.values())
    assert any(day.next_of_block(trip) for trip in day.trips.values())


async def test_stops_and_lines_are_listed(run: Run, connection: Any, tmp_path: Path) -> None:
    await run("import-gtfs", a_zip(tmp_path / "feed.zip"))
    version = (await versions(connection))[0].version_id
    everywhere = Bbox(-180, -90, 180, 90)
    stops = await list_stops(connection, version, everywhere, after="", limit=10)
    assert [(row["stop_id"], row["lines"]) for row in stops] == [
        ("a", ["7"]),
        ("b", ["7"]),
        ("c", ["7"]),
    ]
    west = Bbox(11.8, 51, 11.95, 52)
    assert len(await list_stops(connection, version, west, after="a", limit=10)) == 2
    lines = await list_lines(connection, version)
    assert [(each.line, each.mode, each.ends) for each in lines] == [("7", 0, {0: "c", 1: "a"})]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("feed: nowhere", "nowhere"),
        ("feed: .\nfrom: 2026", "from: is no known key"),
        ("- a list", "keys and values"),
        ("feed: [", "not YAML"),
        ("feed: sick", "earlier than the stop before"),
    ],
)
def test_a_city_folder_that_names_no_sound_timetable_is_refused(
    database_url: str, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "transit").mkdir()
    a_folder(tmp_path / "transit/sick", changed("stop_times.txt", "24:53:00", "24:40:00"))
    (tmp_path / "transit/timetable.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CityError, match=told):
        apply_timetable(tmp_path, database_url)


@pytest.mark.skipif(not ULM.exists(), reason="the real feed of Ulm is not here")
async def test_a_real_feed_is_imported_as_it_is(run: Run, connection: Any) -> None:
    told = json.loads((await run("import-gtfs", ULM, "--json")).stdout)
    assert told["errors"] == 0
    assert told["summary"]["trips"] == 3620
    assert told["summary"]["stops"] == 778
    calls = await connection.fetchval("select sum(cardinality(arrivals_s)) from timetable_trip")
    assert calls == 86_948
    day = await load_day(connection, date(2013, 3, 5))
    assert day is not None
    assert day.trips
    assert all(trip.length_m > 0 for trip in day.trips.values())
    speeds = sorted(
        trip.length_m / (trip.end_s - trip.begin_s) * 3.6
        for trip in day.trips.values()
        if trip.end_s > trip.begin_s
    )
    assert 12 < speeds[len(speeds) // 2] < 35


async def test_a_folder_without_a_feed_is_told_in_one_line(run: Run, tmp_path: Path) -> None:
    result = await run("import-gtfs", tmp_path, code=1)
    assert "holds none of the files of a GTFS feed" in result.output
    assert "Traceback" not in result.output
