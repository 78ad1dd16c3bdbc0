# SPDX-License-Identifier: EUPL-1.2
"""Forgets contact data, files, saved forms and mails: on request, and when their period is over; the ideas stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from measure_registry.desk import redaction
from measure_registry.desk.author import WORKING, Deed
from measure_registry.desk.redaction import Found
from measure_registry.domain.intake import last_moments
from measure_registry.sealing import Vault
from measure_registry.storage import attachments, changes, contacts, drafts, ended, mails
from measure_registry.storage.city import City
from stadttakt_runtime.http import idempotency


@dataclass(frozen=True, slots=True)
class Asked:
    """Of whom everything is to go: ideas, and the keyed hashes of an address that saved forms name."""

    idea_ids: Sequence[str]
    hashes: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Erased:
    """Of which ideas contact data and attachments were deleted, and what texts still seem to tell."""

    idea_ids: Sequence[str]
    attachments: int
    forms: int
    found: Sequence[Found]
    redacted: Sequence[str]

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing to delete."""
        return not (self.idea_ids or self.attachments or self.forms)


async def erase(
    connection: Any,
    asked: Asked,
    *,
    cause: str,
    now: datetime,
    vault: Vault | None = None,
    redact: bool = False,
) -> Erased:
    """Delete contact data, files, saved forms and mails, and tell what texts of the ideas say of people.

    With `redact` what the submitters are called is taken out of texts and history as well; what
    only looks like personal data is told and left for people to judge.
    """
    idea_ids = asked.idea_ids
    families = [await redaction.family(connection, idea_id) for idea_id in idea_ids]
    names = sorted({name for each in families for name in each})
    known = await redaction.known_of(connection, vault, idea_ids)
    erased = await contacts.erase(connection, idea_ids)
    files = await attachments.drop_all(connection, idea_ids)
    await mails.drop_of(connection, idea_ids)
    forms = await drafts.drop_of(connection, asked.hashes)
    await _trace(connection, erased, files, cause, now)
    touched: Sequence[str] = ()
    if redact and known:
        touched = await redaction.redact(connection, names, known, Deed(WORKING, now, cause))
    found = await redaction.look_through(connection, names, known)
    return Erased(erased, sum(files.values()), forms, found, touched)


async def forget(connection: Any, city: City | None, now: datetime, *, mail_days: int) -> list[str]:
    """Delete all personal data whose period is over; return of which ideas contact data went.

    These are answers kept for repetition, mails, unfinished forms with their files, contact data and attachments.
    """
    await idempotency.forget(connection, now)
    await mails.forget(connection, now - timedelta(days=mail_days))
    if city is None:
        return []
    await drafts.forget(connection, now - timedelta(days=city.intake.privacy.draft_days))
    return await erase_due(connection, city, now)


async def erase_due(connection: Any, city: City, now: datetime) -> list[str]:
    """Delete contact data whose period is over, and files and mails with them; return of which ideas."""
    moment, came = last_moments(city.intake.privacy, now)
    over = await ended.over_before(connection, sorted(city.workflow.final), moment)
    erased = await contacts.erase_due(connection, over, came=came)
    files = await attachments.drop_due(connection, over, came=came)
    await mails.drop_of(connection, erased)
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
