# SPDX-License-Identifier: EUPL-1.2
"""The statements behind the lock and the epoch, on the leader's own connection."""

from __future__ import annotations

from typing import Any

FENCE = "select from leadership where epoch = $1 for share"
"""Shares the row until the commit: the next leader's epoch waits for what is under way."""

_LOCK = "select pg_try_advisory_lock($1, hashtext($2))"
_EPOCH = "select epoch from leadership"
_NEXT = """
update leadership set epoch = epoch + 1, holder = $1, since = clock_timestamp() returning epoch
"""
_HOLDER = """
select pid, application_name,
       extract(epoch from clock_timestamp() - greatest(state_change, query_start))::float8 as silent_s
  from pg_locks join pg_stat_activity using (pid)
 where locktype = 'advisory' and granted
   and classid = $1::int4::oid and objid = hashtext($2)::oid
   and database = (select oid from pg_database where datname = current_database())
"""
_END_ALL_OF = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
 where datname = current_database() and application_name = $1 and pid <> pg_backend_pid()
"""

LOCK_CLASS = 0x54414B54
"""Keeps our advisory locks apart from others in the database."""


async def try_lock(connection: Any, schema: str) -> bool:
    """Take the schema's lock for as long as the connection lives, if it is free."""
    return bool(await connection.fetchval(_LOCK, LOCK_CLASS, schema))


async def holder(connection: Any, schema: str) -> Any:
    """Return who holds the lock and for how many seconds it said nothing, if somebody holds it."""
    return await connection.fetchrow(_HOLDER, LOCK_CLASS, schema)


async def end_all_of(connection: Any, application_name: str) -> int:
    """End the sessions of an instance; its transactions are rolled back, its lock is free."""
    return int(await connection.fetchval(_END_ALL_OF, application_name))


async def next_epoch(connection: Any, schema: str, name: str) -> int:
    """Begin the next epoch; waits for transactions of the present one."""
    async with connection.transaction():
        await _act_as(connection, schema)
        return int(await connection.fetchval(_NEXT, name))


async def present_epoch(connection: Any, schema: str) -> int:
    """Return the epoch that writes must belong to."""
    async with connection.transaction():
        await _act_as(connection, schema)
        return int(await connection.fetchval(_EPOCH))


async def _act_as(connection: Any, schema: str) -> None:
    await connection.execute(f'set local role "{schema}"')
    await connection.execute(f'set local search_path = "{schema}"')
