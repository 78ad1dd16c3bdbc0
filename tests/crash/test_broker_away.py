# SPDX-License-Identifier: EUPL-1.2
"""The broker is away, from the start and later: services wait for it, answer meanwhile, lose nothing."""

import time
from random import Random

from crash.load import Publishing, make_pool
from crash.services import Service
from crash.truth import Truth
from crash.world import World


def test_broker_away_at_start_and_later(world: World, rng: Random) -> None:
    services, broker = (world.decoder, world.parking), world.stack.mosquitto
    broker.kill()
    for service in services:
        service.start()
    try:
        for service in services:
            until(service, "/live", 200)
        time.sleep(2)
        assert [service.status("/ready") for service in services] == [503, 503]
    finally:
        broker.start()
        broker.wait_ready()
    for service in services:
        service.wait_ready()
    first = Publishing(make_pool(500, rng, world.root), broker.url).acknowledged()
    world.until_true(Truth(first))
    broker.kill()
    try:
        for service in services:
            until(service, "/ready", 503)
            assert service.status("/live") == 200
        later = Publishing(make_pool(500, rng, world.root), broker.url)
        time.sleep(2)
    finally:
        broker.start()
        broker.wait_ready()
    world.until_true(Truth([*first, *later.acknowledged()]))
    assert world.decoder.ends + world.parking.ends == []


def until(service: Service, path: str, status: int) -> None:
    deadline = time.monotonic() + 20
    while service.status(path) != status:
        assert time.monotonic() < deadline, f"{path} never answered {status}"
        time.sleep(0.05)
