# SPDX-License-Identifier: EUPL-1.2
"""Forms with files, read into memory; who uses them depends on `python-multipart`."""

from __future__ import annotations

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

MULTIPART = "multipart/form-data"
MOST_FILES = 10
LONGEST_FIELD = 100_000


async def parsed(request: Request, *, most_bytes: int, most_fields: int = 80) -> FormData | None:
    """Return a form with its files in memory; nothing where none was sent that can be read.

    The body's size is limited elsewhere, to `most_bytes` at most.
    """
    if not request.headers.get("content-type", "").startswith(MULTIPART):
        return None
    parser = MultiPartParser(
        request.headers,
        request.stream(),
        max_files=MOST_FILES,
        max_fields=most_fields,
        max_part_size=LONGEST_FIELD,
    )
    # Beyond this Starlette writes to the disk, which is read-only in the container.
    parser.spool_max_size = most_bytes
    try:
        return await parser.parse()
    except MultiPartException:
        return None


async def files_of(form: FormData, field: str = "files") -> list[tuple[str, bytes]]:
    """Return the files of a form by name, and let it go."""
    files = [
        (upload.filename or "", await upload.read())
        for upload in form.getlist(field)
        if isinstance(upload, UploadFile) and upload.filename
    ]
    await form.close()
    return files
