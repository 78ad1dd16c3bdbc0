# SPDX-License-Identifier: EUPL-1.2
"""Many devices that send much within an hour are examined without having all of it in memory."""

import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest

from stadttakt_runtime.clock import utc_now
from uplink_decoder.alerting import watch
from uplink_decoder.examiner import MARKS_AT_ONCE
from uplink_decoder.storage import health

DEVICES, FRAMES, MESSAGE = 60, 50, 20_000
LEAST_S = 1e-6
"""No machine reads a message of that length faster."""
SILENT_GATEWAY = """
with known as (
    insert into gateway (gateway_id, source_id, is_foreign, simulated, first_seen, last_seen)
    values ('g', 'cs', false, false, now() - interval '2 days', now() - interval '2 hours')
)
insert into device_gateway_hour (dev_eui, gateway_id, hour, frames)
values ('1', 'g', now() - interval '3 hours', 10000)
"""
HOUR = datetime(2026, 11, 2, 7, tzinfo=UTC)
FILL = """
insert into uplink (observed_at, uplink_id, source_id, dev_eui, received_at, time_source, f_cnt, f_port,
    payload, raw, simulated)
select $1::timestamptz + make_interval(mins => n), gen_random_uuid(), 'cs', lpad(d::text, 16, '0'),
    $1::timestamptz + make_interval(mins => n), 'gateway', n, 1, '\\x01',
    convert_to(json_build_object('note', repeat('x', $4))::text, 'UTF8'), false
from generate_series(1, $2::int) d, generate_series(1, $3::int) n
"""


async def test_memory_is_that_of_a_few_hours_of_devices_and_not_of_all(running: Any) -> None:
    await running.connection.execute(FILL, HOUR, DEVICES, FRAMES, MESSAGE)
    keys = [(str(number).zfill(16), HOUR) for number in range(1, DEVICES + 1)]
    await health.mark(running.connection, keys)
    tracemalloc.start()
    try:
        examined = await running.decoder.examiner.examine_all()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    found = await running.rows(
        "select count(*) as hours, sum(frames) as frames from device_health_hour"
    )
    assert examined == DEVICES
    assert found == [{"hours": DEVICES, "frames": DEVICES * FRAMES}]
    assert peak < DEVICES * FRAMES * MESSAGE / 3
    # What it computed is noted, for it rests by that.
    assert running.decoder.examiner.computed_s > DEVICES * FRAMES * LEAST_S


@pytest.mark.parametrize(("often", "devices", "is_told"), [(5, 1, True), (1, 5, False)])
async def test_hours_that_wait_keep_silent_gateways_untold_however_often_one_was_marked(
    running: Any, monkeypatch: pytest.MonkeyPatch, *, often: int, devices: int, is_told: bool
) -> None:
    monkeypatch.setattr(watch, "LAGGING", 3)
    await running.connection.execute(SILENT_GATEWAY)
    for _ in range(often):
        await health.mark(running.connection, [(str(n), HOUR) for n in range(devices)])
    await running.decoder.watch.look(utc_now(), slow=False)
    told = await running.rows("select kind, alert_id from alert")
    assert told == ([{"kind": "gateway-silent", "alert_id": "g"}] if is_told else [])


async def test_an_hour_need_not_wait_for_another_that_was_marked_often(running: Any) -> None:
    await running.connection.execute(FILL, HOUR, 2, 1, 10)
    first, second = (str(number).zfill(16) for number in (1, 2))
    for _ in range(MARKS_AT_ONCE + 1):
        await health.mark(running.connection, [(first, HOUR)])
    await health.mark(running.connection, [(second, HOUR)])
    assert await running.decoder.examiner.examine_some() == 2
    assert await running.rows("select 1 from health_dirty") == []
