# SPDX-License-Identifier: EUPL-1.2
"""The sample of traces that a service tells of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

from stadttakt_messages.trace import TraceContext
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.settings import ServiceSettings
from stadttakt_runtime.tracing.span import Kind, Span, child

_RANDOM_DIGITS = 14


class Traces:
    """A sample is the same traces in every service; nothing is in it where there is no collector.

    OpenTelemetry, "TraceState: Probability Sampling": the last 56 bits of a trace's id are its
    randomness. (All of the last 64 would not do: two bits of a UUID are fixed.)
    """

    def __init__(self, service: str, endpoint: str, ratio: float) -> None:
        self._limit = int(ratio * 16**_RANDOM_DIGITS)
        self._collector = None
        if endpoint:
            # Only here: who has no collector pays neither memory nor start for it.
            from stadttakt_runtime.tracing.collector import Collector  # noqa: PLC0415

            self._collector = Collector(service, endpoint)

    @classmethod
    def of(cls, settings: ServiceSettings, service: str) -> Traces:
        """Return those of a service as it is set up."""
        return cls(service, settings.otlp_endpoint, settings.trace_ratio)

    @property
    def is_on(self) -> bool:
        """Whether there is a collector."""
        return self._collector is not None

    def sampled(self, trace_id: str) -> bool:
        """Whether a trace belongs to the sample."""
        return self.is_on and int(trace_id[-_RANDOM_DIGITS:], 16) < self._limit

    def record(self, spans: Iterable[Span]) -> None:
        """Tell the collector of spans."""
        if self._collector is not None:
            for span in spans:
                self._collector.send(span)

    def took(
        self, step: str, traceparent: str, received_at: datetime, about: Mapping[str, str]
    ) -> str:
        """Tell of a message that was taken and is committed; return what continues its trace."""
        before = TraceContext.parse(traceparent)
        if not self.sampled(before.trace_id):
            return traceparent
        context = child(before, step)
        self.record([Span(step, context, before, Kind.CONSUMER, received_at, utc_now(), about)])
        return str(context)

    def publishing(self, view: str, entity_id: str, cause: str) -> Span | None:
        """Return the step of publishing a state behind which a message stands, if it is sampled.

        When it was is not known yet.
        """
        if not self.is_on or not self.sampled((before := TraceContext.parse(cause)).trace_id):
            return None
        now, context = utc_now(), child(before, view, entity_id)
        about = {f"stadttakt.{view}": entity_id}
        return Span(f"publish {view}", context, before, Kind.PRODUCER, now, now, about)

    async def close(self) -> None:
        """Send what is left, for as long as the collector may take for an answer."""
        if self._collector is not None:
            await asyncio.to_thread(self._collector.close)
