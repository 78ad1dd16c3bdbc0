# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parking_occupancy.city.apply import apply_city
from parking_occupancy.domain.history import floor
from stadttakt_runtime.clock import utc_now

from .gated import apply, write_gated_city
from .harness import Running, Wire, World, until, write_city

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def begin() -> datetime:
    """The beginning of an hour that ended some hours ago."""
    return floor(utc_now() - 5 * HOUR, HOUR)


async def turnover(
    service: Running, begin: datetime, hours: float = 4, bucket: str = "1h"
) -> dict[str, Any]:
    query = f"from={begin:%Y-%m-%dT%H:%M:%SZ}&to={begin + hours * HOUR:%Y-%m-%dT%H:%M:%SZ}"
    answer = await service.get(f"/v1/lots/platz/turnover?{query}&bucket={bucket}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def observe(wire: Wire, begin: datetime, bay: int, changes: str) -> None:
    """Send `f0 o10 f40`: free at minute 0, occupied at 10, free again at 40."""
    for change in changes.split():
        at = begin + int(change[1:]) * MINUTE
        await wire.observe(f"platz-{bay}", change[0] == "o", at=at)


def arrived(count: int) -> Any:
    return lambda told: told["total"]["arrivals"]["value"] == count


async def test_stays_of_a_lot_are_told_and_late_observations_change_them(
    world: World, begin: datetime
) -> None:
    async with world.service() as service, world.wire() as wire:
        await observe(wire, begin, 1, "f0 o10 f40 o70 f100 f140")
        await observe(wire, begin, 2, "f0 f50 o65 o110 f155")
        told = await until(lambda: turnover(service, begin), arrived(3))
        total, (first, second, third, _) = told["total"], told["items"]
        assert total["departures"] == {"value": 3, "min": 3, "max": 3}
        # the arrival at 65 lies between 50 and 65, which may be in either hour
        assert first["arrivals"] == {"value": 1, "min": 1, "max": 3}
        assert second["arrivals"] == {"value": 2, "min": 0, "max": 2}
        assert third["departures"]["value"] == 1
        # fewer than five stays show no distribution
        assert (total["dwell"], told["min_stays"]) == (None, 5)
        (kind,) = total["by_kind"]
        assert (kind["kind"], kind["bays"]) == ("general", 4)
        # bay 1 was known from 0 to 200, bay 2 from 0 to 215: occupied for 60 and 90 minutes
        assert kind["occupied_share"] == pytest.approx((60 + 90) / (200 + 215), abs=1e-4)
        assert total["completeness"] == pytest.approx((200 + 215) / (4 * 240), abs=1e-4)
        assert total["turnover"] == pytest.approx(3 / ((200 + 215) / 1440), abs=1e-3)
        # late: it had left and another one came
        await observe(wire, begin, 2, "f80 o90")
        later = await until(lambda: turnover(service, begin), arrived(4))
        assert later["total"]["departures"]["value"] == 4


async def test_dwell_times_are_told_of_enough_stays_with_their_bounds(
    world: World, begin: datetime
) -> None:
    async with world.service() as service, world.wire() as wire:
        for bay in range(1, 5):
            await observe(wire, begin, bay, "f0 o10 f20 o30 f50 f60")
        told = await until(lambda: turnover(service, begin), arrived(8))
        dwell = told["total"]["dwell"]
        assert (dwell["ended"], dwell["censored"]) == (8, 0)
        assert dwell["median"] == {"value": 10, "min": 0, "max": 20}
        assert dwell["p90"] == {"value": 20, "min": 0, "max": 30}
        shares = {each["from_min"]: (each["stays"], each["share"]) for each in dwell["bins"]}
        assert (shares[5], shares[15]) == ((4, 0.5), (4, 0.5))
        days = await until(
            lambda: service.fetch(
                "select sum(arrivals) as arrivals, min(dwell_median_min) as median,"
                " sum(departures) as departures from parking.v1_stay_day"
            ),
            lambda rows: rows[0]["arrivals"] == 8,
        )
        assert (days[0]["departures"], days[0]["median"]) == (8, 15)


async def test_bays_of_a_person_are_neither_reconstructed_nor_counted(
    bare_world: World, tmp_path: Path, begin: datetime
) -> None:
    city = write_city(tmp_path, extra_bays="platz-5,platz,resident,51.48,11.96,\n")
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    async with bare_world.service() as service, bare_world.wire() as wire:
        # a resident's at times
        await service.fetch(
            'update parking.bay set timed_kinds = \'{"kinds": [{"kind": "resident"}]}\''
            " where bay_id = 'platz-4'"
        )
        await service.fetch("update parking.bay_kind set personal = true where bay_id = 'platz-4'")
        for bay in (5, 4, 1):
            await observe(wire, begin, bay, "f0 o10 f40")
        told = await until(lambda: turnover(service, begin), arrived(1))
        assert [(kind["kind"], kind["bays"]) for kind in told["total"]["by_kind"]] == [
            ("general", 3)
        ]
        found = await service.fetch("select distinct bay_id from parking.bay_stretch")
        assert [row["bay_id"] for row in found] == ["platz-1"]


async def test_stays_of_time_that_closes_are_counted_with_the_days_that_are_over(
    world: World, begin: datetime
) -> None:
    async with world.service() as service, world.wire() as wire:
        begin -= 24 * HOUR
        await observe(wire, begin, 1, "f0 o10 f40 f1500")
        await until(lambda: service.fetch("select from parking.bay_event"), lambda r: len(r) == 4)
    async with world.service() as service:
        # as before the first start: time closes from the first observation on
        for table in ("history_clock", "stay_dirty", "bay_stretch", "stay_day", "stay_day_dirty"):
            await service.fetch(f"delete from parking.{table}")
    async with world.service() as service:
        told = await until(lambda: turnover(service, begin), arrived(1))
        assert told["total"]["departures"]["value"] == 1
        days = await until(
            lambda: service.fetch("select day, arrivals from parking.v1_stay_day order by day"),
            lambda rows: len(rows) >= 2,
        )
        assert sum(day["arrivals"] for day in days) == 1


async def test_overstays_are_counted_where_a_longest_stay_is_configured(
    bare_world: World, tmp_path: Path, begin: datetime
) -> None:
    city = write_city(tmp_path, lot="    max_stay_min: 25\n")
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    async with bare_world.service() as service, bare_world.wire() as wire:
        # reported 20 and 30 minutes; the second was seen for 29 minutes
        await observe(wire, begin, 1, "f0 o10 f30 f50 o60 o89 f90")
        told = await until(lambda: turnover(service, begin), arrived(2))
        assert told["total"]["overstays"] == {"value": 1, "min": 1, "max": 2}


async def test_reading_of_another_year_makes_no_years_of_days(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        await wire.observe("platz-1", occupied=True, at=datetime(2020, 1, 1, 12, tzinfo=UTC))
        days = await until(
            lambda: service.fetch("select day from parking.v1_stay_day"),
            lambda rows: any(row["day"].year == 2020 for row in rows),
            within_s=45,
        )
        assert len(days) <= 122
        waiting = await service.fetch("select day from parking.stay_day_dirty")
        assert len(waiting) + len(days) <= 122


async def test_real_sensor_ends_what_simulated_ones_said_of_stays(
    world: World, begin: datetime
) -> None:
    async with world.service() as service, world.wire() as wire:
        for minute, occupied in ((0, False), (10, True), (20, False), (30, True), (40, False)):
            at = begin + minute * MINUTE
            await wire.observe("platz-1", occupied, at=at, simulated=True)
        told = await until(lambda: turnover(service, begin), arrived(2))
        assert told["simulated"]
        await observe(wire, begin, 1, "f0 o50 f60")
        told = await until(lambda: turnover(service, begin), arrived(1))
        assert not told["simulated"]


@pytest.mark.parametrize(
    "query",
    [
        "bucket=7m",
        "from=yesterday",
        "from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z",
        "from=2026-11-02T00:00:00Z&to=2026-11-02T00:00:00Z",
        "from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&bucket=1d",
        "from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z&bucket=15m",
    ],
)
async def test_impossible_questions_about_turnover_are_problems(world: World, query: str) -> None:
    async with world.service() as service:
        answer = await service.get(f"/v1/lots/platz/turnover?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert (await service.get("/v1/lots/none/turnover")).status_code == 404


PERIODS = "before_from=2026-03-02&before_to=2026-03-16&after_from=2026-05-04&after_to=2026-05-18"


async def test_two_periods_of_a_lot_are_compared_without_days_hardly_known(world: World) -> None:
    async with world.service() as service:
        await service.fetch(
            "insert into parking.history_clock values (true, now())"
            " on conflict (only_row) do update set closed_until = now()"
        )
        await service.fetch(
            "insert into parking.stay_day (lot_id, day, arrivals, departures, full_share,"
            " completeness, simulated)"
            " select 'platz', day::date, 10, 10, case when day < '2026-04-01' then 0.5 else 0.2 end,"
            " case when day = '2026-05-05' then 0.3 else 1 end, false"
            " from generate_series('2026-03-01'::date, '2026-05-31', '1 day') as day"
        )
        told = (await service.get(f"/v1/lots/platz/effect?{PERIODS}")).json()
        assert (told["before"]["days"], told["after"]["days"], told["after"]["left_out"]) == (
            14,
            13,
            1,
        )
        measures = {each["measure"]: each for each in told["measures"]}
        assert set(measures) == {"arrivals", "full_share"}
        full = measures["full_share"]
        assert full["difference"] == pytest.approx(-0.3)
        assert (full["low"], full["high"]) == (pytest.approx(-0.3), pytest.approx(-0.3))
        # one Tuesday is left: days of the week are compared by type
        assert (full["matched_by"], full["insufficient"]) == ("day_type", None)
        few = PERIODS.replace("03-16", "03-05")
        told = (await service.get(f"/v1/lots/platz/effect?{few}")).json()
        assert {each["insufficient"] for each in told["measures"]} == {"few_days"}
        assert {each["low"] for each in told["measures"]} == {None}
        assert "no proof" in told["warning"]["en"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        PERIODS.replace("03-16", "02-08"),
        PERIODS.replace("before_to=2026-03-16", "before_to=2026-05-05"),
        PERIODS.replace("before_from=2026", "before_from=1026"),
        PERIODS.replace("2026-05-18", "9999-12-31"),
        PERIODS.replace("2026-03-02", "yesterday"),
    ],
)
async def test_impossible_periods_are_problems(world: World, query: str) -> None:
    async with world.service() as service:
        answer = await service.get(f"/v1/lots/platz/effect?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert (await service.get(f"/v1/lots/none/effect?{PERIODS}")).status_code == 404


async def test_lot_with_neither_gates_nor_sensed_bays_has_no_turnover(
    bare_world: World, tmp_path: Path
) -> None:
    city = write_gated_city(tmp_path, gates="[]\n", detection="manual")
    await apply(bare_world, city)
    async with bare_world.service() as service:
        answer = await service.get("/v1/lots/platz/turnover")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
