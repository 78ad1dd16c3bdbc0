# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_simulators.transit.reports import (
    AssignmentReport,
    DoorReport,
    Event,
    PositionReport,
    StopTruth,
)
from stadttakt_simulators.transit.timetable import load_timetable
from stadttakt_simulators.transit.town import Service, TransitDay
from stadttakt_simulators.transit.vehicles import Errors
from vehicle_occupancy import metrics
from vehicle_occupancy.board import Board
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.city.timetable import apply_timetable
from vehicle_occupancy.domain.publication import PublicationPolicy
from vehicle_occupancy.domain.reading import Assignment, DoorReading, Input, Position
from vehicle_occupancy.stop_counter import StopCounter
from vehicle_occupancy.storage import configuration, readings
from vehicle_occupancy.storage import visits as storage
from vehicle_occupancy.storage.readings import Event as Stored
from vehicle_occupancy.storage.visits import Dirty
from vehicle_occupancy.timetables import Timetables
from vehicle_occupancy.visit_rows import Teller

from .harness import World, tell_nobody

DEMO = Path(__file__).parents[3] / "deploy/cities/halle"
BERLIN = ZoneInfo("Europe/Berlin")
PERFECT = Errors(
    miss_in=0,
    miss_out=0,
    double=0,
    dead_doors=0,
    loss=0,
    duplicate=0,
    late=0,
    lost_trips=0,
)
CITY = """\
kinds:
  - kind: tram
    name: Tram
    mode: tram
    seats: 71
    standing: 90
    doors: ["1", "2", "3", "4"]
    silent_after_s: 900
vehicles:
  - {{vehicle_id: {vehicle}, kind: tram}}
"""
DAY = date(2026, 3, 3)
NIGHT = datetime(2026, 3, 4, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Driven:
    """A simulated vehicle's day until a time of day, and the service's storage."""

    vehicle_id: VehicleId
    events: Sequence[Event]
    truth: dict[tuple[str, int], tuple[int, int, int]]
    database: Database
    counter: StopCounter
    url: str

    async def say(self, kinds: tuple[type[Any], ...], *, late: Iterable[int] = ()) -> None:
        """Store what was said, except those of these places."""
        left_out = set(late)
        said = [
            one
            for number, event in enumerate(self.events)
            if number not in left_out
            and isinstance(event, kinds)
            and (one := _input(event, number)) is not None
        ]
        await self.database.persist(lambda connection: _store(connection, said))

    async def count(self, since: datetime | None = None) -> None:
        await self.database.persist(lambda c: storage.close(c, NIGHT))
        marked = await self.database.persist(lambda c: storage.take(c, 10))
        if since is not None:
            marked = [Dirty(self.vehicle_id, since, 1)]
        for dirty in marked:
            await self.database.persist(lambda c: self.counter.count(c, dirty))  # noqa: B023

    async def visits(self) -> dict[tuple[str, int], Any]:
        async with self.database.connection() as connection:
            rows = await connection.fetch("select * from stop_visit")
        return {(row["trip_id"], row["call_index"] + 1): row for row in rows}


def _input(event: Event, number: int) -> Input | None:
    said = {"event_id": f"e{number}", "vehicle_id": VehicleId(event.vehicle_id)}
    match event:
        case DoorReport():
            return DoorReading(
                **said,
                observed_at=event.at,
                door=event.door,
                mode=event.mode,
                counts={"adult": (event.boarded, event.alighted)},
            )
        case AssignmentReport():
            return Assignment(
                **said,
                observed_at=event.at,
                line=event.line,
                direction=event.direction,
                trip_id=event.trip_id,
                start_date=event.start_date,
                valid_until=event.valid_until,
            )
        case PositionReport():
            return Position(**said, observed_at=event.at, lat=event.lat, lon=event.lon)
        case _:
            return None


async def _store(connection: Any, said: Sequence[Input]) -> None:
    stored = [Stored(each, "test", utc_now()) for each in said]
    for kind, insert in (
        (DoorReading, readings.insert),
        (Assignment, readings.insert_assignments),
        (Position, readings.insert_positions),
    ):
        own = [each for each in stored if isinstance(each.said, kind)]
        if own:
            await insert(connection, own)
    await storage.mark_late(connection, ((s.vehicle_id, s.observed_at) for s in said))


@pytest.fixture
async def driven(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path
) -> AsyncIterator[Driven]:
    """A tram of T1 on a Tuesday from the first trip to noon, whose doors miss nobody, or as told."""
    errors = getattr(request, "param", PERFECT)
    timetable = load_timetable(DEMO / "transit/demo-gtfs", DAY, BERLIN)
    town = TransitDay(timetable, Service(7, errors, position_every_s=10))
    number = next(n for n, (_, block) in enumerate(town.rides) if block[0].line == "T1")
    vehicle, _ = town.rides[number]
    noon = datetime(2026, 3, 3, 9, tzinfo=UTC)
    driven = [each.event for each in town.of_vehicle(number) if each.event.at < noon]
    # to the end of a trip: what goes on beyond is neither told nor true
    end = max(each.at for each in driven if isinstance(each, AssignmentReport))
    events = [each for each in driven if each.at < end]
    truth = {
        (each.trip_id, each.sequence): (each.boarded, each.alighted, each.load)
        for each in events
        if isinstance(each, StopTruth)
    }
    vehicle_id = VehicleId(vehicle.vehicle_id)
    (tmp_path / "transit").mkdir()
    (tmp_path / "transit/vehicles.yaml").write_text(CITY.format(vehicle=vehicle_id))
    (tmp_path / "city.yaml").write_text("timezone: Europe/Berlin\nbbox: [11.8, 51.3, 12.2, 51.6]\n")
    await asyncio.to_thread(apply_city, tmp_path, database_url)
    await asyncio.to_thread(apply_timetable, DEMO, database_url)
    async with Database.open(database_url, schema="transit", size=2) as database:
        await database.persist(
            lambda c: c.execute("update visit_progress set counted_until = '2026-03-03Z'")
        )
        board = Board()
        board.replace_city(await database.persist(configuration.load))
        teller = Teller(b"k" * 32, lambda: board.city.publication)
        counter = StopCounter(database, board, teller, Timetables(), tell_nobody)
        yield Driven(vehicle_id, events, truth, database, counter, database_url)


def errors(visits: dict[tuple[str, int], Any], truth: dict[tuple[str, int], Any]) -> list[Any]:
    """What was counted otherwise than it was, of all stops that were told."""
    return [
        (key, (row["boarded"], row["alighted"]), truth.get(key))
        for key, row in sorted(visits.items())
        if key not in truth or (row["boarded"] or 0, row["alighted"] or 0) != truth[key][:2]
    ]


DOORS, TRIPS, PLACES = (DoorReport,), (AssignmentReport,), (PositionReport,)


async def test_who_boards_and_alights_is_counted_at_each_stop(driven: Driven) -> None:
    await driven.say(DOORS + TRIPS + PLACES)
    await driven.count()
    found = await driven.visits()
    assert len(found) >= len(driven.truth) - 2
    assert len(driven.truth) > 60
    assert not errors(found, driven.truth)
    loads = [
        abs(row["load"] - driven.truth[key][2])
        for key, row in found.items()
        if row["load"] is not None
    ]
    assert len(loads) > 0.75 * len(found)
    assert sum(loads) / len(loads) < 0.05 * 161
    assert {row["served_by"] for row in found.values()} == {"assignment"}
    assert {row["timing"] for row in found.values()} == {"position"}
    assert all(row["simulated"] for row in found.values()), "the timetable is"


@pytest.mark.parametrize("driven", [Errors(dead_doors=0)], indirect=True)
async def test_stops_of_a_trip_that_is_over_add_up_and_are_nearer_to_the_truth(
    driven: Driven,
) -> None:
    await driven.say(DOORS + TRIPS + PLACES)
    await driven.count()
    found = await driven.visits()
    last = max(number for _, number in found)
    whole = {trip_id for trip_id, number in found if number == last}
    balanced = {trip_id for trip_id, _ in found if found[trip_id, 1]["load_reconciled"] is not None}
    assert balanced <= whole
    assert len(balanced) >= len(whole) - 2, "of the first and the last trip one end is not known"
    told, later = [], []
    for trip_id in sorted(balanced):
        aboard = 0.0
        for number in range(1, last + 1):
            row = found[trip_id, number]
            assert min(row["boarded_reconciled"], row["alighted_reconciled"]) >= 0
            aboard += row["boarded_reconciled"] - row["alighted_reconciled"]
            assert row["load_reconciled"] == pytest.approx(aboard, abs=0.1)
            assert 0 <= row["load_reconciled"] <= 1.5 * 161
            if row["load"] is not None:
                told.append(abs(row["load"] - driven.truth[trip_id, number][2]))
                later.append(abs(row["load_reconciled"] - driven.truth[trip_id, number][2]))
        assert found[trip_id, last]["load_reconciled"] == 0
    assert sum(later) < 0.85 * sum(told)
    observed = {
        sample.name: sample.value
        for metric in metrics.IMBALANCE.collect()
        for sample in metric.samples
        if sample.name.endswith("_count")
    }
    assert sum(observed.values()) > 0


async def test_without_assignments_positions_tell_the_trip(driven: Driven) -> None:
    await driven.say(DOORS + PLACES)
    await driven.count()
    found = await driven.visits()
    assert {row["served_by"] for row in found.values()} == {"position"}
    assert not {key for key in found if key not in driven.truth}, "no wrong trip"
    assert len(found) >= 0.9 * len(driven.truth)
    wrong = errors(found, driven.truth)
    assert len(wrong) <= 0.1 * len(found), wrong


async def test_without_positions_the_plan_tells_the_stop(driven: Driven) -> None:
    await driven.say(DOORS + TRIPS)
    await driven.count()
    found = await driven.visits()
    assert {row["timing"] for row in found.values()} == {"planned"}
    assert sum(row["boarded"] or 0 for row in found.values()) == pytest.approx(
        sum(one[0] for one in driven.truth.values()), rel=0.05
    )


async def test_what_comes_late_ends_in_the_same_stops(driven: Driven) -> None:
    await driven.say(DOORS + TRIPS + PLACES)
    await driven.count()
    whole = await driven.visits()
    async with driven.database.transaction() as connection:
        for table in ("stop_visit", "served_trip", "reading", "position", "assignment"):
            await connection.execute(f"truncate {table}")
        await connection.execute("update visit_progress set counted_until = '2026-03-03Z'")
    dice = random.Random(3)
    late = set(dice.sample(range(len(driven.events)), len(driven.events) // 5))
    await driven.say(DOORS + TRIPS + PLACES, late=late)
    await driven.count()
    assert {key: _content(row) for key, row in (await driven.visits()).items()} != {
        key: _content(row) for key, row in whole.items()
    }
    await driven.say(DOORS + TRIPS + PLACES, late=set(range(len(driven.events))) - late)
    await driven.count()
    again = await driven.visits()
    assert {key: _content(row) for key, row in again.items()} == {
        key: _content(row) for key, row in whole.items()
    }


def _content(row: Any) -> dict[str, Any]:
    """A stop without when it was counted, and what was told first, which holds."""
    return {
        name: value
        for name, value in dict(row).items()
        if name not in {"computed_at", "public_level", "is_told"}
    }


async def test_stops_are_told_by_the_policy_that_the_city_has_now(driven: Driven) -> None:
    board = driven.counter._board
    board.city = replace(board.city, publication=PublicationPolicy(least_width=401))
    await driven.say(DOORS + TRIPS + PLACES)
    await driven.count()
    found = await driven.visits()
    assert found
    assert not any(row["is_told"] for row in found.values())


async def test_the_first_word_told_of_a_departure_holds(driven: Driven) -> None:
    await driven.say(DOORS + TRIPS + PLACES)
    await driven.count()
    told = {k: row["public_level"] for k, row in (await driven.visits()).items() if row["is_told"]}
    assert set(told.values()) >= {"low"}
    async with driven.database.transaction() as connection:
        await connection.execute(
            "update reading set body = jsonb_set(body, '{counts,adult,0}', '90')"
        )
    await driven.count(datetime(2026, 3, 3, 3, tzinfo=UTC))
    after = await driven.visits()
    assert {key: after[key]["public_level"] for key in told} == told
    assert any(after[key]["level"] != word for key, word in told.items())


async def test_everybody_sees_levels_of_a_trip_and_the_entitled_counts(
    driven: Driven, mqtt_url: str
) -> None:
    await driven.say(DOORS + TRIPS + PLACES)
    await driven.count()
    whole = [trip_id for trip_id, sequence in driven.truth if sequence == 10]
    trip_id = max(whole, key=lambda each: driven.truth[each, 5][2])
    world = World(driven.url, mqtt_url)
    async with world.service() as running:
        path = f"/v1/trips/{trip_id}/occupancy"
        public = (await running.get(path)).json()
        entitled = (await running.get(path, **await world.bearer("transit:read"))).json()
        assert public["start_date"] == "20260303"
        assert public["line"] == "T1"
        assert public["computed_at"] is None
        assert entitled["computed_at"] > "2026-03-04"
        assert public["simulated"] is True
        assert [each["stop_sequence"] for each in public["stops"]] == list(range(1, 11))
        for each, counted in zip(public["stops"], entitled["stops"], strict=True):
            assert {each[name] for name in ("boarded", "alighted", "load", "percentage")} == {None}
            truth = driven.truth[trip_id, each["stop_sequence"]]
            assert (counted["boarded"], counted["alighted"]) == truth[:2]
            assert each["load_reconciled"] is None
            if counted["load_reconciled"] is not None:
                assert counted["load_reconciled"] == pytest.approx(truth[2], abs=1.5)
            _way_is_for_the_entitled(each, counted)
        assert {each["level"] for each in public["stops"][:-1]} <= {"low", "medium", "high"}
        answer = await running.get(path)
        again = await running.get(path, **{"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
        planned = (await running.get(f"{path}?start_date=20260304")).json()
        assert {planned["served_by"], *(each["boarded"] for each in planned["stops"])} == {None}
        for wrong, status in (
            (f"{path}?start_date=20261399", 422),
            ("/v1/trips/gone/occupancy", 404),
            (f"{path}?start_date=20310101", 404),
        ):
            assert (await running.get(wrong)).status_code == status


def _way_is_for_the_entitled(public: Any, entitled: Any) -> None:
    assert {public[name] for name in ("vehicle_id", "arrived_at", "departed_at")} == {None}
    assert entitled["vehicle_id"]
    at = datetime.fromisoformat
    late = at(entitled["departed_at"]) - at(public["planned_departure"])
    assert abs(late) < timedelta(minutes=15)


async def test_stops_and_lines_are_public_and_cacheable(driven: Driven, mqtt_url: str) -> None:
    async with World(driven.url, mqtt_url).service() as running:
        first = await running.get("/v1/stops?limit=3")
        assert first.headers["cache-control"] == "public, max-age=300"
        page = first.json()
        assert page["timetable"]["simulated"] is True
        seen = [each["stop_id"] for each in page["items"]]
        while page["next_cursor"]:
            page = (await running.get(f"/v1/stops?limit=20&cursor={page['next_cursor']}")).json()
            seen += [each["stop_id"] for each in page["items"]]
        assert seen == sorted(set(seen))
        assert len(seen) == 30
        near = (await running.get("/v1/stops?bbox=11.96,51.48,11.97,51.485")).json()["items"]
        assert {each["stop_id"] for each in near} == {"sim-markt", "sim-hallmarkt"}
        assert near[1]["lines"] == ["T1", "T3"]
        lines = (await running.get("/v1/lines")).json()["items"]
        assert [each["line"] for each in lines] == ["B5", "T1", "T2", "T3", "T4"]
        assert (lines[0]["mode"], lines[1]["mode"]) == ("bus", "tram")
        assert lines[1]["ends"] == {"0": "Silberhöhe (simuliert)", "1": "Trotha (simuliert)"}
        again = await running.get("/v1/stops?limit=3", **{"if-none-match": first.headers["etag"]})
        assert again.status_code == 304
        for wrong in ("bbox=1,2,3", "bbox=12,52,11,51", "bbox=a,b,c,d", "cursor=x", "limit=0"):
            assert (await running.get(f"/v1/stops?{wrong}")).status_code == 422
