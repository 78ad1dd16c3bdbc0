# SPDX-License-Identifier: EUPL-1.2
"""The first step of an uplink's trace: from its receipt until the broker has its observations."""

from __future__ import annotations

from stadttakt_messages.trace import of_uplink
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.tracing import Kind, Span, Traces
from uplink_decoder.batch import Batch


def spans_of(batch: Batch, traces: Traces) -> list[Span]:
    """Return the steps of a committed batch's sampled uplinks; their end is not known yet."""
    if not traces.is_on:
        return []
    found: dict[str, Span] = {}
    for item, times, _, observation in batch.observations:
        context = of_uplink(str(item.uplink_id))
        if context.trace_id not in found and traces.sampled(context.trace_id):
            source = item.inbound.origin.source.source_id
            told = {"stadttakt.source": source, "stadttakt.subject": observation.subject}
            found[context.trace_id] = Span(
                "uplink", context, None, Kind.CONSUMER, times.received_at, utc_now(), told
            )
    return list(found.values())
