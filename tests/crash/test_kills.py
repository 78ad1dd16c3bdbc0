# SPDX-License-Identifier: EUPL-1.2
"""kill -9 at random moments under load: what was acknowledged is stored once and shown."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from random import Random

import psycopg
import pytest

from crash.load import FORGOTTEN_A_DEATH, RATE, Publishing, make_pool
from crash.truth import Truth
from crash.world import World
from stadttakt_simulators.burst import BurstMessage
from stadttakt_simulators.clock import system_clock

BACKLOG = 4000
CASES = {
    "decoder": (["decoder"] * 3, 4),
    "parking": (["parking"] * 3, 4),
    "broker": (["broker"] * 3, 4),
    "database": (["database"] * 3, 4),
    "all": (["decoder", "parking", "broker", "database"] * 2 + ["everything"], 10),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_broker_acknowledged_is_stored_once_and_shown(
    case: str, world: World, rng: Random, tell: Callable[[str], None]
) -> None:
    victims, seconds = CASES[case]
    world.start()
    first = publish_and_kill(world, rng, victims, seconds)
    without_backlog = recover(world, [first])
    tell(f"{len(first.pool)} uplinks, no backlog: {without_backlog}")
    world.decoder.stop()
    backlog = Publishing(make_pool(BACKLOG, rng, world.root), world.stack.mosquitto.url, rate=0)
    assert len(backlog.acknowledged()) == len(backlog.pool)
    world.decoder.start()
    second = publish_and_kill(world, rng, victims, seconds)
    with_backlog = recover(world, [first, backlog, second])
    tell(f"{len(second.pool)} uplinks, backlog of {len(backlog.pool)}: {with_backlog}")


def test_states_and_observations_committed_but_not_published_are_published_after_the_death(
    world: World, rng: Random, tell: Callable[[str], None]
) -> None:
    world.start()
    load = Publishing(make_pool(1000, rng, world.root), world.stack.mosquitto.url, rate=0)
    acknowledged = load.acknowledged()
    while not observed(world):
        time.sleep(0.002)
    # A broker that hangs takes no publishes any more; what was received before is committed.
    world.broker_deaths.append(system_clock())
    for pid in world.stack.mosquitto.processes():
        os.kill(pid, signal.SIGSTOP)
    time.sleep(0.5)
    world.kill("everything")
    seconds = world.until_true(Truth(acknowledged, load.doubtful(world.broker_deaths)))
    tell(f"recovered {seconds:.1f} s after the death")


def observed(world: World) -> bool:
    """Tell whether parking has stored anything."""
    with psycopg.connect(world.database_url) as connection:
        return connection.execute("select 1 from parking.bay_event limit 1").fetchone() is not None


def test_no_message_is_blamed_for_deaths_that_came_from_outside(
    world: World, rng: Random, tell: Callable[[str], None]
) -> None:
    world.start()
    world.decoder.stop()
    waiting = Publishing(make_pool(BACKLOG, rng, world.root), world.stack.mosquitto.url, rate=0)
    acknowledged = waiting.acknowledged()
    world.decoder.start()
    for number in range(1, 5):
        # So soon after the start that the same messages are in flight each time.
        wait_for_sweep(world, number + 1)
        time.sleep(rng.uniform(0.02, 0.3))
        world.kill("decoder")
        time.sleep(0.3)
    seconds = world.until_true(Truth(acknowledged))
    tell(f"{len(acknowledged)} uplinks: killed {world.deaths()}, recovered {seconds:.1f} s later")


def wait_for_sweep(world: World, count: int) -> None:
    """Wait until the decoder has swept so often: then it takes messages."""
    deadline = time.monotonic() + 20
    while world.decoder.log_file.read_text().count('"swept"') < count:
        assert time.monotonic() < deadline, world.decoder.log_tail()
        time.sleep(0.005)


def publish_and_kill(
    world: World, rng: Random, victims: Sequence[str], seconds: float
) -> Publishing[BurstMessage]:
    """Publish for some seconds, with these deaths in between, until everything is acknowledged."""
    moments = sorted(rng.uniform(0.2, seconds) for _ in victims)
    load = Publishing(make_pool(int(seconds * RATE), rng, world.root), world.stack.mosquitto.url)
    began = time.monotonic()
    try:
        for moment, victim in zip(moments, rng.sample(victims, len(victims)), strict=True):
            time.sleep(max(0, began + moment - time.monotonic()))
            world.kill(victim)
        acknowledged = load.acknowledged()
    finally:
        load.abandon()
    # The publisher repeats itself until the broker has everything.
    assert len(acknowledged) == len(load.pool)
    return load


def recover(world: World, loads: Sequence[Publishing[BurstMessage]]) -> str:
    """See that everything is as it must be; returns a line about it."""
    acknowledged = [message for load in loads for message in load.acknowledged()]
    doubtful = set[str]().union(*(load.doubtful(world.broker_deaths) for load in loads))
    truth = Truth(acknowledged, doubtful)
    seconds = world.until_true(truth)
    forgotten = len(truth.uplinks) - len(truth.given(world.database_url).uplinks)
    # The broker's own turn of its loop, a message or two; more would be our loss.
    assert forgotten <= FORGOTTEN_A_DEATH * len(world.broker_deaths)
    killed = f"killed {world.deaths()}, recovered {seconds:.1f} s after load and last kill"
    return f"{killed}; the broker forgot {forgotten} of {len(doubtful)} doubtful"
