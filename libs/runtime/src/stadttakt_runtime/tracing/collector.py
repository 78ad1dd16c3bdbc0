# SPDX-License-Identifier: EUPL-1.2
"""Sends spans to a collector in the background, in OpenTelemetry's own form; imported only where there is one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from stadttakt_messages.trace import TraceContext
from stadttakt_runtime.tracing.span import ANSWERS_WITHIN_S, Kind, Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {Kind.CONSUMER: SpanKind.CONSUMER, Kind.PRODUCER: SpanKind.PRODUCER}


class Collector:
    """While it is away the newest spans wait and the rest is dropped; the service never waits for it."""

    def __init__(self, service: str, endpoint: str) -> None:
        url = f"{endpoint.rstrip('/')}/v1/traces"
        exporter = OTLPSpanExporter(endpoint=url, timeout=ANSWERS_WITHIN_S)
        self._processor = BatchSpanProcessor(exporter)
        release = version("stadttakt-runtime")
        named = {"service.name": service, "service.namespace": "stadttakt"}
        self._resource = Resource.create({**named, "service.version": release})
        self._scope = InstrumentationScope("stadttakt", release)

    def send(self, span: Span) -> None:
        """Queue a span."""
        self._processor.on_end(
            ReadableSpan(
                name=span.name,
                context=_context(span.context, remote=False),
                parent=_context(span.parent, remote=True) if span.parent else None,
                resource=self._resource,
                instrumentation_scope=self._scope,
                attributes=dict(span.attributes),
                kind=_KINDS[span.kind],
                start_time=_nanoseconds(span.began),
                end_time=_nanoseconds(span.ended),
            )
        )

    def close(self) -> None:
        """Send what is queued and end; waits for the collector as long as its timeout."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]


def _context(context: TraceContext, *, remote: bool) -> SpanContext:
    return SpanContext(
        trace_id=int(context.trace_id, 16),
        span_id=int(context.span_id, 16),
        is_remote=remote,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


def _nanoseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000
