# SPDX-License-Identifier: EUPL-1.2
"""What a sign can be told to show."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from parking_occupancy.domain.sign import MAX_TEXT_BYTES


def _showable(text: str) -> str:
    if any(unicodedata.category(character).startswith("C") for character in text):
        raise ValueError("control characters cannot be shown")
    if len(text.encode(errors="surrogatepass")) > MAX_TEXT_BYTES:
        raise ValueError(f"at most {MAX_TEXT_BYTES} bytes can be shown")
    return text


Showable = Annotated[str, AfterValidator(_showable)]
"""At most 63 bytes, nothing that moves a cursor."""
