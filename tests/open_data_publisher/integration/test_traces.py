# SPDX-License-Identifier: EUPL-1.2
"""The trace of a state that is told goes on to the feeds."""

from __future__ import annotations

from pathlib import Path

from stadttakt_messages.trace import TraceContext, of_uplink
from stadttakt_runtime.tracing import child
from support.open_data import OPEN_POLICY, bay, lot
from support.open_data_world import World, until
from support.trace_collector import trace_collector

LOTS_ONLY = OPEN_POLICY.partition("  - kind: bay")[0]


def test_trace_of_a_state_goes_on_to_the_feeds_where_the_policy_tells_it(
    tmp_path: Path, database_url: str, mqtt_url: str
) -> None:
    world = World(tmp_path, database_url, mqtt_url)
    world.policy.write_text(LOTS_ONLY)
    of_bay, of_lot = (step(number) for number in (1, 2))
    with trace_collector() as collector:
        where = {"STADTTAKT_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with world.publisher(**where, STADTTAKT_TRACE_RATIO="1"):
            world.publish(world.message(bay(), traceparent=str(of_bay)))
            world.publish(world.message(lot(), traceparent=str(of_lot)))
            until(lambda: len(collector.spans) > 0)
    (feed,) = collector.spans
    assert (feed.service, feed.name) == ("open-data-publisher", "feed")
    assert (feed.trace_id, feed.span_id) == child(of_lot, "feed")
    assert feed.parent == of_lot.span_id
    assert feed.attributes == {"stadttakt.lot": "markt"}
    assert feed.began <= feed.ended


def step(number: int) -> TraceContext:
    return child(of_uplink(f"{number:032x}"), "publish")
