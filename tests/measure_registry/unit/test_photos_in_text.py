# SPDX-License-Identifier: EUPL-1.2
"""JPEGs that stand in the text of a PDF itself: made bare, or the file is refused."""

from __future__ import annotations

import base64
import io
import zlib

import pikepdf
import pytest
from PIL import Image

from measure_registry.cleaning.kinds import AttachmentRefusedError
from measure_registry.cleaning.making import made_anew
from support.files import CAMERA, phone_photo, picture

IN_TEXT = b"q 40 0 0 30 0 0 cm BI /W 40 /H 30 /CS /RGB /BPC 8 /F %s\nID %s\nEI Q\n"


def with_a_picture_in_its_text(
    raw: bytes, how: bytes, *, where: str = "page", after: int = 0
) -> bytes:
    """Return a PDF with a picture in the text of a page, of a drawing that it shows, or of a pattern."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(200, 200)).obj
    text = pdf.make_stream(b"q Q\n" * after + IN_TEXT % (how, raw))
    if where == "page":
        page.Contents = text
    elif where.startswith("drawing"):
        text.update(
            pikepdf.Dictionary(
                Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 200, 200]
            )
        )
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Fm=text))
        if where == "drawing":
            text.Resources = pikepdf.Dictionary()
        page.Contents = pdf.make_stream(b"/Fm Do")
    else:
        text.update(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Pattern,
                PatternType=1,
                PaintType=1,
                TilingType=1,
                BBox=[0, 0, 40, 30],
                XStep=40,
                YStep=30,
                Resources=pikepdf.Dictionary(),
            )
        )
        page.Resources = pikepdf.Dictionary(Pattern=pikepdf.Dictionary(P=text))
        page.Contents = pdf.make_stream(b"/Pattern cs /P scn 0 0 200 200 re f")
    written = io.BytesIO()
    pdf.save(written)
    return written.getvalue()


def unpacked(content: bytes) -> bytes:
    """Return all that is in the streams of a PDF, as far as it can be unpacked, behind one another."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        streams = [each for each in pdf.objects if isinstance(each, pikepdf.Stream)]
        return b"".join(
            each.read_raw_bytes() if "/Width" in each else each.read_bytes() for each in streams
        )


def pictures_of(thing: pikepdf.Object) -> list[bytes]:
    """Return the pictures that a page shows, or a drawing on it."""
    found = []
    for each in thing.get("/Resources", {}).get("/XObject", {}).values():
        own = each.get("/Subtype") == pikepdf.Name.Image
        found += [bytes(each.read_raw_bytes())] if own else pictures_of(each)
    return found


@pytest.mark.parametrize("where", ["page", "drawing"])
@pytest.mark.parametrize(
    ("raw", "how", "after"),
    [
        (phone_photo(), b"/DCT", 0),
        (picture(), b"/DCTDecode", 0),
        (picture(), b"[/DCT]", 262_139),
        (base64.a85encode(picture()) + b"~>", b"[/A85 /DCT]", 0),
    ],
)
def test_a_photo_in_a_pages_text_tells_nothing_and_is_still_shown(
    raw: bytes, how: bytes, after: int, where: str
) -> None:
    dirty = with_a_picture_in_its_text(raw, how, where=where, after=after)
    made = made_anew(dirty).content
    assert CAMERA.encode() not in unpacked(made)
    with pikepdf.open(io.BytesIO(made)) as pdf:
        (found,) = pictures_of(pdf.pages[0].obj)
    with Image.open(io.BytesIO(found)) as image:
        assert (image.size, image.format) == ((40, 30), "JPEG")
        red, _, blue = image.convert("RGB").getpixel((5, 5))
        assert red > 150 > blue


def test_a_photo_in_a_text_is_found_however_closely_it_is_written() -> None:
    spaced = with_a_picture_in_its_text(picture(), b"[/DCT]")
    with pikepdf.open(io.BytesIO(spaced)) as pdf:
        text = pdf.pages[0].obj.Contents.read_bytes()
        begin, raw = text.split(b"\nID ", 1)
        closely = begin.replace(b" /", b"/").replace(b" [", b"[") + b"ID " + raw
        assert b"BI/W 40/H 30/CS/RGB/BPC 8/F[/DCT]ID " in closely
        pdf.pages[0].obj.Contents = pdf.make_stream(closely)
        written = io.BytesIO()
        pdf.save(written)
    assert CAMERA.encode() not in unpacked(made_anew(written.getvalue()).content)


@pytest.mark.parametrize("where", ["pattern", "drawing without resources"])
def test_a_photo_in_a_text_where_it_cannot_be_made_bare_has_the_file_refused(where: str) -> None:
    with pytest.raises(AttachmentRefusedError) as refused:
        made_anew(with_a_picture_in_its_text(picture(), b"/DCT", where=where))
    assert refused.value.why == "photo_in_text"


@pytest.mark.parametrize("where", ["page", "pattern"])
def test_other_pictures_in_a_text_stay_there(where: str) -> None:
    dots = zlib.compress(b"\xc8\x1e\x1e" * 1200)
    made = made_anew(with_a_picture_in_its_text(dots, b"/Fl", where=where)).content
    assert b"BI /W 40 /H 30" in unpacked(made)
