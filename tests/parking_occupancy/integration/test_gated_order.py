# SPDX-License-Identifier: EUPL-1.2
"""Whatever the order of arrival: what is stored of a lot with gates is that of the order of time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from parking_occupancy import counting
from parking_occupancy.city.apply import apply_city
from parking_occupancy.counting import NEAR_SPACING, Counting
from parking_occupancy.domain.balance import Anchor, Cause, Taken
from parking_occupancy.domain.balance import take as take_one
from parking_occupancy.domain.gate import GateCount, Passed
from parking_occupancy.domain.history import FINEST, floor
from parking_occupancy.keeper import Keeper
from parking_occupancy.storage import counts
from parking_occupancy.storage.counts import GateEvent
from stadttakt_messages.base import LotId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import SERVER_LETS_GO

from .harness import Running, World, until

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
PARTS = 2
"""So often all that was counted so far is counted, and overtaken by what comes then."""

Entry = GateEvent | Anchor
Arrival = Callable[[list[Entry]], list[Entry]]


def shuffled(seed: int) -> Arrival:
    return lambda log: Random(seed).sample(log, len(log))


ARRIVALS: dict[str, Arrival] = {
    "in-order": list,
    "in-reverse": lambda log: log[::-1],
    "the-day-before-last": lambda log: [*log[20:], *log[:20]],
    **{f"shuffled-{seed}": shuffled(seed) for seed in (1,)},
}


def log_of(lot_id: str, begin: datetime) -> Iterator[Entry]:
    """Two days of a gate that says deltas, and of one whose counters start anew once; resets.

    At first nobody speaks for more than a day, once for longer than their limit.
    """
    random, totals = Random(7), [0, 0]
    for number in range(60):
        at = begin + (30 * HOUR + number * 16 * MINUTE if number else MINUTE)
        if number in (9, 44):
            inside = random.randrange(10)
            reset = f"{number:02}-reset-{lot_id}"
            yield Anchor(reset, LotId(lot_id), at, Cause.OPERATOR, inside, inside)
        if 24 <= number < 34:
            continue
        passed = [random.randrange(4), random.randrange(4)]
        if number % 2:
            totals = (
                passed if number == 41 else [a + b for a, b in zip(totals, passed, strict=True)]
            )
        yield GateEvent(
            GateCount(
                event_id=f"{number:02}-{lot_id}",
                lot_id=LotId(lot_id),
                gate="sued" if number % 2 else "nord",
                observed_at=at,
                mode="cumulative" if number % 2 else "delta",
                counted=Passed(*(totals if number % 2 else passed)),
            ),
            source="/test",
            received_at=at,
        )


async def test_any_order_of_arrival_ends_in_the_rows_of_the_order_of_time(
    bare_world: World, tmp_path: Path
) -> None:
    await asyncio.to_thread(apply_city, write_city(tmp_path), bare_world.database_url)
    begin = floor(utc_now() - 47 * HOUR, HOUR)
    logs = {lot_id: sort(list(log_of(lot_id, begin))) for lot_id, sort in ARRIVALS.items()}
    async with bare_world.service() as service:
        keeper: Keeper = service.app.state.keeper
        for part in range(PARTS):
            for log in logs.values():
                for entry in log[part * len(log) // PARTS : (part + 1) * len(log) // PARTS]:
                    await take(keeper, entry)
            await counted(service)
        told = {lot_id: await rows_of(service, lot_id, begin) for lot_id in ARRIVALS}
        alone = {lot_id: found for lot_id, found in told.items() if found != told["in-order"]}
        assert not alone
        # Each bucket is there, also of the time in which nobody said anything.
        assert len(told["in-order"]["flows"]) == 46 * HOUR / FINEST


async def test_what_overtakes_by_moments_costs_the_counts_of_moments(
    bare_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(apply_city, write_city(tmp_path), bare_world.database_url)
    hour = floor(utc_now(), HOUR) - HOUR
    read: list[int] = []

    stored = counts.entries

    async def entries(*about: Any) -> list[Any]:
        found = await stored(*about)
        read.append(len(found))
        return found

    monkeypatch.setattr(counts, "entries", entries)
    async with bare_world.service() as service:
        board = service.app.state.board

        async def hear(times: list[datetime], now: datetime) -> list[datetime]:
            """Count one vehicle in at each time; return until when there are checkpoints."""
            events = [counted_in(at) for at in times]
            async with service.database.transaction() as connection:
                change = Counting(connection, board, repeated=False)
                board.balances.update(await change.take(events, [], now))
            rows = await service.fetch("select until from parking.count_checkpoint order by until")
            return [row["until"] for row in rows]

        begin = hour - 10 * MINUTE
        each_second = [begin + number * SECOND for number in range(3000)]
        now = each_second[-1]
        checkpoints = await hear(each_second, now)
        assert checkpoints == [begin + number * NEAR_SPACING for number in range(1, 150)]
        assert not read
        await hear([now - SECOND / 2], now)
        assert len(read) == 1
        assert read[0] <= NEAR_SPACING / SECOND + 1
        # With the next full hour those of the last one go, but for the full hour itself.
        much_later = [hour + 2 * HOUR + 30 * MINUTE]
        assert await hear(much_later, much_later[0]) == [hour, hour + 2 * HOUR, *much_later]


async def test_counting_anew_may_take_longer_than_the_server_waits_for_a_word(
    bare_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(apply_city, write_city(tmp_path), bare_world.database_url)
    begin = floor(utc_now(), HOUR) - 60 * HOUR
    entries, each_s, in_a_part = 50, 0.1, 5

    def slowly(*about: Any) -> Taken:
        time.sleep(each_s)
        return take_one(*about)

    monkeypatch.setitem(SERVER_LETS_GO, "idle_in_transaction_session_timeout", "2s")
    async with bare_world.service() as service:
        keeper: Keeper = service.app.state.keeper
        await keeper.take([counted_in(begin + number * HOUR) for number in range(1, entries)])
        monkeypatch.setattr(counting, "PART", in_a_part)
        monkeypatch.setattr(counting, "take", slowly)
        await keeper.take([counted_in(begin)])
        monkeypatch.undo()
        told = await service.fetch("select until, balance from parking.count_checkpoint order by 1")
        assert [row["until"] for row in told] == [begin + n * HOUR for n in range(1, entries)]
        assert [json.loads(row["balance"])["raw"] for row in told] == list(range(1, entries))


def counted_in(at: datetime) -> GateEvent:
    count = GateCount(
        event_id=at.isoformat(),
        lot_id=LotId("in-order"),
        gate="nord",
        observed_at=at,
        mode="delta",
        counted=Passed(1, 0),
    )
    return GateEvent(count, source="/test", received_at=at)


async def take(keeper: Keeper, entry: Entry) -> None:
    if isinstance(entry, GateEvent):
        await (await keeper.take([entry]))
    else:
        await keeper.reset_count(entry, nobody)


async def nobody(connection: Any) -> None:
    """Keep no record of who said it."""


async def counted(service: Running) -> None:
    waiting = """
        select lot_id from parking.lot_history_dirty
         union all select lot_id from parking.stay_day_dirty"""
    await until(lambda: service.fetch(waiting), lambda rows: not rows, within_s=60)


async def rows_of(service: Running, lot_id: str, begin: datetime) -> dict[str, Sequence[str]]:
    """Return all that is stored of a lot for the time that is over, but for its name."""
    over = floor(begin + 46 * HOUR, HOUR)
    queries = {
        "history": """select (to_jsonb(h) - 'lot_id' - 'changed_at')::text from parking.lot_history h
             where lot_id = $1 and start < $2::timestamptz - make_interval(secs => width_s)
             order by width_s, start""",
        "flows": """select (to_jsonb(f) - 'lot_id')::text from parking.lot_flow f
             where lot_id = $1 and start < $2 order by start""",
        "days": """select (to_jsonb(d) - 'lot_id' - 'changed_at')::text from parking.stay_day d
             where lot_id = $1 and day < ($2::timestamptz)::date order by day""",
        "corrections": """select (to_jsonb(c) - 'lot_id' - 'ref')::text
              from parking.count_correction c
             where lot_id = $1 and at < $2 order by at, cause""",
        "checkpoints": """select until, (balance - 'passed_until' - 'newest')::text
              from parking.count_checkpoint where lot_id = $1 and until < $2 order by until""",
        "balance": """select (balance - 'passed_until' - 'newest')::text from parking.count_state
             where lot_id = $1 and $2::timestamptz is not null""",
    }
    return {
        name: [str(tuple(row)) for row in await service.fetch(sql, lot_id, over)]
        for name, sql in queries.items()
    }


def write_city(folder: Path) -> Path:
    """Write a city of lots of 20 places with two gates, one for each order of arrival."""
    parking = folder / "parking"
    parking.mkdir(parents=True)
    (folder / "city.yaml").write_text("city_id: test\ntimezone: Europe/Berlin\n")
    gates = (
        "{gate: nord, kind: camera, heartbeat_limit_s: 7200}",
        "{gate: sued, kind: loop, heartbeat_limit_s: 7200, counter_bits: 16}",
    )
    lots = (
        f"  - {{lot_id: {lot_id}, name: Platz, capacity: 20, detection: balancing, lat: 51.48,"
        f" lon: 11.96, heartbeat_limit_s: 3600, balancing: {{gates: [{', '.join(gates)}]}}}}\n"
        for lot_id in ARRIVALS
    )
    (parking / "lots.yaml").write_text("lots:\n" + "".join(lots))
    (parking / "bays.csv").write_text("bay_id,lot_id,kind,lat,lon,heartbeat_limit_s\n")
    (parking / "signs.yaml").write_text("signs: []\n")
    return folder
