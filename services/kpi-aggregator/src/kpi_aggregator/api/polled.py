# SPDX-License-Identifier: EUPL-1.2
"""What public answers that are polled have in common: entity tag, date, and 304."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import respond

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Unchanged"}}


def answer(request: Request, view: BaseModel, *, sees_all: bool) -> Response:
    """Answer with a view, or 304 to who has it already by its entity tag (RFC 9110, 13.1.2).

    The date is that of the answer: what is told changes with each day and framework, and made-up values
    are taken back, so that no date of a row says since when all of it is as it is.
    """
    headers = {
        "cache-control": "private, no-cache" if sees_all else "no-cache",
        "vary": "authorization",
    }
    body = view.model_dump_json().encode()
    return respond(request, body, last_modified=utc_now(), headers=headers)
