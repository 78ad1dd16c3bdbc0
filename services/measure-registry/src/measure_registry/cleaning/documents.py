# SPDX-License-Identifier: EUPL-1.2
"""PDFs made anew: pages as they look, without metadata, forms, scripts and other files."""

from __future__ import annotations

import io
import logging
import zlib
from typing import Any, cast

import pikepdf

from measure_registry.cleaning.kinds import MOST_BYTES, AttachmentRefusedError

# pikepdf's warnings may quote what is in a file.
logging.getLogger("pikepdf").setLevel(logging.CRITICAL)

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


def clean_pdf(content: bytes) -> bytes:
    """Return a PDF made anew; AttachmentRefusedError where it is broken or protected by a password."""
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
