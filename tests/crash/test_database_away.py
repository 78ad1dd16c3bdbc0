# SPDX-License-Identifier: EUPL-1.2
"""The database is away for a long time, or from the start: services wait for it and lose nothing."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

from crash.load import RATE, Publishing, make_pool
from crash.services import Service
from crash.truth import Truth
from crash.world import World

AWAY_S = float(os.environ.get("STADTTAKT_CRASH_AWAY_S", "60"))
"""Long enough for back-offs to reach their longest pause and for buffers to fill."""
MAX_RESIDENT_MB = 250
BEFORE_S, AFTER_S = 2, 2
GRACE_S = 29
"""Kubernetes kills after 30 s."""


def test_database_away_for_a_minute_under_load(
    world: World, rng: Random, tell: Callable[[str], None]
) -> None:
    services = {"decoder": world.decoder, "parking": world.parking}
    world.start()
    count = int((BEFORE_S + AWAY_S + AFTER_S) * RATE)
    load = Publishing(make_pool(count, rng, world.root), world.stack.mosquitto.url)
    highest = dict.fromkeys(services, 0.0)
    try:
        time.sleep(BEFORE_S)
        before = {name: service.resident_mb() for name, service in services.items()}
        pids = [service.pid for service in services.values()]
        world.stack.postgres.kill()
        comes_back_at = time.monotonic() + AWAY_S
        time.sleep(5)
        while time.monotonic() < comes_back_at:
            for name, service in services.items():
                assert (service.status("/ready"), service.status("/live")) == (503, 200), name
                highest[name] = max(highest[name], service.resident_mb())
            time.sleep(0.5)
        world.stack.postgres.start()
        world.stack.postgres.wait_ready()
        back_at = time.monotonic()
        for service in services.values():
            service.wait_ready()
        ready_after = time.monotonic() - back_at
        acknowledged = load.acknowledged()
    finally:
        load.abandon()
    assert len(acknowledged) == len(load.pool)
    recovered_after = world.until_true(Truth(acknowledged))
    assert [service.pid for service in services.values()] == pids
    for name, service in services.items():
        highest[name] = max(highest[name], service.resident_mb())
        assert highest[name] < MAX_RESIDENT_MB, name
    sizes = ", ".join(f"{name} {before[name]:.0f} -> {highest[name]:.0f} MB" for name in services)
    tell(
        f"away {AWAY_S:.0f} s under {len(acknowledged)} uplinks: ready after {ready_after:.1f} s, "
        f"all stored and shown {recovered_after:.1f} s after the load ended; {sizes}"
    )


def test_services_that_start_before_the_database_wait_for_it(world: World, rng: Random) -> None:
    world.stack.postgres.kill()
    world.decoder.start()
    world.parking.start()
    time.sleep(4)
    world.stack.postgres.start()
    world.stack.postgres.wait_ready()
    world.decoder.wait_ready()
    world.parking.wait_ready()
    assert world.decoder.ends + world.parking.ends == []
    load = Publishing(make_pool(200, rng, world.root), world.stack.mosquitto.url)
    world.until_true(Truth(load.acknowledged()))


def test_services_leave_on_sigterm_although_the_database_is_away(world: World) -> None:
    services = (world.decoder, world.parking)
    world.start()
    world.stack.postgres.kill()
    try:
        # Until every worker waits for it.
        time.sleep(3)
        with ThreadPoolExecutor() as threads:
            assert max(threads.map(Service.stop, services)) < GRACE_S
        assert [service.ends for service in services] == [[0], [0]]
    finally:
        world.stack.postgres.start()
        world.stack.postgres.wait_ready()
