# SPDX-License-Identifier: EUPL-1.2
"""Files of ideas: sealed like contact data, opened for who may see them; each look at a scan leaves a trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from measure_registry.cleaning.kinds import Attachment
from measure_registry.desk.author import Deed
from measure_registry.domain.roles import Role
from measure_registry.sealing import KeyFileError, Vault
from measure_registry.storage import attachments, changes
from measure_registry.storage.attachments import FileKind, Kept
from stadttakt_runtime.auth.authenticator import ScopeMissing
from stadttakt_runtime.http.problem import Unavailable

AT_ONCE = 20


async def keep(  # a file and what it belongs to
    connection: Any,
    vault: Vault | None,
    idea_id: str,
    file: Attachment,
    *,
    kind: FileKind,
    now: datetime,
) -> int:
    """Store a file of an idea; return its number. Raises Unavailable for a scan that no key seals."""
    if vault is None and kind == "scan":
        raise Unavailable("scans cannot be kept: no key of contact data is configured")
    number = await attachments.next_number(connection, idea_id)
    kept = Kept(idea_id, number, file.media_type, file.content, now, kind, None)
    await attachments.add(connection, kept if vault is None else _sealed(kept, vault))
    return number


async def handed_out(
    connection: Any, vault: Vault | None, idea_id: str, number: int, deed: Deed
) -> Attachment | None:
    """Return a file, if there is one; who looks at a scan stands in the history.

    Raises:
        ScopeMissing: it is a scan, and the caller is no editor.
        Unavailable: the key that it was sealed with is not there.

    """
    kept = await attachments.one(connection, idea_id, number)
    if kept is None:
        return None
    if kept.kind == "scan":
        if Role.EDITOR not in deed.author.roles:
            raise ScopeMissing("registry:write")
        change = deed.change("idea", idea_id, "scan_read", details={"number": number})
        await changes.add(connection, change)
    try:
        return opened(kept, vault)
    except KeyFileError as error:
        raise Unavailable("the file cannot be opened: its key is not configured") from error


def opened(kept: Kept, vault: Vault | None) -> Attachment:
    """Return what a stored file says; raises KeyFileError where its key is not there."""
    if kept.key_id is None:
        return Attachment(kept.media_type, kept.content)
    if vault is None:
        raise KeyFileError("no key of contact data is configured")
    clear = vault.open_bytes(kept.key_id, kept.content, _bound_to(kept))
    return Attachment(kept.media_type, clear)


async def seal_some(connection: Any, vault: Vault) -> int:
    """Seal files that were stored in clear, before there was a key; return how many."""
    found = await attachments.in_clear(connection, AT_ONCE)
    for kept in found:
        await attachments.seal(connection, _sealed(kept, vault))
    return len(found)


def _sealed(kept: Kept, vault: Vault) -> Kept:
    key, content = vault.seal_bytes(kept.content, _bound_to(kept))
    return replace(kept, content=content, key_id=key)


def _bound_to(kept: Kept) -> bytes:
    return f"attachment {kept.idea_id}/{kept.number}".encode()
