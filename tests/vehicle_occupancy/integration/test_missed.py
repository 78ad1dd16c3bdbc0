from __future__ import annotations

import asyncpg
import orjson

from .harness import World, ago, until

MISSED = """
insert into uplink.observation (observed_at, seq, event_id, uplink_id, kind, topic, source_id,
    subject, asset_id, dev_eui, received_at, simulated, writer, data)
values ($1, $2, $3, gen_random_uuid(), $4, '', 'test', $5, 'tram-1', 'test', now(), false, 'test',
    $6)
"""


async def test_observations_that_the_broker_did_not_bring_are_fetched_once(world: World) -> None:
    counted = {"mode": "delta", "counts": [{"class": "adult", "in": 12, "out": 0}]}
    rows = [
        (ago(50), 1, "u:0", "passenger-count", "vehicle/tram-1/door/1", counted),
        (ago(40), 2, "u:1", "device-presence", "vehicle/tram-1", {"wifi": 20, "ble": 14}),
        (ago(30), 3, "u:2", "passenger-count", "vehicle/tram-1/door/9", counted),
    ]
    async with world.service() as service:
        decoder = await asyncpg.connect(world.database_url, server_settings={"role": "uplink"})
        for *fields, data in rows:
            await decoder.execute(MISSED, *fields, orjson.dumps(data).decode())
        await decoder.close()
        found = await until(
            lambda: service.fetch("select event_id, kind from transit.reading order by event_id"),
            lambda stored: len(stored) == 2,
        )
        assert [tuple(row) for row in found] == [("u:0", "door-count"), ("u:1", "devices-seen")]
    async with world.service() as service:
        await until(
            lambda: service.fetch("select seq from transit.catch_up"),
            lambda marks: [mark["seq"] for mark in marks] == [3],
        )
        assert len(await service.fetch("select from transit.reading")) == 2
