# SPDX-License-Identifier: EUPL-1.2
"""A device that sent before anybody knew it: what it sent is decoded when it is registered."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from support.asking import Ask
from support.registry import set_device
from uplink_decoder.city import apply
from uplink_decoder.domain.readings import Asset
from uplink_decoder.settings import UplinkSettings

LATE = "0200000000000077"


async def register(settings: UplinkSettings, line: str) -> None:
    assert settings.city
    with (settings.city / "devices.csv").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    await asyncio.to_thread(apply, settings.city, settings.database_url.get_secret_value())


async def test_uplinks_of_an_unknown_device_become_observations_when_it_is_registered(
    running: Any, settings: UplinkSettings
) -> None:
    began = datetime.now(tz=UTC) - timedelta(hours=3)
    times = [(began + timedelta(minutes=n)).replace(microsecond=0) for n in range(5)]
    for number, time in enumerate(times):
        data = base64.b64encode(bytes([number % 2])).decode()
        await running.send_up(LATE, number, data, time=time.isoformat())
    await running.until_rows("select 1 from uplink where 'unknown_device' = any(flags)", 5)
    assert running.observations.empty()
    await register(settings, f"{LATE},late,bosch-tps110,bay,lot-77,3600,")
    events = [(await running.observation())[1] for _ in times]
    assert [datetime.fromisoformat(event["time"]) for event in events] == times
    assert [event["data"]["occupied"] for event in events] == [False, True, False, True, False]
    assert {event["subject"] for event in events} == {"bay/lot-77"}
    assert not any("corrects" in event for event in events)
    rows = await running.rows("select codec_id, flags from uplink")
    assert rows == [{"codec_id": "bosch-tps110", "flags": None}] * 5
    (job,) = await running.until_rows("select * from replay where state = 'done'", 1)
    assert (job["kind"], job["requested_by"]) == ("registration", "decoder")


async def test_device_registered_without_asset_is_decoded_and_later_becomes_observations(
    running: Any, settings: UplinkSettings
) -> None:
    await running.send_up(LATE, 1, base64.b64encode(b"\x01").decode())
    await running.until_rows("select 1 from uplink", 1)
    await register(settings, f"{LATE},late,bosch-tps110,,,3600,")
    decoded = "select flags from uplink where decoded is not null"
    assert await running.until_rows(decoded, 1) == [{"flags": ["no_asset"]}]
    assert running.observations.empty()
    url = settings.database_url.get_secret_value()
    await set_device(url, LATE, asset=Asset("bay", "lot-78"))
    _, event = await running.observation()
    assert (event["subject"], event["data"]["occupied"]) == ("bay/lot-78", True)


FORMATTER = """
function decodeUplink(input) { return {data: {celsius: input.bytes[0] / 2}}; }
"""
MAPPING = {
    "readings": [
        {
            "kind": "environment",
            "quantities": [
                {"quantity": "air.temperature", "unit": "°C", "path": "$.celsius"},
            ],
        }
    ]
}


async def test_uplinks_stored_before_become_a_series_by_an_uploaded_formatter(
    running: Any, ask: Ask, settings: UplinkSettings
) -> None:
    body = {"language": "javascript", "source": FORMATTER, "mapping": MAPPING}
    answer = await ask("PUT", "/v1/codecs/half-degrees", "codecs:write", json=body)
    assert answer.status_code == 201, answer.text
    began = (datetime.now(tz=UTC) - timedelta(hours=2)).replace(microsecond=0)
    times = [began + timedelta(minutes=10 * n) for n in range(3)]
    for number, time in enumerate(times):
        data = base64.b64encode(bytes([20 + number])).decode()
        await running.send_up(LATE, number, data, time=time.isoformat())
    await running.until_rows("select 1 from uplink where 'unknown_device' = any(flags)", 3)
    url = settings.database_url.get_secret_value()
    asset = Asset("environment", "markt")
    await set_device(url, LATE, codec_id="half-degrees", asset=asset)
    events = [(await running.observation())[1] for _ in times]
    assert {event["subject"] for event in events} == {"asset/markt"}
    rows = await running.rows("select observed_at, value from environment order by observed_at")
    assert rows == [
        {"observed_at": time, "value": 10 + number / 2} for number, time in enumerate(times)
    ]
    (newest,) = await running.rows("select observed_at, value from environment_newest")
    assert newest == {"observed_at": times[-1], "value": 11.0}
    marks = await running.rows("select distinct quantity from environment_dirty")
    assert marks == [{"quantity": "air.temperature"}]
