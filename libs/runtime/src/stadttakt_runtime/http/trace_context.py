# SPDX-License-Identifier: EUPL-1.2
"""One id for everything that is logged about a request, and for who asks afterwards."""

from __future__ import annotations

import re
import secrets

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stadttakt_messages.trace import TraceContext

FAULT = 400
TRACE_ID = "stadttakt.trace_id"
_TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class TraceLogs:
    """Lines logged for a request bear `trace_id`: that of its `traceparent`, else a new one.

    An answer that something went wrong tells it in `traceresponse` (W3C Trace Context Level 2,
    section 3.4); others do not, since they may be kept in caches. Nothing is stored.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
        known = TraceContext.parse(given.decode()).trace_id if _TRACEPARENT.fullmatch(given) else ""
        context = TraceContext(known or secrets.token_hex(16), secrets.token_hex(8))
        # For the handler of faults, which answers outside of this.
        scope[TRACE_ID] = context.trace_id

        async def send_with_trace(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= FAULT:
                told = f"00-{context.trace_id}-{context.span_id}-00".encode()
                message["headers"] = [*message.get("headers", ()), (b"traceresponse", told)]
            await send(message)

        with structlog.contextvars.bound_contextvars(trace_id=context.trace_id):
            await self._app(scope, receive, send_with_trace)
