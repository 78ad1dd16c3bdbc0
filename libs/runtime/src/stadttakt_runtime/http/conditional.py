# SPDX-License-Identifier: EUPL-1.2
"""Conditional reads of polled resources: ETag, Last-Modified, 304 (RFC 9110, sections 8.8 and 13)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import Response

from stadttakt_runtime.clock import utc_now

ONE_SECOND = timedelta(seconds=1)
MAX_TAGS_BYTES = 8_192


def strong_etag(body: bytes) -> str:
    """Return the entity tag of exactly these bytes."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def respond(
    request: Request,
    body: bytes,
    *,
    last_modified: datetime,
    media_type: str = "application/json",
    etag: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer 200 with `body`, or 304 where the client has it already.

    `etag` is quoted; without it that of the body is taken. `headers` (Cache-Control, Vary,
    Valid-Until) go with both.
    """
    tag = etag or strong_etag(body)
    modified = visible_change(last_modified, utc_now())
    validators = {
        **(headers or {}),
        "etag": tag,
        "last-modified": format_datetime(modified, usegmt=True),
    }
    if is_held(_tags_of(request), request.headers.get("if-modified-since"), tag, last_modified):
        return Response(status_code=304, headers=validators)
    return Response(body, headers=validators, media_type=media_type)


def visible_change(changed: datetime, now: datetime) -> datetime:
    """Return the date of a change: the next whole second, but not past the present one.

    Rounded down, a second change within one second would keep its date, and whoever polls with
    If-Modified-Since would see the first for ever.
    """
    return min(_next_second(changed), now.replace(microsecond=0))


def _next_second(changed: datetime) -> datetime:
    return changed.astimezone(UTC).replace(microsecond=0) + ONE_SECOND


def has_tag(request: Request, tag: str) -> bool:
    """Tell whether the client has what this entity tag, in quotes, stands for."""
    return _matches(_tags_of(request) or "", tag)


def is_held(tags: str | None, since: str | None, tag: str, changed: datetime) -> bool:
    """Tell by If-None-Match and If-Modified-Since whether the client has what is answered; None where a header is absent."""
    if tags is not None:
        # If-None-Match alone decides when both are given (13.1.3).
        return _matches(tags, tag)
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except (ValueError, OverflowError):
        return False
    # Who has a date of the second of the change may have what was before it in that second.
    return _next_second(changed) <= moment.replace(tzinfo=moment.tzinfo or UTC)


def _tags_of(request: Request) -> str | None:
    found = request.headers.getlist("if-none-match")
    return ", ".join(found) if found else None


def _matches(tags: str, tag: str) -> bool:
    """Compare weakly, as If-None-Match demands (13.1.2)."""
    if len(tags) > MAX_TAGS_BYTES:
        return False
    if tags in {tag, "*"} or tags.strip() == "*":
        return True
    # An entity tag may hold a comma, so the list is searched for whole tags, not split.
    opaque = tag.removeprefix("W/")
    return any(part.strip().removeprefix("W/") == opaque for part in _split_tags(tags))


def _split_tags(tags: str) -> list[str]:
    parts, quoted, start = [], False, 0
    for index, character in enumerate(tags):
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            parts.append(tags[start:index])
            start = index + 1
    return [*parts, tags[start:]]
