# SPDX-License-Identifier: EUPL-1.2
"""SIGTERM under load: what is in hand is finished, the rest stays with the broker, nothing comes twice."""

import re
import time
from random import Random

import psycopg

from crash.load import Publishing, make_pool
from crash.truth import Truth
from crash.world import World

LEAVES_WITHIN_S = 15


def test_decoder_finishes_what_is_in_hand_and_leaves(world: World, rng: Random) -> None:
    world.start()
    load = Publishing(
        make_pool(4000, rng, world.root, repeated_share=0), world.stack.mosquitto.url, rate=1000
    )
    time.sleep(2)
    seconds = world.decoder.stop()
    assert world.decoder.ends == [0], world.decoder.log_tail()
    assert seconds < LEAVES_WITHIN_S
    stored, marked, running = state(world)
    # Everything stored was also published, and noted as such, before the process left.
    assert 0 < stored < len(load.pool)
    assert (marked, running) == (stored, False)
    world.decoder.start()
    world.until_true(Truth(load.acknowledged()))
    # Nothing that was acknowledged came again, and nothing was swept or suspected.
    assert duplicates(world) == 0
    assert swept(world) == [0, 0]


def state(world: World) -> tuple[int, int, bool]:
    """Return how many observations there are, the publish mark, and whether it says running."""
    with psycopg.connect(world.database_url) as connection:
        query = """
            select (select count(*) from uplink.observation), seq, running from uplink.publish_mark
        """
        row = connection.execute(query).fetchone()
    assert row is not None
    return row


def swept(world: World) -> list[int]:
    """Return how many observations each start of the decoder published again."""
    return [int(n) for n in re.findall(r'"published": (\d+)', world.decoder.log_file.read_text())]


def duplicates(world: World) -> int:
    """Return how many messages the present decoder process knew already."""
    metrics = world.decoder.http.get("/metrics").text
    pattern = r'stadttakt_uplink_messages_total\{[^}]*outcome="duplicate"[^}]*\} (\d+)'
    return sum(int(count) for count in re.findall(pattern, metrics))
