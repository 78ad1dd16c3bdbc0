# SPDX-License-Identifier: EUPL-1.2
"""Trams and buses on a timetable: people are conserved, sensors err as asked, a seed repeats a day."""

import zipfile
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from stadttakt_simulators.city.section import CityError
from stadttakt_simulators.transit.blocks import SHORTEST_LAYOVER_S, blocks_of
from stadttakt_simulators.transit.delivery import Delivered
from stadttakt_simulators.transit.reports import (
    AssignmentReport,
    DoorReport,
    PositionReport,
    PresenceReport,
    StopTruth,
)
from stadttakt_simulators.transit.ride import CRUSH
from stadttakt_simulators.transit.timetable import Timetable, load_timetable
from stadttakt_simulators.transit.town import Service, TransitDay
from stadttakt_simulators.transit.vehicles import TRAM, Errors

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "deploy/cities/halle/transit/demo-gtfs"
ULM = ROOT.parent / "shared/data/gtfs_ulm/swu_ulm_2013-02-24.gtfs.zip"
ZONE = ZoneInfo("Europe/Berlin")
TUESDAY, SUNDAY = date(2026, 3, 3), date(2026, 3, 8)
PERFECT = Errors(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def timetable() -> Timetable:
    return load_timetable(DEMO, TUESDAY, ZONE)


def truths(delivered: list[Delivered]) -> list[StopTruth]:
    return [each.event for each in delivered if isinstance(each.event, StopTruth)]


def doors(delivered: list[Delivered]) -> list[DoorReport]:
    return [each.event for each in delivered if isinstance(each.event, DoorReport)]


def test_everybody_who_boards_alights_or_is_still_aboard(timetable: Timetable) -> None:
    day = TransitDay(timetable, Service(3, passengers_per_trip=600))
    for number in range(5, 9):
        load = 0
        for stop in truths(day.of_vehicle(number)):
            load += stop.boarded - stop.alighted
            assert stop.load == load
            assert 0 <= stop.load <= CRUSH * stop.places + 1
    assert any(
        stop.left_behind for number in range(5, 9) for stop in truths(day.of_vehicle(number))
    )


def test_a_seed_repeats_a_day_and_another_does_not(timetable: Timetable) -> None:
    service = Service(3, most_vehicles=2)
    once, again = (list(TransitDay(timetable, service).all()) for _ in range(2))
    assert once == again
    other = TransitDay(timetable, replace(service, seed=4)).all()
    assert truths(once) != truths(list(other))


def test_doors_without_errors_count_the_truth(timetable: Timetable) -> None:
    delivered = TransitDay(timetable, Service(3, PERFECT)).of_vehicle(6)
    assert sum(report.boarded for report in doors(delivered)) == sum(
        stop.boarded for stop in truths(delivered)
    )
    assert sum(report.alighted for report in doors(delivered)) == sum(
        stop.alighted for stop in truths(delivered)
    )


def test_doors_miss_the_shares_that_were_asked_for(timetable: Timetable) -> None:
    errors = replace(PERFECT, miss_in=0.03, miss_out=0.06)
    delivered = list(TransitDay(timetable, Service(3, errors)).all())
    for name, share in (("boarded", 0.03), ("alighted", 0.06)):
        counted = sum(getattr(report, name) for report in doors(delivered))
        true = sum(getattr(stop, name) for stop in truths(delivered))
        assert 1 - counted / true == pytest.approx(share, abs=0.006)


def test_messages_get_lost_come_twice_and_late_as_asked(timetable: Timetable) -> None:
    faulty = replace(PERFECT, loss=0.05, duplicate=0.03, late=0.04)
    whole = TransitDay(timetable, Service(3, PERFECT)).of_vehicle(7)
    delivered = TransitDay(timetable, Service(3, faulty)).of_vehicle(7)
    sent = Counter(each.event_id for each in delivered if isinstance(each.event, DoorReport))
    assert len(sent) / len(doors(whole)) == pytest.approx(0.95, abs=0.03)
    assert sum(number == 2 for number in sent.values()) / len(sent) == pytest.approx(
        0.03, abs=0.025
    )
    late = [each for each in delivered if each.arrives_at - each.event.at > timedelta(seconds=1)]
    assert late
    assert delivered == sorted(delivered, key=lambda each: each.arrives_at)


def test_one_door_in_twenty_vehicles_counts_nobody_from_some_time_on(timetable: Timetable) -> None:
    day = TransitDay(timetable, Service(3, replace(PERFECT, dead_doors=0.05), most_vehicles=20))
    dead = [
        (number, door)
        for number, (vehicle, _) in enumerate(day.rides)
        for door in vehicle.doors
        if door.dead_from_s is not None
    ]
    assert len(dead) == 1
    number, door = dead[0]
    assert door.dead_from_s is not None
    since = timetable.at(door.dead_from_s + 60)
    later = [
        report
        for report in doors(day.of_vehicle(number))
        if report.door == door.name and report.at > since
    ]
    assert sum(report.boarded + report.alighted for report in later) == 0
    assert bool(later) is not door.dead_silent


def test_cumulative_counters_never_fall_and_end_at_the_same_sums(timetable: Timetable) -> None:
    deltas = TransitDay(timetable, Service(3, PERFECT)).of_vehicle(8)
    sums = TransitDay(timetable, Service(3, PERFECT, mode="cumulative")).of_vehicle(8)
    by_door: dict[str, list[DoorReport]] = defaultdict(list)
    for report in doors(sums):
        by_door[report.door].append(report)
    for name, reports in by_door.items():
        totals = [report.boarded for report in reports]
        assert totals == sorted(totals)
        counted = [report.boarded for report in doors(deltas) if report.door == name]
        assert totals[-1] - totals[0] == sum(counted[1:])


def test_peaks_are_in_the_morning_and_in_the_afternoon_and_sundays_are_calm(
    timetable: Timetable,
) -> None:
    def by_hour(day: TransitDay) -> Counter[int]:
        hours: Counter[int] = Counter()
        for each in day.all():
            if isinstance(each.event, StopTruth):
                hours[each.event.at.astimezone(ZONE).hour] += each.event.boarded
        return hours

    tuesday = by_hour(TransitDay(timetable, Service(3)))
    sunday = by_hour(TransitDay(load_timetable(DEMO, SUNDAY, ZONE), Service(3)))
    assert tuesday[7] > 1.5 * tuesday[10] > tuesday[22]
    assert tuesday[15] > 1.3 * tuesday[11]
    assert sum(sunday.values()) < 0.8 * sum(tuesday.values())


def test_devices_in_reach_rise_with_the_load(timetable: Timetable) -> None:
    day = TransitDay(timetable, Service(3))
    load, pairs = 0, []
    for each in day.of_vehicle(6):
        if isinstance(each.event, StopTruth):
            load = each.event.load
        elif isinstance(each.event, PresenceReport):
            pairs.append((load, each.event.wifi))
    full = [wifi for persons, wifi in pairs if persons >= 40]
    empty = [wifi for persons, wifi in pairs if persons <= 2]
    assert sum(full) / len(full) > 15
    assert sum(empty) / len(empty) < 10


def test_vehicles_move_from_stop_to_stop_and_are_told_their_trips(timetable: Timetable) -> None:
    day = TransitDay(timetable, Service(3, PERFECT, position_every_s=10))
    delivered = day.of_vehicle(9)
    positions = [each.event for each in delivered if isinstance(each.event, PositionReport)]
    assert len({(each.lat, each.lon) for each in positions}) > 500
    assigned = [each.event for each in delivered if isinstance(each.event, AssignmentReport)]
    _, block = day.rides[9]
    assert [each.trip_id for each in assigned] == [*(trip.trip_id for trip in block), None]


def test_lost_trips_carry_nobody(timetable: Timetable) -> None:
    day = TransitDay(timetable, Service(3, replace(PERFECT, lost_trips=0.3)))
    driven = {stop.trip_id for stop in truths(day.of_vehicle(9))}
    _, block = day.rides[9]
    assert 0 < len(driven) < len(block)


def test_own_vehicles_of_a_city_drive_first(timetable: Timetable) -> None:
    day = TransitDay(timetable, Service(3), [("641", TRAM), ("642", TRAM)])
    trams = [vehicle.vehicle_id for vehicle, _ in day.rides if vehicle.kind == TRAM]
    assert trams[:2] == ["641", "642"]
    assert trams[2].startswith("sim-tram-")


def test_folder_that_is_no_timetable_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(CityError, match=str(tmp_path)):
        load_timetable(tmp_path, TUESDAY, ZONE)


@pytest.mark.skipif(not ULM.exists(), reason="../shared is not there")
def test_trips_without_blocks_are_joined_at_their_ends(tmp_path: Path) -> None:
    with zipfile.ZipFile(ULM) as archive:
        archive.extractall(tmp_path)
    ulm = load_timetable(tmp_path, date(2013, 3, 5), ZONE)
    blocks = blocks_of(ulm)
    assert sum(len(block) for block in blocks) == len(ulm.trips)
    assert len(blocks) < len(ulm.trips) / 4
    for block in blocks:
        for before, after in pairwise(block):
            assert after.begins_s - before.ends_s >= SHORTEST_LAYOVER_S
