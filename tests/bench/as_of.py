# SPDX-License-Identifier: EUPL-1.2
"""What it takes to tell again what was public then, by how much was told since.

`PAST_DAYS` (28), `PAST_LOTS` (500) and `PAST_BAYS` (20,000) change the amount; each bay is told once a day, a lot every two hours.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
from rich.table import Table

from bench.services import new_database
from open_data_publisher.domain.licences import LICENCES
from open_data_publisher.domain.policy import Policy, StatePolicy, Terms
from open_data_publisher.domain.states import MODELS, Kind
from open_data_publisher.storage import states
from open_data_publisher.then import truth_then
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from support.open_data import bay, lot
from support.stack import Stack

DAYS = int(os.environ.get("PAST_DAYS", "28"))
LOTS = int(os.environ.get("PAST_LOTS", "500"))
BAYS = int(os.environ.get("PAST_BAYS", "20000"))
KINDS: tuple[Kind, ...] = ("lot", "bay")
POLICY = Policy(
    {
        kind: StatePolicy(
            kind, frozenset(MODELS[kind].model_fields), Terms(LICENCES["dl-by-de/2.0"], None)
        )
        for kind in KINDS
    }
)
_FILL = """
insert into opendata.past (kind, entity_id, told_at, state, static_since, held_until)
select %(kind)s, format('%%s-%%s', %(kind)s::text, n), told_at,
       %(state)s::jsonb || jsonb_build_object(%(kind)s || '_id', format('%%s-%%s', %(kind)s::text, n)),
       told_at, told_at + %(every)s
  from generate_series(1, %(count)s) as n,
       generate_series(%(since)s::timestamptz, %(until)s::timestamptz, %(every)s::interval) as told_at
"""
_KNOW = """
insert into opendata.known (kind, entity_id) select distinct kind, entity_id from opendata.past
on conflict do nothing
"""


def measure(stack: Stack, city: Path) -> Iterator[Table]:
    """Yield what one question costs, for moments from yesterday back to the first day."""
    database_url = new_database(stack, "as_of", city)
    rows = _fill(database_url)
    plain = database_url.replace("postgresql+psycopg", "postgresql")
    yield asyncio.run(_asked(plain, rows))


def _fill(database_url: str) -> int:
    plain = database_url.replace("postgresql+psycopg", "postgresql")
    now = utc_now()
    asked = (("lot", lot(), LOTS, timedelta(hours=2)), ("bay", bay(), BAYS, timedelta(days=1)))
    with psycopg.connect(plain, autocommit=True) as connection:
        for kind, state, count, every in asked:
            values = {
                "kind": kind,
                "state": state.model_dump_json(),
                "count": count,
                "every": every,
                "since": now - timedelta(days=DAYS),
                "until": now - timedelta(minutes=5),
            }
            connection.execute(_FILL, values)
        connection.execute(_KNOW)
        connection.execute("vacuum analyze opendata.past")
        (rows,) = connection.execute("select count(*) from opendata.past").fetchone() or (0,)
    return int(rows)


async def _asked(database_url: str, rows: int) -> Table:
    table = Table(
        "days back",
        "rows read, s",
        "truth made, s",
        "entities",
        title=f"What was public then, of {rows:,} tellings of {DAYS} days",
    )
    async with Database.open(database_url, schema="opendata") as database:
        for days in dict.fromkeys((1, DAYS // 2, DAYS - 1)):
            at = utc_now() - timedelta(days=days)
            begun = time.perf_counter()
            async with database.connection() as connection:
                found = await states.rows_at(connection, at, KINDS)
            read_s = time.perf_counter() - begun
            begun = time.perf_counter()
            await truth_then(database, POLICY, at, KINDS)
            whole_s = time.perf_counter() - begun
            table.add_row(str(days), f"{read_s:.2f}", f"{whole_s:.2f}", f"{len(found):,}")
    return table
