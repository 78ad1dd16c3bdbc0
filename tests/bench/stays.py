# SPDX-License-Identifier: EUPL-1.2
"""Stays and flows made anew: a month of bays reconstructed, a month of gates folded, and both asked for.

`PYTHONPATH=tests python -m bench.stays`; `STAY_BAYS` and `GATED_LOTS` change the amounts.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from rich.console import Console
from rich.table import Table

from bench.backlog import until
from bench.events import event
from bench.parking_city import LOTS, write_city
from bench.ranks import ranked
from bench.sending import publish
from bench.services import Service, new_database, running
from parking_occupancy.domain.history import FINEST, floor
from stadttakt_runtime.clock import utc_now
from support.stack import Stack, running_stack

STAY_BAYS = int(os.environ.get("STAY_BAYS", "3000"))
GATED_LOTS = int(os.environ.get("GATED_LOTS", "20"))
DAYS = 30
STAYS_A_DAY, HEARTBEATS_A_STAY = 8, 2
QUERIES = 40
# A change every 90 minutes with its duration, a heartbeat each half hour in between.
_READINGS = """
insert into parking.bay_event (observed_at, event_id, bay_id, reading, simulated, source, received_at,
                               previous_duration_s)
select moment, format('stay-%%s-%%s', bay, n), 'b' || bay,
       case n / 3 %% 2 when 0 then 'free' else 'occupied' end, false, 'bench', moment,
       case n %% 3 when 0 then 5400 end
  from generate_series(%(first)s::int, %(last)s::int) as bays (bay),
       generate_series(0, %(count)s::int - 1) as given (n),
       lateral (select %(since)s::timestamptz + make_interval(secs => n * 1800 + bay %% 900)) as at (moment)
"""
_MARK_BAYS = """
insert into parking.stay_dirty (bay_id, since)
select 'b' || bay, %(since)s from generate_series(0, %(bays)s::int - 1) as bays (bay)
    on conflict (bay_id) do update set since = excluded.since
"""
_COUNTS = """
insert into parking.gate_event (observed_at, event_id, lot_id, gate, mode, count_in, count_out,
                                simulated, source, received_at)
select moment, format('count-%%s-%%s', lot, n), 'gated-' || lot, 'nord', 'delta',
       n %% 2, (n + 1) %% 2, false, 'bench', moment
  from generate_series(0, %(lots)s::int - 1) as lots (lot),
       generate_series(0, %(count)s::int - 1) as given (n),
       lateral (select %(since)s::timestamptz + make_interval(secs => n * 120 + lot)) as at (moment)
"""
_ANCHORS = """
insert into parking.count_anchor (lot_id, at, anchor_id, cause, lowest, highest)
select 'gated-' || lot, %(since)s::timestamptz + make_interval(days => day), 'night-' || day, 'operator', 90, 90
  from generate_series(0, %(lots)s::int - 1) as lots (lot), generate_series(0, %(days)s::int - 1) as days (day)
"""
_CLOCK = """
insert into parking.history_clock (only_row, closed_until) values (true, %(until)s)
    on conflict (only_row) do update set closed_until = excluded.closed_until
"""
_LEFT = "select count(*) from parking.{table}"
_TOLD = "select count(*) from parking.gate_event where event_id like 'told-%'"
_GATED = """
  - lot_id: gated-{lot}
    name: Gated {lot}
    capacity: 100
    detection: balancing
    lat: 51.48
    lon: 11.97
    heartbeat_limit_s: 7200
    balancing:
      gates: [{{gate: nord, kind: camera, heartbeat_limit_s: 3600}}]
"""


def measure(stack: Stack, console: Console) -> Iterator[Table]:
    """Make up a month, let the service count it, ask for it."""
    with tempfile.TemporaryDirectory() as folder:
        city = Path(folder) / "city"
        write_city(city)
        lots = city / "parking" / "lots.yaml"
        gated = "".join(_GATED.format(lot=lot) for lot in range(GATED_LOTS))
        lots.write_text(lots.read_text(encoding="utf-8") + gated, encoding="utf-8")
        url = new_database(stack, "stays", city)
        # States first: only bays that were ever looked at are reconstructed.
        with running("parking_occupancy", url, stack.mosquitto.url, city):
            pass
        until = floor(utc_now(), FINEST)
        began = time.perf_counter()
        readings, counts = _make_past(url, until)
        console.print(
            f"{readings:,} readings of {STAY_BAYS:,} bays and {counts:,} counts of {GATED_LOTS} lots,"
            f" {DAYS} days, made up in {time.perf_counter() - began:.0f} s"
        )
        with running("parking_occupancy", url, stack.mosquitto.url, city) as parking:
            # The newest first, so that the other one is late.
            _tell(stack, until)
            _tell(stack, until - timedelta(days=DAYS, minutes=1))
            yield _counted(parking, url, readings, counts)
            yield _asked(parking.url, until)


def _make_past(url: str, until: datetime) -> tuple[int, int]:
    since = until - timedelta(days=DAYS)
    fields: dict[str, Any] = {"since": since, "until": until, "days": DAYS}
    with psycopg.connect(_libpq(url), autocommit=True) as connection:
        count = DAYS * 48
        for first in range(0, STAY_BAYS, 200):
            last = min(first + 199, STAY_BAYS - 1)
            connection.execute(_READINGS, {**fields, "first": first, "last": last, "count": count})
        gates = {**fields, "lots": GATED_LOTS, "count": DAYS * 720}
        connection.execute(_COUNTS, gates)
        connection.execute(_ANCHORS, gates)
        for statement in (_CLOCK, _MARK_BAYS):
            connection.execute(statement, {**fields, "bays": STAY_BAYS})
        connection.execute("analyze")
    return STAY_BAYS * count, GATED_LOTS * DAYS * 720


def _tell(stack: Stack, at: datetime) -> None:
    """Have each gate tell something of a time: of a month ago, all since is counted anew."""
    data = {"mode": "delta", "in": 1, "out": 0}
    messages = []
    for lot in range(GATED_LOTS):
        subject, event_id = f"lot/gated-{lot}/gate/nord", f"told-{lot}-{at.isoformat()}"
        topic = f"takt/v1/observation/vehicle-count/gated-{lot}/nord"
        messages.append((topic, event("vehicle-count", subject, event_id, at, data)))
    publish(stack.mosquitto.url, messages)


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")


def _counted(parking: Service, url: str, readings: int, counts: int) -> Table:
    """Return how long it takes until nothing is marked any more; both go on at once."""
    done = dict.fromkeys(("stay_dirty", "lot_history_dirty", "stay_day_dirty"), 0.0)
    with psycopg.connect(_libpq(url), autocommit=True) as connection:
        until(lambda: _number(connection, _TOLD), 2 * GATED_LOTS)
        began, left = time.perf_counter(), True
        while left:
            if parking.process.poll() is not None:
                raise RuntimeError(f"the service ended with {parking.process.returncode}")
            waiting = [name for name in done if _number(connection, _LEFT.format(table=name))]
            done |= dict.fromkeys(waiting, time.perf_counter() - began)
            left = bool(waiting)
            time.sleep(0.2)
    days = (LOTS + GATED_LOTS) * DAYS
    table = Table("", "s", "a second", title="A month counted anew, bays and gates at once")
    for name, what, amount in (
        ("stay_dirty", f"{readings:,} readings of {STAY_BAYS:,} bays to stays", readings),
        (
            "lot_history_dirty",
            f"{counts:,} counts of {GATED_LOTS} lots to history and flows",
            counts,
        ),
        ("stay_day_dirty", f"{days:,} days of lots", days),
    ):
        table.add_row(what, f"{done[name]:.1f}", f"{amount / max(done[name], 0.1):,.0f}")
    return table


def _number(connection: psycopg.Connection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0


def _asked(url: str, until: datetime) -> Table:
    since = until - timedelta(days=DAYS)
    table = Table("", "median", "p95", "worst", title="GET /v1/lots/{id}/turnover, one client, ms")
    for what, lot, bucket in (
        ("single bays, a month by days", "lot-1", "1d"),
        ("single bays, a month by hours", "lot-1", "1h"),
        ("gates, a month by days", "gated-1", "1d"),
        ("gates, a month by hours", "gated-1", "1h"),
    ):
        query = f"from={since:%Y-%m-%dT%H:%M:%SZ}&to={until:%Y-%m-%dT%H:%M:%SZ}&bucket={bucket}"
        took = []
        with httpx.Client(base_url=url, timeout=60) as client:
            for _ in range(QUERIES):
                began = time.perf_counter()
                client.get(f"/v1/lots/{lot}/turnover?{query}").raise_for_status()
                took.append((time.perf_counter() - began) * 1000)
        took.sort()
        figures = (took[len(took) // 2], ranked(took, 0.95), took[-1])
        table.add_row(what, *(f"{each:.0f}" for each in figures))
    return table


if __name__ == "__main__":
    shown = Console()
    with running_stack() as own:
        for found in measure(own, shown):
            shown.print(found)
