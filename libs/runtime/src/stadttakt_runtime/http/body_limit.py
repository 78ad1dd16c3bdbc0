# SPDX-License-Identifier: EUPL-1.2
"""Refuses bodies over the limit, announced or chunked, with a problem document or its page.

FastAPI's own `max_body_size` answers plain text where a handler replies before it has read.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stadttakt_runtime.http.problem import ContentTooLarge
from stadttakt_runtime.http.problem_pages import answer

BODYLESS = frozenset({"GET", "HEAD", "OPTIONS"})


class BodyLimit:
    """Counts what is received; GET, HEAD and OPTIONS pass untouched.

    `larger` names paths that take more, such as an import of files.
    """

    def __init__(
        self, app: ASGIApp, max_bytes: int, larger: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in BODYLESS:
            await self._app(scope, receive, send)
            return
        limit = max(self._max_bytes, self._larger.get(scope["path"], 0))
        if _announced_bytes(scope) > limit:
            refused = await answer(Request(scope), _refusal(limit))
            await refused(scope, receive, send)
            return
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # The one exception type that FastAPI's body parsing lets through.
                refusal = _refusal(limit)
                raise HTTPException(refusal.status, refusal.detail, refusal.headers)
            return message

        await self._app(scope, receive_limited, send)


def _refusal(limit: int) -> ContentTooLarge:
    # The rest of the body is not read, so the connection cannot be used again.
    return ContentTooLarge(
        f"at most {_told(limit)} are accepted",
        headers={"connection": "close"},
    )


def _told(limit: int) -> str:
    """Return a limit as people say it; a small one to the byte."""
    return f"{limit / 1_000_000:.3g} MB" if limit >= 1_000_000 else f"{limit} bytes"


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
