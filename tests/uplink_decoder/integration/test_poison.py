# SPDX-License-Identifier: EUPL-1.2
"""A message that kills the process is put aside after three deaths; its neighbours are stored."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import orjson
import psycopg
import pytest
from psycopg.rows import dict_row

from crash.load import Publishing, make_pool
from crash.truth import Truth
from crash.world import World, make_world, migrate_servers
from stadttakt_simulators.burst import BurstMessage
from support.stack import running_stack

DEADLY = b"\xde\xad"
EXIT_CODE = 66
LAUNCHER = f"""
import dataclasses, os, types
from uplink_decoder.codecs import registry

good = registry.NATIVE_CODECS["bosch-tps110"]

def decode(frame):
    if frame.payload == {DEADLY!r}:
        os._exit({EXIT_CODE})
    return good.decode(frame)

bad = dataclasses.replace(good, decode=decode)
registry.NATIVE_CODECS = types.MappingProxyType({{**registry.NATIVE_CODECS, bad.codec_id: bad}})

from uplink_decoder.__main__ import main

main()
"""
"""A decoder whose codec has a fault that no exception handler sees, as one in C may have."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The services of a small city, the decoder with the deadly codec."""
    launcher = tmp_path / "launcher"
    launcher.mkdir()
    (launcher / "deadly_decoder.py").write_text(LAUNCHER)
    with running_stack() as stack:
        migrate_servers(stack)
        with make_world(
            stack,
            tmp_path,
            Random(1),
            decoder_module="deadly_decoder",
            settings={"PYTHONPATH": str(launcher)},
        ) as world:
            yield world


def test_message_that_kills_three_times_is_quarantined_and_its_neighbours_are_stored(
    world: World,
) -> None:
    world.start()
    # All of them wait in its session, so that the deadly one is in flight with the others.
    world.decoder.stop()
    neighbours = make_pool(300, world.rng, world.root)
    deadly = made_deadly(neighbours[150])
    sent = [*neighbours[:150], deadly, *neighbours[150:]]
    publish(world, sent)
    world.decoder.start()
    held = until_quarantined(world)
    assert [(each["reason"], each["topic"]) for each in held] == [("poison", deadly.topic.decode())]
    assert held[0]["payload"] == deadly.payload
    assert world.decoder.ends == [0, *[EXIT_CODE] * 3]
    # The device's next message is an ordinary one again.
    publish(world, later := make_pool(100, world.rng, world.root))
    truth = Truth([*neighbours, *later])
    until_stored(world, truth)
    assert world.decoder.ends == [0, *[EXIT_CODE] * 3]


def made_deadly(message: BurstMessage) -> BurstMessage:
    body = orjson.loads(message.payload)
    body |= {"deduplicationId": "deadly", "data": base64.b64encode(DEADLY).decode()}
    return replace(message, payload=orjson.dumps(body), identity="deadly")


def publish(world: World, messages: list[BurstMessage]) -> None:
    publishing = Publishing(messages, world.stack.mosquitto.url, rate=0)
    assert len(publishing.acknowledged()) == len(messages)


def until_quarantined(world: World) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 60
    while not (held := rows(world, "select reason, topic, payload from uplink.quarantine")):
        assert time.monotonic() < deadline, world.decoder.log_tail()
        time.sleep(0.1)
    return held


def until_stored(world: World, truth: Truth) -> None:
    deadline = time.monotonic() + 30
    query = "select uplink_id::text from uplink.uplink order by 1"
    while (stored := [row["uplink_id"] for row in rows(world, query)]) != sorted(truth.uplinks):
        assert time.monotonic() < deadline, f"{len(stored)} of {len(truth.uplinks)} stored"
        time.sleep(0.1)


def rows(world: World, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(world.database_url, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()
