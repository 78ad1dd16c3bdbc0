# SPDX-License-Identifier: EUPL-1.2
"""Takes what names a person out of free texts: of an idea, of its history, of what raters and staff wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from measure_registry.desk.author import Deed
from measure_registry.desk.problems import CorrectionNames, NamesSomebody
from measure_registry.domain.idea import Idea
from measure_registry.domain.personal import (
    Finding,
    findings,
    passages_of,
    texts_in,
    without,
    without_in,
)
from measure_registry.domain.steckbrief import Place, Steckbrief, differences
from measure_registry.sealing import Vault
from measure_registry.storage import changes, contacts, ideas, lineage, ratings, written
from stadttakt_runtime.http import idempotency

MOST_CHANGES = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """A passage in the texts of an idea, or of one that it was merged with or split from."""

    idea_id: str
    finding: Finding


async def family(connection: Any, idea_id: str) -> list[str]:
    """Return an idea and all that share its texts: merged with it, split from it, and on from there."""
    known = {idea_id}
    new = {idea_id}
    while new:
        links = await lineage.of(connection, sorted(new))
        reached = {name for link in links for name in (link.source_id, link.target_id)}
        new = reached - known
        known |= new
    return sorted(known)


async def look_through(
    connection: Any, idea_ids: Sequence[str], known: Sequence[str]
) -> list[Found]:
    """Return what may be personal in the texts of ideas; `known` are passages that are."""
    found = []
    for idea_id in idea_ids:
        texts = dict(await _texts(connection, idea_id))
        found += [Found(idea_id, each) for each in findings(texts, known)]
    return found


async def named_in_texts(connection: Any, vault: Vault | None, idea_id: str) -> list[str]:
    """Return what may be personal in what an idea would tell everybody once it is published."""
    idea = await ideas.one(connection, idea_id)
    if idea is None:
        return []
    return _named(idea.steckbrief, await known_of(connection, vault, [idea_id]))


async def must_name_nobody(connection: Any, vault: Vault | None, idea: Idea) -> None:
    """Raise NamesSomebody where an idea that is not public yet may name a person."""
    named = [] if idea.is_public else await named_in_texts(connection, vault, idea.idea_id)
    if named:
        raise NamesSomebody(named)


async def must_name_nobody_new(
    connection: Any, vault: Vault | None, idea: Idea, brief: Steckbrief
) -> None:
    """Raise CorrectionNames where a public idea would tell everybody of a person of whom it tells nothing yet."""
    if not idea.is_public:
        return
    known = await known_of(connection, vault, [idea.idea_id])
    before = set(_named(idea.steckbrief, known))
    named = [each for each in _named(brief, known) if each not in before]
    if named:
        raise CorrectionNames(named)


def _named(brief: Steckbrief, known: Sequence[str]) -> list[str]:
    """Return the passages of a Steckbrief that may name persons, but those within longer ones."""
    found = findings(dict(_said(brief)), known)
    named = dict.fromkeys(" ".join(each.text.split()) for each in found)
    return [each for each in named if not any(each != other and each in other for other in named)]


def _said(brief: Steckbrief) -> list[tuple[str, str]]:
    return [(where.removeprefix("."), text) for where, text in texts_in("", asdict(brief))]


async def known_of(connection: Any, vault: Vault | None, idea_ids: Sequence[str]) -> list[str]:
    """Return what the submitters of ideas are called; nothing where it is erased or there is no key."""
    passages: list[str] = []
    for idea_id in idea_ids:
        row = await contacts.of(connection, idea_id)
        if row is not None and vault is not None:
            passages += passages_of(asdict(vault.open(row.key_id, row.sealed, idea_id)))
    return list(dict.fromkeys(passages))


async def _texts(connection: Any, idea_id: str) -> list[tuple[str, str]]:
    idea = await ideas.one(connection, idea_id)
    if idea is None:
        return []
    said = _said(idea.steckbrief)
    for each in await changes.of(connection, "idea", idea_id, after=0, limit=MOST_CHANGES):
        whole = {"reason": each.reason, "details": each.details}
        said += texts_in(f"changes.{each.change_id}", whole)
    for vote in (await ratings.of(connection, [idea_id]))[idea_id]:
        said.append((f"ratings.{vote.criterion_id}", vote.comment))
    said += [("adoption", reason) for reason in await written.adoptions(connection, idea_id)]
    return said


async def redact(
    connection: Any, idea_ids: Sequence[str], passages: Sequence[str], deed: Deed
) -> list[str]:
    """Take passages out of all texts of ideas and of their history; return which ideas had any."""
    held = await ideas.locked(connection, *idea_ids)
    await idempotency.forget_at(connection, [f"/v1/ideas/{each}" for each in held])
    touched = []
    for idea in held.values():
        fields = await _redact_idea(connection, idea, passages, deed)
        count = await _redact_history(connection, idea.idea_id, passages)
        if fields or count:
            details = {"redacted": fields, "elsewhere": count}
            change = deed.change("idea", idea.idea_id, "redacted", details=details)
            await changes.add(connection, change)
            touched.append(idea.idea_id)
    return touched


async def _redact_idea(
    connection: Any, idea: Idea, passages: Sequence[str], deed: Deed
) -> list[str]:
    said: Mapping[str, Any] = without_in(asdict(idea.steckbrief), passages)
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
    }
    brief = Steckbrief(**{**fields, "place": Place(**said["place"])})
    changed = list(differences(idea.steckbrief, brief))
    if changed:
        await ideas.rewrite(connection, idea.idea_id, brief, deed.now)
    return changed


async def _redact_history(connection: Any, idea_id: str, passages: Sequence[str]) -> int:
    """Take passages out of the history and of comments; return of how many entries."""
    count = 0
    for each in await changes.of(connection, "idea", idea_id, after=0, limit=MOST_CHANGES):
        reason = None if each.reason is None else without(each.reason, passages)
        details = without_in(each.details, passages)
        if (reason, details) != (each.reason, each.details):
            await changes.rewrite(connection, each.change_id, reason, details)
            count += 1
    for vote in (await ratings.of(connection, [idea_id]))[idea_id]:
        comment = without(vote.comment, passages)
        if comment != vote.comment:
            await written.set_comment(connection, idea_id, vote, comment)
            count += 1
    for reason in await written.adoptions(connection, idea_id):
        bare = without(reason, passages)
        if bare != reason:
            await written.set_adoption(connection, idea_id, reason, bare)
            count += 1
    return count
