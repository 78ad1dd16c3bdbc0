# SPDX-License-Identifier: EUPL-1.2
"""ETag and If-Match: a change says which version it changes, so that none is lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from measure_registry.desk.problems import VersionChanged, VersionNeeded
from stadttakt_runtime.http.conditional import has_tag, strong_etag

_TAG = re.compile(r'(?:W/)?"v([0-9]{1,9})(?:-[0-9a-f]{16})?"')
HELD: dict[int | str, dict[str, Any]] = {
    304: {"description": "The client has it already: If-None-Match names its ETag"}
}
CHANGED: dict[int | str, dict[str, Any]] = {
    412: {"description": "It has been changed meanwhile"},
    428: {"description": "If-Match is missing"},
}
Match = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="the ETag that was read; 412 where its version (before the hyphen) is another now",
    ),
]


def _read(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise VersionChanged("If-Match names no ETag of this service")
    return int(found[1])


async def _expected(if_match: Match = None) -> int | None:
    return _read(if_match)


async def _needed(if_match: Match = None) -> int | None:
    if if_match is None:
        raise VersionNeeded("a change without the version it changes could lose another's")
    return _read(if_match)


Expected = Annotated[int | None, Depends(_expected)]
"""The version that a caller names, if it names one."""
Needed = Annotated[int | None, Depends(_needed)]
"""The version that a caller must name; none for `*`."""


def tagged(view: BaseModel, version: int, request: Request | None = None) -> Response:
    """Answer with a view and its ETag, not to be kept by any cache unasked; a read with 304 where the client has it.

    The tag tells the version and the content: ratings and links change what is told without a new version.
    """
    body = view.model_dump_json().encode()
    tag = f'"v{version}-{blake2b(body, digest_size=8).hexdigest()}"'
    if request is not None and has_tag(request, tag):
        return Response(status_code=304, headers=held_as(tag))
    return Response(body, headers=held_as(tag), media_type="application/json")


def held_as(tag: str) -> dict[str, str]:
    """Return the headers of what a client may keep under a tag, and asks for again with it; staff are told more."""
    return {"etag": tag, "cache-control": "no-cache", "vary": "Authorization"}


def answered(
    request: Request, body: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a body and the ETag of its bytes, or 304 where the client has it."""
    tag = strong_etag(body)
    if has_tag(request, tag):
        return Response(status_code=304, headers=held_as(tag))
    return Response(body, headers={**(headers or {}), **held_as(tag)}, media_type=media_type)
