# SPDX-License-Identifier: EUPL-1.2
"""Trace context as events carry it (W3C Trace Context, section 3.2): an uplink's id is its trace's id."""

from __future__ import annotations

from typing import NamedTuple

SAMPLED = "01"


class TraceContext(NamedTuple):
    """One step of a trace: 32 hex digits for the trace, 16 for the step."""

    trace_id: str
    span_id: str

    def __str__(self) -> str:
        """Return the attribute `traceparent`."""
        return f"00-{self.trace_id}-{self.span_id}-{SAMPLED}"

    @classmethod
    def parse(cls, traceparent: str) -> TraceContext:
        """Return what an attribute that fits the envelope's pattern says."""
        _, trace_id, span_id, _ = traceparent.split("-")
        return cls(trace_id, span_id)


def of_uplink(uplink_id: str) -> TraceContext:
    """Return the first step of an uplink's trace; every delivery of an uplink has the same."""
    trace_id = uplink_id.replace("-", "")
    return TraceContext(trace_id, trace_id[:16])
