# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import io
import subprocess
import sys
import zlib

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


def filled_in() -> bytes:
    """Return a form of one page: a field that was filled in without a picture, and a note written on it."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 200))
    field = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T="Idee",
            V="Mehr BAENKE", Rect=[10, 10, 190, 30], F=4, DA="/Helv 10 Tf 0 g",
        )
    )  # fmt: skip
    drawn = pdf.make_stream(
        b"BT /Helv 10 Tf (SCHATTEN) Tj ET",
        Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 90, 20],
    )  # fmt: skip
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=[10, 50, 100, 70], F=4,
        Contents="SCHATTEN", DA="/Helv 10 Tf 0 g", AP=pikepdf.Dictionary(N=drawn),
    )  # fmt: skip
    pdf.pages[0].obj.Annots = pikepdf.Array([field, pdf.make_indirect(note)])
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    pdf.Root.AcroForm = pikepdf.Dictionary(
        Fields=[field],
        DR=pikepdf.Dictionary(Font=pikepdf.Dictionary(Helv=font)),
        DA="/Helv 10 Tf 0 g",
    )
    written = io.BytesIO()
    pdf.save(written)
    return written.getvalue()


def test_what_was_filled_in_and_written_on_a_pdf_stays_though_the_form_goes() -> None:
    with pikepdf.open(io.BytesIO(clean(filled_in()).content)) as pdf:
        assert "/AcroForm" not in pdf.Root
        drawn = b"".join(
            each.read_bytes() for each in pdf.objects if isinstance(each, pikepdf.Stream)
        )
    assert b"BAENKE" in drawn
    assert b"SCHATTEN" in drawn


def test_a_picture_that_a_pdf_packs_twice_is_cleaned_too() -> None:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 200))
    photo = pikepdf.Stream(pdf, zlib.compress(picture()))
    photo.update(
        pikepdf.Dictionary(
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=40, Height=30,
            ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8,
            Filter=[pikepdf.Name.FlateDecode, pikepdf.Name.DCTDecode],
        )
    )  # fmt: skip
    pdf.pages[0].obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Photo=photo))
    pdf.pages[0].obj.Contents = pdf.make_stream(b"40 0 0 30 0 0 cm /Photo Do")
    written = io.BytesIO()
    pdf.save(written, compress_streams=False)
    with pikepdf.open(io.BytesIO(clean(written.getvalue()).content)) as cleaned:
        (found,) = cleaned.pages[0].get_images().values()
        assert pikepdf.PdfImage(found).as_pil_image().size == (40, 30)
        assert CAMERA.encode() not in found.read_raw_bytes()


def test_a_picture_that_grows_when_it_is_made_anew_is_packed_harder() -> None:
    grain = Image.effect_noise((4200, 3200), 90).convert("RGB")
    written = io.BytesIO()
    grain.save(written, "JPEG", quality=60)
    assert MOST_BYTES * 0.5 < len(written.getvalue()) <= MOST_BYTES
    assert len(clean(written.getvalue()).content) <= MOST_BYTES


def test_a_picture_of_few_colours_keeps_them_as_they_are() -> None:
    written = io.BytesIO()
    Image.new("RGB", (40, 30), (9, 99, 199)).quantize(4).save(written, "PNG")
    with Image.open(io.BytesIO(clean(written.getvalue()).content)) as image:
        assert image.mode == "P"
        assert image.convert("RGB").getpixel((0, 0)) == (9, 99, 199)


def test_a_picture_takes_the_memory_of_its_pixels_about_once() -> None:
    """A small file of one colour may have forty million pixels, 160 MB: measured in a process of its own."""
    script = (
        "import io, resource; from PIL import Image; from measure_registry.cleaning import clean;"
        "written = io.BytesIO(); Image.new('1', (7300, 5400)).convert('L').save(written, 'PNG');"
        "Image.MAX_IMAGE_PIXELS; content = written.getvalue();"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; clean(content);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    grown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert int(grown.stdout) * 1024 < 3 * 7300 * 5400


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
