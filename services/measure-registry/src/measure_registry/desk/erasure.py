"""Forgets contact data and attachments: on request, and when their period is over; the ideas stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from measure_registry.desk import redaction
from measure_registry.desk.author import WORKING, Deed
from measure_registry.desk.redaction import Found
from measure_registry.domain.intake import last_moments
from measure_registry.sealing import Vault
from measure_registry.storage import attachments, changes, contacts, ideas
from measure_registry.storage.city import City


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept about somebody with one idea, for a request for access (Art. 15 DSGVO)."""

    idea_id: str
    contact: dict[str, str]
    language: str
    purpose: dict[str, str]
    legal_basis: str
    recorded_at: datetime
    idea: dict[str, Any]
    history: Sequence[dict[str, Any]]


async def held(connection: Any, vault: Vault, email: str) -> list[Held]:
    """Return all that is kept about an e-mail address."""
    found = []
    for row in await contacts.by_address(connection, vault.address_hashes(email)):
        idea = await ideas.one(connection, row.idea_id)
        history = await changes.of(connection, "idea", row.idea_id, after=0, limit=10_000)
        found.append(
            Held(
                row.idea_id,
                asdict(vault.open(row.key_id, row.sealed, row.idea_id)),
                row.language,
                dict(row.purpose),
                row.legal_basis,
                row.recorded_at,
                {} if idea is None else asdict(idea),
                [
                    {"at": each.at, "action": each.action, "to_state": each.to_state}
                    for each in history
                ],
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Erased:
    """Of which ideas contact data and attachments were deleted, and what texts still seem to tell."""

    idea_ids: Sequence[str]
    attachments: int
    found: Sequence[Found]
    redacted: Sequence[str]


async def erase(
    connection: Any,
    idea_ids: Sequence[str],
    *,
    cause: str,
    now: datetime,
    vault: Vault | None = None,
    redact: bool = False,
) -> Erased:
    """Delete contact data and attachments of ideas, and tell what their texts say of people.

    With `redact` what the submitters are called is taken out of texts and history as well; what
    only looks like personal data is told and left for people to judge.
    """
    families = [await redaction.family(connection, idea_id) for idea_id in idea_ids]
    names = sorted({name for each in families for name in each})
    known = await redaction.known_of(connection, vault, idea_ids)
    erased = await contacts.erase(connection, idea_ids)
    files = await attachments.drop_all(connection, idea_ids)
    await _trace(connection, erased, files, cause, now)
    touched: Sequence[str] = ()
    if redact and known:
        touched = await redaction.redact(connection, names, known, Deed(WORKING, now, cause))
    found = await redaction.look_through(connection, names, known)
    return Erased(erased, sum(files.values()), found, touched)


async def erase_due(connection: Any, city: City, now: datetime) -> list[str]:
    """Delete contact data whose period is over, and attachments with them; return of which ideas."""
    ended, came = last_moments(city.intake.privacy, now)
    final = sorted(city.workflow.final)
    erased = await contacts.erase_due(connection, final, ended=ended, came=came)
    files = await attachments.drop_due(connection, final, ended=ended, came=came)
    await _trace(connection, erased, files, "period is over", now)
    return erased


async def _trace(
    connection: Any,
    idea_ids: Sequence[str],
    files: Mapping[str, int],
    cause: str,
    now: datetime,
) -> None:
    for idea_id in idea_ids:
        change = Deed(WORKING, now, cause).change("idea", idea_id, "contact_erased")
        await changes.add(connection, change)
    for idea_id, count in files.items():
        details = {"attachments": count}
        change = Deed(WORKING, now, cause).change("idea", idea_id, "detached", details=details)
        await changes.add(connection, change)
