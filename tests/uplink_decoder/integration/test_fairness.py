# SPDX-License-Identifier: EUPL-1.2
"""A source that floods does not keep the others waiting, and nothing of the flood is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from runtime.integration.sessions import options_for
from runtime.integration.sessions import running as session
from stadttakt_local.mosquitto import Mosquitto
from stadttakt_runtime.mqtt import Outgoing
from support.partners import DEVICE, UP_TOPIC, add_partner, connected, feed_of, up
from support.stack import fresh_broker
from uplink_decoder.settings import UplinkSettings

FLOOD = 20_000
IN_HAND = 1000
BEGUN = 2000
BOUND = 2 * IN_HAND
"""What is in hand of the flood, and as much again for what one reading of the socket adds. Without
the limit the stages of the pipeline alone hold 3,000, and one queue would have 18,000 before it."""
COUNT = "select count(*)::int as n from observation where source_id = 'county'"


@pytest.fixture
def partner() -> Iterator[Mosquitto]:
    with fresh_broker() as broker:
        broker.start()
        yield broker


async def flood(broker: Mosquitto, **options: Any) -> None:
    messages = [Outgoing(UP_TOPIC, orjson.dumps(up(number))) for number in range(FLOOD)]
    async with session(options_for(broker.url, "flood", **options)) as sender:
        await sender.publish_all(messages)


async def count(running: Any) -> int:
    (row,) = await running.rows(COUNT)
    return int(row["n"])


async def until_count(running: Any, wanted: int) -> int:
    async with asyncio.timeout(60):
        while (found := await count(running)) < wanted:  # noqa: ASYNC110 (rows tell nobody)
            await asyncio.sleep(0.02)
    return found


async def handled_before_the_other(running: Any) -> int:
    """Send one uplink by the platform's broker amid the flood; return how much of that came first."""
    await until_count(running, BEGUN)
    await running.send_up(DEVICE, 1, "AQ==")
    entered = running.decoder.pipeline.ledger.entered
    async with asyncio.timeout(60):
        while not entered["cs"]:  # noqa: ASYNC110 (the books tell nobody)
            await asyncio.sleep(0.001)
    before = await count(running)
    (other,) = await running.until_rows("select seq from observation where source_id = 'cs'", 1)
    (row,) = await running.rows(f"{COUNT} and seq < $1", other["seq"])
    return int(row["n"]) - before


async def test_flood_that_waited_at_its_broker_lets_others_through(
    start: Any, settings: UplinkSettings, partner: Mosquitto
) -> None:
    add_partner(settings, partner, limits={"in_hand": IN_HAND})
    async with start() as running:
        await connected(running)
    await flood(partner)
    async with start() as running:
        assert await handled_before_the_other(running) <= BOUND
        assert await until_count(running, FLOOD) == FLOOD
        assert feed_of(running).in_flight <= 2 * IN_HAND


async def test_flood_at_qos_0_is_held_back_by_the_network_and_lets_others_through(
    start: Any, settings: UplinkSettings, partner: Mosquitto
) -> None:
    broker = {"protocol": "3.1.1", "qos": 0}
    add_partner(settings, partner, broker=broker, limits={"in_hand": IN_HAND})
    async with start() as running:
        await connected(running)
        highest = 0

        async def watch() -> None:
            nonlocal highest
            while True:
                highest = max(highest, feed_of(running).in_flight)
                await asyncio.sleep(0.005)

        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch())
            group.create_task(flood(partner, publish_qos=1))
            assert await handled_before_the_other(running) <= BOUND
            assert await until_count(running, FLOOD) == FLOOD
            watching.cancel()
        # One reading of the socket takes at most 256 KiB, some 1,500 of these messages.
        assert IN_HAND <= highest <= IN_HAND + 2000
