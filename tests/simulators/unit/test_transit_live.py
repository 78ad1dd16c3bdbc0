# SPDX-License-Identifier: EUPL-1.2
"""Vehicles by the clock, their messages, and what the city configures of them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest

from simulators.simulated_city import HALLE
from stadttakt_messages.envelope import CloudEvent
from stadttakt_messages.observations import (
    DevicePresence,
    PassengerCount,
    TripAssignment,
    VehiclePosition,
)
from stadttakt_simulators.city.section import CityError, Section
from stadttakt_simulators.city.simulation import load_simulation
from stadttakt_simulators.transit.config import read_fleet, read_transit
from stadttakt_simulators.transit.live import LiveTransit
from stadttakt_simulators.transit.messages import message_of
from stadttakt_simulators.transit.reports import AssignmentReport, DoorReport, StopTruth
from stadttakt_simulators.transit.timetable import load_timetable
from stadttakt_simulators.transit.town import Service, TransitDay

ZONE = ZoneInfo("Europe/Berlin")
TIMETABLE = HALLE / "transit/demo-gtfs"
MORNING = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
MODELS = {
    "passenger-count": CloudEvent[PassengerCount],
    "device-presence": CloudEvent[DevicePresence],
    "vehicle-position": CloudEvent[VehiclePosition],
    "trip-assignment": CloudEvent[TripAssignment],
}


def make_day(day: date) -> TransitDay:
    service = Service(3, most_vehicles=4, position_every_s=60)
    return TransitDay(load_timetable(TIMETABLE, day, ZONE), service)


def test_every_message_is_a_simulated_event_of_the_contract() -> None:
    seen = set()
    for each in make_day(date(2026, 3, 3)).of_vehicle(1):
        message = message_of(each)
        if message is None:
            assert isinstance(each.event, StopTruth)
            continue
        event = MODELS[message.event].model_validate_json(message.payload)
        assert event.simulated
        assert event.id == each.event_id
        assert event.type == f"city.stadttakt.{message.event}.v1"
        assert event.time - each.event.at < timedelta(milliseconds=1)
        assert message.topic.split("/")[3:5] == [message.event, each.event.vehicle_id]
        assert event.subject.startswith(f"vehicle/{each.event.vehicle_id}")
        seen.add(message.event)
    assert seen == set(MODELS)


def test_door_is_the_last_level_of_its_topic() -> None:
    each = next(
        each
        for each in make_day(date(2026, 3, 3)).of_vehicle(1)
        if isinstance(each.event, DoorReport)
    )
    message = message_of(each)
    assert message is not None
    assert isinstance(each.event, DoorReport)
    assert message.topic == (
        f"takt/v1/observation/passenger-count/{each.event.vehicle_id}/{each.event.door}"
    )
    assert orjson.loads(message.payload)["data"]["counts"][0]["in"] == each.event.boarded


def test_who_looks_in_learns_the_current_trips_at_once_and_then_what_happens() -> None:
    live = LiveTransit(make_day, ZONE, MORNING)
    first = live.due(MORNING)
    assigned = [each.event for each in first if isinstance(each.event, AssignmentReport)]
    assert {each.vehicle_id for each in assigned} == {each.event.vehicle_id for each in first}
    assert len(assigned) == len({each.vehicle_id for each in assigned})
    assert not any(isinstance(each.event, StopTruth) for each in first)
    later = live.due(MORNING + timedelta(minutes=10))
    assert later
    assert all(MORNING < each.arrives_at <= MORNING + timedelta(minutes=10) for each in later)
    assert live.due(MORNING + timedelta(minutes=10)) == []


def test_one_day_follows_the_other_without_a_gap_or_a_repetition() -> None:
    night = datetime(2026, 3, 3, 20, 0, tzinfo=UTC)
    live = LiveTransit(make_day, ZONE, night)
    seen: list[str] = []
    days = set()
    for hour in range(14):
        for each in live.due(night + timedelta(hours=hour)):
            if isinstance(each.event, AssignmentReport):
                seen.append(each.event_id)
                days.add(each.event.start_date)
    assert {"20260303", "20260304"} <= days
    assert len(seen) == len(set(seen))


def test_halle_drives_its_own_vehicles_on_its_timetable() -> None:
    config = load_simulation(HALLE / "simulation.yaml").transit
    assert config is not None
    timetable = load_timetable(HALLE / config.timetable, date(2026, 3, 3), ZONE)
    day = TransitDay(timetable, config.service, read_fleet(HALLE))
    ids = [vehicle.vehicle_id for vehicle, _ in day.rides]
    assert len(set(ids)) == len(ids) >= 20
    assert any(vehicle.counts_doors for vehicle, _ in day.rides)
    assert any(not vehicle.counts_doors for vehicle, _ in day.rides)
    kinds = {vehicle.vehicle_id.split("-")[0] + block[0].line[0] for vehicle, block in day.rides}
    assert kinds == {"tramT", "busB"}, "no tram drives a bus line, whatever its doors"


def test_fleet_of_a_city_is_read_with_its_places_and_doors(tmp_path: Path) -> None:
    (tmp_path / "transit").mkdir()
    (tmp_path / "transit/vehicles.yaml").write_text(
        "kinds:\n"
        "  - {kind: long, mode: tram, seats: 70, standing: 90, doors: ['1', '2', '3', '4']}\n"
        "  - {kind: closed, mode: tram, seats: 70, standing: 90}\n"
        "vehicles:\n"
        "  - {vehicle_id: t1, kind: long}\n"
        "  - {vehicle_id: t2, kind: closed}\n"
    )
    fleet = read_fleet(tmp_path)
    assert [(name, kind.seats, kind.doors) for name, kind in fleet] == [("t1", 70, 4)]
    assert read_fleet(tmp_path / "elsewhere") == []


def test_wrong_section_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "simulation.yaml"
    for text, reason in (
        ("timetable: x\nmode: weekly\n", "modes are delta and cumulative"),
        ("timetable: x\nerrors: {loss: 2}\n", "between 0 and 1"),
        ("timetable: x\nspeed: 3\n", "unknown key 'speed'"),
    ):
        path.write_text(text)
        with pytest.raises(CityError, match=reason):
            read_transit(Section.load(path), 1)
