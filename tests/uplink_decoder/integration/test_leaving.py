# SPDX-License-Identifier: EUPL-1.2
"""A decoder that is taken away for good: what waits in its session is handled, then the session ends."""

from __future__ import annotations

import json

import aiomqtt
from sqlalchemy.engine import make_url

from runtime.integration.sessions import options_for, quiet, running
from uplink_decoder.settings import UplinkSettings

from .conftest import Start, uplink

DEVICE = "0102030405060708"


async def send(settings: UplinkSettings, counts: range) -> None:
    broker = make_url(settings.mqtt_url.get_secret_value())
    topic = f"{settings.topic_root}/application/a/device/{DEVICE}/event/up"
    async with aiomqtt.Client(str(broker.host), broker.port or 1883) as client:
        for f_cnt in counts:
            await client.publish(topic, json.dumps(uplink(DEVICE, f_cnt, "AA==")), qos=1)


async def test_decoder_that_leaves_handles_what_waits_and_ends_its_session(
    start: Start, settings: UplinkSettings, mqtt_url: str
) -> None:
    shared = settings.model_copy(update={"shared_subscription": settings.instance})
    async with start(shared):
        pass
    await send(settings, range(5))
    async with start(shared) as leaving:
        await leaving.decoder.feeds.left()
        assert len(await leaving.rows("select 1 from uplink")) == 5
        assert leaving.decoder.feeds.platform.in_flight == 0
        await send(settings, range(5, 8))
    await send(settings, range(8, 10))
    options = options_for(mqtt_url, f"stadttakt-uplink-{settings.instance}")
    async with running(options) as session:
        assert await quiet(session)
