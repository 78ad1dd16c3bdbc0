# SPDX-License-Identifier: EUPL-1.2
"""Makes a file anew, in whatever process it is called."""

from __future__ import annotations

from measure_registry.cleaning.documents import clean_pdf
from measure_registry.cleaning.kinds import (
    MOST_BYTES,
    PDF,
    Attachment,
    AttachmentRefusedError,
    kind_of,
)
from measure_registry.cleaning.pictures import clean_picture


def made_anew(content: bytes) -> Attachment:
    """Return a file made anew; errors that nobody foresaw show here.

    Raises:
        AttachmentRefusedError: too large, of too many pixels, neither PDF nor PNG nor JPEG whatever
            its name says, broken, or protected by a password.

    """
    media_type = kind_of(content)
    made = clean_pdf(content) if media_type == PDF else clean_picture(content)
    if len(made) > MOST_BYTES:
        raise AttachmentRefusedError("too_large")
    return Attachment(media_type, made)
