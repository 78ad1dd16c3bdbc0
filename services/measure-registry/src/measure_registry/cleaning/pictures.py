# SPDX-License-Identifier: EUPL-1.2
"""Pictures made anew: their pixels alone."""

from __future__ import annotations

import io
import logging
import warnings
from typing import Any

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from measure_registry.cleaning.kinds import MOST_BYTES, AttachmentRefusedError

# Pillow writes what a picture tells of its maker into the log, at level debug.
logging.getLogger("PIL").setLevel(logging.WARNING)

MOST_PIXELS = 40_000_000
_MODES = {"PNG": {"1", "L", "LA", "P", "RGB", "RGBA"}, "JPEG": {"L", "RGB"}}
_OPTIMIZED_PIXELS = 4_000_000
"""Larger pictures are packed as they come: trying for less takes seconds and memory."""
_QUALITIES = (88, 75, 60, 40)


def clean_picture(content: bytes) -> bytes:
    """Return the pixels alone, turned as they were shown."""
    try:
        with warnings.catch_warnings():
            # of broken EXIF, which goes anyway
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
                # A JPEG that carries more pictures, as phones write, is MPO to Pillow: its first is the photo.
                kind = "PNG" if image.format == "PNG" else "JPEG"
                if image.width * image.height > MOST_PIXELS:
                    raise AttachmentRefusedError("too_fine")
                return _written(_bare(image, kind), kind)
    except (
        UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:  # fmt: skip
        if isinstance(error, AttachmentRefusedError):
            raise
        raise AttachmentRefusedError("not_a_file") from error


def _in_srgb(image: Image.Image) -> Image.Image:
    """Return a picture in the colours of sRGB, as which it is read once its profile is gone; phones write Display P3."""
    written = image.info.get("icc_profile")
    if not written or image.mode not in {"RGB", "RGBA", "CMYK"}:
        return image
    image.load()
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(written))
        if "sRGB" in (profile.profile.profile_description or ""):
            return image
        to = ImageCms.createProfile("sRGB")
        if image.mode == "CMYK":
            made = ImageCms.profileToProfile(image, profile, to, outputMode="RGB")
            return image if made is None else made
        ImageCms.profileToProfile(image, profile, to, inPlace=True)
    # a profile that nobody can read changes no colour anywhere
    except (OSError, ImageCms.PyCMSError):
        return image
    return image


def _bare(image: Image.Image, kind: str) -> Image.Image:
    """Return a picture without anything beside its pixels, in place where its mode allows it."""
    ImageOps.exif_transpose(image, in_place=True)
    image = _in_srgb(image)
    if image.mode in _MODES[kind]:
        image.load()
        see_through = image.info.get("transparency")
        image.info = {} if see_through is None else {"transparency": see_through}
        return image
    if image.mode.startswith("I"):
        # 16 bits of grey: converting alone would make all but the darkest white
        return image.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    bare = image.convert("RGBA" if kind == "PNG" and "A" in image.getbands() else "RGB")
    bare.info = {}
    return bare


def _written(image: Image.Image, kind: str) -> bytes:
    """Return a picture as a file; a photograph of more than the bytes allowed is packed harder."""
    if kind == "PNG":
        return _saved(image, kind, optimize=image.width * image.height <= _OPTIMIZED_PIXELS)
    for quality in _QUALITIES:
        packed = _saved(image, kind, quality=quality)
        if len(packed) <= MOST_BYTES:
            break
    return packed


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, format=kind, exif=b"", icc_profile=None, **options)
    return written.getvalue()
