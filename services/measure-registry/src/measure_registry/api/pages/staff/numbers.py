# SPDX-License-Identifier: EUPL-1.2
"""Numbers as people write them in German and English, as a form's model reads them."""

from __future__ import annotations

import re

_GERMAN = re.compile(r"\d{1,3}(\.\d{3})+(,\d+)?")
_ENGLISH = re.compile(r"\d{1,3}(,\d{3}){2,}(\.\d+)?")
_TWO_GROUPS = re.compile(r".*\d\.\d{3}[.,].*")
_NO_CENTS = re.compile(r"(\d+)\.0{1,2}")
_SPACE = re.compile(r"[\s\u00a0\u202f]|€|EUR\b")


def plain_number(text: str) -> str:
    """Return a number with a point for decimals and no other sign; what is none stays as it is.

    "1.234" alone is one and a bit, as the form shows it; "1.234.567" and "1.234,5" have groups.
    """
    if _GERMAN.fullmatch(text) and _TWO_GROUPS.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    if _ENGLISH.fullmatch(text):
        return text.replace(",", "")
    return text.replace(",", ".")


def plain_euros(text: str) -> str:
    """Return a sum in whole euros: "1.500.000,00 €" is 1500000, "50.000" is fifty thousand; cents stay, to be refused."""
    bare = _SPACE.sub("", text)
    if _GERMAN.fullmatch(bare):
        bare = bare.replace(".", "").replace(",", ".")
    else:
        bare = plain_number(bare)
    whole = _NO_CENTS.fullmatch(bare)
    return whole[1] if whole else bare
