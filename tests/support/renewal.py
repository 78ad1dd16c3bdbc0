# SPDX-License-Identifier: EUPL-1.2
"""Makes a used database equal to the one it was copied from, or tells that it cannot."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

_MOST_TABLES = 60
_MOST_CHUNKS = 12
_CATALOGS = (
    "attrdef", "attribute", "constraint", "default_acl", "event_trigger", "extension", "index",
    "largeobject_metadata", "namespace", "policy", "proc", "rewrite", "trigger", "type",
)  # fmt: skip
# A changed row has a newer transaction than any that came with the copy; a row that went is missed in the count.
_ROWS = "select count(*), coalesce(max(xmin::text::bigint), 0) from {}"
# Without what emptying and statistics change.
_RELATIONS = """
select count(*), md5(string_agg(concat_ws('|', oid, relname, relnamespace, relowner, relacl, reloptions, relpersistence,
       relrowsecurity, relforcerowsecurity, relchecks, relhasrules, relhastriggers), ',' order by oid))
  from pg_class where relnamespace <> '_timescaledb_internal'::regnamespace
   and relnamespace <> 'pg_toast'::regnamespace
"""
_OF_DATABASE = """
select count(s.*), concat_ws('|', d.datacl, d.datdba, md5(string_agg(s.setconfig::text, ',' order by s.setrole)))
  from pg_database d left join pg_db_role_setting s on s.setdatabase = d.oid
 where d.datname = current_database() group by d.oid
"""
_TABLES = """
select c.oid::regclass::text, n.nspname like '\\_timescaledb\\_%',
       pg_relation_size(c.oid) > 0 or exists (select from pg_inherits where inhparent = c.oid)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', '_timescaledb_internal')
 order by 1
"""
_SEQUENCES = """
select format('%I.%I', schemaname, sequencename), coalesce(last_value, 0) from pg_sequences
 where schemaname not like '\\_timescaledb\\_%' order by 1
"""
_CHUNKS = "select count(*) from _timescaledb_catalog.chunk"


@dataclass(frozen=True)
class Original:
    """What a fresh copy holds: its objects, the rows of each table that has any, how far its sequences are."""

    objects: dict[str, tuple[object, ...]]
    rows: dict[str, list[bytes]]
    sequences: dict[str, int]


def look_at(connection: psycopg.Connection) -> Original:
    """Return what a database holds now."""
    objects = {
        f"pg_{catalog}": _only(connection, _ROWS.format(f"pg_catalog.pg_{catalog}"))
        for catalog in _CATALOGS
    }
    objects["relations"] = _only(connection, _RELATIONS)
    objects["database"] = _only(connection, _OF_DATABASE)
    rows = {}
    for table, of_extension, filled in connection.execute(_TABLES).fetchall():
        if not filled or not (found := _rows(connection, table)):
            continue
        if of_extension:
            # It writes its own rows anew when a part of a table comes and goes.
            objects[table] = (len(found),)
        else:
            rows[table] = found
    return Original(objects, rows, dict(connection.execute(_SEQUENCES).fetchall()))


def renewed(connection: psycopg.Connection, original: Original) -> bool:
    """Empty what has been filled; tell whether the database now holds what the original held, and nothing else."""
    found = {
        table: filled
        for table, of_extension, filled in connection.execute(_TABLES).fetchall()
        if not of_extension
    }
    tables = [table for table, filled in found.items() if filled and table not in original.rows]
    (chunks,) = _only(connection, _CHUNKS)
    if len(tables) > _MOST_TABLES or int(str(chunks)) > _MOST_CHUNKS:
        return False
    if not original.rows.keys() <= found.keys():
        return False
    # What a service only ever adds to refuses to be emptied otherwise.
    connection.execute("set session_replication_role = replica")
    if tables:
        _run(connection, f"truncate {', '.join(tables)} restart identity cascade")
    for table, rows in original.rows.items():
        if _rows(connection, table) != rows:
            _run(connection, f"delete from {table}")
            with connection.cursor().copy(f"copy {table} from stdin".encode()) as into:
                into.write(b"".join(rows))
    for sequence, value in connection.execute(_SEQUENCES).fetchall():
        if value and not original.sequences.get(sequence):
            _run(connection, f"alter sequence {sequence} restart")
    connection.commit()
    return look_at(connection) == original


def _rows(connection: psycopg.Connection, table: str) -> list[bytes]:
    with connection.cursor().copy(f"copy {table} to stdout".encode()) as out:
        return sorted(bytes(row) for row in out)


def _only(connection: psycopg.Connection, query: str) -> tuple[object, ...]:
    row = _run(connection, query).fetchone()
    assert row is not None
    return tuple(row)


def _run(connection: psycopg.Connection, statement: str) -> psycopg.Cursor:
    return connection.execute(statement.encode())
