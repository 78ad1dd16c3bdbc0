# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import base64
import io
import subprocess
import sys
import zlib
from typing import Any

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from measure_registry.cleaning.kinds import MOST_BYTES, AttachmentRefusedError
from measure_registry.cleaning.making import made_anew
from measure_registry.cleaning.worker import answer
from support.files import (
    CAMERA,
    broken_pdf,
    display_p3,
    document,
    filled_in,
    phone_photo,
    picture,
    readable,
)


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
def test_pictures_lose_what_they_tell_and_stand_upright(kind: str, media_type: str) -> None:
    dirty = picture(kind)
    assert CAMERA.encode() in dirty
    cleaned = made_anew(dirty)
    assert cleaned.media_type == media_type
    assert CAMERA.encode() not in cleaned.content
    with Image.open(io.BytesIO(cleaned.content)) as image:
        assert image.size == (30, 40)
        assert dict(image.getexif()) == {}
        assert "comment" not in image.info


def test_a_transparent_png_stays_transparent() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (2, 2), (0, 0, 0, 0)).save(written, "PNG")
    with Image.open(io.BytesIO(made_anew(written.getvalue()).content)) as image:
        assert image.getpixel((0, 0)) == (0, 0, 0, 0)


def test_a_photo_of_a_phone_with_more_pictures_in_it_is_its_first_and_nothing_else() -> None:
    photo = phone_photo()
    assert photo.count(CAMERA.encode()) > 1
    with Image.open(io.BytesIO(photo)) as dirty:
        assert (dirty.format, dirty.n_frames) == ("MPO", 2)
    cleaned = made_anew(photo)
    assert cleaned.media_type == "image/jpeg"
    for told in (CAMERA.encode(), b"xmpmeta", b"MPF"):
        assert told not in cleaned.content
    with Image.open(io.BytesIO(cleaned.content)) as image:
        assert (image.format, image.size) == ("JPEG", (30, 40))
        red, _, blue = image.convert("RGB").getpixel((5, 5))
        assert red > 150 > blue
    # what would follow the first picture is gone, too
    assert cleaned.content.count(b"\xff\xd8\xff") == 1


@pytest.mark.parametrize("options", [{"progressive": True}, {"quality": 30, "subsampling": 2}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_kind_of_jpeg_that_is_written_is_taken(mode: str, options: dict[str, Any]) -> None:
    written = io.BytesIO()
    Image.new("RGB", (16, 16), (200, 200, 200)).convert(mode).save(written, "JPEG", **options)
    with Image.open(io.BytesIO(made_anew(written.getvalue()).content)) as image:
        assert image.mode in {"L", "RGB"}
        first = image.convert("L").getpixel((3, 3))
    assert isinstance(first, int)
    assert 190 < first < 210


def test_sixteen_bits_of_grey_stay_as_bright_as_they_were() -> None:
    deep = Image.new("I;16", (4, 1))
    for x, grey in enumerate((0, 300, 0x8000, 0xFFFF)):
        deep.putpixel((x, 0), grey)
    written = io.BytesIO()
    deep.save(written, "PNG")
    with Image.open(io.BytesIO(made_anew(written.getvalue()).content)) as image:
        assert [image.getpixel((x, 0)) for x in range(4)] == [0, 1, 128, 255]


def with_profile(profile: bytes, kind: str) -> tuple[int, ...]:
    """Return the colour that a reddish picture has without its profile."""
    written = io.BytesIO()
    Image.new("RGB", (16, 16), (200, 50, 50)).save(written, kind, icc_profile=profile)
    with Image.open(io.BytesIO(made_anew(written.getvalue()).content)) as image:
        assert "icc_profile" not in image.info
        colour = image.getpixel((8, 8))
    assert isinstance(colour, tuple)
    return colour


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_colours_of_a_wide_profile_stay_what_they_looked_like(kind: str) -> None:
    red, green, _ = with_profile(display_p3(), kind)
    assert red > 210
    assert green < 45


@pytest.mark.parametrize(
    "profile", [b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()]
)
def test_other_profiles_leave_colours_as_they_are(profile: bytes) -> None:
    assert with_profile(profile, "PNG") == (200, 50, 50)


def test_a_moving_png_is_its_first_picture() -> None:
    written = io.BytesIO()
    first, second = (Image.new("RGB", (4, 4), each) for each in ("red", "blue"))
    first.save(written, "PNG", save_all=True, append_images=[second])
    assert b"acTL" in written.getvalue()
    cleaned = made_anew(written.getvalue()).content
    assert b"acTL" not in cleaned
    with Image.open(io.BytesIO(cleaned)) as image:
        assert image.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_a_pdf_loses_author_scripts_and_what_it_carries() -> None:
    cleaned = made_anew(document())
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


def test_what_was_filled_in_and_written_on_a_pdf_stays_though_the_form_goes() -> None:
    with pikepdf.open(io.BytesIO(made_anew(filled_in()).content)) as pdf:
        assert "/AcroForm" not in pdf.Root
        drawn = b"".join(
            each.read_bytes() for each in pdf.objects if isinstance(each, pikepdf.Stream)
        )
    assert b"BAENKE" in drawn
    assert b"SCHATTEN" in drawn


BROKEN = {
    "a null where a comment was deleted": b"[null]",
    "a reference to nothing": b"[99 0 R]",
    "numbers": b"[1 2]",
    "a number": b"5",
    "an action that is a number": b"[<</Subtype/Link/Rect[0 0 9 9]/A 5>>]",
    "an action that is a list": b"[<</Subtype/Link/Rect[0 0 9 9]/A[1]>>]",
    "a note beside nulls": b"[null <</Subtype/Text/Rect[0 0 9 9]/Contents(da)>> 99 0 R]",
}


@pytest.mark.parametrize("form", [b"", b"/AcroForm<</Fields[]>>"], ids=["plain", "form"])
@pytest.mark.parametrize("annotations", BROKEN.values(), ids=BROKEN)
def test_a_pdf_whose_notes_and_actions_are_broken_is_taken_without_them(
    annotations: bytes, form: bytes
) -> None:
    with pikepdf.open(io.BytesIO(made_anew(broken_pdf(annotations, form)).content)) as pdf:
        (page,) = pdf.pages
        assert not [each for each in page.obj.get("/Annots", []) if "/A" in each]
        # an outline's entry stays, what it would do goes
        assert set(pdf.Root["/Outlines"]["/First"].keys()) == {"/Title"}


def test_an_error_that_nobody_foresaw_is_told_by_its_type_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise AttributeError(CAMERA)

    monkeypatch.setattr(pikepdf, "open", breaks)
    assert answer(document()) == b"failed AttributeError\n"


def of_one_picture(raw: bytes, *filters: str) -> bytes:
    """Return a PDF with a picture that is packed by these filters."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(200, 200)).obj
    photo = pikepdf.Stream(pdf, raw)
    photo.update(
        pikepdf.Dictionary(
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=40, Height=30,
            ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8,
            Filter=[pikepdf.Name(each) for each in filters],
        )
    )  # fmt: skip
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Photo=photo))
    page.Contents = pdf.make_stream(b"40 0 0 30 0 0 cm /Photo Do")
    written = io.BytesIO()
    pdf.save(written, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return written.getvalue()


def picture_within(content: bytes) -> bytes:
    """Return the picture of a PDF's page as it is packed there."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        (found,) = pdf.pages[0].get_images().values()
        return bytes(found.read_raw_bytes())


def jpeg_2000(*, bare: bool) -> bytes:
    written = io.BytesIO()
    image = Image.new("RGB", (40, 30), (200, 30, 30))
    image.save(written, "JPEG2000", no_jp2=bare, comment=CAMERA, tile_size=(32, 32))
    told = b"uuid" + bytes(16) + CAMERA.encode()
    box = (len(told) + 4).to_bytes(4, "big") + told
    return written.getvalue() + (b"" if bare else box)


@pytest.mark.parametrize(
    ("raw", "filters"),
    [
        (phone_photo(), ["/DCTDecode"]),
        (picture(), ["/DCT"]),
        (base64.a85encode(picture()) + b"~>", ["/ASCII85Decode", "/DCTDecode"]),
        (base64.a85encode(zlib.compress(picture())) + b"~>", ["/A85", "/Fl", "/DCT"]),
        (picture().hex().encode() + b">", ["/ASCIIHexDecode", "/DCTDecode"]),
        (jpeg_2000(bare=False), ["/JPXDecode"]),
        (jpeg_2000(bare=True), ["/JPXDecode"]),
    ],
)
def test_a_picture_within_a_pdf_tells_nothing_however_it_is_packed(
    raw: bytes, filters: list[str]
) -> None:
    found = picture_within(made_anew(of_one_picture(raw, *filters)).content)
    assert CAMERA.encode() not in found
    with Image.open(io.BytesIO(found)) as image:
        assert image.size == (40, 30)
        red, _, blue = image.convert("RGB").getpixel((5, 5))
        assert red > 150 > blue


def test_layers_and_articles_of_a_pdf_do_not_say_who_made_them() -> None:
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(200, 200)).obj
    by, names = pikepdf.String(CAMERA), pikepdf.Name
    layer = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=names.OCG, Name="Plan",
            Usage=pikepdf.Dictionary(
                CreatorInfo=pikepdf.Dictionary(Creator=by, Subtype=names.Artwork),
                User=pikepdf.Dictionary(Type=names.Ind, Name=by),
            ),
        )
    )  # fmt: skip
    pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=[layer], D=pikepdf.Dictionary(Creator=by))
    thread = pdf.make_indirect(pikepdf.Dictionary(I=pikepdf.Dictionary(Author=by)))
    pdf.Root.Threads = pikepdf.Array([thread])
    page.B = pikepdf.Array([pdf.make_indirect(pikepdf.Dictionary(T=thread))])
    written = io.BytesIO()
    pdf.save(written)
    assert CAMERA.encode() in readable(written.getvalue())
    cleaned = made_anew(written.getvalue()).content
    assert CAMERA.encode() not in readable(cleaned)
    with pikepdf.open(io.BytesIO(cleaned)) as made:
        assert made.Root.OCProperties.OCGs[0].Name == "Plan"


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n", b"\n" * 900])
def test_a_pdf_that_begins_a_little_later_is_one(before: bytes) -> None:
    cleaned = made_anew(before + document())
    assert cleaned.media_type == "application/pdf"
    assert cleaned.content.startswith(b"%PDF-")


def test_a_picture_that_grows_when_it_is_made_anew_is_packed_harder() -> None:
    grain = Image.effect_noise((4200, 3200), 90).convert("RGB")
    written = io.BytesIO()
    grain.save(written, "JPEG", quality=60)
    assert MOST_BYTES * 0.5 < len(written.getvalue()) <= MOST_BYTES
    assert len(made_anew(written.getvalue()).content) <= MOST_BYTES


def test_a_picture_of_few_colours_keeps_them_as_they_are() -> None:
    written = io.BytesIO()
    Image.new("RGB", (40, 30), (9, 99, 199)).quantize(4).save(written, "PNG")
    with Image.open(io.BytesIO(made_anew(written.getvalue()).content)) as image:
        assert image.mode == "P"
        assert image.convert("RGB").getpixel((0, 0)) == (9, 99, 199)


def test_a_picture_takes_the_memory_of_its_pixels_about_once() -> None:
    """A small file of one colour may have forty million pixels, 160 MB: measured in a process of its own."""
    script = (
        "import io, resource; from PIL import Image; from measure_registry.cleaning.making import made_anew;"
        "written = io.BytesIO(); Image.new('1', (7300, 5400)).convert('L').save(written, 'PNG');"
        "Image.MAX_IMAGE_PIXELS; content = written.getvalue();"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; made_anew(content);"
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
        (b"GIF89a" + bytes(100), "other_picture"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "other_picture"),
        (b"\0\0\0\x20ftypavif" + bytes(100), "other_picture"),
        (b"RIFF\x24\0\0\0WEBPVP8 " + bytes(100), "other_picture"),
        (b"\xff\xd8\xff\xe0 no picture at all", "not_a_file"),
        (picture()[:200], "not_a_file"),
        (b"%PDF-1.7\n<html><script>alert(1)</script></html>", "not_a_file"),
        (document(password="geheim"), "protected"),
        (b"%PDF-" + bytes(MOST_BYTES), "too_large"),
    ],
)
def test_what_is_no_such_file_is_refused_whatever_it_is_called(content: bytes, why: str) -> None:
    with pytest.raises(AttachmentRefusedError) as refused:
        made_anew(content)
    assert refused.value.why == why


def test_a_small_file_of_a_huge_picture_is_refused_before_it_is_unpacked() -> None:
    written = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")
    with pytest.raises(AttachmentRefusedError):
        made_anew(written.getvalue())


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"%PDF-1.4\n"]), st.binary(max_size=400)
)
def test_whatever_follows_a_signature_is_cleaned_or_refused(sign: bytes, rest: bytes) -> None:
    word, _, made = answer(sign + rest).partition(b"\n")
    assert word.split()[0] in {b"cleaned", b"refused", b"failed"}
    assert bool(made) == word.startswith(b"cleaned")


def telling_elsewhere() -> bytes:
    """Return a PDF that tells who made it where no reader looks: in keys of no standard, a note's subject, marks."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(200, 200)).obj
    told = pikepdf.Dictionary(Author=CAMERA)
    for thing in (pdf.Root, page, pdf.trailer, pdf.Root.Pages):
        thing["/Foo"] = told
    layer = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name="Plan"))
    marks = pikepdf.Dictionary(MC0=pikepdf.Dictionary(MCID=0, Author=CAMERA), MC1=layer)
    page.Resources = pikepdf.Dictionary(Properties=marks)
    page.Contents = pdf.make_stream(b"/Span /MC0 BDC EMC /OC /MC1 BDC EMC")
    links = [pikepdf.Dictionary(S=pikepdf.Name.URI, URI=each) for each in LINKS]
    note = {"Type": pikepdf.Name.Annot, "Rect": [0, 0, 9, 9]}
    page.Annots = pikepdf.Array(
        [
            pikepdf.Dictionary(**note, Subtype=pikepdf.Name.Text, Contents="ja", Subj=CAMERA),
            *(pikepdf.Dictionary(**note, Subtype=pikepdf.Name.Link, A=each) for each in links),
        ]
    )
    written = io.BytesIO()
    pdf.save(written, compress_streams=False)
    return written.getvalue()


LINKS = ("https://example.org", "HTTP://example.org", "mailto:a@b.example", "javascript:alert(1)",
         "file:///etc/passwd", " data:text/html,x", "seite.html")  # fmt: skip


def test_a_pdf_keeps_known_keys_alone_and_links_that_lead_to_pages_and_addresses() -> None:
    with pikepdf.open(io.BytesIO(made_anew(telling_elsewhere()).content)) as pdf:
        told = readable(made_anew(telling_elsewhere()).content)
        page = pdf.pages[0].obj
        marks = page.Resources.Properties
        assert (set(marks.MC0.keys()), str(marks.MC1.Name)) == ({"/MCID"}, "Plan")
        targets = [str(each["/A"]["/URI"]) for each in page.Annots if "/A" in each]
        assert targets == [*LINKS[:3]]
        assert [str(each["/Contents"]) for each in page.Annots if "/Contents" in each] == ["ja"]
    assert CAMERA.encode() not in told
    assert b"/Foo" not in told
