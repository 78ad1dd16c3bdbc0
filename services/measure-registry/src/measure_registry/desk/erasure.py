"""Forgets contact data: on request, and when their period is over; the ideas stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from measure_registry.desk.author import WORKING, Deed
from measure_registry.domain.intake import last_moments
from measure_registry.sealing import Vault
from measure_registry.storage import changes, contacts, ideas
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


async def erase(
    connection: Any, idea_ids: Sequence[str], *, cause: str, now: datetime
) -> list[str]:
    """Delete the contact data of ideas; return of which there were any."""
    erased = await contacts.erase(connection, idea_ids)
    await _trace(connection, erased, cause, now)
    return erased


async def erase_due(connection: Any, city: City, now: datetime) -> list[str]:
    """Delete contact data whose period is over; return of which ideas."""
    ended, came = last_moments(city.intake.privacy, now)
    final = sorted(city.workflow.final)
    erased = await contacts.erase_due(connection, final, ended=ended, came=came)
    await _trace(connection, erased, "period is over", now)
    return erased


async def _trace(connection: Any, idea_ids: Sequence[str], cause: str, now: datetime) -> None:
    for idea_id in idea_ids:
        change = Deed(WORKING, now, cause).change("idea", idea_id, "contact_erased")
        await changes.add(connection, change)
