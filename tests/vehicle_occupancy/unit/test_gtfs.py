# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.gtfs import FILES, a_folder, a_zip, changed, without
from vehicle_occupancy.domain.geometry import Place
from vehicle_occupancy.gtfs.calls import interpolate
from vehicle_occupancy.gtfs.feed import Feed, UnreadableFeedError
from vehicle_occupancy.gtfs.network import Region
from vehicle_occupancy.gtfs.reading import FeedPlan, PlannedTrip
from vehicle_occupancy.gtfs.report import BrokenFeedError, Report
from vehicle_occupancy.gtfs.values import seconds_of
from vehicle_occupancy.gtfs.ways import told_in_metres

TODAY = date(2026, 11, 26)
HALLE = Region(11.85, 51.40, 12.10, 51.56)
STOP_TIMES = "stop_times.txt"


def read(
    path: Path, files: dict[str, str] | None = None, region: Region | None = HALLE
) -> tuple[FeedPlan, list[PlannedTrip], Report]:
    report = Report()
    with Feed.open(a_folder(path / "feed", files)) as feed:
        plan = FeedPlan.read(feed, report, region=region, today=TODAY)
        return plan, list(plan.trips()), report


def errors(path: Path, files: dict[str, str]) -> list[tuple[str, int | None, str | None, str]]:
    with pytest.raises(BrokenFeedError) as caught:
        read(path, files)
    found = [each for each in caught.value.report.findings if each.severity == "error"]
    return [(each.file, each.line, each.field, each.text) for each in found]


def warnings(path: Path, files: dict[str, str]) -> list[tuple[str, int | None, str | None, str]]:
    found = read(path, files)[2].findings
    return [(each.file, each.line, each.field, each.text) for each in found]


def test_a_sound_feed_is_read_without_a_word(tmp_path: Path) -> None:
    plan, trips, report = read(tmp_path)
    assert not report.findings
    assert [(t.trip_id, t.departures_s[0], t.arrivals_s[-1]) for t in trips] == [
        ("out", 89_400, 90_000),
        ("back", 90_600, 91_200),
    ]
    assert plan.network.timezone == "Europe/Berlin"
    assert [p.stop_ids for p in plan.book.patterns] == [("a", "b", "c"), ("c", "a")]
    assert plan.book.patterns[1].sequences == (1, 9)
    running = plan.calendar.running
    assert running[date(2026, 12, 24)] == (0,)
    assert running[date(2026, 12, 25)] == ()
    assert running[date(2026, 12, 26)] == (0,)
    assert (plan.calendar.begin, plan.calendar.end) == (date(2026, 1, 1), date(2027, 12, 31))


def test_zip_folder_and_packed_folder_are_the_same_feed(tmp_path: Path) -> None:
    paths = [
        a_folder(tmp_path / "folder"),
        a_zip(tmp_path / "flat.zip"),
        a_zip(tmp_path / "deep.zip", inside="export/gtfs/"),
    ]
    prints = []
    for path in paths:
        with Feed.open(path) as feed:
            prints.append(feed.fingerprint())
            assert len(list(feed.rows("stops.txt", Report()))) == 4
    assert len(set(prints)) == 1


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_what_is_no_feed_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "feed.zip"
    path.write_bytes(content)
    with pytest.raises(UnreadableFeedError, match=r"feed\.zip"), Feed.open(path):
        pass
    with (
        pytest.raises(UnreadableFeedError, match="none of the files"),
        Feed.open(a_folder(tmp_path / "other", {"readme.md": "hello"})),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "field", "text"),
    [
        ("agency.txt", "Europe/Berlin", "Berlin", 2, "agency_timezone", "no time zone 'Berlin'"),
        ("stops.txt", "stop_lat", "latitude", 1, "stop_lat", "the column is not there"),
        ("stops.txt", "51.4900", "91.49", 4, "stop_lat", "91.49 is beyond 90 degrees"),
        ("stops.txt", "51.4900,11.9500", "11.9500,51.4900", 4, "stop_lat", "are swapped"),
        ("stops.txt", "51.4900,11.9500", "0,0", 4, "stop_lat", "0, 0 in the Atlantic"),
        ("stops.txt", "51.4900", "51,4900", 4, None, "has 7 values, the header 6 columns"),
        ("stops.txt", "51.4900", "NaN", 4, "stop_lat", "NaN is beyond"),
        ("stops.txt", "c,Ch", "a,Ch", 4, "stop_id", "'a' stands twice"),
        ("stops.txt", ",,C", ",,X", 3, "parent_station", "'X' is not in stops.txt"),
        ("routes.txt", "r7,A", "r7,Z", 2, "agency_id", "'Z' is not in agency.txt"),
        ("routes.txt", ",0,C8", ",tram,C8", 2, "route_type", "'tram' is no number from 0"),
        ("calendar.txt", "20260101", "2026-01-01", 2, "start_date", "no date YYYYMMDD"),
        ("calendar.txt", "20271231", "20250101", 2, "end_date", "lies before start_date"),
        ("calendar.txt", "work,1,1", "work,1,yes", 2, "tuesday", "'yes' is no number from 0 to 1"),
        ("calendar_dates.txt", "20261226", "20261225", 3, "date", "has two exceptions"),
        ("trips.txt", "work,out", "play,out", 2, "service_id", "'play' is not in calendar.txt"),
        ("trips.txt", "r7,work,back", "r8,work,back", 3, "route_id", "'r8' is not in routes.txt"),
        ("trips.txt", "work,back", "work,out", 3, "trip_id", "'out' stands twice"),
        ("trips.txt", "Chaussee,0", "Chaussee,2", 2, "direction_id", "no number from 0 to 1"),
        (STOP_TIMES, "back,25:10", "gone,25:10", 5, "trip_id", "'gone' is not in trips.txt"),
        (STOP_TIMES, ",b,2", ",x,2", 3, "stop_id", "'x' is not in stops.txt"),
        (STOP_TIMES, ",b,2", ",C,2", 3, "stop_id", "is no stop, by its location_type"),
        (STOP_TIMES, ",b,2", ",b,3", 4, "stop_sequence", "two calls of number 3"),
        (STOP_TIMES, ",b,2", ",b,-2", 3, "stop_sequence", "'-2' is no whole number"),
        (STOP_TIMES, "24:53:00", "24:63:00", 3, "arrival_time", "no time HH:MM:SS"),
        (STOP_TIMES, "24:53:00", "24:40:00", 3, "arrival_time", "earlier than the stop before"),
        (STOP_TIMES, "24:54:00", "24:52:00", 3, "departure_time", "earlier than the arrival"),
        (STOP_TIMES, "25:20:00,25:20:00", ",", 6, "arrival_time", "the last stop of trip 'back'"),
        (STOP_TIMES, "25:20:00,25:20:00", "99:00:00,25:20:00", 6, "arrival_time", "48:00:00"),
        (STOP_TIMES, "24:53", "\x0024:53", 3, None, "holds a NUL byte"),
        (STOP_TIMES, "24:50:00,a", "24::00,a", 2, "departure_time", "no time HH:MM:SS"),
        (STOP_TIMES, ",b,2", f",b,{'0' * 12}{'9' * 40}", 3, "stop_sequence", "is no whole number"),
        ("routes.txt", ",0,C8", f",{'0' * 12}{'9' * 5000},C8", 2, "route_type", "is no number"),
        (
            STOP_TIMES,
            "arrival_time",
            "arrival_time,arrival_time",
            1,
            "arrival_time",
            "stands twice",
        ),
    ],
)
def test_what_is_wrong_is_told_by_file_line_and_field(  # noqa: PLR0917
    tmp_path: Path, name: str, old: str, new: str, line: int, field: str | None, text: str
) -> None:
    found = errors(tmp_path, changed(name, old, new))
    assert [each[:3] for each in found if text in each[3]] == [(name, line, field)], found


@pytest.mark.parametrize(
    "name", ["agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt"]
)
def test_a_file_that_is_missing_or_empty_is_named(tmp_path: Path, name: str) -> None:
    assert errors(tmp_path / "1", without(name))[0][::3] == (name, "the file is not there")
    assert errors(tmp_path / "2", {**FILES, name: "\n"})[0][0] == name


def test_one_of_the_two_calendars_is_needed(tmp_path: Path) -> None:
    assert read(tmp_path, without("calendar_dates.txt"))[1]
    both = {each: text for each, text in FILES.items() if not each.startswith("calendar")}
    assert "neither calendar.txt nor" in errors(tmp_path / "none", both)[0][3]


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    for name in ("1", "2", "none"):
        (tmp_path / name).mkdir()


def test_byte_order_mark_blank_lines_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    text = "\ufeff" + FILES["stops.txt"].replace("c,Ch", "\nc,Ch").replace("\n", "\r\n")
    plan, trips, report = read(tmp_path, {**FILES, "stops.txt": text})
    assert len(trips) == 2
    assert set(plan.network.stops) == {"a", "b", "c", "C"}
    assert [(each.line, each.text) for each in report.findings] == [(4, "the line is empty")]


def test_a_file_that_is_not_utf_8_is_told_by_its_line(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "feed")
    (folder / "stops.txt").write_bytes(FILES["stops.txt"].encode("latin-1"))
    report = Report()
    with Feed.open(folder) as feed, pytest.raises(BrokenFeedError):
        list(FeedPlan.read(feed, report, region=None, today=TODAY).trips())
    found = report.findings[0]
    assert (found.file, found.line, found.text) == ("stops.txt", 3, "is not UTF-8")


def test_all_that_is_wrong_is_told_at_once_and_like_things_are_counted(tmp_path: Path) -> None:
    many = "".join(f"out,24:50:00,24:50:00,x{i},{i + 10}\n" for i in range(40))
    files = {**changed("calendar_dates.txt", "25,2", "25,3"), STOP_TIMES: FILES[STOP_TIMES] + many}
    with pytest.raises(BrokenFeedError) as caught:
        read(tmp_path, files)
    report = caught.value.report
    assert {each.file for each in report.findings} >= {"calendar_dates.txt", STOP_TIMES}
    assert (STOP_TIMES, "stop_id", 30) in {each[1:] for each in report.more}


def test_who_refers_to_a_line_that_is_wrong_is_not_blamed(tmp_path: Path) -> None:
    found = errors(tmp_path, changed("routes.txt", ",0,C8", ",tram,C8"))
    assert [each[:3] for each in found] == [("routes.txt", 2, "route_type")]
    found = errors(tmp_path, changed("stops.txt", "51.4900", "x"))
    assert [each[:3] for each in found] == [("stops.txt", 4, "stop_lat")]


def test_the_feed_of_another_city_is_refused(tmp_path: Path) -> None:
    ulm = Region(9.9, 48.3, 10.1, 48.5)
    with pytest.raises(BrokenFeedError) as caught:
        read(tmp_path, region=ulm)
    texts = [each.text for each in caught.value.report.findings]
    assert any("this is not the city's feed" in text for text in texts)
    assert read(tmp_path, region=None)[1]


def test_missing_times_are_filled_in_by_distance(tmp_path: Path) -> None:
    files = changed(STOP_TIMES, "24:53:00,24:54:00", ",")
    _, trips, report = read(tmp_path, files)
    # a to b is 1.38 km of 3.73 km to c
    assert trips[0].arrivals_s[1] == pytest.approx(89_400 + 600 * 1.385 / 3.741, abs=2)
    assert [each.field for each in report.findings] == ["arrival_time"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 600)), min_size=2, max_size=30))
def test_filled_in_times_never_run_backwards(calls: list[tuple[bool, int]]) -> None:
    time, times = 0, []
    for index, (known, gap) in enumerate(calls):
        time += gap
        times.append(time if known or index in {0, len(calls) - 1} else None)
    places = [Place(51.48, 11.9 + 0.01 * (index % 7)) for index in range(len(calls))]
    arrivals, departures = interpolate(times, times, places)
    assert arrivals == sorted(arrivals)
    assert arrivals == departures
    assert all(told in {None, filled} for told, filled in zip(times, arrivals, strict=True))


def test_scattered_calls_make_the_same_trips(tmp_path: Path) -> None:
    header, *rows = FILES[STOP_TIMES].splitlines()
    scattered = "\n".join([header, *(rows[i] for i in (3, 2, 0, 4, 1))]) + "\n"
    straight = {trip.trip_id: trip for trip in read(tmp_path)[1]}
    again = {t.trip_id: t for t in read(tmp_path, {**FILES, STOP_TIMES: scattered})[1]}
    assert {name: trip[4:] for name, trip in straight.items()} == {
        name: trip[4:] for name, trip in again.items()
    }


def test_headways_become_trips_of_their_own(tmp_path: Path) -> None:
    header = "trip_id,start_time,end_time,headway_secs,exact_times\n"
    files = {**FILES, "frequencies.txt": header + "out,06:00:00,06:30:00,600,1\n"}
    _, trips, report = read(tmp_path, files)
    assert [(trip.trip_id, trip.departures_s[0]) for trip in trips][:3] == [
        ("out@06:00:00", 21_600),
        ("out@06:10:00", 22_200),
        ("out@06:20:00", 22_800),
    ]
    assert trips[0].arrivals_s[-1] == 22_200
    assert trips[0].exact
    assert not report.findings
    inexact = {**FILES, "frequencies.txt": header + "out,06:00:00,06:30:00,600,0\n"}
    assert "may be off by a headway" in warnings(tmp_path, inexact)[0][3]
    twice = header + "out,06:00:00,06:30:00,600,1\nout,06:20:00,07:00:00,600,1\n"
    assert "two headways" in errors(tmp_path, {**FILES, "frequencies.txt": twice})[0][3]
    many = header + "out,00:00:00,24:00:00,20,1\n"
    assert "4321 times a day" in errors(tmp_path, {**FILES, "frequencies.txt": many})[0][3]


def test_the_same_journey_of_two_calendars_on_one_day_is_told(tmp_path: Path) -> None:
    files = {
        **FILES,
        "calendar.txt": FILES["calendar.txt"] + "sat,0,0,0,0,1,1,0,20260101,20260201\n",
        "trips.txt": FILES["trips.txt"] + "r7,sat,again,Chaussee,0,B9,\n",
        STOP_TIMES: FILES[STOP_TIMES]
        + FILES[STOP_TIMES].split("\n", 1)[1].split("back")[0].replace("out", "again"),
    }
    found = warnings(tmp_path, files)
    assert [each[:1] + each[2:3] for each in found] == [("calendar.txt", "service_id")]
    assert "1 journeys run twice on 2026-01-02, by services" in found[0][3]


def test_one_block_in_two_places_at_once_is_told(tmp_path: Path) -> None:
    files = changed(STOP_TIMES, "back,25:10:00,25:10:00", "back,24:55:00,24:55:00")
    assert [each[2] for each in warnings(tmp_path, files)] == ["block_id"]


def test_endless_calendars_are_cut_and_past_ones_told(tmp_path: Path) -> None:
    endless = changed("calendar.txt", "20260101,20271231", "19000101,20991231")
    plan, _, report = read(tmp_path, endless)
    assert (plan.calendar.end - plan.calendar.begin).days == 1100
    assert plan.calendar.begin <= TODAY <= plan.calendar.end
    assert "endless" in report.findings[0].text
    over = changed("calendar.txt", "20260101,20271231", "20240101,20241231")
    assert any(
        "it is over" in each[3]
        for each in warnings(
            tmp_path, {**over, "calendar_dates.txt": "service_id,date,exception_type\n"}
        )
    )


def test_a_feed_is_valid_as_long_as_it_says(tmp_path: Path) -> None:
    info = (
        "feed_publisher_name,feed_start_date,feed_end_date,feed_version\nT,20260601,20260630,v6\n"
    )
    plan, _, report = read(tmp_path, {**FILES, "feed_info.txt": info})
    assert (plan.calendar.begin, plan.calendar.end) == (date(2026, 6, 1), date(2026, 6, 30))
    assert plan.calendar.version == "v6"
    assert {each.field for each in report.findings} >= {"feed_start_date", "feed_end_date"}


def test_shapes_are_optional_and_measured_along(tmp_path: Path) -> None:
    header = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
    # a detour to the south between b and c; the points stand in no order
    points = ["s,51.48,11.90,1", "s,51.49,11.95,9", "s,51.47,11.94,5", "s,51.48,11.92,3"]
    files = changed("trips.txt", "0,B1,", "0,B1,s")
    shapes = header + "\n".join(points) + "\n"
    with_shape = read(tmp_path, {**files, "shapes.txt": shapes})[0].book.patterns[0]
    straight = read(tmp_path)[0].book.patterns[0]
    assert with_shape.distances_m[1] == pytest.approx(straight.distances_m[1], abs=1)
    assert with_shape.distances_m[2] > straight.distances_m[2] + 1000
    (tmp_path / "feed" / "shapes.txt").unlink()
    assert "is not in shapes.txt; the way is drawn" in warnings(tmp_path, files)[0][3]
    far = {**files, "shapes.txt": header + "s,51.50,11.90,1\ns,51.50,11.95,2\n"}
    assert "do not pass the stops" in warnings(tmp_path, far)[0][3]


@pytest.mark.parametrize(
    ("told", "metres"),
    [
        ((0.0, 1.5, 3.6), [0.0, 1500.0, 3600.0]),
        ((100.0, 1600.0, 3700.0), [100.0, 1600.0, 3700.0]),
        ((0.0, 3.0, 2.0), None),
        ((0.0, 0.0, 0.0), None),
        ((0.0, 1.0, 90.0), None),
    ],
)
def test_distances_of_the_feed_are_read_in_the_unit_that_fits(
    told: tuple[float, ...], metres: list[float] | None
) -> None:
    places = [Place(51.48, 11.90), Place(51.48, 11.92), Place(51.49, 11.945)]
    assert told_in_metres(told, places) == metres


@settings(deadline=None)
@given(st.integers(0, 48 * 3600))
def test_times_are_read_as_they_are_written(seconds: int) -> None:
    text = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    assert seconds_of(text) == seconds_of(f" 0{text} ") == seconds


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_a_time_or_none(text: str) -> None:
    seconds = seconds_of(text)
    assert seconds is None or 0 <= seconds <= 48 * 3600


@settings(deadline=None)
@given(
    st.sampled_from(sorted(FILES)),
    st.binary(max_size=40),
    st.integers(0, 400),
    st.integers(0, 30),
)
def test_no_damage_ends_in_anything_but_a_report(
    tmp_path_factory: pytest.TempPathFactory, name: str, junk: bytes, at: int, cut: int
) -> None:
    folder = a_folder(tmp_path_factory.getbasetemp() / "damaged")
    content = FILES[name].encode()
    (folder / name).write_bytes(content[:at] + junk + content[at + cut :])
    report = Report()
    with Feed.open(folder) as feed:
        try:
            plan = FeedPlan.read(feed, report, region=HALLE, today=TODAY)
            trips = list(plan.trips())
        except BrokenFeedError:
            assert report.errors
        else:
            assert trips
