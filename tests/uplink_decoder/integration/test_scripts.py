# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import base64
from typing import Any

import pytest

from stadttakt_runtime.database import SERVER_LETS_GO
from support.asking import asker
from uplink_decoder.codecs.model import ScriptCodec
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.settings import UplinkSettings

GOOD, HOSTILE, NATIVE = "0200000000000001", "0200000000000003", "0200000000000002"
BAY = """
function decodeUplink(input) { return {data: {taken: input.bytes[0] === 1}}; }
"""
SLOW = """
function decodeUplink(input) {
  var until = Date.now() + 25;
  while (Date.now() < until) {}
  return {data: {taken: input.bytes[0] === 1}};
}
"""
LOOP = "function decodeUplink(input) { while (true) {} }"
MAPPING = {"readings": [{"kind": "bay", "occupied": {"path": "$.taken", "equals": True}}]}


@pytest.fixture
def scripts(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device of one bay has a script that maps, another one's never ends."""
    codecs = {
        **NATIVE_CODECS,
        "bosch-tps110": ScriptCodec("bosch-tps110", 7, "m", "x", BAY, True, MAPPING),  # noqa: FBT003
        "milesight-vs350": ScriptCodec("milesight-vs350", 1, "m", "x", LOOP, False, None),  # noqa: FBT003
    }
    monkeypatch.setattr(running.decoder.pipeline._decoding, "_codecs", codecs)


def payload(*values: int) -> str:
    return base64.b64encode(bytes(values)).decode()


async def test_script_and_its_mapping_lead_to_an_observation(running: Any, scripts: None) -> None:
    await running.send_up(GOOD, 1, payload(1))
    topic, event = await running.observation()
    assert topic.endswith("/observation/bay-occupancy/lot-01")
    assert (event["data"]["occupied"], event["data"]["codec_version"]) == (True, 7)
    (row,) = await running.until_rows("select codec_id, decoded::text from uplink", 1)
    assert (row["codec_id"], row["decoded"]) == ("bosch-tps110", '{"taken": true}')


async def test_stored_mapping_that_is_none_costs_its_messages_only(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"readings": [{"kind": "moon"}]}
    codecs = {
        **NATIVE_CODECS,
        "milesight-vs350": ScriptCodec("milesight-vs350", 1, "m", "x", BAY, True, wrong),  # noqa: FBT003
    }
    monkeypatch.setattr(running.decoder.pipeline._decoding, "_codecs", codecs)
    await running.send_up(HOSTILE, 1, payload(1))
    await running.send_up(NATIVE, 1, payload(1))
    (held,) = await running.until_rows("select * from quarantine", 1)
    assert held["reason"] == "codec_mapping"
    await running.until_rows("select * from uplink", 2)
    await running.until_rows("select * from observation", 1)


async def test_endless_script_costs_its_messages_and_holds_up_no_other_device(
    running: Any, scripts: None
) -> None:
    for number in range(6):
        await running.send_up(HOSTILE, number, payload(1))
        await running.send_up(GOOD, number, payload(number % 2))
        await running.send_up(NATIVE, number, payload(number % 2))
    await running.until_rows("select * from observation", 12)
    held = await running.until_rows("select * from quarantine order by received_at", 6)
    reasons = sorted(row["reason"] for row in held)
    assert reasons == ["codec_suspended"] * 3 + ["codec_timeout"] * 3
    assert len(await running.until_rows("select * from uplink", 18)) == 18


async def test_messages_before_and_after_a_straggler_are_all_acknowledged(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    codecs = {
        **NATIVE_CODECS,
        "milesight-vs350": ScriptCodec("milesight-vs350", 1, "m", "x", LOOP, False, None),  # noqa: FBT003
    }
    async with start() as first:
        monkeypatch.setattr(first.decoder.pipeline._decoding, "_codecs", codecs)
        for number in range(3):
            await first.send_up(NATIVE, 2 * number, payload(1))
            await first.send_up(HOSTILE, number, payload(1))
        await first.until_rows("select * from uplink", 6)
    async with start() as second:
        await second.send_up(NATIVE, 99, payload(0))
        await second.until_rows("select * from uplink", 7)
        assert second.decoder.feeds.platform.backlog == 0
        times = await second.rows("select sum(times) as n from quarantine")
        assert times[0]["n"] == 3


async def test_scripts_of_a_replay_may_take_longer_than_a_session_may_be_silent(
    start: Any, settings: UplinkSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SERVER_LETS_GO, "idle_in_transaction_session_timeout", "800ms")
    monkeypatch.setattr("stadttakt_runtime.awake.SPEAK_EVERY_S", 0.05)
    async with start() as decoder:
        for number in range(80):
            await decoder.send_up(GOOD, number, payload(1))
        await decoder.until_rows("select * from uplink", 80)
        slow = ScriptCodec("bosch-tps110", 8, "m", "x", SLOW, True, MAPPING)  # noqa: FBT003
        monkeypatch.setattr(
            decoder.decoder._replayer._windows, "_codecs", {**NATIVE_CODECS, slow.codec_id: slow}
        )
        ask = asker(decoder.http, settings.database_url.get_secret_value())
        body = {"everything": True}
        assert (await ask("POST", "/v1/replays", "replay", json=body)).status_code == 202
        await decoder.until_rows("select from replay where state = 'done'", 1)
        versions = await decoder.rows("select distinct codec_version from uplink")
        assert versions == [{"codec_version": 8}]
