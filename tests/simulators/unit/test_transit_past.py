# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import csv
import gzip
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from stadttakt_simulators.cli import app
from stadttakt_simulators.transit.flows import FlowOf, flows_of
from stadttakt_simulators.transit.past import COLUMNS, days_before, rows
from stadttakt_simulators.transit.reports import StopTruth
from stadttakt_simulators.transit.timetable import load_timetable
from stadttakt_simulators.transit.town import Service, TransitDay

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"


def a_day() -> TransitDay:
    timetable = load_timetable(
        HALLE / "transit/demo-gtfs", date(2026, 11, 24), ZoneInfo("Europe/Berlin")
    )
    return TransitDay(timetable, Service(7, most_vehicles=3))


def test_the_past_is_what_the_day_would_have_told_as_truth() -> None:
    day = a_day()
    told = {
        (each.event.trip_id, each.event.sequence): each.event.load
        for each in day.all()
        if isinstance(each.event, StopTruth)
    }
    written = [dict(zip(COLUMNS, row, strict=True)) for row in rows(day)]
    assert len(written) > 300
    for row in written:
        assert row["load"] == told[row["trip_id"], row["stop_sequence"]]
        assert row["capacity"] == row["seats"] + row["standing"]
    assert {row["date"] for row in written} == {"2026-11-24"}
    ends = {trip.trip_id: len(trip.calls) for _, block in day.rides for trip in block}
    assert all(row["stop_sequence"] < ends[row["trip_id"]] for row in written)


def test_departures_after_midnight_belong_to_the_day_before() -> None:
    assert max(row[2] for row in rows(a_day())) > "24:00"


def test_days_end_before_the_one_named() -> None:
    assert days_before(date(2026, 3, 2), 2) == [date(2026, 2, 28), date(2026, 3, 1)]


@pytest.mark.parametrize("name", ["past.csv", "past.csv.gz"])
def test_command_writes_the_same_past_again(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    options = ["--city", str(HALLE), "--days", "1", "--until", "2026-11-25"]
    found = []
    for _ in range(2):
        said = CliRunner().invoke(app, ["transit-past", str(file), *options])
        assert said.exit_code == 0, said.output
        content = file.read_bytes()
        text = gzip.decompress(content) if name.endswith(".gz") else content
        found.append(list(csv.DictReader(text.decode().splitlines())))
    assert found[0] == found[1]
    assert f"{len(found[0])} departures of 1 days" in said.output
    assert {row["line"] for row in found[0]} == {"T1", "T2", "T3", "T4", "B5"}


@pytest.mark.parametrize(
    ("of", "places"),
    [
        (FlowOf.LINE, {"B5"}),
        (FlowOf.DIRECTION, {"B5 0", "B5 1"}),
    ],
)
def test_a_flow_is_everybody_who_boards_and_alights_of_a_line_in_a_quarter_of_an_hour(
    of: FlowOf, places: set[str]
) -> None:
    day = a_day()
    written = list(flows_of([day], of).rows())
    stops = [stop for number in range(len(day.rides)) for stop in day.truth_of(number)]
    assert {place for _, place, _ in written} == places
    assert sum(count for *_, count in written) == sum(
        stop.boarded + stop.alighted for stop in stops
    )
    noon = "2026-11-24T11:00+00:00"
    at_noon = [
        stop.boarded + stop.alighted
        for stop in stops
        if (stop.at.hour, stop.at.minute // 15) == (11, 0)
    ]
    assert sum(count for time, _, count in written if time == noon) == sum(at_noon) > 0


def test_a_quarter_in_which_nobody_came_to_a_place_says_zero() -> None:
    written = list(flows_of([a_day()], FlowOf.STOP).rows())
    assert len(written) == len({time for time, *_ in written}) * len({p for _, p, _ in written})
    assert any(count == 0 for *_, count in written)


def test_command_writes_flows_instead_where_it_is_asked_to(tmp_path: Path) -> None:
    file = tmp_path / "flows.csv.gz"
    options = ["--city", str(HALLE), "--days", "1", "--until", "2026-11-25", "--flow", "line"]
    said = CliRunner().invoke(app, ["transit-past", str(file), *options])
    assert said.exit_code == 0, said.output
    found = list(csv.DictReader(gzip.decompress(file.read_bytes()).decode().splitlines()))
    assert set(found[0]) == {"time", "place", "count"}
    assert {row["place"] for row in found} == {"T1", "T2", "T3", "T4", "B5"}
    assert f"{len(found)} intervals of 1 days" in said.output
