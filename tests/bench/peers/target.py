# SPDX-License-Identifier: EUPL-1.2
"""Where the others write: a table of the decoder's own columns, a hypertable with the same index.

It has no key, so that a row that is written twice is seen to be there twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from sqlalchemy.engine import make_url

TABLE = "peers.uplink"
_CREATE = f"""
create schema peers;
create table {TABLE} (like uplink.uplink);
do $$
declare name text;
begin
    for name in select attname from pg_attribute
        where attrelid = '{TABLE}'::regclass and attnum > 0 and attnotnull
    loop
        execute format('alter table {TABLE} alter column %I drop not null', name);
    end loop;
end $$;
alter table {TABLE} alter column observed_at set default now();
alter table {TABLE} alter column received_at set default now();
create index on {TABLE} (dev_eui, received_at desc);
select create_hypertable('{TABLE}', 'observed_at', create_default_indexes => false);
"""
OURS = "select count(*), count(distinct uplink_id) from uplink.uplink"
THEIRS = f"""
select count(*), count(distinct coalesce(
    uplink_id::text, convert_from(raw, 'UTF8')::jsonb ->> 'deduplicationId')) from {TABLE}
"""


@dataclass(frozen=True)
class Rows:
    """How many rows there are, and of how many different uplinks."""

    count: int
    uplinks: int


def create(database_url: str) -> None:
    """Create the table; the city's schemas must be there."""
    with _connected(database_url) as connection:
        connection.execute(_CREATE)


def empty(database_url: str) -> None:
    """Delete what the last one wrote; who it was that sent is remembered, as in a running city."""
    with _connected(database_url) as connection:
        connection.execute(f"truncate {TABLE}, uplink.uplink, uplink.observation")


class Counter:
    """Counts what was committed, on a connection that is kept; `query` is `OURS` or `THEIRS`."""

    def __init__(self, database_url: str, query: str) -> None:
        self._connection = _connected(database_url)
        self._query = query
        self._quick = f"select count(*) from {query.rpartition('from ')[2]}"

    def rows(self) -> int:
        """Return how many rows there are."""
        return int(self._one(self._quick)[0])

    def all(self) -> Rows:
        """Return rows and uplinks; takes longer."""
        count, uplinks = self._one(self._query)
        return Rows(int(count), int(uplinks))

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _one(self, query: str) -> tuple[int, ...]:
        found = self._connection.execute(query).fetchone()
        if found is None:
            raise RuntimeError("a count has no row")
        return tuple(found)


def plain(database_url: str) -> str:
    """Return the URL as libpq reads it."""
    url = make_url(database_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def _connected(database_url: str) -> psycopg.Connection:
    return psycopg.connect(plain(database_url), autocommit=True)
