# SPDX-License-Identifier: EUPL-1.2
"""What may stand in fields that people write."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

_BREAKS = frozenset("\n\r\t")


def _writable(text: str) -> str:
    """Refuse control characters; line breaks become those of Unix."""
    if any(unicodedata.category(each) in {"Cc", "Cs"} and each not in _BREAKS for each in text):
        raise ValueError("control characters cannot be kept")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters and line breaks cannot be kept")
    return text


_ADDRESS = r"^$|^[^@\s\x00-\x20<>,;\"]{1,64}@[^@\s\x00-\x20<>,;\"]{3,250}$"


def _address(text: str) -> str:
    if not re.fullmatch(_ADDRESS, text):
        raise ValueError("must be an e-mail address, such as name@example.org, or be left out")
    return text


Strip = StringConstraints(strip_whitespace=True)
Line = Annotated[str, Strip, Field(max_length=200), AfterValidator(_one_line)]
Title = Annotated[str, Strip, Field(min_length=3, max_length=150), AfterValidator(_one_line)]
Summary = Annotated[str, Strip, Field(min_length=10, max_length=4000), AfterValidator(_writable)]
Text = Annotated[str, Strip, Field(max_length=4000), AfterValidator(_writable)]
Reason = Annotated[str, Strip, Field(min_length=3, max_length=2000), AfterValidator(_writable)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]
Words = Annotated[tuple[Word, ...], Field(max_length=20)]
Email = Annotated[str, AfterValidator(_address), Field(json_schema_extra={"pattern": _ADDRESS})]
IDEA_ID = r"^idea-[0-9]{4,18}$"
