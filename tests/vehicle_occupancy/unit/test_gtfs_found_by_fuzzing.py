# SPDX-License-Identifier: EUPL-1.2
"""What inputs that nobody had thought of did to feeds."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.gtfs import FILES, a_folder, changed
from vehicle_occupancy.gtfs.feed import Feed, UnreadableFeedError
from vehicle_occupancy.gtfs.reading import FeedPlan, PlannedTrip
from vehicle_occupancy.gtfs.report import BrokenFeedError, Report
from vehicle_occupancy.gtfs.service_calendar import FeedCalendar, Period

TODAY = date(2026, 11, 26)
STOP_TIMES = "stop_times.txt"
FIRST = date(2026, 11, 23)
DAYS = st.integers(-3, 24).map(lambda number: FIRST + timedelta(days=number))
PERIODS = st.builds(Period, st.tuples(*[st.booleans()] * 7), begin=DAYS, end=DAYS)


def trips_of(path: Path, files: Mapping[str, str]) -> tuple[FeedPlan, list[PlannedTrip]]:
    with Feed.open(a_folder(path / "feed", dict(files))) as feed:
        plan = FeedPlan.read(feed, Report(), region=None, today=TODAY)
        return plan, list(plan.trips())


def told(path: Path, files: Mapping[str, str]) -> str:
    with pytest.raises(BrokenFeedError) as broken:
        trips_of(path, files)
    return broken.value.report.findings[0].text


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_zip_that_is_damaged_at_any_byte_is_read_or_told_of(tmp_path: Path, method: int) -> None:
    packed, refused = io.BytesIO(), 0
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("agency.txt", FILES["agency.txt"])
    whole = packed.getvalue()
    for place in range(len(whole)):
        for mask in (0xFF, 0x80):
            path = tmp_path / "feed.zip"
            path.write_bytes(whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :])
            try:
                with Feed.open(path) as feed:
                    list(feed.rows("agency.txt", Report()))
            except UnreadableFeedError:
                refused += 1
    assert refused > len(whole)


def test_blanks_around_a_trips_name_make_no_second_trip_of_it(tmp_path: Path) -> None:
    files = changed(STOP_TIMES, "out,24:53:00", " out,24:53:00")
    _, trips = trips_of(tmp_path, files)
    assert [(trip.trip_id, len(trip.arrivals_s)) for trip in trips] == [("out", 3), ("back", 2)]


def test_trip_that_is_named_like_a_departure_of_another_is_told(tmp_path: Path) -> None:
    headway = "trip_id,start_time,end_time,headway_secs,exact_times\nout,06:00:00,07:00:00,600,1\n"
    files = {**changed("trips.txt", "work,back", "work,out@06:00:00"), "frequencies.txt": headway}
    files[STOP_TIMES] = FILES[STOP_TIMES].replace("back,", "out@06:00:00,")
    assert told(tmp_path, files) == "trip 'out@06:00:00' is named like a departure of 'out'"


@pytest.mark.parametrize("distance", ["nan", "inf", "-1e999"])
def test_distance_that_is_not_finite_is_told(tmp_path: Path, distance: str) -> None:
    head, *rows = FILES[STOP_TIMES].splitlines()
    distances = ["0", distance, "4000", "0", "3000"]
    lines = [f"{row},{each}" for row, each in zip(rows, distances, strict=True)]
    text = "\n".join([f"{head},shape_dist_traveled", *lines]) + "\n"
    assert told(tmp_path, {**FILES, STOP_TIMES: text}) == f"{distance!r} is no number"


@given(
    periods=st.dictionaries(st.sampled_from("abc"), PERIODS),
    exceptions=st.dictionaries(DAYS, st.dictionaries(st.sampled_from("abcd"), st.booleans())),
    days=st.integers(0, 20),
)
def test_service_runs_by_its_weekdays_and_exceptions_while_the_feed_is_valid(
    periods: dict[str, Period], exceptions: dict[date, dict[str, bool]], days: int
) -> None:
    services = {name: number for number, name in enumerate("abcd")}
    end = FIRST + timedelta(days=days)
    calendar = FeedCalendar(FIRST, end, "", "", services, periods, exceptions)

    def runs(service: str, day: date) -> bool:
        period = periods.get(service)
        usual = (
            period is not None
            and period.begin <= day <= period.end
            and period.weekdays[day.weekday()]
        )
        return exceptions.get(day, {}).get(service, usual)

    valid = [FIRST + timedelta(days=number) for number in range(days + 1)]
    assert calendar.running == {
        day: tuple(number for name, number in services.items() if runs(name, day)) for day in valid
    }
    assert list(calendar.running) == valid
    for name, number in services.items():
        assert calendar.days_of[number] == {day for day in valid if runs(name, day)}
