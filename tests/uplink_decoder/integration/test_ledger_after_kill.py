# SPDX-License-Identifier: EUPL-1.2
"""The ledger of a decoder that is killed again and again balances, and says what came twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from crash.load import Publishing, make_pool
from crash.truth import Truth
from crash.world import World, make_world, migrate_servers
from support.stack import running_stack

KILLS = 3
GAPS = """
select * from uplink.ledger
where received <> stored + duplicate + quarantined + in_flight
"""
SUMS = """
select coalesce(sum(stored), 0)::int as stored, coalesce(sum(received), 0)::int as received,
    coalesce(sum(in_flight), 0)::int as in_flight, count(distinct run)::int as runs
from uplink.ledger
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with running_stack() as stack:
        migrate_servers(stack)
        with make_world(stack, tmp_path, Random(7)) as world:
            yield world


def test_ledger_balances_after_kills_and_counts_every_uplink_as_stored_once(world: World) -> None:
    world.start()
    load = Publishing(make_pool(3000, world.rng, world.root), world.stack.mosquitto.url, rate=800)
    for number in range(1, KILLS + 1):
        until(world, lambda number=number: rows(world, SUMS)[0]["runs"] == number)
        until_stored(world, 500 * number)
        world.kill("decoder")
        # What the dead process last wrote balances with what it held.
        assert not rows(world, GAPS)
    truth = Truth(load.acknowledged())
    until_stored(world, len(truth.uplinks))
    until(world, lambda: rows(world, SUMS)[0]["in_flight"] == 0)
    assert not rows(world, GAPS)
    (total,) = rows(world, SUMS)
    assert total["stored"] == len(truth.uplinks)
    assert total["received"] >= len(load.pool)
    assert total["runs"] == KILLS + 1


def until_stored(world: World, count: int) -> None:
    query = "select count(*)::int as n from uplink.uplink"
    until(world, lambda: rows(world, query)[0]["n"] >= count)


def until(world: World, holds: Any) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, world.decoder.log_tail()
        time.sleep(0.05)


def rows(world: World, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(world.database_url, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()
