# SPDX-License-Identifier: EUPL-1.2
"""Takes ideas: checked against the city's words, stored, contact data sealed beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from measure_registry.desk.author import Author, Deed
from measure_registry.desk.problems import NoCallOpen, refused
from measure_registry.domain.idea import Channel, Idea
from measure_registry.domain.import_profile import Source
from measure_registry.domain.intake import Call, calls_taking
from measure_registry.domain.located import is_outside, located, submitted
from measure_registry.domain.steckbrief import Fault, Steckbrief, faults
from measure_registry.sealing import (
    Contact,
    Vault,
    new_pseudonym,
    new_token,
    token_hash,
)
from measure_registry.storage import changes, contacts, ideas, mails, sources
from measure_registry.storage.city import City
from measure_registry.storage.contacts import Sealed
from measure_registry.storage.ideas import NewIdea
from stadttakt_runtime.http.problem import Unavailable, ValidationFailed


@dataclass(frozen=True, slots=True)
class Submission:
    """An idea as it comes in; what staff enter from paper says when it came, a form when it was begun."""

    steckbrief: Steckbrief
    channel: Channel
    contact: Contact | None = None
    language: str = "de"
    call_id: str | None = None
    submitted_at: datetime | None = None
    imported_as: str | None = None
    source: Source | None = None
    begun: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it: the idea, the secret of its status link, ideas that say something alike."""

    idea: Idea
    token: str
    similar: Sequence[tuple[Idea, float]]


async def take(  # an idea and what it is held against
    connection: Any,
    submission: Submission,
    city: City,
    *,
    author: Author,
    vault: Vault | None,
    now: datetime,
) -> Taken:
    """Store an idea; nobody but staff sees it until moderation lets it be seen.

    Raises:
        ValidationFailed: a word that the city does not have, an unknown call, a position elsewhere.
        NoCallOpen: the city takes ideas during calls only.
        Unavailable: contact data came and no key to seal them is configured.

    """
    brief = _placed(submission, city)
    if wrong := refused([*faults(brief, city.vocabulary), *_far(brief, submission, city)]):
        raise wrong
    call = _call(submission, city, now)
    if submission.contact is not None and vault is None:
        raise Unavailable("contact data cannot be kept: no key is configured")
    new = NewIdea(
        steckbrief=brief,
        state=city.workflow.initial,
        submitted_at=submission.submitted_at or now,
        channel=submission.channel,
        pseudonym=new_pseudonym(),
        call_id=None if call is None else call.call_id,
        imported_as=submission.imported_as,
    )
    idea = await ideas.add(connection, new, now)
    if submission.source is not None:
        await sources.put(connection, idea.idea_id, submission.source)
    token = new_token() if vault is None else vault.status_token(idea.idea_id)
    await ideas.set_token(connection, idea.idea_id, token_hash(token))
    if submission.contact is not None and vault is not None:
        await contacts.add(connection, _sealed(idea, submission, city, vault, now))
    change = Deed(author, now).change(
        "idea",
        idea.idea_id,
        "submitted",
        moved=(None, idea.state),
        details={"channel": submission.channel},
    )
    await changes.add(connection, change)
    await mails.queue_received(connection, idea.idea_id, now=now)
    only_public = submission.channel in {"web", "api"}
    similar = await ideas.alike(connection, brief, only_public=only_public, but=idea.idea_id)
    return Taken(idea, token, similar)


def _far(brief: Steckbrief, submission: Submission, city: City) -> Iterator[Fault]:
    """Yield that what came from outside lies elsewhere; staff see a hint instead."""
    if submission.channel in {"web", "api"} and is_outside(brief.place, city.intake.bbox):
        detail = f"lies outside {city.intake.city_name}: check lat and lon, or tell only its name"
        yield Fault("place", detail, "outside_city")


def _placed(submission: Submission, city: City) -> Steckbrief:
    """Return what was submitted with where it lies; nobody from outside puts a house on the map."""
    brief = submission.steckbrief
    place = submitted if submission.channel in {"web", "api"} else located
    return replace(brief, place=place(brief.place, city.places))


def _call(submission: Submission, city: City, now: datetime) -> Call | None:
    """Return the call that an idea answers: the one it names, else the open one that ends first."""
    calls = calls_taking(city.intake, now, submission.begun)
    from_public = submission.channel in {"web", "api"}
    if submission.call_id is not None:
        among = calls if from_public else city.intake.calls
        found = next((each for each in among if each.call_id == submission.call_id), None)
        if found is None:
            detail = "there is no such call, or it is not open"
            error = {"in": "body", "field": "call_id", "detail": detail, "code": "unknown_call"}
            raise ValidationFailed([error])
        return found
    if from_public and city.intake.needs_call and not calls:
        raise NoCallOpen("ideas are taken while a call is open")
    return calls[0] if calls and from_public else None


def _sealed(idea: Idea, submission: Submission, city: City, vault: Vault, now: datetime) -> Sealed:
    contact = submission.contact or Contact()
    contact = replace(contact, email=contact.email.strip())
    key, sealed = vault.seal(contact, idea.idea_id)
    privacy = city.intake.privacy
    return Sealed(
        idea_id=idea.idea_id,
        sealed=sealed,
        key_id=key,
        address_hash=vault.address_hash(contact.email),
        language=submission.language,
        purpose=privacy.purpose,
        legal_basis=privacy.legal_basis,
        recorded_at=now,
    )
