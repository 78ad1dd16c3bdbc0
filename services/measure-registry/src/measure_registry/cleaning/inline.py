# SPDX-License-Identifier: EUPL-1.2
"""JPEGs that are written into a PDF page's text itself (`BI … ID`): found there, and taken out to where pictures are made bare."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator

import pikepdf

from measure_registry.cleaning.kinds import AttachmentRefusedError

_AT_ONCE = 1 << 20
_LONGEST = 4096
"""Of what says how such a picture is packed: between its begin and its bytes."""
# ISO 32000-1, 8.9.7: BI, keys and values, ID; a name in full or short
_JPEG = re.compile(
    rb"\bBI(?=[\s/])[^\x80-\xff]{0,3000}?/DCT(?:Decode)?\b[^\x80-\xff]{0,1000}?(?<![\w/])ID\s"
)


def take_out(pdf: pikepdf.Pdf) -> bool:
    """Make pictures of their own of those in the text of pages where one of a PDF is a JPEG; tell whether any is.

    Those in patterns and in letters that are drawn stay where they are: look again when the file is written.
    Raises AttachmentRefusedError where one is in a drawing that names nothing that it shows: there it would be lost.
    """
    found = list(_texts_with_jpegs(pdf))
    if any(
        each.get("/Subtype") == pikepdf.Name.Form and "/Resources" not in each for each in found
    ):
        raise AttachmentRefusedError("photo_in_text")
    if found:
        for page in pdf.pages:
            page.externalize_inline_images()
    return bool(found)


def must_hold_none(content: io.BytesIO) -> None:
    """Raise AttachmentRefusedError where a text of a PDF still has a JPEG in it."""
    with pikepdf.open(content) as pdf:
        if any(_texts_with_jpegs(pdf)):
            raise AttachmentRefusedError("photo_in_text")


def _texts_with_jpegs(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Stream]:
    """Yield the texts of a PDF that have a JPEG in them; they are unpacked bit by bit, since they may be huge."""
    for each in pdf.objects:
        if not isinstance(each, pikepdf.Stream) or each.get("/Subtype") == pikepdf.Name.Image:
            continue
        if any(b"/DCT" in part and _JPEG.search(part) for part in _parts(each)):
            yield each


def _parts(stream: pikepdf.Stream) -> Iterator[bytes]:
    """Yield what is in a stream, each part with the end of the one before; nothing of what cannot be unpacked."""
    packed = stream.get("/Filter")
    if isinstance(packed, pikepdf.Array) and len(packed) == 1:
        packed = packed[0]
    if packed != pikepdf.Name.FlateDecode:
        try:
            yield stream.read_bytes()
        except pikepdf.PdfError:
            # packed as nothing that a page may be
            return
        return
    unpacking, rest, end = zlib.decompressobj(), stream.read_raw_bytes(), b""
    while rest and not unpacking.eof:
        try:
            part = unpacking.decompress(rest, _AT_ONCE)
        except zlib.error:
            return
        rest = unpacking.unconsumed_tail
        yield end + part
        end = part[-_LONGEST:]
