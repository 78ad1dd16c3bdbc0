# SPDX-License-Identifier: EUPL-1.2
"""Personal data in the texts of an idea: found, judged by staff, and taken out everywhere for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.entrance import Visit, Visiting, form_of
from measure_registry.api.pages.staff.deeds import is_reason, version_in
from measure_registry.api.pages.staff.fields import text_of
from measure_registry.api.pages.staff.idea import IdeaId, gone_back
from measure_registry.api.pages.staff.meanwhile import last_change, why_not
from measure_registry.api.pages.staff.shown import show
from measure_registry.api.pages.staff.told import Refusal
from measure_registry.desk import redaction
from measure_registry.desk.author import Deed
from measure_registry.desk.casework import version_held
from measure_registry.desk.redaction import Found
from measure_registry.domain.personal import LEAST, without
from measure_registry.domain.roles import Role
from measure_registry.sealing import Vault
from measure_registry.site.frame import TEXTS, Language, language_of, tell
from measure_registry.storage import ideas
from measure_registry.storage.city import City
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound, Problem

router = APIRouter(include_in_schema=False)
PAGE = "/intern/idee/{idea_id}/personenbezogenes"
MOST_PASSAGES, LONGEST = 50, 500


@router.get(PAGE)
async def personal_page(
    request: Request, database: Db, visit: Visiting, idea_id: IdeaId
) -> Response:
    """Show what looks like personal data in an idea's texts, its history and comments."""
    visit.must(Role.EDITOR)
    return await _page(request, database, visit, idea_id)


@router.post(PAGE)
async def take_out(request: Request, database: Db, visit: Visiting, idea_id: IdeaId) -> Response:
    """Take passages out, everywhere; 412 where the idea was changed since the page was shown."""
    form = await form_of(request, visit)
    visit.must(Role.EDITOR)
    language, reason, own = language_of(request), text_of(form, "reason"), text_of(form, "own")
    ticked = [each for each in form.getlist("passage") if isinstance(each, str)]
    passages = _passages([*ticked, *own.splitlines()])
    said = _wrong(passages, reason, language)
    refusal = None if said is None else Refusal(422, said)
    if refusal is None:
        version = version_in(text_of(form, "version"))
        try:
            touched = await _redact(database, visit, idea_id, version, (passages, reason))
        except Problem as problem:
            async with database.connection() as connection:
                city = await city_of(connection)
            seen = (idea_id, version_in(text_of(form, "seen")))
            refusal = await why_not(database, problem, seen, city, language)
        else:
            if touched:
                return gone_back(request, idea_id, "entfernt")
            refusal = Refusal(422, tell("personal_not_found", language))
    return await _page(
        request, database, visit, idea_id, refusal=refusal, typed=(ticked, own, reason)
    )


def _passages(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(" ".join(each.split()) for each in texts if each.strip()))


def _wrong(passages: Sequence[str], reason: str, language: Language) -> str | None:
    """Return what is wrong with what is to be taken out; a reason that names it would keep it."""
    if not passages:
        return tell("personal_nothing", language)
    if len(passages) > MOST_PASSAGES or any(not LEAST <= len(each) <= LONGEST for each in passages):
        return tell("personal_length", language, least=LEAST, most=LONGEST, count=MOST_PASSAGES)
    if not is_reason(reason):
        return tell("reason_needed", language)
    return tell("personal_in_reason", language) if without(reason, passages) != reason else None


async def _redact(
    database: Database, visit: Visit, idea_id: str, version: int, order: tuple[list[str], str]
) -> list[str]:
    passages, reason = order
    async with database.transaction() as connection:
        await version_held(connection, idea_id, version)
        names = await redaction.family(connection, idea_id)
        deed = Deed(visit.author, utc_now(), reason)
        return await redaction.redact(connection, names, passages, deed)


async def _page(
    request: Request,
    database: Database,
    visit: Visit,
    idea_id: str,
    *,
    refusal: Refusal | None = None,
    typed: tuple[Sequence[str], str, str] = ((), "", ""),
) -> Response:
    vault: Vault | None = request.app.state.vault
    language = language_of(request)
    async with database.connection() as connection:
        city: City = await city_of(connection)
        last = await last_change(connection, idea_id)
        idea = await ideas.one(connection, idea_id)
        if idea is None:
            raise NotFound
        names = await redaction.family(connection, idea_id)
        known = await redaction.known_of(connection, vault, names)
        found = await redaction.look_through(connection, names, known)
    ticked, own, reason = typed
    return show(
        request,
        city,
        "personal.html",
        title=tell("personal_page", language, idea=idea_id),
        visit=visit,
        idea=idea,
        last_change=last,
        found=_grouped(found, language),
        ticked=ticked,
        own=own,
        reason=reason,
        refusal=refusal,
    )


def _grouped(found: Sequence[Found], language: Language) -> list[dict[str, Any]]:
    """Return each passage once, with what it looks like and where it stands."""
    grouped: dict[str, dict[str, Any]] = {}
    for each in found:
        text = " ".join(each.finding.text.split())
        entry = grouped.setdefault(
            text,
            {"text": text, "kind": tell(f"finding_{each.finding.kind}", language), "where": {}},
        )
        place = f"{each.idea_id}: {_where(each.finding.where, language)}"
        entry["where"][place] = None
    return list(grouped.values())


def _where(path: str, language: Language) -> str:
    head = path.partition(".")[0]
    if head in {"changes", "ratings", "adoption"}:
        return tell(f"finding_in_{head}", language)
    key = "form_place_name" if head == "place" else f"form_{head}"
    return tell(key, language) if key in TEXTS else head
