# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import io

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from measure_registry.cleaning import MOST_BYTES, AttachmentRefusedError, clean
from support.files import CAMERA, document, picture


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
def test_pictures_lose_what_they_tell_and_stand_upright(kind: str, media_type: str) -> None:
    dirty = picture(kind)
    assert CAMERA.encode() in dirty
    cleaned = clean(dirty)
    assert cleaned.media_type == media_type
    assert CAMERA.encode() not in cleaned.content
    with Image.open(io.BytesIO(cleaned.content)) as image:
        assert image.size == (30, 40)
        assert dict(image.getexif()) == {}
        assert "comment" not in image.info


def test_a_transparent_png_stays_transparent() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (2, 2), (0, 0, 0, 0)).save(written, "PNG")
    with Image.open(io.BytesIO(clean(written.getvalue()).content)) as image:
        assert image.getpixel((0, 0)) == (0, 0, 0, 0)


def test_a_pdf_loses_author_scripts_and_what_it_carries() -> None:
    cleaned = clean(document())
    assert cleaned.media_type == "application/pdf"
    with pikepdf.open(io.BytesIO(cleaned.content)) as pdf:
        assert len(pdf.pages) == 1
        assert "/Info" not in pdf.trailer or not dict(pdf.docinfo)
        assert not {"/Metadata", "/OpenAction", "/Names", "/AA"} & set(pdf.Root.keys())
        (link,) = pdf.pages[0].obj["/Annots"]
        assert set(link["/A"].keys()) == {"/S", "/URI"}
        assert set(pdf.Root["/Outlines"]["/First"].keys()) == {"/Title"}
        everything = b"".join(
            each.read_raw_bytes() for each in pdf.objects if isinstance(each, pikepdf.Stream)
        )
        (photo,) = pdf.pages[0].get_images().values()
        assert pikepdf.PdfImage(photo).as_pil_image().size == (40, 30)
    assert CAMERA.encode() not in everything
    assert b"gelesen" not in cleaned.content


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not_a_file"),
        (b"MZ\x90\x00" + bytes(100), "not_a_file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not_a_file"),
        (b"GIF89a" + bytes(100), "not_a_file"),
        (b"\xff\xd8\xff\xe0 no picture at all", "not_a_file"),
        (picture()[:200], "not_a_file"),
        (b"%PDF-1.7\n<html><script>alert(1)</script></html>", "not_a_file"),
        (document(password="geheim"), "protected"),
        (b"%PDF-" + bytes(MOST_BYTES), "too_large"),
    ],
)
def test_what_is_no_such_file_is_refused_whatever_it_is_called(content: bytes, why: str) -> None:
    with pytest.raises(AttachmentRefusedError) as refused:
        clean(content)
    assert refused.value.why == why


def test_a_small_file_of_a_huge_picture_is_refused_before_it_is_unpacked() -> None:
    written = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")
    with pytest.raises(AttachmentRefusedError):
        clean(written.getvalue())


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"%PDF-1.4\n"]), st.binary(max_size=400)
)
def test_whatever_follows_a_signature_is_cleaned_or_refused(sign: bytes, rest: bytes) -> None:
    try:
        cleaned = clean(sign + rest)
    except AttachmentRefusedError:
        return
    assert cleaned.content
