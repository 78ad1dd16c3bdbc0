# SPDX-License-Identifier: EUPL-1.2
"""The fields of a form that a page has sent."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import Request

LONGEST_FORM = 8192


async def fields_of(request: Request) -> dict[str, str]:
    """Return the fields of a small form; what is larger or no text is none of ours."""
    body = await request.body()
    if len(body) > LONGEST_FORM:
        return {}
    return {name: each[0] for name, each in parse_qs(body.decode(errors="replace")).items()}
