# SPDX-License-Identifier: EUPL-1.2
"""A running decoder follows uploads and activations without a restart."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from stadttakt_runtime.database import Database
from support.registry import set_device
from uplink_decoder.codec_library.proof import Proof
from uplink_decoder.codec_library.submission import Submission
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.storage import codecs as storage

DEVICE = "0200000000000001"
MAPPING = {"readings": [{"kind": "bay", "occupied": {"path": "$.taken", "truthy": True}}]}
FIRST = "function decodeUplink(i) { return {data: {taken: i.bytes[0] === 1}}; }"
SECOND = "function decodeUplink(i) { return {data: {taken: i.bytes[0] !== 1}}; }"


async def store(settings: UplinkSettings, source: str) -> int:
    url = settings.database_url.get_secret_value()
    submission = Submission(codec_id="maker-bay", source=source, vectors=[], mapping=MAPPING)
    async with (
        Database.open(url, schema="uplink") as database,
        database.transaction() as connection,
    ):
        new = submission.version(Proof(0), by="test")
        added = await storage.add_version(connection, new)
    await set_device(url, DEVICE, codec_id="maker-bay")
    return added.version


VARIABLES = """
function decodeUplink(input) {
  return {data: {taken: input.bytes[0] > Number(input.variables.threshold)}};
}
"""


async def test_script_gets_the_variables_of_the_device(
    running: Any, settings: UplinkSettings
) -> None:
    assert await store(settings, VARIABLES) == 1
    url = settings.database_url.get_secret_value()
    for f_cnt, (threshold, taken) in enumerate((("0", True), ("5", False))):
        variables = {"threshold": threshold}
        await set_device(url, DEVICE, codec_variables=variables)
        for _ in range(400):
            device = running.decoder._devices.get(DEVICE)
            if device.codec_variables == variables and "maker-bay" in running.decoder.codecs:
                break
            await asyncio.sleep(0.025)
        assert await observed(running, f_cnt) == (taken, "maker-bay", 1)


async def activate(settings: UplinkSettings, version: int) -> None:
    url = settings.database_url.get_secret_value()
    async with (
        Database.open(url, schema="uplink") as database,
        database.transaction() as connection,
    ):
        assert await storage.activate(connection, "maker-bay", version, by="test")


async def until_version(running: Any, version: int) -> None:
    for _ in range(400):
        codec = running.decoder.codecs.get("maker-bay")
        device = running.decoder._devices.get(DEVICE)
        if codec and codec.version == version and device.codec_id == "maker-bay":
            return
        await asyncio.sleep(0.025)
    raise AssertionError(f"version {version} was not taken over")


async def observed(running: Any, f_cnt: int) -> tuple[bool, str, int]:
    await running.send_up(DEVICE, f_cnt, base64.b64encode(b"\x01").decode())
    _, event = await running.observation()
    data = event["data"]
    return data["occupied"], data["codec_id"], data["codec_version"]


async def test_running_decoder_follows_upload_activation_and_roll_back(
    running: Any, settings: UplinkSettings
) -> None:
    assert await store(settings, FIRST) == 1
    await until_version(running, 1)
    assert await observed(running, 1) == (True, "maker-bay", 1)
    assert await store(settings, SECOND) == 2
    assert await observed(running, 2) == (True, "maker-bay", 1)
    await activate(settings, 2)
    await until_version(running, 2)
    assert await observed(running, 3) == (False, "maker-bay", 2)
    await activate(settings, 1)
    await until_version(running, 1)
    assert await observed(running, 4) == (True, "maker-bay", 1)


async def test_every_codec_a_device_may_name_is_told(
    running: Any, settings: UplinkSettings
) -> None:
    await store(settings, FIRST)
    ids = await storage.codec_ids(running.connection)
    assert {"maker-bay", "bosch-tps110"} <= ids
