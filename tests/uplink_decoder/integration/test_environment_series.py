# SPDX-License-Identifier: EUPL-1.2
"""Environment series: from an uplink to rows and roll-ups, exact whatever the order."""

from __future__ import annotations

import asyncio
import base64
import struct
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stadttakt_messages.catalogue import BY_NAME
from stadttakt_runtime.database import Database
from uplink_decoder.city import apply
from uplink_decoder.domain.series import SeriesRow, ValueQuality
from uplink_decoder.rollups import RollUps
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.storage import environment, rollups

DEVICE = "0200000000000005"
START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
ALL_ROLLUPS = "select * from environment_rollup order by asset_id, width_s, quantity, start"
EVER = datetime(1970, 1, 1, tzinfo=UTC)


def value(minute: float, number: float, **fields: Any) -> SeriesRow:
    at = START + timedelta(minutes=minute)
    row = SeriesRow(
        "markt",
        "air.temperature",
        at,
        f"{minute}:0",
        number,
        "°C",
        ValueQuality.GOOD,
        "cs",
        simulated=False,
    )
    return row._replace(**fields)


@pytest.fixture
async def applied(settings: UplinkSettings) -> list[str]:
    """The city of the other tests with one climate sensor more."""
    assert settings.city
    with (settings.city / "devices.csv").open("a", encoding="utf-8") as devices:
        devices.write(f"{DEVICE},climate,milesight-em300-th,environment,klima-markt,600,\n")
    return list(
        await asyncio.to_thread(apply, settings.city, settings.database_url.get_secret_value())
    )


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url, schema="uplink", size=2) as opened:
        yield opened


async def write(database: Database, *rows: SeriesRow) -> None:
    async with database.transaction() as connection:
        await environment.write(connection, rows)


async def rolled_up(database: Database) -> list[dict[str, Any]]:
    work = RollUps(database, raw_days=36_500)
    await work.roll_up()
    async with database.connection() as connection:
        return [dict(row) for row in await connection.fetch(ALL_ROLLUPS)]


def reading(temperature: float, humidity: float) -> bytes:
    tenths, halves = round(temperature * 10), round(humidity * 2)
    return b"\x03\x67" + struct.pack("<h", tenths) + b"\x04\x68" + bytes([halves])


def history(at: datetime, temperature: float, humidity: float) -> bytes:
    halves = round(humidity * 2)
    record = struct.pack("<Ih", int(at.timestamp()), round(temperature * 10))
    return b"\x20\xce" + record + bytes([halves, 0])


def encoded(*parts: bytes) -> str:
    return base64.b64encode(b"".join(parts)).decode()


async def test_uplink_becomes_rows_of_the_series_and_one_observation(running: Any) -> None:
    await running.send_up(DEVICE, 1, encoded(reading(8.4, 81.5)))
    topic, event = await running.observation()
    assert topic == f"{running.root}/observation/environment/klima-markt"
    parsed = BY_NAME["environment"].event.model_validate(event)
    assert [(each.quantity, each.value, each.unit) for each in parsed.data.quantities] == [
        ("air.temperature", 8.4, "°C"),
        ("air.relativeHumidity", 81.5, "%"),
    ]
    rows = await running.rows("select * from environment order by quantity desc")
    assert [(row["asset_id"], row["quantity"], row["value"], row["unit"]) for row in rows] == [
        ("klima-markt", "air.temperature", 8.4, "°C"),
        ("klima-markt", "air.relativeHumidity", 81.5, "%"),
    ]
    assert {row["event_id"] for row in rows} == {event["id"]}
    assert {(row["quality"], row["source_id"], row["simulated"]) for row in rows} == {
        ("good", "cs", False)
    }


async def test_batched_readings_keep_their_own_times(running: Any) -> None:
    now = datetime.now(tz=UTC).replace(microsecond=0)
    past = [now - timedelta(hours=hours) for hours in (3, 2, 1)]
    parts = [history(at, 5.0 + number, 90) for number, at in enumerate(past)]
    await running.send_up(DEVICE, 1, encoded(*parts))
    for _ in past:
        await running.observation()
    rows = await running.rows(
        "select observed_at, value from environment where quantity = 'air.temperature' order by 1"
    )
    assert [(row["observed_at"], row["value"]) for row in rows] == [
        (past[0], 5.0),
        (past[1], 6.0),
        (past[2], 7.0),
    ]


async def test_repeated_delivery_adds_no_row(running: Any) -> None:
    for _ in range(2):
        await running.send_up(DEVICE, 1, encoded(reading(8.4, 81.5)))
        await running.observation()
    assert len(await running.rows("select * from environment")) == 2


async def test_simulated_source_marks_the_series(running: Any) -> None:
    device = f"sim/application/a/device/{DEVICE}/event/up"
    message = {
        "deduplicationId": "one",
        "time": datetime.now(tz=UTC).isoformat(),
        "deviceInfo": {"devEui": DEVICE},
        "fCnt": 1,
        "fPort": 1,
        "data": encoded(reading(1, 50)),
    }
    await running.send(device, message)
    await running.observation()
    rows = await running.rows("select distinct simulated from environment")
    assert rows == [{"simulated": True}]


async def test_roll_ups_hold_count_mean_bounds_first_and_last(database: Database) -> None:
    await write(database, value(0, 8.0), value(14.9, 10.0), value(15, 3.0), value(70, 5.0))
    found = await rolled_up(database)
    shown = ("width_s", "start", "count", "mean", "min", "max", "first", "last")
    hour, day = START + timedelta(hours=1), START.replace(hour=0)
    assert [tuple(row[name] for name in shown) for row in found] == [
        (900, START, 2, 9.0, 8.0, 10.0, 8.0, 10.0),
        (900, START + timedelta(minutes=15), 1, 3.0, 3.0, 3.0, 3.0, 3.0),
        (900, hour, 1, 5.0, 5.0, 5.0, 5.0, 5.0),
        (3600, START, 3, 7.0, 3.0, 10.0, 8.0, 3.0),
        (3600, hour, 1, 5.0, 5.0, 5.0, 5.0, 5.0),
        (86_400, day, 4, 6.5, 3.0, 10.0, 8.0, 5.0),
    ]


async def test_late_row_changes_the_roll_up(database: Database) -> None:
    await write(database, value(10, 8.0))
    assert (await rolled_up(database))[0]["mean"] == 8.0
    await write(database, value(5, 4.0))
    first, *_ = await rolled_up(database)
    assert (first["count"], first["mean"], first["first"], first["last"]) == (2, 6.0, 4.0, 8.0)


async def test_corrected_row_changes_the_roll_up_and_adds_none(database: Database) -> None:
    await write(database, value(10, 8.0))
    await rolled_up(database)
    await write(database, value(10, 9.5))
    first, *_ = await rolled_up(database)
    assert (first["count"], first["mean"]) == (1, 9.5)


async def test_value_that_turns_out_implausible_leaves_the_roll_up(database: Database) -> None:
    await write(database, value(10, 8.0))
    await rolled_up(database)
    await write(database, value(10, 80.0, quality=ValueQuality.IMPLAUSIBLE))
    assert await rolled_up(database) == []


async def test_mean_of_directions_is_the_direction_of_their_mean_vector(database: Database) -> None:
    east = {"quantity": "wind.direction", "unit": "°"}
    await write(database, value(0, 350.0, **east), value(1, 20.0, **east))
    first, *_ = await rolled_up(database)
    assert first["mean"] == pytest.approx(5.0)


async def test_mean_of_noise_levels_is_that_of_their_energy(database: Database) -> None:
    noise = {"quantity": "noise.laeq", "unit": "dB(A)"}
    await write(database, value(0, 50.0, **noise), value(1, 60.0, **noise))
    first, *_ = await rolled_up(database)
    assert first["mean"] == pytest.approx(57.4036, abs=1e-4)


@pytest.mark.parametrize("number", [1e100, -1e100, 4000.0, 5e-324, 0.0])
async def test_any_value_that_counts_can_be_rolled_up(database: Database, number: float) -> None:
    unknown = {"quantity": "air.radon", "unit": "Bq/m³"}
    await write(database, value(0, number, **unknown), value(1, number, **unknown))
    first, *_ = await rolled_up(database)
    assert (first["count"], first["mean"]) == (2, number)


async def test_newest_value_is_that_of_the_latest_time_whatever_comes_last(
    database: Database,
) -> None:
    await write(database, value(10, 8.0))
    await write(database, value(5, 4.0))
    await write(database, value(20, 99.0, quality=ValueQuality.IMPLAUSIBLE))
    async with database.connection() as connection:
        (row,) = await connection.fetch("select * from environment_newest")
    assert (row["observed_at"], row["value"]) == (START + timedelta(minutes=10), 8.0)


NUMBERS = st.floats(-40, 50, allow_nan=False)
MINUTES = st.integers(0, 200)


async def _roll_up_in_pieces(
    url: str, rows: Sequence[SeriesRow], pieces: int
) -> list[dict[str, Any]]:
    async with Database.open(url, schema="uplink", size=2) as database:
        async with database.transaction() as connection:
            await connection.execute("delete from environment")
            await connection.execute("delete from environment_rollup")
            await connection.execute("delete from environment_newest")
        for first in range(0, len(rows), pieces):
            await write(database, *rows[first : first + pieces])
            await rolled_up(database)
        found = await rolled_up(database)
        async with database.connection() as connection:
            newest = await connection.fetch("select * from environment_newest")
        return [*found, *(dict(row) for row in newest)]


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), values=st.dictionaries(MINUTES, NUMBERS, min_size=1, max_size=12))
def test_any_order_of_arrival_gives_the_same_roll_up(
    database_url: str, data: st.DataObject, values: dict[int, float]
) -> None:
    rows = [value(minute, number) for minute, number in sorted(values.items())]
    shuffled = data.draw(st.permutations(rows))
    pieces = data.draw(st.integers(1, len(rows)))
    in_order = asyncio.run(_roll_up_in_pieces(database_url, rows, len(rows)))
    late = asyncio.run(_roll_up_in_pieces(database_url, shuffled, pieces))
    assert late == in_order


async def test_row_that_commits_while_its_bucket_is_rolled_up_is_not_forgotten(
    database: Database, database_url: str
) -> None:
    await write(database, value(1, 8.0))
    late = await asyncpg.connect(database_url, server_settings={"search_path": "uplink"})
    transaction = late.transaction()
    await transaction.start()
    await environment.write(late, [value(2, 10.0)])
    assert (await rolled_up(database))[0]["count"] == 1
    await transaction.commit()
    await late.close()
    assert (await rolled_up(database))[0]["count"] == 2


async def test_only_one_decoder_rolls_up_at_a_time(database: Database) -> None:
    await write(database, value(1, 8.0))
    async with database.transaction() as first:
        assert await rollups.roll_up(first, marks=10, kept_since=EVER) == 1
        async with database.transaction() as second:
            assert await rollups.roll_up(second, marks=10, kept_since=EVER) == 0


async def test_raw_values_leave_after_their_retention_and_roll_ups_stay(
    database: Database,
) -> None:
    recent = datetime.now(tz=UTC)
    old = recent - timedelta(days=100)
    work = RollUps(database, raw_days=60)
    await write(database, value(0, 8.0, observed_at=old), value(0, 9.0, observed_at=recent))
    await work.roll_up()
    assert await work.drop_old() == 1
    # What comes for a time whose raw values are gone must not replace what was made of them.
    await write(database, value(1, 1.0, observed_at=old))
    await work.roll_up()
    async with database.connection() as connection:
        days = await connection.fetch(
            "select mean from environment_rollup where width_s = 86400 order by start"
        )
    assert [row["mean"] for row in days] == [8.0, 9.0]
