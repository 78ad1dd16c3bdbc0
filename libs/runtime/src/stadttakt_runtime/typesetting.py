# SPDX-License-Identifier: EUPL-1.2
"""PDF by Typst: tagged, with title and language, PDF/UA-1, fonts embedded; for services with the extra `typesetting`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import typst

FONT = "Libertinus Serif"
"""What Typst brings along; texts in drawings are to be set in it too."""


def typeset(template: bytes, content: Mapping[str, Any], made_at: datetime) -> bytes:
    """Return a template filled in as PDF; the same content and time give the same bytes.

    The template reads its content with `json(bytes(sys.inputs.document))`: texts reach it as data, so
    that no word of theirs is taken for markup. What PDF/UA-1 forbids, such as a picture without
    words, Typst refuses to write.
    """
    made: bytes = typst.compile(
        template,
        format="pdf",
        sys_inputs={"document": orjson.dumps(content).decode()},
        pdf_standards="ua-1",
        ignore_system_fonts=True,
        timestamp=int(made_at.timestamp()),
    )
    return made
