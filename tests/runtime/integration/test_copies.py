# SPDX-License-Identifier: EUPL-1.2
"""Databases that tests get one after another: each is as new, also where it was used before."""

import psycopg
import pytest

from support.database import Copies

TABLE, PARTED = "uplink.publish_mark", "parking.bay_event"
FILL = f"""
insert into {TABLE} values ('one', nextval('uplink.observation_sequence'));
insert into {PARTED} (observed_at, event_id, bay_id, reading, source, received_at)
select at, 'e', 'b', 'occupied', 's', at from unnest(array['2026-01-05Z', '2026-03-05Z']::timestamptz[]) at;
update parking.configuration set version = 7;
delete from transit.leadership
"""
HELD = f"""
select (select count(*) from {TABLE}), (select count(*) from {PARTED}), (select version from parking.configuration),
       (select count(*) from transit.leadership), (select count(*) from _timescaledb_catalog.chunk),
       nextval('uplink.observation_sequence')
"""
NEW = (0, 0, 0, 1, 0, 1)
ITSELF = "select oid from pg_database where datname = current_database()"


def ask(url: str, statement: str) -> tuple[object, ...]:
    with psycopg.connect(url, autocommit=True) as connection:
        asked = connection.execute(statement.encode())
        return (asked.fetchone() or ()) if asked.description else ()


def test_a_database_that_was_filled_is_lent_again_as_new_under_another_name(copies: Copies) -> None:
    with copies.lent() as first:
        itself = ask(first, ITSELF)
        ask(first, FILL)
        assert ask(first, HELD) == (1, 2, 7, 0, 2, 2)
    with copies.lent() as second:
        assert ask(second, HELD) == NEW
        assert ask(second, ITSELF) == itself
    assert first != second


@pytest.mark.parametrize(
    "change",
    [
        f"create table uplink.other as select * from {TABLE}",
        f"alter table {TABLE} add column other text",
        f"alter table {TABLE} alter column running drop default",
        f"revoke all on {TABLE} from public; grant select on {TABLE} to public",
        "drop view uplink.v1_observation",
        "create index other on parking.bay (lot_id)",
        "alter database {} set timezone = 'Europe/Berlin'",
        "comment on schema uplink is 'x'; drop schema kpi cascade",
    ],
)
def test_a_database_whose_objects_changed_is_not_lent_again(copies: Copies, change: str) -> None:
    with copies.lent() as first:
        itself = ask(first, ITSELF)
        (name,) = ask(first, "select current_database()")
        ask(first, change.format(name))
    with copies.lent() as second:
        assert ask(second, HELD) == NEW
        assert ask(second, ITSELF) != itself


def test_a_database_is_given_back_while_somebody_is_connected(copies: Copies) -> None:
    with copies.lent() as url:
        left = psycopg.connect(url)
        left.execute(f"lock table {TABLE}".encode())
    with pytest.raises(psycopg.OperationalError):
        left.execute("select 1")
    left.close()
    with copies.lent() as url:
        assert ask(url, HELD) == NEW
