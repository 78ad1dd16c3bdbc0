# SPDX-License-Identifier: EUPL-1.2
"""The sample of traces that a service tells of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from stadttakt_runtime.settings import ServiceSettings
from stadttakt_runtime.tracing.span import Span

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

    async def close(self) -> None:
        """Send what is left, for as long as the collector may take for an answer."""
        if self._collector is not None:
            await asyncio.to_thread(self._collector.close)
