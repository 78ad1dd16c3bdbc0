# SPDX-License-Identifier: EUPL-1.2
"""The trace of a count at a door goes on to the load that some may know, and never to what everybody sees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stadttakt_messages.trace import TraceContext, of_uplink
from stadttakt_runtime.tracing import child
from support.trace_collector import TraceCollector, trace_collector

from .harness import Wire, World, ago, eventually

UPLINK = of_uplink("12345678-1234-5678-9abc-def012345678")
LOAD, PUBLIC = "vehicle-load/tram-1", "vehicle/tram-1"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[TraceCollector]:
    with trace_collector() as running:
        monkeypatch.setenv("STADTTAKT_OTLP_ENDPOINT", running.url)
        monkeypatch.setenv("STADTTAKT_TRACE_RATIO", "1")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield running


async def two_trips(wire: Wire) -> None:
    """Between two trips the tram was empty, so that a load is known when both doors were heard."""
    for trip, seconds in (("a", 300), ("b", 200)):
        await wire.assign("tram-1", {"line": "7", "trip_id": trip}, at=ago(seconds))


async def test_trace_of_a_count_goes_on_to_the_load_and_not_to_the_public_state(
    world: World, collector: TraceCollector
) -> None:
    async with world.service(), world.wire() as wire:
        await two_trips(wire)
        await wire.count("tram-1", "1", 20, at=ago(100))
        await wire.count("tram-1", "2", 20, at=ago(99), traceparent=str(UPLINK))
        await eventually(lambda: traces_of(wire.states.get(LOAD, [])), within_s=60)
        await eventually(lambda: len(collector.spans) >= 2, within_s=60)
    taken = child(UPLINK, "vehicle")
    told = child(taken, "vehicle-load", "tram-1")
    steps = {each.name: each for each in collector.spans}
    assert steps.keys() == {"vehicle", "publish vehicle-load"}
    for name, context, before in (
        ("vehicle", taken, UPLINK),
        ("publish vehicle-load", told, taken),
    ):
        assert steps[name].service == "vehicle-occupancy"
        assert (steps[name].trace_id, steps[name].span_id) == context
        assert steps[name].parent == before.span_id
    assert steps["vehicle"].attributes == {"stadttakt.vehicle": "tram-1"}
    assert traces_of(wire.states[LOAD]) == {told}
    assert wire.states[PUBLIC]
    assert traces_of(wire.states[PUBLIC]) == set()


async def test_trace_is_passed_on_as_it_came_without_a_collector(world: World) -> None:
    async with world.service(), world.wire() as wire:
        await two_trips(wire)
        await wire.count("tram-1", "1", 20, at=ago(100))
        await wire.count("tram-1", "2", 20, at=ago(99), traceparent=str(UPLINK))
        await eventually(lambda: traces_of(wire.states.get(LOAD, [])), within_s=60)
    assert traces_of(wire.states[LOAD]) == {UPLINK}
    assert traces_of(wire.states.get(PUBLIC, [])) == set()


def traces_of(events: list[dict[str, object] | None]) -> set[TraceContext]:
    told = (str(each["traceparent"]) for each in events if each and "traceparent" in each)
    return {TraceContext.parse(each) for each in told}
