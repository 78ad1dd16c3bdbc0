# SPDX-License-Identifier: EUPL-1.2
"""PDFs made anew: pages as they look, without metadata, forms, scripts and other files."""

from __future__ import annotations

import io
import logging
import zlib
from typing import Any, cast

import pikepdf

from measure_registry.cleaning.images_within import bare_jpeg, bare_jpx
from measure_registry.cleaning.kinds import MOST_BYTES, AttachmentRefusedError

# pikepdf's warnings may quote what is in a file.
logging.getLogger("pikepdf").setLevel(logging.CRITICAL)

# Where a PDF keeps what it tells of its making, and what it does when it is opened (ISO 32000-1, 7.7.2, 12.6).
_OF_CATALOGUE = (
    "/Metadata", "/OpenAction", "/AA", "/Names", "/AcroForm", "/Collection", "/PieceInfo", "/AF",
    "/Threads", "/Perms", "/DSS", "/SpiderInfo",
)  # fmt: skip
_OF_ANYTHING = ("/Metadata", "/AA", "/PieceInfo", "/AF", "/LastModified")
_SHORT = {
    "/DCT": "/DCTDecode", "/Fl": "/FlateDecode", "/A85": "/ASCII85Decode", "/AHx": "/ASCIIHexDecode",
}  # fmt: skip
"""Names of filters that are meant for pictures within a page's text, and read elsewhere too."""
_BARE = {"/DCTDecode": bare_jpeg, "/JPXDecode": bare_jpx}
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
            _clean_layers(pdf.Root.get("/OCProperties"))
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


def _clean_layers(layers: Any) -> None:
    """Take out of the settings of layers by whom they were made (ISO 32000-1, 8.11.4.3)."""
    if not isinstance(layers, pikepdf.Dictionary):
        return
    others = layers.get("/Configs")
    for each in (layers.get("/D"), *(others if isinstance(others, pikepdf.Array) else ())):
        if isinstance(each, pikepdf.Dictionary) and "/Creator" in each:
            del each["/Creator"]


def _clean_page(page: pikepdf.Object) -> None:
    # its parts of articles, which say who wrote them
    if "/B" in page:
        del page["/B"]
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
    usage = thing.get("/Usage")
    for key in ("/CreatorInfo", "/User"):
        if isinstance(usage, pikepdf.Dictionary) and key in usage:
            del usage[key]
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
        return
    *before, last = _filters(stream) or [""]
    if last not in _BARE:
        return
    raw = stream.read_raw_bytes()
    for each in before:
        raw = _unpacked(raw, each)
    parameters: Any = stream.get("/DecodeParms")
    if isinstance(parameters, pikepdf.Array):
        parameters = parameters[-1] if len(parameters) else None
    stream.write(_BARE[last](raw), filter=pikepdf.Name(last), decode_parms=parameters)


def _filters(stream: pikepdf.Stream) -> list[str]:
    found = stream.get("/Filter")
    if found is None:
        return []
    names = [str(each) for each in found] if isinstance(found, pikepdf.Array) else [str(found)]
    return [_SHORT.get(each, each) for each in names]


def _unpacked(packed: bytes, how: str) -> bytes:
    """Return what is in a picture that is packed twice; ValueError where that is more than a file may have."""
    if how in {"/ASCII85Decode", "/ASCIIHexDecode"}:
        # which only make it smaller
        with pikepdf.new() as aside:
            return pikepdf.Stream(aside, packed, Filter=pikepdf.Name(how)).read_bytes()
    if how != "/FlateDecode":
        raise ValueError("a picture that is packed twice")
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(packed, MOST_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not unpacking.eof:
        raise ValueError("a picture that is packed twice, and too large or cut off")
    return found
