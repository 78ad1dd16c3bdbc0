# SPDX-License-Identifier: EUPL-1.2
"""What is sampled, what a collector gets, and that nobody waits for one that is away."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from stadttakt_messages.trace import TraceContext, of_uplink
from stadttakt_runtime.settings import ServiceSettings
from stadttakt_runtime.tracing import Kind, Span, Traces, child
from support.trace_collector import trace_collector

BEGUN = datetime(2026, 11, 26, 8, 0, 0, 123456, tzinfo=UTC)
UPLINK = of_uplink("12345678-1234-5678-9abc-def012345678")
NOWHERE = "http://127.0.0.1:9"


def ids(count: int) -> list[str]:
    namespace = UUID(int=7)
    return [uuid5(namespace, str(number)).hex for number in range(count)]


def span(context: TraceContext, parent: TraceContext | None = None) -> Span:
    ended = BEGUN + timedelta(milliseconds=5)
    return Span("uplink", context, parent, Kind.CONSUMER, BEGUN, ended, {"stadttakt.bay": "b1"})


def test_uplinks_id_is_its_traces_id_in_the_form_of_the_standard() -> None:
    assert str(UPLINK) == "00-12345678123456789abcdef012345678-1234567812345678-01"
    assert TraceContext.parse(str(UPLINK)) == UPLINK


def test_step_of_the_same_message_is_the_same_and_another_is_another() -> None:
    assert child(UPLINK, "parking") == child(UPLINK, "parking")
    assert child(UPLINK, "parking").trace_id == UPLINK.trace_id
    steps = {child(UPLINK, "sign", "a"), child(UPLINK, "sign", "b"), child(UPLINK, "parking")}
    assert len({each.span_id for each in steps}) == 3


@pytest.mark.parametrize("ratio", [0.01, 0.25, 0.5])
def test_sample_is_the_wanted_share_of_uplinks_and_the_same_in_each_service(ratio: float) -> None:
    decoder, parking = Traces("a", NOWHERE, ratio), Traces("b", NOWHERE, ratio)
    drawn = [each for each in ids(20_000) if decoder.sampled(each)]
    assert len(drawn) == pytest.approx(20_000 * ratio, rel=0.15)
    assert all(parking.sampled(each) for each in drawn)


def test_nothing_is_sampled_without_a_collector() -> None:
    traces = Traces.of(ServiceSettings(trace_ratio=1), "parking-occupancy")
    assert not traces.is_on
    assert not any(traces.sampled(each) for each in ids(100))


async def test_collector_gets_the_span_as_it_was() -> None:
    with trace_collector() as collector:
        traces = Traces("parking-occupancy", collector.url + "/", 1)
        step = child(UPLINK, "parking")
        traces.record([span(step, parent=UPLINK)])
        await traces.close()
    (got,) = collector.spans
    assert (got.service, got.name) == ("parking-occupancy", "uplink")
    assert (got.trace_id, got.span_id, got.parent) == (*step, UPLINK.span_id)
    assert got.began == 1_795_680_000_123_456_000
    assert got.ended - got.began == 5_000_000
    assert got.attributes == {"stadttakt.bay": "b1"}


async def test_nobody_waits_for_a_collector_that_does_not_answer() -> None:
    with trace_collector() as collector:
        collector.answering.clear()
        traces = Traces("parking-occupancy", collector.url, 1)
        traces.record(span(of_uplink(each)) for each in ids(5_000))
        assert collector.spans == []
        collector.answering.set()
        await traces.close()
    assert 0 < len(collector.spans) <= 5_000


@pytest.mark.parametrize("wrong", ["collector:4318", "ftp://collector", "http://"])
def test_address_that_is_none_is_refused_at_the_start(wrong: str) -> None:
    with pytest.raises(ValueError, match="otlp_endpoint"):
        ServiceSettings(otlp_endpoint=wrong)
