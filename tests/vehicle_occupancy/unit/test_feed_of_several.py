# SPDX-License-Identifier: EUPL-1.2
"""A feed of several operators: whose trips are taken, and that no two lines become one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

import pytest

from support.gtfs import FILES, a_folder
from vehicle_occupancy.gtfs.feed import Feed
from vehicle_occupancy.gtfs.reading import FeedPlan
from vehicle_occupancy.gtfs.report import BrokenFeedError, Report

TODAY = date(2026, 11, 26)


def region(line: str) -> dict[str, str]:
    """The town's feed, and another town's operator with one line, its own stops and a shared one."""
    agency = "B,Coaches,https://coaches.example.org,Europe/Berlin\n"
    return {
        **FILES,
        "agency.txt": FILES["agency.txt"] + agency,
        "stops.txt": FILES["stops.txt"]
        + "x,Xanten,51.4700,11.9000,,X\nX,Xanten,51.4700,11.9000,1,\n",
        "routes.txt": FILES["routes.txt"] + f"r8,B,{line},,3,\n",
        "trips.txt": FILES["trips.txt"] + "r8,work,over,Xanten,0,,\n",
        "stop_times.txt": FILES["stop_times.txt"]
        + "over,08:00:00,08:00:00,c,1\nover,08:10:00,08:10:00,x,2\n",
    }


def with_shapes(line: str) -> dict[str, str]:
    """The same, the way of the one and of the other told; what is told of the other's is no number."""
    files = region(line)
    for trip, shape in (("out", "w7"), ("over", "w8")):
        (row,) = [each for each in files["trips.txt"].splitlines() if f",{trip}," in each]
        files["trips.txt"] = files["trips.txt"].replace(row, row + shape)
    points = "w7,51.4800,11.9000,1\nw7,51.4800,11.9200,2\nw7,51.4900,11.9500,3\nw8,?,?,?\n"
    header = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
    return {**files, "shapes.txt": header + points}


def read(
    path: Path, line: str, agencies: Collection[str], files: dict[str, str] | None = None
) -> tuple[FeedPlan, list[str], Report]:
    report = Report()
    with Feed.open(a_folder(path / "feed", files or region(line))) as feed:
        plan = FeedPlan.read(feed, report, region=None, today=TODAY, agencies=agencies)
        return plan, [trip.trip_id for trip in plan.trips()], report


def error(path: Path, line: str, agencies: Collection[str]) -> tuple[str, str | None, str]:
    with pytest.raises(BrokenFeedError) as caught:
        read(path, line, agencies)
    (found,) = [each for each in caught.value.report.findings if each.severity == "error"]
    return found.file, found.field, found.text


def test_one_name_of_two_operators_is_an_error(tmp_path: Path) -> None:
    text = (
        "line '7' is of Coaches and of Trams, which would become one: choose whose timetable it shall "
        "be (--agency); if they run it together, give its routes one agency_id in routes.txt"
    )
    told = ("routes.txt", "route_short_name", text)
    assert error(tmp_path, "7", ()) == told
    assert error(tmp_path, "7", {"A", "Coaches"}) == told


def test_lines_of_other_names_of_two_operators_are_taken(tmp_path: Path) -> None:
    plan, trips, report = read(tmp_path, "8", ())
    assert trips == ["out", "back", "over"]
    assert {route.line for route in plan.network.routes.values()} == {"7", "8"}
    assert report.findings == []


@pytest.mark.parametrize("name", ["A", "Trams"])
def test_of_chosen_operators_trips_and_stops_alone_are_taken(tmp_path: Path, name: str) -> None:
    plan, trips, report = read(tmp_path, "7", {name})
    assert trips == ["out", "back"]
    assert set(plan.network.routes) == {"r7"}
    assert set(plan.served) == {"a", "b", "c", "C"}
    assert report.findings == [], "who refers to what was left out is not to blame"


def test_of_chosen_operators_alone_ways_are_read(tmp_path: Path) -> None:
    plan, trips, report = read(tmp_path, "7", {"A"}, with_shapes("7"))
    assert trips == ["out", "back"]
    assert set(plan.network.shapes) == {"w7"}
    assert report.findings == []


def test_the_other_operator_has_its_own_stops(tmp_path: Path) -> None:
    plan, trips, _ = read(tmp_path, "7", {"B"})
    assert trips == ["over"]
    assert set(plan.served) == {"c", "x", "X"}


def test_the_timetable_ends_with_the_trips_that_are_taken(tmp_path: Path) -> None:
    files = region("8")
    files["calendar.txt"] += "coach,1,1,1,1,1,1,1,20251201,20280630\n"
    files["trips.txt"] = files["trips.txt"].replace("r8,work", "r8,coach")
    with Feed.open(a_folder(tmp_path / "feed", files)) as feed:
        ends = {
            name: FeedPlan.read(feed, Report(), region=None, today=TODAY, agencies=name).calendar
            for name in ((), ("A",), ("B",))
        }
    assert {name: (each.begin, each.end) for name, each in ends.items()} == {
        (): (date(2025, 12, 1), date(2028, 6, 30)),
        ("A",): (date(2026, 1, 1), date(2027, 12, 31)),
        ("B",): (date(2025, 12, 1), date(2028, 6, 30)),
    }


def test_an_operator_that_there_is_none_of_is_an_error(tmp_path: Path) -> None:
    text = "'Ferries' is no agency's id or name; there are A (Trams), B (Coaches)"
    assert error(tmp_path, "8", {"A", "Ferries"}) == ("agency.txt", "agency_id", text)
