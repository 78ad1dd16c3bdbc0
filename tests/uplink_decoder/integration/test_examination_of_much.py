# SPDX-License-Identifier: EUPL-1.2
"""Many devices that send much within an hour are examined without having all of it in memory."""

import tracemalloc
from datetime import UTC, datetime
from typing import Any

from uplink_decoder.examiner import MARKS_AT_ONCE
from uplink_decoder.storage import health

DEVICES, FRAMES, MESSAGE = 60, 50, 20_000
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


async def test_an_hour_need_not_wait_for_another_that_was_marked_often(running: Any) -> None:
    await running.connection.execute(FILL, HOUR, 2, 1, 10)
    first, second = (str(number).zfill(16) for number in (1, 2))
    for _ in range(MARKS_AT_ONCE + 1):
        await health.mark(running.connection, [(first, HOUR)])
    await health.mark(running.connection, [(second, HOUR)])
    assert await running.decoder.examiner.examine_some() == 2
    assert await running.rows("select 1 from health_dirty") == []
