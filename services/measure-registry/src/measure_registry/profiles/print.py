# SPDX-License-Identifier: EUPL-1.2
"""A Steckbrief as PDF: PDF/UA-1, the same bytes for the same content; kept in memory, never stored."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from measure_registry.profiles.sheet import Sheet
from measure_registry.site.frame import tell
from stadttakt_runtime.typesetting import typeset

_TEMPLATE = (files("measure_registry.profiles") / "templates/profile.typ").read_bytes()
_TEMPLATE_ID = blake2b(_TEMPLATE, digest_size=8).digest()
MOST_KEPT = 200
_TEXTS = ("sheet", "sheet_stand", "sheet_version", "not_told", "source", "page_of", "steps_caption",
          "step", "state", "when")  # fmt: skip


def to_pdf(sheet: Sheet, *, zone: str, address: str) -> bytes:
    """Return a Steckbrief as PDF; `address` is where its page is reached."""
    return typeset(_TEMPLATE, _content(sheet, zone, address), sheet.changed_at)


def _content(sheet: Sheet, zone: str, address: str) -> dict[str, Any]:
    made = sheet.changed_at.astimezone(ZoneInfo(zone))
    parts = ("year", "month", "day", "hour", "minute", "second")
    return {
        **asdict(sheet),
        "changed_at": None,
        "made": {part: getattr(made, part) for part in parts},
        "address": address,
        "texts": {key: tell(key, sheet.language) for key in _TEXTS},
    }


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF and the tag of its content."""

    body: bytes
    tag: str


@dataclass(slots=True)
class Printer:
    """Typesets what is asked for, one at a time, and keeps the last ones; kept as `app.state.printer`."""

    _kept: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def printed(self, sheet: Sheet, *, zone: str, address: str) -> Printed:
        """Return a Steckbrief as PDF, of the same content the one that was made before."""
        content = _content(sheet, zone, address)
        tag = blake2b(_TEMPLATE_ID + orjson.dumps(content), digest_size=16).hexdigest()
        async with self._busy:
            body = self._kept.get(tag)
            if body is None:
                body = await asyncio.to_thread(typeset, _TEMPLATE, content, sheet.changed_at)
                self._kept[tag] = body
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(tag)
        return Printed(body, tag)
