# SPDX-License-Identifier: EUPL-1.2
"""Files to attach, with what they tell of their makers."""

from __future__ import annotations

import io

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
