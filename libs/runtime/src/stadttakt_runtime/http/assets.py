# SPDX-License-Identifier: EUPL-1.2
"""Styles, scripts and symbols of a service's pages: own files only, served from memory."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from stadttakt_runtime.http.encodings import takes_gzip
from stadttakt_runtime.http.problem import NotFound

MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_WHILE = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, plain and compressed."""

    body: bytes
    zipped: bytes
    media_type: str


class Assets:
    """The files in `static` of some packages, and their version, which changes with any of them.

    The version stands in their addresses: a script finds the others of its version beside itself.
    """

    def __init__(self, *packages: str) -> None:
        self._files = {name: each for package in packages for name, each in _read(package).items()}
        bodies = (name.encode() + each.body for name, each in sorted(self._files.items()))
        self.version = blake2b(b"".join(bodies), digest_size=6).hexdigest()

    def __getitem__(self, name: str) -> Asset:
        return self._files[name]

    def address_of(self, name: str) -> str:
        """Return a file's address below the service's first page; raises KeyError."""
        if name not in self._files:
            raise KeyError(name)
        return f"static/{self.version}/{name}"

    def router(self) -> APIRouter:
        """Return what serves them."""
        router = APIRouter(include_in_schema=False)
        router.get("/static/{version}/{name}")(self._answer)
        return router

    async def _answer(self, request: Request, version: str, name: str) -> Response:
        """Give a page one of its files; a page of before an update gets those of now."""
        found = self._files.get(name)
        if found is None:
            raise NotFound("there is no such file")
        headers = {
            "cache-control": FOR_EVER if version == self.version else FOR_A_WHILE,
            "vary": "accept-encoding",
        }
        if not takes_gzip(request.headers.get("accept-encoding", "")):
            return Response(found.body, headers=headers, media_type=found.media_type)
        headers["content-encoding"] = "gzip"
        return Response(found.zipped, headers=headers, media_type=found.media_type)


def _read(package: str) -> dict[str, Asset]:
    found = {}
    for file in (files(package) / "static").iterdir():
        media_type = MEDIA_TYPES.get(file.name.rpartition(".")[2])
        if media_type is not None:
            body = file.read_bytes()
            found[file.name] = Asset(body, gzip.compress(body, mtime=0), media_type)
    return found
