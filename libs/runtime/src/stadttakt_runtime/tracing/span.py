# SPDX-License-Identifier: EUPL-1.2
"""A step of a trace; its identifier is derived, not drawn.

So a message that comes twice is the same spans, and a service keeps nothing to continue a trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from hashlib import blake2b
from typing import NamedTuple

from stadttakt_messages.trace import TraceContext

ANSWERS_WITHIN_S = 3
"""For a collector, tries included; a process that ends waits no longer either."""


class Kind(Enum):
    """What a step does with a message (OpenTelemetry, "Tracing API", section SpanKind)."""

    CONSUMER = "consumer"
    PRODUCER = "producer"


class Span(NamedTuple):
    """A step that is over; `parent` is the step before it in the same trace."""

    name: str
    context: TraceContext
    parent: TraceContext | None
    kind: Kind
    began: datetime
    ended: datetime
    attributes: Mapping[str, str]


def child(parent: TraceContext, *step: str) -> TraceContext:
    """Return the context of a step after another: the same whenever it is asked for."""
    told = "\0".join((parent.trace_id, parent.span_id, *step)).encode()
    return TraceContext(parent.trace_id, blake2b(told, digest_size=8).hexdigest())
