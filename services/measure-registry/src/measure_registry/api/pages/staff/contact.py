# SPDX-License-Identifier: EUPL-1.2
"""Who may be asked about an idea: opened for a reason that the history keeps, and shown once."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.entrance import Visit, Visiting, form_of
from measure_registry.api.pages.staff.deeds import is_reason
from measure_registry.api.pages.staff.fields import text_of
from measure_registry.api.pages.staff.idea import IdeaId
from measure_registry.api.pages.staff.shown import show
from measure_registry.api.pages.staff.told import Refusal
from measure_registry.desk.author import Deed
from measure_registry.desk.redaction import family
from measure_registry.domain.roles import Role
from measure_registry.sealing import Contact, KeyFileError, Vault
from measure_registry.site.frame import language_of, tell
from measure_registry.storage import changes, contacts, ideas
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound

router = APIRouter(include_in_schema=False)
PATH = "/intern/idee/{idea_id}/kontakt"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page shows beside the form: the data, or why not."""

    contact: Contact | None = None
    refusal: Refusal | None = None
    reason: str = ""


@router.get(PATH)
async def contact_page(
    request: Request, database: Db, visit: Visiting, idea_id: IdeaId
) -> Response:
    """Show what contact data are for, who opened them, and a form for a reason; not the data."""
    visit.must(Role.EDITOR)
    return await _page(request, database, visit, idea_id, Answer())


@router.post(PATH)
async def open_contact(
    request: Request, database: Db, visit: Visiting, idea_id: IdeaId
) -> Response:
    """Show contact data to who says what for; who looked and why stands in the history."""
    form = await form_of(request, visit)
    visit.must(Role.EDITOR)
    reason, language = text_of(form, "reason"), language_of(request)
    if not is_reason(reason):
        answer = Answer(refusal=Refusal(422, tell("reason_needed", language)))
        return await _page(request, database, visit, idea_id, answer)
    vault: Vault | None = request.app.state.vault
    try:
        contact = await _opened(database, vault, idea_id, Deed(visit.author, utc_now(), reason))
    except KeyFileError:
        answer = Answer(refusal=Refusal(503, tell("contact_no_key", language)), reason=reason)
    else:
        answer = Answer(contact)
    return await _page(request, database, visit, idea_id, answer)


async def _opened(
    database: Database, vault: Vault | None, idea_id: str, deed: Deed
) -> Contact | None:
    """Return contact data, with a line in the history of who saw them; raises KeyFileError."""
    if vault is None:
        raise KeyFileError("no key of contact data is configured")
    async with database.transaction() as connection:
        sealed = await contacts.of(connection, idea_id)
        if sealed is None:
            return None
        await changes.add(connection, deed.change("idea", idea_id, "contact_read"))
        return vault.open(sealed.key_id, sealed.sealed, idea_id)


async def _page(
    request: Request, database: Database, visit: Visit, idea_id: str, answer: Answer
) -> Response:
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        idea = await ideas.one(connection, idea_id)
        if idea is None:
            raise NotFound
        sealed = await contacts.of(connection, idea_id)
        related = await contacts.of_any(connection, await family(connection, idea_id))
        reads = await changes.actions(connection, "idea", [idea_id], ["contact_read"])
    return show(
        request,
        city,
        "contact.html",
        title=tell("contact_page", language, idea=idea.idea_id),
        visit=visit,
        idea=idea,
        purpose=None if sealed is None else sealed.purpose[language],
        basis=None if sealed is None else sealed.legal_basis,
        recorded_at=None if sealed is None else sealed.recorded_at,
        contact=answer.contact,
        contact_at=[each for each in related if each != idea_id],
        reads=list(reversed(reads)),
        refusal=answer.refusal,
        reason=answer.reason,
    )
