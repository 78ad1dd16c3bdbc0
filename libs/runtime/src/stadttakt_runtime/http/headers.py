# SPDX-License-Identifier: EUPL-1.2
"""Security headers on every answer, and CORS for what everybody may read."""

from __future__ import annotations

from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
POLICY = b"content-security-policy"
CACHE = b"cache-control"
NO_STORE = (CACHE, b"no-store")
EXPOSED = ("ETag", "Last-Modified", "Valid-Until", "Link", "Stadttakt-Simulated")
NO_CONTENT_POLICY = (POLICY, b"default-src 'none'; frame-ancestors 'none'")


class SecurityHeaders:
    """Adds the headers; an answer that brings its own content policy (a page) keeps it.

    What was asked for with a key is for nobody else's cache (RFC 9111, 3.5).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        with_key = any(name == b"authorization" for name, _ in scope["headers"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[Any] = list(message.get("headers", ()))
                names = {name for name, _ in headers}
                if POLICY not in names:
                    headers.append(NO_CONTENT_POLICY)
                if with_key and CACHE not in names:
                    headers.append(NO_STORE)
                headers.extend(SECURITY_HEADERS)
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, send_with_headers)


def public_reads() -> Middleware:
    """Let a page of any origin read with GET; credentials and writes stay same-origin."""
    return Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD"],
        allow_headers=[
            "If-None-Match",
            "If-Modified-Since",
            "Last-Event-ID",
            "Cache-Control",
        ],
        expose_headers=EXPOSED,
        max_age=86_400,
    )
