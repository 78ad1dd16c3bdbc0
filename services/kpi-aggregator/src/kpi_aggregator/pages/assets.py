"""Styles and scripts of the pages: own files only, served from memory."""

from __future__ import annotations

from hashlib import blake2b
from importlib.resources import files

from fastapi import APIRouter, Response

from stadttakt_runtime.http.problem import NotFound

MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_WHILE = "public, max-age=300"

router = APIRouter(include_in_schema=False)


def _read() -> dict[str, tuple[bytes, str]]:
    return {
        file.name: (file.read_bytes(), MEDIA_TYPES[ending])
        for file in (files("kpi_aggregator.pages") / "static").iterdir()
        if (ending := file.name.rpartition(".")[2]) in MEDIA_TYPES
    }


ASSETS = _read()
VERSION = blake2b(
    b"".join(name.encode() + body for name, (body, _) in sorted(ASSETS.items())), digest_size=6
).hexdigest()
"""Of all files together, so that their addresses change with any."""


def address_of(name: str) -> str:
    """Return an asset's address below the first page."""
    if name not in ASSETS:
        raise KeyError(name)
    return f"static/{VERSION}/{name}"


@router.get("/static/{version}/{name}")
async def asset(version: str, name: str) -> Response:
    """Give a page one of its files; a page of before an update gets those of now."""
    if name not in ASSETS:
        raise NotFound("there is no such file")
    body, media_type = ASSETS[name]
    kept = FOR_EVER if version == VERSION else FOR_A_WHILE
    return Response(body, headers={"cache-control": kept}, media_type=media_type)
