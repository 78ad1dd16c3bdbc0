# SPDX-License-Identifier: EUPL-1.2
"""What is stored before the load of `growth-rows` comes, how wide it is, and how often the index of its identities is read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import psycopg
from rich.console import Console

from bench.peers.target import plain

RAW_BYTES = int(os.environ.get("GROWTH_RAW_BYTES", "1"))
"""Of the raw message of each uplink; from 2,000 on the database would compress them."""
ROW_BYTES = 350 + RAW_BYTES // 2
"""With indexes and identities, as narrow as they are made here but for raw messages, which half of the rows have."""
DEVICES = 5_000
A_DAY = 4_000_000
"""Messages of a hundred thousand devices that send 40 a day."""
KNOWN_DAYS = 35
"""How long identities are kept."""
STEP = 1_000_000
TOLD_S = 11.0
"""After so long without work a connection of the database has told what it read."""
COLUMNS = ("bytes a row", "index of identities, MB", "blocks of it an uplink read from outside")
_FILL = f"""
with made as materialized (
    select gen_random_uuid() as uplink_id, n, '0200b05700' || lpad(to_hex(mod(n, {DEVICES}) + 1), 6, '0') as dev_eui,
           now() - make_interval(secs => n * 86400.0 / {A_DAY}) as at
      from generate_series(%(first)s::bigint, %(last)s::bigint) n
), known as (
    insert into uplink.uplink_identity (uplink_id, received_at)
    select uplink_id, at from made where at > now() - interval '{KNOWN_DAYS} days'
), kept as (
    insert into uplink.uplink (observed_at, uplink_id, source_id, dev_eui, received_at, time_source, f_cnt, f_port,
                               payload, raw, simulated, codec_id, codec_version)
    select at, uplink_id, 'bench', dev_eui, at, 'gateway', n, 1, '\\x01',
           substring(decode(repeat(md5(n::text), {-(-RAW_BYTES // 16)}), 'hex') for {RAW_BYTES}), true,
           'bosch-tps110', 1 from made
)
insert into uplink.observation (observed_at, seq, event_id, uplink_id, kind, topic, source_id, subject, asset_id,
                                dev_eui, received_at, simulated, writer, data)
select at, nextval('uplink.observation_sequence'), uplink_id::text, uplink_id, 'bay-occupancy', 'made', 'bench',
       'bay/made', 'made', dev_eui, at, true, 'bench', '{{"occupied": true}}' from made
"""
FILLED = ("uplink.uplink_identity", "uplink.uplink", "uplink.observation")
_INDEXES = """
select held.conname, 'alter table {table} drop constraint ' || quote_ident(held.conname),
       'alter table {table} add constraint ' || quote_ident(held.conname) || ' ' || pg_get_constraintdef(held.oid)
  from pg_constraint held where held.conrelid = '{table}'::regclass and held.contype in ('p', 'u')
union all
select index.relname, 'drop index ' || i.indexrelid::regclass, pg_get_indexdef(i.indexrelid)
  from pg_index i join pg_class index on index.oid = i.indexrelid
 where i.indrelid = '{table}'::regclass
   and not exists (select from pg_constraint held where held.conindid = i.indexrelid)
"""
_STORED = """
select pg_total_relation_size('uplink.uplink_identity') + hypertable_size('uplink.uplink')
       + hypertable_size('uplink.observation'),
       (select count(*) from uplink.uplink) + (select count(*) from uplink.observation)
"""
_READ = """
select pg_relation_size(indexrelid), idx_blks_read from pg_statio_user_indexes
 where schemaname = 'uplink' and indexrelname = 'uplink_identity_pkey'
"""


class Kept(NamedTuple):
    """What is there: bytes a row, bytes of the identities' index, its blocks read from outside the database's memory so far."""

    row_bytes: float
    index_bytes: float
    blocks_read: float

    def cells(self, before: Kept, uplinks: int) -> tuple[str, ...]:
        """Return it as cells of COLUMNS, after so many uplinks since it was as `before`."""
        read = (self.blocks_read - before.blocks_read) / uplinks
        return f"{self.row_bytes:,.0f}", f"{self.index_bytes / 1e6:,.1f}", f"{read:.2f}"


def look(database_url: str) -> Kept:
    """Return what is there when all connections have told what they read."""
    time.sleep(TOLD_S)
    with psycopg.connect(plain(database_url)) as connection:
        stored, rows = connection.execute(_STORED).fetchone() or (0, 0)
        index, read = connection.execute(_READ).fetchone() or (0, 0)
    return Kept(float(stored) / max(1, rows), float(index), float(read))


def fill(database_url: str, count: int, console: Console) -> None:
    """Store so many uplinks of the last days, with their identities and observations, with data of a few bytes."""
    with psycopg.connect(plain(database_url), autocommit=True) as connection:
        with _without_indexes(connection, console) if count else nullcontext():
            for first in range(0, count, STEP):
                last = min(first + STEP, count) - 1
                connection.execute(_FILL, {"first": first, "last": last})
                console.print(f"{last + 1:,} of {count:,} uplinks are there")
        connection.execute(f"vacuum (analyze) {', '.join(FILLED)}")


@contextmanager
def _without_indexes(connection: psycopg.Connection, console: Console) -> Iterator[None]:
    """Drop the indexes of what is filled, and build them again afterwards, which takes less time."""
    there = [_INDEXES.format(table=table) for table in FILLED]
    found = connection.execute(" union all ".join(there)).fetchall()
    for _, drop, _ in found:
        connection.execute(drop)
    yield
    connection.execute("set maintenance_work_mem = '512MB'")
    for name, _, build in found:
        console.print(f"{name} …")
        connection.execute(build)
