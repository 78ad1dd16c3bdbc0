# SPDX-License-Identifier: EUPL-1.2
"""A decoder killed in the middle of replays and retries: they go on, and nothing is done twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from crash.load import Publishing, make_pool
from crash.truth import Truth
from crash.world import World, make_world, migrate_servers
from support.asking import mint_key
from support.stack import running_stack

COUNT = 1500
LAUNCHER = """
import dataclasses, pathlib, types
from uplink_decoder.codecs import registry
from uplink_decoder.codecs.model import BayReading, CodecError, Decoded

mode = pathlib.Path(__file__).with_name("mode")

def decode(frame):
    now = mode.read_text()
    if now == "refuse":
        raise CodecError("not in this version")
    occupied = bool(frame.payload[0] & 1) == (now == "right")
    return Decoded({"occupied": occupied}, (BayReading(occupied),))

codec = registry.NATIVE_CODECS["bosch-tps110"]
codec = dataclasses.replace(codec, decode=decode)
registry.NATIVE_CODECS = types.MappingProxyType(
    {**registry.NATIVE_CODECS, codec.codec_id: codec}
)

from uplink_decoder.__main__ import main

main()
"""
"""A decoder whose codec does what a file says, so that it can be mended between two starts."""
GAPS = """
select * from uplink.ledger
where received <> stored + duplicate + quarantined + in_flight
"""
SUMS = """
select sum(stored)::int as stored, sum(quarantined)::int as quarantined from uplink.ledger
"""
DONE = """
select counts from uplink.replay where state = 'done' and unpublished_from is null
"""


class Switch:
    """What the codec does from now on."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "mode"

    def to(self, mode: str) -> None:
        self.file.write_text(mode)


@pytest.fixture
def switch(tmp_path: Path) -> Switch:
    folder = tmp_path / "launcher"
    folder.mkdir()
    (folder / "switched_decoder.py").write_text(LAUNCHER)
    return Switch(folder)


@pytest.fixture
def world(tmp_path: Path, switch: Switch) -> Iterator[World]:
    settings = {
        "PYTHONPATH": str(switch.file.parent),
        "STADTTAKT_UPLINK_REPLAY_RATE": "600",
        "STADTTAKT_UPLINK_REPLAY_WINDOW": "50",
    }
    with running_stack() as stack:
        migrate_servers(stack)
        with make_world(
            stack, tmp_path, Random(5), decoder_module="switched_decoder", settings=settings
        ) as world:
            yield world


def test_replay_killed_twice_corrects_every_observation_once(world: World, switch: Switch) -> None:
    switch.to("wrong")
    world.start()
    truth = filled(world)
    switch.to("right")
    ask(world, "replay", "/v1/replays", {"everything": True})
    kill_amid(world, "replay_difference", 300, 700)
    (done,) = until_rows(world, DONE, 1)
    assert done["counts"]["uplinks"] == len(truth.uplinks)
    assert done["counts"]["observations_changed"] == len(truth.uplinks)
    (found,) = rows(
        world,
        """select count(*)::int as n, count(corrects)::int as corrections,
            count(distinct event_id)::int as ids, count(superseded_by)::int as superseded
        from uplink.observation""",
    )
    n = len(truth.uplinks)
    assert found == {"n": 2 * n, "corrections": n, "ids": 2 * n, "superseded": n}
    # Parking heard every correction, in spite of the deaths between commit and publish.
    heard = "select 1 from parking.bay_event where event_id like '%%.0001'"
    until_rows(world, heard, n)
    until(world, lambda: wrong_bays(world, truth), [])


def test_retry_killed_twice_takes_every_message_once(world: World, switch: Switch) -> None:
    switch.to("refuse")
    world.start()
    truth = filled(world)
    n = len(truth.uplinks)
    assert len(rows(world, "select 1 from uplink.quarantine where state = 'open'")) == n
    switch.to("right")
    body = {"filter": {"reason": "codec_error"}, "author_role": "operator"}
    ask(world, "quarantine", "/v1/quarantine:retry", body)
    kill_amid(world, "quarantine_event", 300, 700)
    (done,) = until_rows(world, DONE, 1)
    assert (done["counts"]["messages"], done["counts"]["resolved"]) == (n, n)
    (found,) = rows(
        world,
        "select count(*)::int as n, count(distinct uplink_id)::int as ids from uplink.observation",
    )
    assert found == {"n": n, "ids": n}
    steps = "select action, count(*)::int as n from uplink.quarantine_event group by action"
    assert rows(world, steps) == [{"action": "resolved", "n": n}]
    until_rows(world, "select 1 from parking.bay_event", n)
    assert not rows(world, GAPS)
    assert rows(world, SUMS) == [{"stored": n, "quarantined": 0}]
    until(world, lambda: wrong_bays(world, truth), [])


def filled(world: World) -> Truth:
    """Publish uplinks and wait until they are stored; return what they say."""
    publishing = Publishing(
        make_pool(COUNT, world.rng, world.root), world.stack.mosquitto.url, rate=0
    )
    truth = Truth(publishing.acknowledged())
    until_rows(world, "select 1 from uplink.uplink", len(truth.uplinks))
    return truth


def kill_amid(world: World, table: str, *counts: int) -> None:
    """Kill the decoder each time the work has left so many rows, and see that it was amid."""
    for count in counts:
        until_rows(world, f"select 1 from uplink.{table}", count)
        world.kill("decoder")
        assert not rows(world, DONE)


def wrong_bays(world: World, truth: Truth) -> list[str]:
    http = world.parking.http
    answers = {bay_id: http.get(f"/v1/bays/{bay_id}").json()["state"] for bay_id in truth.bays}
    return [bay_id for bay_id, bay in truth.bays.items() if answers[bay_id] != bay.state]


def ask(world: World, scope: Any, path: str, body: dict[str, Any]) -> None:
    key = asyncio.run(mint_key(world.database_url, scope))
    headers = {"authorization": f"Bearer {key}"}
    answer = world.decoder.http.post(path, json=body, headers=headers)
    assert answer.status_code == 202, answer.text


def until_rows(world: World, query: str, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 60
    while len(found := rows(world, query)) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count}\n{world.decoder.log_tail()}"
        time.sleep(0.05)
    return found


def until(world: World, look: Callable[[], Any], wanted: Any) -> None:
    deadline = time.monotonic() + 30
    while (found := look()) != wanted:
        assert time.monotonic() < deadline, f"{found}\n{world.decoder.log_tail()}"
        time.sleep(0.2)


def rows(world: World, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(world.database_url, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()
