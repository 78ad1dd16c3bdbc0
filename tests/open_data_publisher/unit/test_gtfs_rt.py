# SPDX-License-Identifier: EUPL-1.2
"""GTFS-Realtime by the consumers' own code: the bindings, a rule validator, dumps of real feeds."""

import csv
import os
import zipfile
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from google.protobuf import text_format
from google.transit import gtfs_realtime_pb2 as pb
from gtfs_rt_validator import api as validator

from open_data_publisher.feeds.gtfs_rt import as_json, as_text, trip_updates, vehicle_positions
from stadttakt_messages.states import StopForecast, TripState, VehicleState
from support.open_data import NOON, PUBLICATION, somewhere, trip, truth, vehicle

CHECKOUT = Path(__file__).parents[3]
GTFS = CHECKOUT / "deploy/cities/halle/transit/demo-gtfs"
DATA = Path(os.environ.get("STADTTAKT_DATA", CHECKOUT.parent / "shared" / "data")) / "gtfs_rt"
HALLE = ZoneInfo("Europe/Berlin")
STATUSES = ["MANY_SEATS_AVAILABLE", "FEW_SEATS_AVAILABLE", "STANDING_ROOM_ONLY"]
KNOWN = {
    "W002": "a trip that nobody serves yet has no vehicle",
    "W003": "a trip that begins later has an update and no position",
    "P008": "nobody forecasts times here; occupancy alone is told, as the specification allows",
}
"""Warnings of the validator that hold, and why."""
LEVELS: Any = ["low", "medium", "high"]


def rows(name: str) -> list[dict[str, str]]:
    with (GTFS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def moment(gtfs_time: str) -> datetime:
    hours, minutes, seconds = map(int, gtfs_time.split(":"))
    midnight = datetime(2026, 11, 26, tzinfo=HALLE)
    return midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)


@pytest.fixture(scope="module")
def trips() -> list[TripState]:
    """Trips of the demonstration timetable that are under way at noon or begin soon after."""
    calls = defaultdict(list)
    for row in rows("stop_times.txt"):
        calls[row["trip_id"]].append(row)
    directions = {row["trip_id"]: int(row["direction_id"]) for row in rows("trips.txt")}
    found = []
    for trip_id, called in calls.items():
        begin, end = (moment(called[n]["departure_time"]) for n in (0, -1))
        if begin < NOON + timedelta(minutes=30) and end > NOON:
            stops = [
                StopForecast(
                    stop_id=row["stop_id"],
                    stop_sequence=int(row["stop_sequence"]),
                    at=moment(row["departure_time"]),
                    level=LEVELS[number % 3],
                    occupancy_status=STATUSES[number % 3],
                )
                for number, row in enumerate(called[:-1])
            ]
            found.append(trip(trip_id, direction=directions[trip_id], stops=stops, valid_until=end))
    assert len(found) > 10
    return found


@pytest.fixture(scope="module")
def vehicles(trips: list[TripState]) -> list[VehicleState]:
    """A vehicle on each trip that is under way, at the stop that it left last."""
    places = {row["stop_id"]: row for row in rows("stops.txt")}
    found = []
    for number, each in enumerate(trips):
        left = [stop for stop in each.stops if stop.at <= NOON]
        if left:
            place = places[left[-1].stop_id]
            where = {"lat": float(place["stop_lat"]), "lon": float(place["stop_lon"])}
            found.append(
                vehicle(
                    f"sim-{number}",
                    trip_id=each.trip_id,
                    direction=each.direction,
                    **somewhere(**where, speed_mps=5.0),
                )
            )
    assert found
    return found


@pytest.fixture(scope="module")
def timetable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gtfs") / "gtfs.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for each in sorted(GTFS.iterdir()):
            archive.write(each, each.name)
    return file


def findings(timetable: Path, folder: Path, **feeds: bytes) -> dict[str, str]:
    for role, feed in feeds.items():
        (folder / f"{role}.pb").write_bytes(feed)
    inputs = validator.resolve_roles({role: str(folder / f"{role}.pb") for role in feeds})
    request = validator.Request(validator.Mode.MODERN, timetable, inputs, at=NOON)
    result = validator.validate(request)
    assert result.run.messages_validated == len(feeds)
    assert not list(result.run.system_errors.rule_ids())
    result.write(folder / "report")
    report = orjson.loads((folder / "report" / "report.json").read_bytes())
    return {each["code"]: each["severity"] for each in report["notices"]}


def test_feeds_of_a_real_timetable_break_no_rule(
    timetable: Path, trips: list[TripState], vehicles: list[VehicleState], tmp_path: Path
) -> None:
    public = truth(vehicles=vehicles, trips=trips)
    found = findings(
        timetable,
        tmp_path,
        tu=trip_updates(public, PUBLICATION),
        vp=vehicle_positions(public, PUBLICATION),
    )
    assert "ERROR" not in found.values()
    assert set(found) <= set(KNOWN)


def test_the_validator_would_have_found_a_fault(
    timetable: Path, trips: list[TripState], tmp_path: Path
) -> None:
    stops = [each.model_copy(update={"stop_sequence": 99}) for each in trips[0].stops]
    wrong = trips[0].model_copy(update={"stops": stops})
    found = findings(timetable, tmp_path, tu=trip_updates(truth(trips=[wrong]), PUBLICATION))
    assert found["E051"] == "ERROR"


def parsed(feed: bytes) -> pb.FeedMessage:
    return pb.FeedMessage.FromString(feed)


def test_what_is_over_its_time_has_no_data_and_no_place() -> None:
    told = {
        each.id: each.vehicle for each in parsed(vehicle_positions(truth(), PUBLICATION)).entity
    }
    assert told["tram-604"].occupancy_status == pb.VehiclePosition.NO_DATA_AVAILABLE
    assert not told["tram-604"].HasField("position")
    assert told["tram-601"].occupancy_status == pb.VehiclePosition.FEW_SEATS_AVAILABLE


def test_vehicles_of_which_nothing_is_known_or_was_heard_for_long_are_not_told() -> None:
    told = {each.id for each in parsed(vehicle_positions(truth(), PUBLICATION)).entity}
    assert told == {"tram-601", "tram-602", "tram-603", "tram-604"}


def test_no_percentage_is_told_even_where_a_state_had_one() -> None:
    state = vehicle(percentage=41.0, load=61, **somewhere())
    feed = vehicle_positions(truth(vehicles=[state]), PUBLICATION)
    assert not parsed(feed).entity[0].vehicle.HasField("occupancy_percentage")
    assert b"41" not in as_text(feed).split(b"position")[-1].split(b"timestamp")[-1]


def test_stops_that_were_left_and_trips_that_begin_later_are_not_told() -> None:
    (entity,) = parsed(trip_updates(truth(), PUBLICATION)).entity
    update = entity.trip_update
    assert update.trip.trip_id == "t-1"
    assert [stop.stop_sequence for stop in update.stop_time_update] == [2, 3]
    assert update.vehicle.id == "tram-601"


def test_an_unknown_status_says_nothing() -> None:
    state = vehicle(occupancy_status="CROWDED", **somewhere())
    (entity,) = parsed(vehicle_positions(truth(vehicles=[state]), PUBLICATION)).entity
    assert entity.vehicle.occupancy_status == pb.VehiclePosition.NO_DATA_AVAILABLE


def test_readable_forms_are_the_same_feed() -> None:
    feed = vehicle_positions(truth(), PUBLICATION)
    assert text_format.Parse(as_text(feed).decode(), pb.FeedMessage()) == parsed(feed)
    first = orjson.loads(as_json(feed))["entity"][0]
    assert first["vehicle"]["occupancy_status"] == "FEW_SEATS_AVAILABLE"
    assert first["vehicle"]["trip"]["trip_id"] == "t-1"


def test_an_empty_feed_is_a_valid_message() -> None:
    nothing = parsed(vehicle_positions(truth(vehicles=[]), PUBLICATION))
    assert not nothing.entity
    assert nothing.header.timestamp == int(NOON.timestamp())


def fields(message: Any, path: str = "") -> set[str]:
    found = set()
    for field, value in message.ListFields():
        name = f"{path}{field.name}"
        found.add(name)
        if field.message_type is not None:
            for each in value if field.is_repeated else [value]:
                found |= fields(each, f"{name}.")
    return found


@pytest.mark.skipif(not DATA.exists(), reason=f"the dumps of real feeds are not at {DATA}")
def test_vehicles_have_the_fields_that_a_real_feed_with_occupancy_has() -> None:
    """Transport for NSW, buses of January 2026; fields of the static timetable apart."""
    real = parsed((DATA / "tfnsw_2026-01/vehicle_positions_v1_buses.pb").read_bytes())
    common = set.intersection(*(fields(each) for each in real.entity[:200]))
    own = fields(parsed(vehicle_positions(truth(), PUBLICATION)).entity[0])
    ours_is_not_there = {
        "vehicle.trip.route_id",
        "vehicle.trip.start_time",
        "vehicle.congestion_level",
        "vehicle.current_status",
        "vehicle.vehicle.license_plate",
        "vehicle.vehicle.label",
    }
    assert "vehicle.occupancy_status" in common
    assert common - own <= ours_is_not_there
