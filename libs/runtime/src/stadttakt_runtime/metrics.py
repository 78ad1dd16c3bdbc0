# SPDX-License-Identifier: EUPL-1.2
"""Request metrics of the HTTP server and the `/metrics` text; other modules own their metrics."""

from __future__ import annotations

from time import perf_counter

from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter(
    "stadttakt_http_requests_total", "Answered requests", ["method", "route", "status"]
)
LATENCY = Histogram(
    "stadttakt_http_request_duration_seconds",
    "From the request to the first byte of the answer",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"


class RequestMetrics:
    """Counts and times requests by route template, so that ids never become labels."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        # `labels()` locks and joins strings on each call; the children never change.
        self._seen: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        answered = False

        async def send_and_count(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                self._count(scope, message["status"], perf_counter() - started)
            await send(message)

        try:
            await self._app(scope, receive, send_and_count)
        except Exception:
            # Starlette answers 500 outside of this middleware.
            if not answered:
                self._count(scope, 500, perf_counter() - started)
            raise

    def _count(self, scope: Scope, status: int, elapsed_s: float) -> None:
        key = (scope["method"], getattr(scope.get("route"), "path", UNMATCHED), status)
        children = self._seen.get(key)
        if children is None:
            method = key[0] if key[0] in METHODS else "other"
            children = (
                REQUESTS.labels(method, key[1], str(status)),
                LATENCY.labels(method, key[1]),
            )
            if method != "other":
                self._seen[key] = children
        children[0].inc()
        children[1].observe(elapsed_s)


def exposition(accept: str) -> tuple[bytes, str]:
    """Return all metrics of this process and their media type."""
    encode, media_type = choose_encoder(accept)
    return encode(REGISTRY), media_type
