# SPDX-License-Identifier: EUPL-1.2
"""Each revision of each schema, forth and back: what older services read and write is still there while they run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from stadttakt_runtime import plugins
from stadttakt_runtime.migrations.bootstrap import (
    ensure_extension,
    ensure_own_extensions,
    ensure_schema,
    grant_platform,
)
from stadttakt_runtime.migrations.connection import acting_as, exclusive
from stadttakt_runtime.migrations.platform import PLATFORM
from stadttakt_runtime.migrations.target import MigrationTarget
from stadttakt_runtime.migrations.upgrade import select_targets
from support.stack import Stack

# No release had these schemas, so no service of an older version ever met the newer one.
BEFORE_THE_FIRST_RELEASE = {
    "parking 0002: parking.bay.out_of_service is gone",
    "parking 0008: parking.lot.alternative is gone",
    "parking 0012: parking.lot_flow.failed_entries is gone",
    "parking 0012: parking.lot_flow.occupied_mean is gone",
    "parking 0012: parking.v1_stay_day.unserved is gone",
    "parking 0013: parking.bay_state.published_version is gone",
    "parking 0013: parking.lot_state.published_version is gone",
    "parking 0013: parking.sign_state.published_version is gone",
    "transit 0017: transit.v1_departure_level.departed_at is gone",
    *(
        f"parking 0012: parking.lot_flow.{column} must be given"
        for column in (
            "arrivals_before",
            "arrivals_missed",
            "departures_before",
            "departures_missed",
            "full_arrivals",
            "full_arrivals_max",
            "full_arrivals_min",
            "simulated",
            "tight_arrivals",
            "tight_departures",
            "tight_inside_s",
            "tight_s",
        )
    ),
}
COLUMNS = """
select format('%%s.%%s', table_schema, table_name), column_name, data_type, is_nullable = 'YES',
       is_nullable = 'NO' and column_default is null and is_identity = 'NO' and is_generated = 'NEVER'
  from information_schema.columns
 where table_schema = %s and table_name <> 'alembic_version'
"""


class Column(NamedTuple):
    type: str
    nullable: bool
    must_be_given: bool


Shape = Mapping[str, Mapping[str, Column]]
"""Of each table and view its columns."""


@dataclass
class Way:
    """What was seen on the way through the revisions of all schemas."""

    broken: set[str] = field(default_factory=set)
    not_undone: list[str] = field(default_factory=list)
    revisions: int = 0


def breaks(before: Shape, after: Shape) -> Iterator[str]:
    """Yield what a service that knows the shape before cannot do after."""
    for table, columns in before.items():
        left = after.get(table, {})
        for name, column in columns.items():
            if name not in left:
                yield f"{table}.{name} is gone"
            elif left[name].type != column.type:
                yield f"{table}.{name} is {left[name].type} instead of {column.type}"
            elif column.nullable and not left[name].nullable:
                yield f"{table}.{name} may not be null any more"
        for name in left.keys() - columns.keys():
            if left[name].must_be_given:
                yield f"{table}.{name} must be given"


def shape(url: str, schema: str) -> Shape:
    found: dict[str, dict[str, Column]] = {}
    with psycopg.connect(url) as connection:
        for table, name, *told in connection.execute(COLUMNS, [schema]):
            found.setdefault(table, {})[name] = Column(*told)
    return found


def walk(connection: Connection, url: str, target: MigrationTarget, way: Way) -> None:
    """Go through the revisions of a schema: up, down again, and up to stay."""
    config = target.config()
    config.attributes["connection"] = connection
    newest_first = list(ScriptDirectory.from_config(config).walk_revisions())
    shapes = {"base": shape(url, target.schema)}
    for script in reversed(newest_first):
        before = shapes[_below(script.down_revision)]
        command.upgrade(config, script.revision)
        shapes[script.revision] = shape(url, target.schema)
        found = breaks(before, shapes[script.revision])
        way.broken |= {f"{target.schema} {script.revision}: {each}" for each in found}
        way.revisions += 1
    for script in newest_first:
        below = _below(script.down_revision)
        command.downgrade(config, below)
        if shape(url, target.schema) != shapes[below]:
            way.not_undone.append(f"{target.schema} {script.revision}")
    command.upgrade(config, "head")


def _below(down_revision: object) -> str:
    return down_revision if isinstance(down_revision, str) else "base"


@pytest.fixture(scope="module")
def way(stack: Stack) -> Iterator[Way]:
    owner = conninfo_to_dict(stack.postgres.url)["user"]
    admin = make_url(stack.postgres.admin_url).set(database="walked")
    admin_url = admin.render_as_string(hide_password=False)
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        connection.execute(f"create database walked owner {owner}")
    with psycopg.connect(admin_url) as connection:
        connection.execute("create extension timescaledb")
    own = make_url(stack.postgres.url).set(database="walked")
    seen = Way()
    with exclusive(own.render_as_string(hide_password=False)) as walking:
        ensure_extension(walking)
        for target in select_targets(plugins.load(plugins.MIGRATIONS), []):
            ensure_own_extensions(walking, target.extensions)
            ensure_schema(walking, target.schema)
            with acting_as(walking, target.schema):
                walk(walking, admin_url, target, seen)
            if target is not PLATFORM:
                grant_platform(walking, target.schema)
    yield seen
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        connection.execute("drop database walked with (force)")


def test_older_service_finds_on_a_newer_schema_all_that_it_reads_and_writes(way: Way) -> None:
    assert way.revisions > 60
    assert way.broken == BEFORE_THE_FIRST_RELEASE


def test_each_revision_can_be_taken_back(way: Way) -> None:
    assert way.not_undone == []


def test_break_is_told() -> None:
    optional = Column("integer", nullable=True, must_be_given=False)
    required = Column("integer", nullable=False, must_be_given=True)
    before = {"t": {"a": optional, "b": optional}}
    after = {"t": {"a": optional._replace(type="bigint"), "c": required}}
    assert sorted(breaks(before, after)) == [
        "t.a is bigint instead of integer",
        "t.b is gone",
        "t.c must be given",
    ]
