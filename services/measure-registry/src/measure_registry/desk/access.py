# SPDX-License-Identifier: EUPL-1.2
"""All that is kept of somebody, for a request for access (Art. 15 DSGVO); that it was opened stands in the history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from measure_registry.cleaning.kinds import Attachment
from measure_registry.desk import files, unfinished
from measure_registry.desk.author import WORKING, Deed
from measure_registry.sealing import Vault
from measure_registry.storage import (
    attachments,
    changes,
    contacts,
    ideas,
    lineage,
    mails,
    ratings,
    sources,
    undertakings,
)

MOST_CHANGES = 10_000


@dataclass(frozen=True, slots=True)
class File:
    """A file that is kept, and under which name a copy of it is told."""

    name: str
    kind: str
    attachment: Attachment

    @property
    def told(self) -> dict[str, Any]:
        """Return what is said of it beside the copy."""
        content = self.attachment
        return {
            "file": self.name,
            "kind": self.kind,
            "media_type": content.media_type,
            "bytes": len(content.content),
        }


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept of somebody: as a document, and the files that it names."""

    ideas: Sequence[dict[str, Any]]
    forms: Sequence[dict[str, Any]]
    files: Sequence[File]

    @property
    def document(self) -> dict[str, Any]:
        """Return all but the files themselves."""
        return {"ideas": list(self.ideas), "forms": list(self.forms)}


async def held(
    connection: Any, vault: Vault, idea_ids: Sequence[str], hashes: Sequence[bytes], deed: Deed
) -> Held:
    """Return all that is kept with ideas, and of an address by its keyed hashes."""
    by_address = [each.idea_id for each in await contacts.by_address(connection, hashes)]
    told, kept = [], []
    for idea_id in dict.fromkeys([*idea_ids, *by_address]):
        if (idea := await ideas.one(connection, idea_id)) is None:
            continue
        own = await _files(connection, vault, idea_id)
        document = await _document(connection, vault, idea_id)
        told.append({**document, "idea": asdict(idea), "files": [each.told for each in own]})
        kept += own
        await changes.add(connection, deed.change("idea", idea_id, "contact_read"))
    forms = []
    for number, (saved_at, content, own_files) in enumerate(
        await unfinished.of_address(connection, vault, hashes), 1
    ):
        own = list(_of_form(number, own_files))
        forms.append({"saved_at": saved_at, **content, "files": [each.told for each in own]})
        kept += own
    return Held(told, forms, kept)


async def _files(connection: Any, vault: Vault, idea_id: str) -> list[File]:
    found = []
    for row in await attachments.of(connection, idea_id):
        kept = await attachments.one(connection, idea_id, row["number"])
        if kept is not None:
            content = files.opened(kept, vault)
            found.append(File(f"{idea_id}-{content.name(kept.number)}", kept.kind, content))
    return found


def _of_form(number: int, own: Sequence[Attachment]) -> Iterator[File]:
    for place, each in enumerate(own, 1):
        yield File(f"entwurf-{number}-{each.name(place)}", "form", each)


async def _document(connection: Any, vault: Vault, idea_id: str) -> dict[str, Any]:
    """Return what stands beside an idea; who of staff did something is told by role, not by name."""
    row = await contacts.of(connection, idea_id)
    history = await changes.of(connection, "idea", idea_id, after=0, limit=MOST_CHANGES)
    votes = (await ratings.of(connection, [idea_id]))[idea_id]
    source = await sources.of(connection, idea_id)
    own = None if row is None else asdict(vault.open(row.key_id, row.sealed, idea_id))
    return {
        "idea_id": idea_id,
        "contact": own,
        "language": None if row is None else row.language,
        "purpose": None if row is None else dict(row.purpose),
        "legal_basis": None if row is None else row.legal_basis,
        "recorded_at": None if row is None else row.recorded_at,
        "history": [_entry(each) for each in history],
        "ratings": [
            {name: getattr(vote, name) for name in ("criterion_id", "rating", "comment", "at")}
            for vote in votes
        ],
        "mails": [dict(each) for each in await mails.of(connection, idea_id)],
        "became": [dict(each) for each in await lineage.onwards(connection, idea_id)],
        "taken_up_by": [
            f"{kind}/{name}" for kind, name in await undertakings.of_idea(connection, idea_id)
        ],
        "source": None if source is None else asdict(source),
    }


_TOLD = ("at", "action", "author_role", "from_state", "to_state", "reason", "details")


def _entry(change: changes.Change) -> dict[str, Any]:
    return {name: getattr(change, name) for name in _TOLD}


def asked_by(now: datetime) -> Deed:
    """Return the deed of opening what is kept because somebody asked for it."""
    return Deed(WORKING, now, "request for access")
