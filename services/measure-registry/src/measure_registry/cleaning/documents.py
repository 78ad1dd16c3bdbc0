# SPDX-License-Identifier: EUPL-1.2
"""PDFs made anew: pages as they look, without metadata, forms, scripts and other files."""

from __future__ import annotations

import io
import logging
import zlib
from typing import Any, cast

import pikepdf

from measure_registry.cleaning import inline
from measure_registry.cleaning.images_within import bare_jpeg, bare_jpx
from measure_registry.cleaning.kinds import MOST_BYTES, AttachmentRefusedError

# pikepdf's warnings may quote what is in a file.
logging.getLogger("pikepdf").setLevel(logging.CRITICAL)

# What of a PDF says how it is drawn and found one's way in (ISO 32000-1, 7.5.5, 7.7.2 and 7.7.3.3): all else goes,
# what it does when it is opened, forms, scripts, files, who made it, and keys of nobody's standard.
_OF_TRAILER = {
    "/Root", "/Size", "/ID", "/Prev", "/XRefStm", "/Encrypt", "/Type", "/W", "/Index", "/Filter", "/DecodeParms", "/Length",
}  # fmt: skip
_OF_CATALOGUE = {
    "/Type", "/Version", "/Pages", "/PageLabels", "/Dests", "/ViewerPreferences", "/PageLayout", "/PageMode", "/Outlines",
    "/StructTreeRoot", "/MarkInfo", "/Lang", "/OutputIntents", "/OCProperties",
}  # fmt: skip
_OF_PAGE = {
    "/Type", "/Parent", "/Resources", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/BoxColorInfo",
    "/Contents", "/Rotate", "/Group", "/Dur", "/Trans", "/Annots", "/StructParents", "/Tabs", "/UserUnit",
}  # fmt: skip
_OF_PAGES = {
    "/Type",
    "/Parent",
    "/Kids",
    "/Count",
    "/Resources",
    "/MediaBox",
    "/CropBox",
    "/Rotate",
}
_OF_MARKS = {
    "/MCID",
    "/Lang",
    "/ActualText",
    "/Alt",
    "/E",
    "/Type",
    "/Subtype",
    "/BBox",
    "/Attached",
}
_LAYERS = {"/OCG", "/OCMD"}
_SCHEMES = ("http:", "https:", "mailto:")
_OF_ANYTHING = ("/Metadata", "/AA", "/PieceInfo", "/AF", "/LastModified")
_SHORT = {
    "/DCT": "/DCTDecode", "/Fl": "/FlateDecode", "/A85": "/ASCII85Decode", "/AHx": "/ASCIIHexDecode",
}  # fmt: skip
"""Names of filters that are meant for pictures within a page's text, and read elsewhere too."""
_BARE = {"/DCTDecode": bare_jpeg, "/JPXDecode": bare_jpx}
_HARMLESS_ANNOTATIONS = {
    "/Link", "/Text", "/FreeText", "/Highlight", "/Underline", "/Ink", "/Line", "/Square", "/Circle", "/Stamp",
}  # fmt: skip


def clean_pdf(content: bytes) -> bytes:
    """Return a PDF made anew; AttachmentRefusedError where it is broken, protected by a password, or keeps what a photo tells."""
    written = io.BytesIO()
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            _draw_in(pdf)
            had_jpegs = inline.take_out(pdf)
            _keep(pdf.trailer, _OF_TRAILER)
            _keep(pdf.Root, _OF_CATALOGUE)
            _clean_layers(pdf.Root.get("/OCProperties"))
            for page in pdf.pages:
                _clean_page(page.obj)
            for each in pdf.objects:
                _clean_object(each)
            pdf.save(written, deterministic_id=True, min_version="1.7")
        if had_jpegs:
            inline.must_hold_none(written)
    except AttachmentRefusedError:
        raise
    except pikepdf.PasswordError as error:
        raise AttachmentRefusedError("protected") from error
    except (pikepdf.PdfError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise AttachmentRefusedError("not_a_file") from error
    return written.getvalue()


def _keep(thing: pikepdf.Object, known: set[str]) -> None:
    """Take all keys but some out of a dictionary."""
    for key in {*thing.keys()} - known:
        del thing[key]


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
    _keep(page, _OF_PAGE)
    if "/Annots" not in page:
        return
    kept = pikepdf.Array()
    for annotation in _annotations(page):
        if str(annotation.get("/Subtype")) not in _HARMLESS_ANNOTATIONS:
            continue
        if "/A" in annotation and not _is_harmless(annotation["/A"]):
            continue
        for key in ("/AA", "/T", "/M", "/CreationDate", "/Subj"):
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
    if thing.get("/Type") == pikepdf.Name.Pages:
        _keep(thing, _OF_PAGES)
    usage = thing.get("/Usage")
    for key in ("/CreatorInfo", "/User"):
        if isinstance(usage, pikepdf.Dictionary) and key in usage:
            del usage[key]
    _clean_actions(thing)
    resources = thing.get("/Resources")
    for each in (thing, resources):
        if isinstance(each, pikepdf.Dictionary):
            _clean_marks(each.get("/Properties"))
    if isinstance(thing, pikepdf.Stream):
        _clean_stream(thing)


def _clean_marks(properties: Any) -> None:
    """Take out of what content is marked with all that is no layer, nor part of how it is read aloud (14.6.2)."""
    if not isinstance(properties, pikepdf.Dictionary):
        return
    for key in {*properties.keys()}:
        each = properties[key]
        if isinstance(each, pikepdf.Dictionary) and str(each.get("/Type")) not in _LAYERS:
            _keep(each, _OF_MARKS)


def _is_harmless(action: pikepdf.Object) -> bool:
    if not isinstance(action, pikepdf.Dictionary):
        return False
    if str(action.get("/S")) == "/URI":
        return str(action.get("/URI", "")).strip().lower().startswith(_SCHEMES)
    return str(action.get("/S")) == "/GoTo"


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
