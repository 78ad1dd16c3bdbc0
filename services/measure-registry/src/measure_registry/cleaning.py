# SPDX-License-Identifier: EUPL-1.2
"""Attachments: told by their content, made anew without metadata, scripts and things that run."""

from __future__ import annotations

import asyncio
import io
import logging
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, cast

import pikepdf
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from stadttakt_runtime.log import get_logger

# Pillow writes what a picture tells of its maker into the log, at level debug.
logging.getLogger("PIL").setLevel(logging.WARNING)
# pikepdf's warnings may quote what is in a file.
logging.getLogger("pikepdf").setLevel(logging.CRITICAL)

MOST_BYTES = 10 * 1024 * 1024
MOST_FILES = 3
MOST_PIXELS = 40_000_000
Why = Literal["too_large", "too_fine", "too_many", "not_a_file", "other_picture", "protected"]
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"%PDF-": "application/pdf",
}
_MAY_BE_PICTURES = {b"ftyp": 4, b"WEBP": 8, b"GIF8": 0, b"II*\x00": 0, b"MM\x00*": 0, b"BM": 0}
"""Where formats are told that phones and cameras write beside ours: HEIC and AVIF, WebP, GIF, TIFF and raw, BMP."""
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "application/pdf": "pdf"}
# Where a PDF keeps what it tells of its making, and what it does when it is opened (ISO 32000-1, 7.7.2, 12.6).
_OF_CATALOGUE = (
    "/Metadata", "/OpenAction", "/AA", "/Names", "/AcroForm", "/Collection", "/PieceInfo", "/AF",
)  # fmt: skip
_OF_ANYTHING = ("/Metadata", "/AA", "/PieceInfo", "/AF", "/LastModified")
_SCAN, _COMMENT, _APPLICATION = 0xDA, 0xFE, range(0xE0, 0xF0)
_NEEDED = (0xE0, 0xEE)
_LENGTH_BYTES = 2
_HARMLESS_ANNOTATIONS = {
    "/Link", "/Text", "/FreeText", "/Highlight", "/Underline", "/Ink", "/Line", "/Square", "/Circle", "/Stamp",
}  # fmt: skip
_HARMLESS_ACTIONS = {"/URI", "/GoTo"}
_MODES = {"PNG": {"1", "L", "LA", "P", "RGB", "RGBA"}, "JPEG": {"L", "RGB"}}
_OPTIMIZED_PIXELS = 4_000_000
"""Larger pictures are packed as they come: trying for less takes seconds and memory."""
_QUALITIES = (88, 75, 60, 40)
# A picture of forty megapixels takes 160 MB of memory, and twice that where it is turned: one at a time.
_ONE_AT_A_TIME = ThreadPoolExecutor(1, "cleaning")
log = get_logger(__name__)


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


async def clean_one_at_a_time(content: bytes) -> Attachment:
    """Return a file made anew as `clean` does, in a thread and one file at a time."""
    return await asyncio.get_running_loop().run_in_executor(_ONE_AT_A_TIME, clean, content)


def clean(content: bytes) -> Attachment:
    """Return a file made anew; blocking, for a thread.

    Raises:
        AttachmentRefusedError: too large, of too many pixels, neither PDF nor PNG nor JPEG whatever
            its name says, broken, or protected by a password.

    """
    try:
        return made_anew(content)
    except AttachmentRefusedError:
        raise
    # A broken file of strangers meets places of two libraries that nobody has listed; what they say may quote it.
    except Exception as error:
        log.warning("attachment_not_cleaned", bytes=len(content), error=type(error).__name__)
        raise AttachmentRefusedError("not_a_file") from error


def made_anew(content: bytes) -> Attachment:
    """Return a file made anew or refuse it as `clean` does, but for errors that nobody foresaw: those show here."""
    if len(content) > MOST_BYTES:
        raise AttachmentRefusedError("too_large")
    media_type = next(
        (kind for sign, kind in _SIGNATURES.items() if content.startswith(sign)), None
    )
    if media_type is None:
        is_picture = any(content[at:].startswith(sign) for sign, at in _MAY_BE_PICTURES.items())
        raise AttachmentRefusedError("other_picture" if is_picture else "not_a_file")
    make = _clean_pdf if media_type == "application/pdf" else _clean_image
    made = make(content)
    if len(made) > MOST_BYTES:
        raise AttachmentRefusedError("too_large")
    return Attachment(media_type, made)


def _clean_image(content: bytes) -> bytes:
    """Return the pixels alone, turned as they were shown."""
    try:
        with warnings.catch_warnings():
            # of broken EXIF, which goes anyway
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
                # A JPEG that carries more pictures, as phones write, is MPO to Pillow: its first is the photo.
                kind = "PNG" if image.format == "PNG" else "JPEG"
                if image.width * image.height > MOST_PIXELS:
                    raise AttachmentRefusedError("too_fine")
                return _written(_bare(image, kind), kind)
    except (
        UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:  # fmt: skip
        if isinstance(error, AttachmentRefusedError):
            raise
        raise AttachmentRefusedError("not_a_file") from error


def _in_srgb(image: Image.Image) -> Image.Image:
    """Return a picture in the colours of sRGB, as which it is read once its profile is gone; phones write Display P3."""
    written = image.info.get("icc_profile")
    if not written or image.mode not in {"RGB", "RGBA", "CMYK"}:
        return image
    image.load()
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(written))
        if "sRGB" in (profile.profile.profile_description or ""):
            return image
        to = ImageCms.createProfile("sRGB")
        if image.mode == "CMYK":
            made = ImageCms.profileToProfile(image, profile, to, outputMode="RGB")
            return image if made is None else made
        ImageCms.profileToProfile(image, profile, to, inPlace=True)
    # a profile that nobody can read changes no colour anywhere
    except (OSError, ImageCms.PyCMSError):
        log.info("colour_profile_not_read", bytes=len(written))
    return image


def _bare(image: Image.Image, kind: str) -> Image.Image:
    """Return a picture without anything beside its pixels, in place where its mode allows it."""
    ImageOps.exif_transpose(image, in_place=True)
    image = _in_srgb(image)
    if image.mode in _MODES[kind]:
        image.load()
        see_through = image.info.get("transparency")
        image.info = {} if see_through is None else {"transparency": see_through}
        return image
    if image.mode.startswith("I"):
        # 16 bits of grey: converting alone would make all but the darkest white
        return image.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    bare = image.convert("RGBA" if kind == "PNG" and "A" in image.getbands() else "RGB")
    bare.info = {}
    return bare


def _written(image: Image.Image, kind: str) -> bytes:
    """Return a picture as a file; a photograph of more than the bytes allowed is packed harder."""
    if kind == "PNG":
        return _saved(image, kind, optimize=image.width * image.height <= _OPTIMIZED_PIXELS)
    for quality in _QUALITIES:
        packed = _saved(image, kind, quality=quality)
        if len(packed) <= MOST_BYTES:
            break
    return packed


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, format=kind, exif=b"", icc_profile=None, **options)
    return written.getvalue()


def _clean_pdf(content: bytes) -> bytes:
    written = io.BytesIO()
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            _draw_in(pdf)
            for key in _OF_CATALOGUE:
                if key in pdf.Root:
                    del pdf.Root[key]
            if "/Info" in pdf.trailer:
                del pdf.trailer["/Info"]
            for page in pdf.pages:
                _clean_page(page.obj)
            for each in pdf.objects:
                _clean_object(each)
            pdf.remove_unreferenced_resources()
            pdf.save(written, deterministic_id=True, min_version="1.7")
    except pikepdf.PasswordError as error:
        raise AttachmentRefusedError("protected") from error
    except (pikepdf.PdfError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise AttachmentRefusedError("not_a_file") from error
    return written.getvalue()


def _draw_in(pdf: pikepdf.Pdf) -> None:
    """Draw what was filled in, written and stamped on the pages into them: forms go, their content stays."""
    form = pdf.Root.get("/AcroForm")
    if form is not None:
        widgets = [
            each
            for page in pdf.pages
            for each in _annotations(page.obj)
            if str(each.get("/Subtype")) == "/Widget"
        ]
        # Where each field has its picture, a new one would only be a plainer one.
        form["/NeedAppearances"] = any("/AP" not in each for each in widgets)
        pdf.generate_appearance_streams()
    pdf.flatten_annotations("all")


def _annotations(page: pikepdf.Object) -> list[pikepdf.Object]:
    """Return a page's annotations; editors leave nulls and references to nothing where one was deleted."""
    found = page.get("/Annots")
    if not isinstance(found, pikepdf.Array):
        return []
    return [each for each in cast(list[Any], found) if isinstance(each, pikepdf.Dictionary)]


def _clean_page(page: pikepdf.Object) -> None:
    if "/Annots" not in page:
        return
    kept = pikepdf.Array()
    for annotation in _annotations(page):
        if str(annotation.get("/Subtype")) not in _HARMLESS_ANNOTATIONS:
            continue
        if "/A" in annotation and not _is_harmless(annotation["/A"]):
            continue
        for key in ("/AA", "/T", "/M", "/CreationDate"):
            if key in annotation:
                del annotation[key]
        _clean_actions(annotation)
        kept.append(annotation)
    page["/Annots"] = kept


def _clean_object(thing: pikepdf.Object) -> None:
    """Take out of a page, form, picture, outline or action what tells of its making or runs."""
    if not isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        return
    for key in _OF_ANYTHING:
        if key in thing:
            del thing[key]
    _clean_actions(thing)
    if isinstance(thing, pikepdf.Stream):
        _clean_stream(thing)


def _is_harmless(action: pikepdf.Object) -> bool:
    return isinstance(action, pikepdf.Dictionary) and str(action.get("/S")) in _HARMLESS_ACTIONS


def _clean_actions(thing: pikepdf.Object) -> None:
    if "/A" in thing and not _is_harmless(thing["/A"]):
        del thing["/A"]
    for action in (thing, thing.get("/A")):
        # The next of an outline's entry is its neighbour; the next of an action would be done after it.
        if action is not None and "/S" in action and "/Next" in action:
            del action["/Next"]


def _clean_stream(stream: pikepdf.Stream) -> None:
    if stream.get("/Type") == pikepdf.Name.Metadata:
        stream.write(b"")
    elif _filters(stream)[-1:] == ["/DCTDecode"]:
        raw = stream.read_raw_bytes()
        parameters: Any = stream.get("/DecodeParms")
        if _filters(stream) == ["/FlateDecode", "/DCTDecode"]:
            raw, parameters = _unpacked(raw), None
        elif len(_filters(stream)) > 1:
            raise ValueError("a picture that is packed twice")
        bare = without_segments(raw)
        stream.write(bare, filter=pikepdf.Name.DCTDecode, decode_parms=parameters)


def _filters(stream: pikepdf.Stream) -> list[str]:
    found = stream.get("/Filter")
    if found is None:
        return []
    return [str(each) for each in found] if isinstance(found, pikepdf.Array) else [str(found)]


def _unpacked(packed: bytes) -> bytes:
    """Return what is in a deflated picture; ValueError where that is more than a file may have."""
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(packed, MOST_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not unpacking.eof:
        raise ValueError("a picture that is packed twice, and too large or cut off")
    return found


def without_segments(jpeg: bytes) -> bytes:
    """Return a JPEG without comments and application segments, such as EXIF, but JFIF's and Adobe's.

    ISO/IEC 10918-1, B.1.1.3 and B.1.1.4; raises ValueError where it is none.
    """
    kept, at = bytearray(jpeg[:2]), 2
    while jpeg[at : at + 1] == b"\xff" and at + 1 < len(jpeg):
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker == _SCAN:
            return bytes(kept) + jpeg[at:]
        if length < _LENGTH_BYTES:
            break
        if marker != _COMMENT and (marker not in _APPLICATION or marker in _NEEDED):
            kept += jpeg[at : at + 2 + length]
        at += 2 + length
    raise ValueError("no JPEG")
