"""Styles, scripts and symbols of the pages: own files only, served from memory."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from open_data_publisher.encodings import takes_gzip
from stadttakt_runtime.http.problem import NotFound

MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_WHILE = "public, max-age=300"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, plain and compressed."""

    body: bytes
    zipped: bytes
    media_type: str


def _read() -> dict[str, Asset]:
    found = {}
    for file in (files("open_data_publisher.portal") / "static").iterdir():
        media_type = MEDIA_TYPES.get(file.name.rpartition(".")[2])
        if media_type is not None:
            body = file.read_bytes()
            found[file.name] = Asset(body, gzip.compress(body, mtime=0), media_type)
    return found


ASSETS = _read()
VERSION = blake2b(
    b"".join(name.encode() + each.body for name, each in sorted(ASSETS.items())), digest_size=6
).hexdigest()
"""Of all files together: a script finds the others of its version beside itself."""


def address_of(name: str) -> str:
    """Return an asset's address, which changes with the content of any."""
    if name not in ASSETS:
        raise KeyError(name)
    return f"/static/{VERSION}/{name}"


@router.get("/static/{version}/{name}")
async def asset(request: Request, version: str, name: str) -> Response:
    """Give a page one of its files; a page of before an update gets those of now."""
    found = ASSETS.get(name)
    if found is None:
        raise NotFound("there is no such file")
    headers = {
        "cache-control": FOR_EVER if version == VERSION else FOR_A_WHILE,
        "vary": "accept-encoding",
    }
    if not takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(found.body, headers=headers, media_type=found.media_type)
    headers["content-encoding"] = "gzip"
    return Response(found.zipped, headers=headers, media_type=found.media_type)
