# SPDX-License-Identifier: EUPL-1.2
"""Unfinished forms and their files: saved sealed under the secret of a link, opened with it, forgotten with time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from measure_registry.cleaning.kinds import MOST_FILES, Attachment, AttachmentRefusedError
from measure_registry.sealing import KeyFileError, Vault, token_hash
from measure_registry.storage import draft_attachments, drafts
from measure_registry.storage.draft_attachments import Listed, SealedFile
from measure_registry.storage.drafts import Draft

DRAFT = b"draft"
FILE = b"draft file"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A form as it was saved, when it was begun, and the names of its files."""

    texts: Mapping[str, str]
    chosen: Mapping[str, Sequence[str]]
    files: Sequence[Listed]
    begun: datetime | None


async def opened(connection: Any, vault: Vault | None, token: str) -> Unfinished | None:
    """Return a saved form; nothing where there is none, or none that opens."""
    found = await drafts.one(connection, token_hash(token))
    if found is None or vault is None:
        return None
    try:
        saved = orjson.loads(_open_form(vault, token_hash(token), *found, token=token))
    except KeyFileError:
        return None
    files = await draft_attachments.listed(connection, token_hash(token))
    begun = saved.get("begun")  # forms that were saved before 0125 do not say it
    since = None if begun is None else datetime.fromisoformat(begun)
    return Unfinished(saved["texts"], saved["chosen"], files, since)


async def save(  # noqa: PLR0913  # all of a form
    connection: Any,
    vault: Vault,
    token: str,
    content: Mapping[str, Any],
    *,
    files: Sequence[Attachment],
    without: Sequence[int],
    now: datetime,
) -> list[Listed]:
    """Keep a form in place of what was saved before under this secret; return its files.

    Raises AttachmentRefusedError where it would have more files than an idea may.
    """
    name = token_hash(token)
    key, sealed = vault.seal_bytes(orjson.dumps(content), DRAFT + name)
    address = vault.address_hash(str(content["texts"].get("email", "")).strip())
    await drafts.put(connection, Draft(name, sealed, key, now, address))
    await draft_attachments.drop(connection, name, without)
    kept = await draft_attachments.listed(connection, name)
    if len(kept) + len(files) > MOST_FILES:
        raise AttachmentRefusedError("too_many")
    first = max((each.number for each in kept), default=0) + 1
    for number, each in enumerate(files, first):
        key, sealed = vault.seal_bytes(each.content, _bound_to(name, number))
        size = len(each.content)
        file = SealedFile(number, each.media_type, size, sealed, key)
        await draft_attachments.add(connection, name, file)
    return await draft_attachments.listed(connection, name)


async def files_of(
    connection: Any, vault: Vault | None, token: str, without: Sequence[int]
) -> list[Attachment]:
    """Return the files of a saved form but some; none where there is no such form."""
    if not token or vault is None:
        return []
    name = token_hash(token)
    return [
        _open_file(vault, name, each, token=token)
        for each in await draft_attachments.of(connection, name)
        if each.number not in without
    ]


async def of_address(
    connection: Any, vault: Vault, hashes: Sequence[bytes]
) -> list[tuple[datetime, Mapping[str, Any], list[Attachment]]]:
    """Return the saved forms that name an address: when each was saved, what it says, its files."""
    told = []
    for each in await drafts.by_address(connection, hashes):
        files = await draft_attachments.of(connection, each.token_hash)
        content = orjson.loads(_open_form(vault, each.token_hash, each.key_id, each.sealed))
        opened_files = [_open_file(vault, each.token_hash, file) for file in files]
        told.append((each.saved_at, content, opened_files))
    return told


def _open_form(vault: Vault, name: bytes, key: str, sealed: bytes, *, token: str = "") -> bytes:
    """Return a form; what was saved before forms were bound to what is stored of their secret opens with it."""
    try:
        return vault.open_bytes(key, sealed, DRAFT + name)
    except KeyFileError:
        return vault.open_bytes(key, sealed, DRAFT + token.encode())


def _open_file(vault: Vault, name: bytes, file: SealedFile, *, token: str = "") -> Attachment:
    try:
        clear = vault.open_bytes(file.key_id, file.sealed, _bound_to(name, file.number))
    except KeyFileError:
        before = FILE + f"{token}/{file.number}".encode()
        clear = vault.open_bytes(file.key_id, file.sealed, before)
    return Attachment(file.media_type, clear)


def _bound_to(name: bytes, number: int) -> bytes:
    return FILE + name + f"/{number}".encode()
