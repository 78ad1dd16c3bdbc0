# SPDX-License-Identifier: EUPL-1.2
"""From uplinks to the health of their device: whatever the order, each frame counts once."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from uplink_decoder.storage import health

OCCUPIED = base64.b64encode(b"\x01").decode()
DEVICE = "0200000000000001"
HOURS = """
select hour, frames, lost, repeated, sessions, rssi_max, spreading::text as spreading, track
from device_health_hour where dev_eui = $1 order by hour
"""


def at(minutes: int) -> datetime:
    begin = datetime.now(tz=UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=6)
    return begin + timedelta(minutes=minutes)


def message(f_cnt: int, minutes: int, **fields: Any) -> dict[str, Any]:
    return {
        "time": at(minutes).isoformat(),
        "devAddr": "00000001",
        "rxInfo": [
            {"gatewayId": "g-near", "rssi": -60 - f_cnt, "snr": 9.0},
            {"gatewayId": "g-far", "rssi": -120, "snr": -3.0},
        ],
        "txInfo": {"modulation": {"lora": {"spreadingFactor": 7}}},
        **fields,
    }


async def send(running: Any, *sent: tuple[int, int]) -> None:
    for f_cnt, minutes in sent:
        await running.send_up(DEVICE, f_cnt, OCCUPIED, **message(f_cnt, minutes))


async def examined(running: Any) -> list[dict[str, Any]]:
    # The pipeline takes note of what it committed a moment later.
    while any(running.decoder.pipeline.ledger.in_flight().values()):  # noqa: ASYNC110 (books tell nobody)
        await asyncio.sleep(0.005)
    await running.decoder.examiner.note_heard()
    await running.decoder.examiner.examine_all()
    return list(await running.rows(HOURS, DEVICE))


async def test_loss_and_reception_stand_in_their_hours(running: Any) -> None:
    await send(running, (1, 0), (2, 10), (5, 50), (6, 70))
    await running.until_rows("select 1 from uplink", 4)
    first, second = await examined(running)
    assert (first["frames"], first["lost"], first["rssi_max"]) == (3, 2, -61)
    assert (second["frames"], second["lost"]) == (1, 0)
    assert json.loads(first["spreading"]) == {"7": 3}
    heard = await running.rows(
        "select gateway_id, sum(frames)::int as frames from device_gateway_hour group by 1 order by 1"
    )
    assert [tuple(row.values()) for row in heard] == [("g-far", 4), ("g-near", 4)]
    gateways = await running.rows("select * from gateway order by gateway_id")
    assert [row["gateway_id"] for row in gateways] == ["g-far", "g-near"]
    assert gateways[0]["last_seen"] == at(70)


async def test_frame_that_comes_hours_late_mends_the_hours_after_it(running: Any) -> None:
    await send(running, (1, 0), (4, 130), (5, 190))
    await running.until_rows("select 1 from uplink", 3)
    assert [row["lost"] for row in await examined(running)] == [0, 2, 0]
    await send(running, (3, 70), (2, 65))
    await running.until_rows("select 1 from uplink", 5)
    assert [(row["frames"], row["lost"]) for row in await examined(running)] == [
        (1, 0),
        (2, 0),
        (1, 0),
        (1, 0),
    ]


async def test_any_order_and_repetition_ends_in_the_same_hours(running: Any) -> None:
    sent = [(f_cnt, f_cnt * 9) for f_cnt in range(30) if f_cnt not in {3, 11, 12, 25}]
    shuffled = [*sent, *sent[::3]]
    Random(7).shuffle(shuffled)
    for begin in range(0, len(shuffled), 9):
        await send(running, *shuffled[begin : begin + 9])
        seen = {f_cnt for f_cnt, _ in shuffled[: begin + 9]}
        await running.until_rows("select 1 from uplink", len(seen))
        found = await examined(running)
    assert sum(row["frames"] for row in found) == 26
    assert sum(row["lost"] for row in found) == 4
    assert sum(row["repeated"] for row in found) == 0
    await health.mark(running.connection, [(DEVICE, at(f_cnt * 9)) for f_cnt, _ in sent])
    await running.decoder.examiner.examine_all()
    assert await running.rows(HOURS, DEVICE) == found


async def test_battery_comes_from_codec_status_and_network_server(running: Any) -> None:
    await running.send(
        f"application/a/device/{DEVICE}/event/status",
        {"deduplicationId": "s", "time": at(5).isoformat(), "batteryLevel": 87.5},
    )
    await running.send(
        "v3/app@ttn/devices/d/up",
        {
            "end_device_ids": {"dev_eui": "0200000000000002"},
            "uplink_message": {
                "session_key_id": "k",
                "f_cnt": 3,
                "f_port": 0,
                "received_at": at(5).isoformat(),
                "last_battery_percentage": {"f_cnt": 3, "value": 61.0},
            },
        },
    )
    await running.until_rows("select 1 from device_event", 1)
    await running.until_rows("select 1 from uplink", 1)
    await examined(running)
    rows = await running.rows("select dev_eui, battery_percent from device_health order by 1")
    assert [tuple(row.values()) for row in rows] == [
        (DEVICE, 87.5),
        ("0200000000000002", 61.0),
    ]


async def test_what_a_killed_process_had_not_marked_is_marked_at_the_next_start(
    start: Callable[[], Any],
) -> None:
    async with start() as running:
        now = datetime.now(tz=UTC)
        await running.send_up(DEVICE, 1, OCCUPIED, time=now.isoformat())
        await send(running, (2, 0))
        await running.until_rows("select 1 from uplink", 2)
        # As a kill leaves it: the late one was marked with its batch, the other only in memory.
        running.decoder.pipeline.heard.clear()
        await running.connection.execute("delete from health_dirty where hour > $1", at(90))
    async with start() as running:
        assert [row["frames"] for row in await examined(running)] == [1, 1]
