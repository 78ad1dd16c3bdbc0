# SPDX-License-Identifier: EUPL-1.2
"""Files to attach, with what they tell of their makers."""

from __future__ import annotations

import io
from typing import Any

import pikepdf
from PIL import Image

CAMERA = "Kamera der Emilie Geheimrat"


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30)) -> bytes:
    """Return a picture that tells its camera, its place and a comment, and lies on its side."""
    image = Image.new("RGB", size, (200, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = CAMERA
    exif.get_ifd(0x8825)[2] = (51.0, 29.0, 14.0)
    written = io.BytesIO()
    image.save(
        written, kind, exif=exif.tobytes(), **({"comment": CAMERA} if kind == "JPEG" else {})
    )
    return written.getvalue()


def phone_photo() -> bytes:
    """Return a JPEG as phones write them: a second picture behind the first, both with EXIF, and XMP."""
    image, behind = Image.new("RGB", (40, 30), (200, 30, 30)), Image.new("RGB", (20, 15), "blue")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = CAMERA
    written = io.BytesIO()
    image.save(
        written, "MPO", save_all=True, append_images=[behind], exif=exif.tobytes(),
        xmp=b"<x:xmpmeta>" + CAMERA.encode() + b"</x:xmpmeta>", comment=CAMERA,
    )  # fmt: skip
    return written.getvalue()


def document(*, password: str | None = None) -> bytes:
    """Return a PDF that tells its author, runs a script when opened and carries another file."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 200))
    with pdf.open_metadata() as metadata:
        metadata["dc:creator"] = [CAMERA]
    pdf.docinfo["/Author"] = CAMERA
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('gelesen')")
    pdf.Root.OpenAction = script
    pdf.Root.Names = pikepdf.Dictionary(
        JavaScript=pikepdf.Dictionary(Names=[pikepdf.String("a"), script])
    )
    pdf.pages[0].obj.Annots = pikepdf.Array(
        [
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=script
            )
        ]
    )
    photo = pikepdf.Stream(pdf, picture())
    photo.update(
        pikepdf.Dictionary(
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=40, Height=30,
            ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode,
            Metadata=pdf.make_stream(CAMERA.encode()),
        )
    )  # fmt: skip
    pdf.pages[0].obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Photo=photo))
    pdf.pages[0].obj.Contents = pdf.make_stream(b"40 0 0 30 0 0 cm /Photo Do")
    chained = pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://example.org", Next=script)
    item = pdf.make_indirect(pikepdf.Dictionary(Title="Anfang", A=script))
    pdf.pages[0].obj.Annots.append(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=chained
        )
    )
    pdf.Root.Outlines = pdf.make_indirect(pikepdf.Dictionary(First=item, Last=item, Count=1))
    pdf.attachments["geheim.txt"] = CAMERA.encode()
    written = io.BytesIO()
    encryption = pikepdf.Encryption(user=password, owner=password) if password else None
    pdf.save(written, encryption=encryption or False)
    return written.getvalue()


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


def broken_pdf(annotations: bytes, form: bytes = b"") -> bytes:
    """Return a PDF of one page with these annotations and an outline whose action is a number."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R" + form + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Annots " + annotations + b">>",
        b"<</First 5 0 R/Last 5 0 R/Count 1>>",
        b"<</Title(Anfang)/A 5>>",
    )
    body = b"".join(b"%d 0 obj%s endobj\n" % (at, each) for at, each in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer<</Root 1 0 R/Size 6>>\nstartxref\n0\n%%EOF\n"


def small_but_endless(megabytes: int, *, form: bool = False) -> bytes:
    """Return a small PDF whose page unpacks to so many megabytes, or with `form` what a field of it looks like."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(200, 200)).obj
    much = b"/Tx BMC\n" + b"q Q\n" * (megabytes * 250_000) + b"EMC"
    if not form:
        page.Contents = pdf.make_stream(much)
    else:
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
        fonts = pikepdf.Dictionary(Font=pikepdf.Dictionary(Helv=font))
        drawn = pdf.make_stream(
            much, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 9, 9],
            Resources=fonts,
        )  # fmt: skip
        field: dict[str, Any] = {
            "Type": pikepdf.Name.Annot, "Subtype": pikepdf.Name.Widget, "FT": pikepdf.Name.Tx,
            "V": "b", "Rect": [0, 0, 9, 9], "F": 4, "DA": "/Helv 10 Tf 0 g",
        }  # fmt: skip
        looks = pikepdf.Dictionary(N=drawn)
        fields = [
            pdf.make_indirect(pikepdf.Dictionary(**field, T="a", AP=looks)),
            pdf.make_indirect(pikepdf.Dictionary(**field, T="c")),
        ]
        page.Annots = pikepdf.Array(fields)
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=fields, DR=fonts, DA="/Helv 10 Tf 0 g")
    written = io.BytesIO()
    pdf.save(written)
    return written.getvalue()


def readable(content: bytes) -> bytes:
    """Return a PDF with its objects as plain text, which can be damaged one by one."""
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pdf.save(
            written,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            compress_streams=False,
            deterministic_id=True,
        )
    return written.getvalue()


def display_p3() -> bytes:
    """Return the colour profile of phones' photos, Display P3 (ICC.1:2001-04, a display with three primaries, gamma 2.2)."""

    def numbers(*values: float) -> bytes:
        return b"".join(round(each * 65536).to_bytes(4, "big", signed=True) for each in values)

    white = (0.9642, 1.0, 0.8249)
    primaries = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))  # fmt: skip
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + (563).to_bytes(2, "big") + bytes(2)
    name = b"Display P3\0"
    tags = {
        b"desc": (b"desc" + bytes(4) + len(name).to_bytes(4, "big") + name + bytes(79)),
        b"wtpt": b"XYZ " + bytes(4) + numbers(*white),
        **{
            letter + b"XYZ": b"XYZ " + bytes(4) + numbers(*each)
            for letter, each in zip((b"r", b"g", b"b"), primaries, strict=True)
        },
        **{letter + b"TRC": curve for letter in (b"r", b"g", b"b")},
    }
    table, body = len(tags).to_bytes(4, "big"), b""
    begin = 128 + 4 + 12 * len(tags)
    for sign, content in tags.items():
        table += sign + (begin + len(body)).to_bytes(4, "big") + len(content).to_bytes(4, "big")
        body += content + bytes(-len(content) % 4)
    header = bytearray(128)
    header[0:4] = (begin + len(body)).to_bytes(4, "big")
    header[8:12] = bytes([2, 0x10, 0, 0])
    header[12:24] = b"mntrRGB XYZ "
    header[36:40] = b"acsp"
    header[68:80] = numbers(*white)
    return bytes(header) + table + body
