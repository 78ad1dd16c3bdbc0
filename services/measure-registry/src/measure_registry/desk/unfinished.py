"""Unfinished forms and their files: saved sealed under the secret of a link, opened with it, forgotten with time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from measure_registry.cleaning import MOST_FILES, Attachment, AttachmentRefusedError
from measure_registry.sealing import KeyFileError, Vault, token_hash
from measure_registry.storage import draft_attachments, drafts
from measure_registry.storage.draft_attachments import Listed, SealedFile

DRAFT = b"draft"
FILE = b"draft file"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A form as it was saved, with the names of its files."""

    texts: Mapping[str, str]
    chosen: Mapping[str, Sequence[str]]
    files: Sequence[Listed]


async def opened(connection: Any, vault: Vault | None, token: str) -> Unfinished | None:
    """Return a saved form; nothing where there is none, or none that opens."""
    found = await drafts.one(connection, token_hash(token))
    if found is None or vault is None:
        return None
    try:
        saved = orjson.loads(vault.open_bytes(found[0], found[1], DRAFT + token.encode()))
    except KeyFileError:
        return None
    files = await draft_attachments.listed(connection, token_hash(token))
    return Unfinished(saved["texts"], saved["chosen"], files)


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
    key, sealed = vault.seal_bytes(orjson.dumps(content), DRAFT + token.encode())
    name = token_hash(token)
    await drafts.put(connection, name, sealed=sealed, key_id=key, now=now)
    await draft_attachments.drop(connection, name, without)
    kept = await draft_attachments.listed(connection, name)
    if len(kept) + len(files) > MOST_FILES:
        raise AttachmentRefusedError("too_many")
    first = max((each.number for each in kept), default=0) + 1
    for number, each in enumerate(files, first):
        key, sealed = vault.seal_bytes(each.content, _bound_to(token, number))
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
    found = await draft_attachments.of(connection, token_hash(token))
    return [
        Attachment(
            each.media_type,
            vault.open_bytes(each.key_id, each.sealed, _bound_to(token, each.number)),
        )
        for each in found
        if each.number not in without
    ]


def _bound_to(token: str, number: int) -> bytes:
    return FILE + f"{token}/{number}".encode()
