# SPDX-License-Identifier: EUPL-1.2
"""A collector of traces for tests, on loopback: takes what OTLP's exporters send and keeps it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Collected:
    """A span as it arrived; identifiers in hex, times in ns since 1970."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent: str
    began: int
    ended: int
    attributes: dict[str, str]


@dataclass
class TraceCollector:
    """Where to send to, and what has come; requests wait while `answering` is clear."""

    url: str
    spans: list[Collected] = field(default_factory=list)
    answering: threading.Event = field(default_factory=threading.Event)

    def take(self, body: bytes) -> None:
        """Keep the spans of a request."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            for span in [span for scope in resource.scope_spans for span in scope.spans]:
                told = {each.key: each.value.string_value for each in span.attributes}
                self.spans.append(
                    Collected(
                        service=named["service.name"],
                        name=span.name,
                        trace_id=span.trace_id.hex(),
                        span_id=span.span_id.hex(),
                        parent=span.parent_span_id.hex(),
                        began=span.start_time_unix_nano,
                        ended=span.end_time_unix_nano,
                        attributes=told,
                    )
                )


@contextmanager
def trace_collector() -> Iterator[TraceCollector]:
    """Yield a running collector."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            collector.answering.wait()
            collector.take(body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = TraceCollector(f"http://127.0.0.1:{server.server_address[1]}")
        collector.answering.set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield collector
        server.shutdown()
