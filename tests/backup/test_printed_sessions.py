# SPDX-License-Identifier: EUPL-1.2
"""The commands of docs/how-to/broker-access.md by which sessions of before get their secret ids, as they are printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from backup.desk import Desk
from runtime.integration.sessions import options_for, payloads, running, take
from stadttakt_runtime.mqtt import MqttOptions, Outgoing
from stadttakt_runtime.settings import ServiceSettings
from support.documents import blocks
from support.stack import running_stack

COMPOSE, PODS = (
    one.text
    for one in blocks()
    if one.document == "docs/how-to/broker-access.md" and "name_sessions.sh" in one.text
)
TOPIC = "waits"


@pytest.mark.parametrize(("commands", "setup"), [(COMPOSE, "deploy/setup"), (PODS, "setup")])
async def test_what_waits_comes_along_to_the_session_with_a_secret_in_its_id(
    tmp_path: Path, commands: str, setup: str
) -> None:
    with running_stack(durable=False) as server:
        desk, broker = Desk(tmp_path, server), server.mosquitto
        secrets = tmp_path / setup / "secrets"
        secrets.mkdir(parents=True)
        url = secrets / "mqtt-url.parking-occupancy"
        url.write_text("mqtt://parking-occupancy:secret@mosquitto:1883")
        before = options_for(broker.url, "stadttakt-parking-0", TOPIC)
        async with running(before), running(options_for(broker.url, "sender")) as sender:
            await sender.publish_all([Outgoing(TOPIC, b"1")])
        done = desk.type(commands)
        assert done.returncode == 0, done.stdout + done.stderr
        broker.stop()
        broker.start()
        broker.wait_ready()
        here = url.read_text().replace("mosquitto:1883", f"127.0.0.1:{broker.port}")
        settings = ServiceSettings(mqtt_url=SecretStr(here))
        after = MqttOptions.from_settings(
            settings, client_id="stadttakt-parking-0", subscriptions=(TOPIC,)
        )
        assert after.session
        async with running(after) as session:
            assert payloads(await take(session, 1)) == [b"1"]
