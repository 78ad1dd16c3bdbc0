"""Refuses bodies over the limit, announced or chunked, with a problem document.

FastAPI's own `max_body_size` answers plain text where a handler replies before it has read.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stadttakt_runtime.http.problem import ContentTooLarge

BODYLESS = frozenset({"GET", "HEAD", "OPTIONS"})


class BodyLimit:
    """Counts what is received; GET, HEAD and OPTIONS pass untouched."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in BODYLESS:
            await self._app(scope, receive, send)
            return
        if _announced_bytes(scope) > self._max_bytes:
            await self._refusal().response()(scope, receive, send)
            return
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                # The one exception type that FastAPI's body parsing lets through.
                refusal = self._refusal()
                raise HTTPException(refusal.status, refusal.detail, refusal.headers)
            return message

        await self._app(scope, receive_limited, send)

    def _refusal(self) -> ContentTooLarge:
        # The rest of the body is not read, so the connection cannot be used again.
        return ContentTooLarge(
            f"at most {self._max_bytes} bytes are accepted",
            headers={"connection": "close"},
        )


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
