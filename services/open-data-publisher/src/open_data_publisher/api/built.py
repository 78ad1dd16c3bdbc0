# SPDX-License-Identifier: EUPL-1.2
"""Answers with what is kept as bytes: compressed where that is taken, 304 where the client has it."""

from __future__ import annotations

from fastapi import Request, Response

from open_data_publisher.shelf import Built
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.encodings import takes_gzip


def answer(request: Request, built: Built, *, cache_control: str, media_type: str) -> Response:
    """Return what was built as an answer."""
    headers = {"cache-control": cache_control, "vary": "accept-encoding", **built.headers}
    body, etag = built.body, built.etag
    if takes_gzip(request.headers.get("accept-encoding", "")):
        body, etag = built.zipped, built.zipped_etag
        headers["content-encoding"] = "gzip"
    return respond(
        request,
        body,
        last_modified=built.built_at,
        media_type=media_type,
        etag=etag,
        headers=headers,
    )
