"""Attachments: told by their content, made anew without metadata, scripts and things that run."""

from __future__ import annotations

import io
import logging
import warnings
from dataclasses import dataclass
from typing import Literal

import pikepdf
from PIL import Image, ImageOps, UnidentifiedImageError

# Pillow writes what a picture tells of its maker into the log, at level debug.
logging.getLogger("PIL").setLevel(logging.WARNING)

MOST_BYTES = 10 * 1024 * 1024
MOST_FILES = 3
MOST_PIXELS = 40_000_000
Why = Literal["too_large", "too_many", "not_a_file", "protected"]
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"%PDF-": "application/pdf",
}
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "application/pdf": "pdf"}
# Where a PDF keeps what it tells of its making, and what it does when it is opened (ISO 32000-1, 7.7.2, 12.6).
_OF_CATALOGUE = (
    "/Metadata", "/OpenAction", "/AA", "/Names", "/AcroForm", "/Collection", "/PieceInfo", "/AF",
)  # fmt: skip
_OF_PAGE = ("/Metadata", "/AA", "/PieceInfo", "/AF", "/LastModified")
_HARMLESS_ANNOTATIONS = {"/Link", "/Text", "/Highlight", "/Underline"}
_HARMLESS_ACTIONS = {"/URI", "/GoTo"}


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


def clean(content: bytes) -> Attachment:
    """Return a file made anew; blocking, for a thread.

    Raises:
        AttachmentRefusedError: too large, neither PDF nor PNG nor JPEG whatever its name says,
            broken, or protected by a password.

    """
    if len(content) > MOST_BYTES:
        raise AttachmentRefusedError("too_large")
    media_type = next(
        (kind for sign, kind in _SIGNATURES.items() if content.startswith(sign)), None
    )
    if media_type is None:
        raise AttachmentRefusedError("not_a_file")
    make = _clean_pdf if media_type == "application/pdf" else _clean_image
    cleaned = make(content)
    if len(cleaned) > MOST_BYTES:
        raise AttachmentRefusedError("too_large")
    return Attachment(media_type, cleaned)


def _clean_image(content: bytes) -> bytes:
    """Return the pixels alone, turned as they were shown."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
                kind = image.format
                if image.width * image.height > MOST_PIXELS:
                    raise AttachmentRefusedError("too_large")
                turned = ImageOps.exif_transpose(image)
                mode = "RGBA" if kind == "PNG" and "A" in turned.getbands() else "RGB"
                pixels = turned.convert(mode)
    except (
        UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:  # fmt: skip
        if isinstance(error, AttachmentRefusedError):
            raise
        raise AttachmentRefusedError("not_a_file") from error
    bare = Image.new(pixels.mode, pixels.size)
    bare.paste(pixels)
    written = io.BytesIO()
    bare.save(written, format=kind, **({"quality": 88} if kind == "JPEG" else {"optimize": True}))
    return written.getvalue()


def _clean_pdf(content: bytes) -> bytes:
    written = io.BytesIO()
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            for key in _OF_CATALOGUE:
                if key in pdf.Root:
                    del pdf.Root[key]
            if "/Info" in pdf.trailer:
                del pdf.trailer["/Info"]
            for page in pdf.pages:
                _clean_page(page.obj)
            pdf.remove_unreferenced_resources()
            pdf.save(written, deterministic_id=True, min_version="1.7")
    except pikepdf.PasswordError as error:
        raise AttachmentRefusedError("protected") from error
    except (pikepdf.PdfError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise AttachmentRefusedError("not_a_file") from error
    return written.getvalue()


def _clean_page(page: pikepdf.Object) -> None:
    for key in _OF_PAGE:
        if key in page:
            del page[key]
    if "/Annots" not in page:
        return
    kept = pikepdf.Array()
    for annotation in list(page["/Annots"]):
        if str(annotation.get("/Subtype")) not in _HARMLESS_ANNOTATIONS:
            continue
        action = annotation.get("/A")
        if action is not None and str(action.get("/S")) not in _HARMLESS_ACTIONS:
            continue
        for key in ("/AA", "/T", "/M", "/CreationDate"):
            if key in annotation:
                del annotation[key]
        kept.append(annotation)
    page["/Annots"] = kept
