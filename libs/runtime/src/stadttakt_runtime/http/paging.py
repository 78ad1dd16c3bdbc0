# SPDX-License-Identifier: EUPL-1.2
"""Lists in pages: an opaque cursor and the envelope every list has."""

from __future__ import annotations

import base64
import binascii
import uuid
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ValidationError

from stadttakt_runtime.http.problem import ValidationFailed

Item = TypeVar("Item")
Position = TypeVar("Position", bound=BaseModel)

DEFAULT_LIMIT = 100
CHECK_BYTES = 4

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
HIGHEST_ID = uuid.UUID(int=(1 << 128) - 1)
HIGHEST_NUMBER = 2**63 - 1
"""Before these begins a list whose newest comes first."""

Limit = Annotated[int, Query(ge=1, le=1000, description="at most so many items")]
Cursor = Annotated[
    str | None, Query(max_length=2000, description="`next_cursor` of the page before")
]


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[Item]
    next_cursor: str | None = None


def encode_cursor(position: BaseModel) -> str:
    """Return a position as an opaque cursor: base64url of its JSON and a checksum.

    The checksum finds damage and idle editing; it keeps nothing secret, so a position must hold
    nothing that its reader may not see.
    """
    body = position.model_dump_json().encode()
    return base64.urlsafe_b64encode(_check(body) + body).rstrip(b"=").decode()


def decode_cursor(
    cursor: str | None, position: type[Position], *, parameter: str = "cursor"
) -> Position | None:
    """Read a cursor back; a damaged one, or one of another list, is a 422 problem."""
    if cursor is None:
        return None
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        body = raw[CHECK_BYTES:]
        if raw[:CHECK_BYTES] == _check(body):
            return position.model_validate_json(body)
    except (binascii.Error, ValueError, ValidationError):
        pass
    error = {"in": "query", "field": parameter, "detail": "not a cursor of this list"}
    raise ValidationFailed([{**error, "code": "invalid_cursor"}])


def _check(body: bytes) -> bytes:
    return blake2b(body, digest_size=CHECK_BYTES).digest()
