# SPDX-License-Identifier: EUPL-1.2
"""Reads the form: fields as the browser sends them, files in memory, and what is wrong in words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson
from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData

from measure_registry.api.bodies import IdeaBody
from measure_registry.cleaning.kinds import (
    MOST_BYTES,
    MOST_FILES,
    Attachment,
    AttachmentRefusedError,
)
from measure_registry.cleaning.process import begin_cleaning
from measure_registry.site.frame import Language, tell
from stadttakt_runtime.http import multipart

MOST_FORM_BYTES = MOST_FILES * MOST_BYTES + 1_000_000
TEXTS = (
    "title", "summary", "handlungsfeld", "goal", "benefit", "place_name", "partners", "timeframe",
    "budget", "transferable", "name", "email", "phone", "organisation", "submitter_kind",
)  # fmt: skip
LISTS = ("mehrwerte", "target_groups")
TRAP = "leer_gelassen"
"""A field that nobody sees and only machines fill in; no browser and no password manager has words for it."""
OF_CONTACT = ("name", "email", "phone", "organisation")
_OWN_WORDS = {"title", "summary", "handlungsfeld", "email"}
_NUMBERS = frozenset(str(number) for number in range(1, 1000))


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote; `trap` is a field that nobody sees and only machines fill in.

    `without` are files saved before that are to go; `once` is the form's secret, which a second click sends again;
    `since` is when it was begun, as far as we signed that or saved it.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Sequence[tuple[str, bytes]] = ()
    action: str = ""
    begun: str = ""
    draft: str = ""
    trap: str = ""
    without: Sequence[int] = ()
    once: str = ""
    since: datetime | None = None

    def fingerprint(self) -> bytes:
        """Return what is the same of two forms only where the same was written and attached."""
        digest = blake2b(digest_size=32)
        for name, content in self.files:
            digest.update(blake2b(content).digest() + name.encode())
        rest = [self.texts, self.chosen, self.draft, self.without]
        digest.update(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS))
        return digest.digest()


async def parsed(request: Request, most_fields: int = 80) -> FormData | None:
    """Return a form with its files in memory; nothing where none was sent that can be read."""
    return await multipart.parsed(request, most_bytes=MOST_FORM_BYTES, most_fields=most_fields)


async def read_form(request: Request) -> Written:
    """Return what was sent; nothing of a form that is not ours."""
    form = await parsed(request)
    if form is None:
        return Written(trap="no form")
    files = await multipart.files_of(form)
    return Written(
        texts={name: _text(form, name) for name in TEXTS},
        chosen={name: _several(form, name) for name in LISTS},
        files=files,
        action=_text(form, "action"),
        begun=_text(form, "begun"),
        draft=_text(form, "draft"),
        once=_text(form, "once")[:60],
        trap=_text(form, TRAP),
        without=[int(each) for each in _several(form, "without") if each in _NUMBERS],
    )


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def _several(form: FormData, name: str) -> list[str]:
    found = [each for each in form.getlist(name) if isinstance(each, str)]
    return list(dict.fromkeys(found))[:20]


def body_of(
    written: Written, language: Language, *, with_contact: bool
) -> tuple[IdeaBody | None, dict[str, str]]:
    """Return the idea that was written, or what is wrong by field, in words for who wrote it."""
    texts = written.texts
    contact = {name: texts[name] for name in OF_CONTACT if texts[name]}
    fields: dict[str, Any] = {
        name: value
        for name, value in texts.items()
        if name not in {*OF_CONTACT, "place_name"} and value
    }
    fields |= {name: value for name, value in written.chosen.items() if value}
    if texts["place_name"]:
        fields["place"] = {"name": texts["place_name"]}
    if contact and with_contact:
        fields["contact"] = contact
    try:
        return IdeaBody(language=language, **fields), {}
    except ValidationError as error:
        # of a word in a list the list is the field
        wrong = [
            next(str(part) for part in reversed(each["loc"]) if not isinstance(part, int))
            for each in error.errors()
        ]
    # a place's name is a field of its own in the form
    named = ["place_name" if name == "name" and "name" not in contact else name for name in wrong]
    return None, {name: _fault(name, language) for name in named}


def _fault(name: str, language: Language) -> str:
    if name in _OWN_WORDS:
        return tell(f"fault_{name}", language)
    return tell("fault_other", language, name=tell(f"form_{name}", language))


def file_fault(name: str, error: AttachmentRefusedError, language: Language) -> str:
    """Return what is wrong with a file."""
    why = tell(f"files_{error.why}", language)
    return tell("fault_files", language, file=name[:100], why=why) if name else why


async def cleaned_files(
    sent: Sequence[tuple[str, bytes]], language: Language
) -> tuple[list[Attachment], dict[str, str]]:
    """Return files made anew, or what is wrong with the first that is wrong; a process each, so ask limits before."""
    if len(sent) > MOST_FILES:
        error = AttachmentRefusedError("too_many")
        return [], {"files": file_fault(sent[0][0], error, language)}
    try:
        begun = begin_cleaning([content for _, content in sent])
    except AttachmentRefusedError as error:
        return [], {"files": file_fault(sent[0][0], error, language)}
    cleaned = []
    try:
        for (name, _), each in zip(sent, begun, strict=True):
            try:
                cleaned.append(await asyncio.wrap_future(each))
            except AttachmentRefusedError as error:
                return [], {"files": file_fault(name, error, language)}
    finally:
        # where one is refused, those that wait their turn are not needed any more
        for each in begun:
            each.cancel()
    return cleaned, {}


def size_in_words(size: int) -> str:
    """Return how large a file is, as people write it."""
    return (
        f"{size / 1_000_000:.1f} MB".replace(".", ",")
        if size >= 1_000_000
        else f"{-(-size // 1000)} KB"
    )
