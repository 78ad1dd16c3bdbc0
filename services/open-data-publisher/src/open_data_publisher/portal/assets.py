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
    """A file, plain and compressed, and the version that its address names."""

    body: bytes
    zipped: bytes
    version: str
    media_type: str


def _read() -> dict[str, Asset]:
    found = {}
    for file in (files("open_data_publisher.portal") / "static").iterdir():
        media_type = MEDIA_TYPES.get(file.name.rpartition(".")[2])
        if media_type is not None:
            body = file.read_bytes()
            version = blake2b(body, digest_size=6).hexdigest()
            found[file.name] = Asset(body, gzip.compress(body, mtime=0), version, media_type)
    return found


ASSETS = _read()


def address_of(name: str) -> str:
    """Return an asset's address, which changes with its content."""
    return f"/static/{name}?v={ASSETS[name].version}"


@router.get("/static/{name}")
async def asset(request: Request, name: str, v: str = "") -> Response:
    """Give a page one of its files."""
    found = ASSETS.get(name)
    if found is None:
        raise NotFound("there is no such file")
    headers = {
        "cache-control": FOR_EVER if v == found.version else FOR_A_WHILE,
        "vary": "accept-encoding",
        "etag": f'"{found.version}"',
    }
    if not takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(found.body, headers=headers, media_type=found.media_type)
    headers["content-encoding"] = "gzip"
    return Response(found.zipped, headers=headers, media_type=found.media_type)
