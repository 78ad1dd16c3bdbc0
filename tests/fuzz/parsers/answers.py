# SPDX-License-Identifier: EUPL-1.2
"""Inputs that are what another server answers: the status, headers, an empty line, and the body."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

PIECE = 50
"""Bytes that arrive together: lines are cut anywhere."""


def answered(data: bytes, *, at_once: bool = False) -> httpx.Response:
    """Return an input as an answer; its body is to be read in pieces unless it is read `at_once`; what is no status is 200."""
    head, _, body = data.partition(b"\n\n")
    status, *lines = head.split(b"\n")
    code = int(status) if status.isdigit() and len(status) == 3 else 200
    headers = [
        (name.strip(), value.strip()) for name, _, value in (x.partition(b":") for x in lines)
    ]

    if at_once:
        return httpx.Response(code, headers=headers, content=body)

    async def pieces() -> AsyncIterator[bytes]:
        for begin in range(0, len(body), PIECE):
            yield body[begin : begin + PIECE]

    return httpx.Response(code, headers=headers, content=pieces())
