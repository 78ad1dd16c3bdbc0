# SPDX-License-Identifier: EUPL-1.2
"""What files are taken, told by their first bytes, and why others are not; reads nothing behind those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MOST_BYTES = 10 * 1024 * 1024
MOST_FILES = 3
PDF = "application/pdf"
Why = Literal[
    "too_large",
    "too_fine",
    "too_many",
    "too_complex",
    "not_a_file",
    "other_picture",
    "protected",
    "photo_in_text",
    "busy",
]
_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_MAY_BE_PICTURES = {b"ftyp": 4, b"WEBP": 8, b"GIF8": 0, b"II*\x00": 0, b"MM\x00*": 0, b"BM": 0}
"""Where formats are told that phones and cameras write beside ours: HEIC and AVIF, WebP, GIF, TIFF and raw, BMP."""
CLEANED, REFUSED, FAILED = "cleaned", "refused", "failed"
"""What a process that makes a file anew answers."""
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", PDF: "pdf"}


class AttachmentRefusedError(ValueError):
    """A file that is not taken, and why."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as it is kept; its name is ours, since names of files tell of their makers too."""

    media_type: str
    content: bytes

    def name(self, number: int) -> str:
        """Return the name under which it is handed out."""
        return f"anhang-{number}.{_ENDINGS[self.media_type]}"


def kind_of(content: bytes) -> str:
    """Return the media type of a file; AttachmentRefusedError where it is too large or of no kind that is taken."""
    if len(content) > MOST_BYTES:
        raise AttachmentRefusedError("too_large")
    for sign, kind in _SIGNATURES.items():
        if content.startswith(sign):
            return kind
    # Readers take a PDF that begins within so many bytes (ISO 32000-1, annex H, 3.4.1).
    if b"%PDF-" in content[:1024]:
        return PDF
    is_picture = any(content[at:].startswith(sign) for sign, at in _MAY_BE_PICTURES.items())
    raise AttachmentRefusedError("other_picture" if is_picture else "not_a_file")
