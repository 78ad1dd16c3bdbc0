# SPDX-License-Identifier: EUPL-1.2
"""Forms with files, read into memory; who uses them depends on `python-multipart`."""

from __future__ import annotations

from email.message import Message

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from stadttakt_runtime.http.problem import FormUnreadable

MULTIPART = "multipart/form-data"
MOST_FILES = 10
LONGEST_FIELD = 100_000
CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "iso-8859-1", "windows-1252"})
"""What a form may be written in; others of Python's make half surrogate pairs, or fail at any byte."""


def must_be_readable(request: Request) -> None:
    """Raise FormUnreadable where a form is written in a character set that is not known."""
    told = Message()
    told["content-type"] = request.headers.get("content-type", "")
    # Said twice the last one counts, or the first: who reads it decides.
    said = [value for name, value in told.get_params([]) if name.lower() == "charset"]
    if any(str(each).lower() not in CHARSETS for each in said):
        raise FormUnreadable("the character set of the form is not known")


async def must_be_writable(form: FormData) -> None:
    """Raise FormUnreadable, and let the form go, where a field holds a NUL, which no database keeps."""
    for name, value in form.multi_items():
        if "\0" in name or (isinstance(value, str) and "\0" in value):
            await form.close()
            raise FormUnreadable("a field holds a character that cannot be kept")


async def parsed(request: Request, *, most_bytes: int, most_fields: int = 80) -> FormData | None:
    """Return a form with its files in memory; nothing where none was sent that can be read.

    The body's size is limited elsewhere, to `most_bytes` at most. Raises FormUnreadable.
    """
    if not request.headers.get("content-type", "").startswith(MULTIPART):
        return None
    must_be_readable(request)
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
