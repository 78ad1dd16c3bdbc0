# SPDX-License-Identifier: EUPL-1.2
"""Pictures within PDFs as they are packed there: JPEG and JPEG 2000 without what they tell of their making."""

from __future__ import annotations

import re

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_SCAN, _END, _COMMENT, _JFIF, _ADOBE = 0xDA, 0xD9, 0xFE, 0xE0, 0xEE
_APPLICATION = range(0xE0, 0xF0)
_LENGTH_BYTES = 2
_CODESTREAM = b"\xff\x4f\xff\x51"
_OF_BOXES = {b"jp2h", b"jpch", b"jplh"}
_DRAWING = _OF_BOXES | {
    b"jP  ", b"ftyp", b"rreq", b"jp2c", b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef", b"opct", b"creg", b"res ",
}  # fmt: skip
"""Boxes that say how a picture looks; those with XMP, comments, labels and origin are not among them."""
_TILE, _DATA, _END_2000, _COMMENT_2000 = 0x90, 0x93, 0xD9, 0x64


def bare_jpeg(jpeg: bytes) -> bytes:
    """Return a JPEG up to its end, without comments, thumbnails and application segments but JFIF's and Adobe's.

    ISO/IEC 10918-1, B.1.1 and B.2; raises ValueError where it is none. What lies between segments and is of
    no scan goes too, as does what follows the end, such as a second picture with its own EXIF.
    """
    if not jpeg.startswith(b"\xff\xd8"):
        raise ValueError("no JPEG")
    kept, at, in_scan, seen = bytearray(jpeg[:2]), 2, False, False
    while found := _MARKER.search(jpeg, at):
        if in_scan:
            kept += jpeg[at : found.start()]
        marker, at = jpeg[found.start() + 1], found.end()
        if marker == _END:
            break
        length = int.from_bytes(jpeg[at : at + 2], "big")
        if length < _LENGTH_BYTES:
            raise ValueError("no JPEG")
        kept += _kept_segment(marker, jpeg[at : at + length])
        at += length
        in_scan = marker == _SCAN
        seen = seen or in_scan
    else:
        kept += jpeg[at:] if in_scan else b""
    if not seen:
        raise ValueError("no JPEG")
    return bytes(kept) + b"\xff\xd9"


def _kept_segment(marker: int, segment: bytes) -> bytes:
    sign = bytes((0xFF, marker))
    if marker == _JFIF:
        # its fixed fields, and no thumbnail behind them (ISO/IEC 10918-5, 10.1)
        is_jfif = segment[2:7] == b"JFIF\0" and len(segment) >= 14
        return sign + b"\0\x10" + segment[2:14] + b"\0\0" if is_jfif else b""
    if marker == _COMMENT or (marker in _APPLICATION and marker != _ADOBE):
        return b""
    return sign + segment


def bare_jpx(content: bytes) -> bytes:
    """Return a JPEG 2000 picture, a file of boxes or its codestream alone, with what draws it and without comments.

    ISO/IEC 15444-1, annexes A and I; raises ValueError where it is none.
    """
    if content.startswith(_CODESTREAM):
        return _without_comments(content)
    if content[4:8] != b"jP  ":
        raise ValueError("no JPEG 2000")
    return _drawing_boxes(content)


def _drawing_boxes(content: bytes) -> bytes:
    kept, at = bytearray(), 0
    while at < len(content):
        size, kind, head = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(content) - at
        if size < head:
            raise ValueError("no JPEG 2000")
        body = content[at + head : at + size]
        at += size
        if kind not in _DRAWING:
            continue
        if kind in _OF_BOXES:
            body = _drawing_boxes(body)
        elif kind == b"jp2c":
            body = _without_comments(body)
        kept += (len(body) + 8).to_bytes(4, "big") + kind + body
    return bytes(kept)


def _without_comments(codestream: bytes) -> bytes:
    """Return a codestream with blanks for comments, so that its parts keep their lengths, up to its end."""
    made, at, tile_ends = bytearray(codestream), 2, 0
    while at + 4 <= len(made):
        marker, length = made[at + 1], int.from_bytes(made[at + 2 : at + 4], "big")
        if marker == _DATA:
            if tile_ends <= at:
                raise ValueError("no JPEG 2000")
            at = tile_ends
            continue
        if marker == _END_2000:
            break
        if made[at] != 0xFF or length < _LENGTH_BYTES:
            raise ValueError("no JPEG 2000")
        if marker == _TILE:
            part = int.from_bytes(made[at + 6 : at + 10], "big")
            tile_ends = at + max(part, length + 2) if part else len(made)
        elif marker == _COMMENT_2000:
            made[at + 6 : at + 2 + length] = b" " * (length - 4)
        at += 2 + length
    return bytes(made[: at + 2])
