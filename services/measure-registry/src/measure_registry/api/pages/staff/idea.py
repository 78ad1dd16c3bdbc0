# SPDX-License-Identifier: EUPL-1.2
"""One idea with all that staff may see of it and do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.entrance import Visit, Visiting, form_of
from measure_registry.api.pages.reading import size_in_words
from measure_registry.api.pages.refusals import RoleLacking
from measure_registry.api.pages.staff.deeds import attempt, is_reason, version_in
from measure_registry.api.pages.staff.fields import (
    LIST_FIELDS,
    shown,
    text_of,
    where_in,
    written_of,
)
from measure_registry.api.pages.staff.history import rows_of
from measure_registry.api.pages.staff.meanwhile import last_change, unseen_by_rater, why_not
from measure_registry.api.pages.staff.raters import raters_of
from measure_registry.api.pages.staff.shown import show
from measure_registry.api.pages.staff.told import Refusal, refusal_of
from measure_registry.api.texts import IDEA_ID
from measure_registry.api.views import link_views
from measure_registry.desk import files
from measure_registry.desk.author import Deed
from measure_registry.desk.casework import rate_idea, taken_up
from measure_registry.desk.redaction import family, named_in_texts
from measure_registry.domain.criteria import Rating, Vote, judge
from measure_registry.domain.idea import Idea
from measure_registry.domain.located import is_outside
from measure_registry.domain.roles import Role
from measure_registry.domain.undertaking import Kind
from measure_registry.profiles.wording import Wording
from measure_registry.sealing import Vault
from measure_registry.site.frame import Language, Site, language_of, tell
from measure_registry.storage import (
    attachments,
    changes,
    contacts,
    ideas,
    lineage,
    ratings,
    undertakings,
)
from measure_registry.storage.city import City
from stadttakt_runtime.auth.authenticator import ScopeMissing
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound, Problem, ValidationFailed
from stadttakt_runtime.login.rooms import outside

router = APIRouter(include_in_schema=False)
IdeaId = Annotated[str, Path(pattern=IDEA_ID)]
MOST_CHANGES, LONGEST_COMMENT = 500, 2000
Done = Annotated[
    str, Query(alias="getan", pattern=r"^(|neu|geaendert|gleich|geteilt|getan|entfernt)$")
]


@router.get("/intern/idee/{idea_id}")
async def staff_idea_page(
    request: Request, database: Db, visit: Visiting, idea_id: IdeaId, getan: Done = ""
) -> Response:
    """Show an idea with all that staff may see and do."""
    return await idea_page(request, database, visit, idea_id, done=getan)


async def idea_page(  # noqa: PLR0913  # all by name
    request: Request,
    database: Database,
    visit: Visit,
    idea_id: str,
    *,
    refusal: Refusal | None = None,
    typed: Mapping[str, str] | None = None,
    done: str = "",
) -> Response:
    """Return the page of an idea; with a refusal, and then with what was typed."""
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        last = await last_change(connection, idea_id)
        idea = await ideas.one(connection, idea_id)
        if idea is None:
            raise NotFound
        every_vote = await ratings.of(connection, [idea_id])
        votes = every_vote[idea_id]
        raters = await raters_of(connection, every_vote, visit.author.name, language)
        values = await _beside(connection, idea, city, language)
        vault: Vault | None = request.app.state.vault
        named = await _named(connection, vault, idea, visit, refusal)
    return show(
        request,
        city,
        "staff_idea.html",
        title=idea.steckbrief.title,
        visit=visit,
        idea=idea,
        last_change=last,
        named=named,
        state=Wording(city, language).state_of(idea),
        judged=judge(city.catalogue, votes),
        raters=raters[idea_id],
        own={each.criterion_id: each for each in votes if each.rater == visit.author.name},
        rule=city.catalogue.rule[language],
        **_permitted(idea, city, visit, language),
        refusal=refusal,
        typed=typed or {},
        place=_place(idea, typed or {}),
        faults={},
        theirs={},
        done=tell(f"done_{done}", language) if done else None,
        size=size_in_words,
        status_link=_status_link(request, idea) if done == "neu" else None,
        **_words(idea, city, language),
        **values,
    )


async def _named(
    connection: Any, vault: Vault | None, idea: Idea, visit: Visit, refusal: Refusal | None
) -> Sequence[str]:
    """Return the passages that an editor is to look at: those that were refused, or all before it is public."""
    if refusal is not None and refusal.passages:
        return refusal.passages
    if idea.is_public or not visit.may(Role.EDITOR):
        return ()
    return await named_in_texts(connection, vault, idea.idea_id)


def _permitted(idea: Idea, city: City, visit: Visit, language: Language) -> dict[str, Any]:
    """Return what a visitor may do with an idea as it stands."""
    is_over = idea.state in city.workflow.final
    return {
        "moves": [
            (each.target, city.workflow.title(each.target, language))
            for each in city.workflow.leaving(idea.state, visit.author.roles)
        ],
        "may_rate": visit.may(Role.RATER) and not is_over and not idea.goes_on,
        "is_over": is_over,
        "rates_late": idea.priority is not None and idea.state not in city.workflow.of_rating,
        "may_edit": visit.may(Role.EDITOR),
        "may_decide": visit.may(Role.COORDINATOR),
        "is_open_to_measures": idea.state in city.workflow.open_to_measures,
    }


def _words(idea: Idea, city: City, language: Language) -> dict[str, Any]:
    """Return what an idea says in words of the city."""
    return {
        "words_of": [
            (name, shown(name, getattr(idea.steckbrief, name), city, language))
            for name in ("handlungsfeld", *LIST_FIELDS)
        ],
        "is_outside": is_outside(idea.steckbrief.place, city.intake.bbox),
        "submitter": shown("submitter_kind", idea.steckbrief.submitter_kind or "", city, language),
    }


def _place(idea: Idea, typed: Mapping[str, str]) -> dict[str, str]:
    """Return what the form of the place shows: what was typed, else what is stored."""
    written = written_of(idea.steckbrief)
    return {name: typed.get(name, str(written[name])) for name in ("place_name", "lat", "lon")}


async def _beside(connection: Any, idea: Idea, city: City, language: Language) -> dict[str, Any]:
    """Return what stands beside an idea: files, history, relatives, measures."""
    name = idea.idea_id
    history = await changes.newest(connection, "idea", name, limit=MOST_CHANGES)
    alike = await ideas.alike(connection, idea.steckbrief, only_public=False, but=name)
    measures = {
        kind: {each.undertaking_id: each.definition["title"][language]
               for each in await undertakings.every(connection, kind)}
        for kind in Kind
    }  # fmt: skip
    adopted = await undertakings.of_idea(connection, name)
    with_contact = await contacts.of_any(connection, await family(connection, name))
    return {
        "history": rows_of(history, city, language),
        "similar": [each for each, _ in alike],
        "files": await attachments.of(connection, name),
        "links": link_views(name, await lineage.of(connection, [name])),
        "has_contact": name in with_contact,
        "contact_at": [each for each in with_contact if each != name],
        "measures": measures,
        "adopted": [(kind, each, measures[kind].get(each, each)) for kind, each in adopted],
    }


def _status_link(request: Request, idea: Idea) -> str | None:
    """Return the address that is told to who handed in a paper; without a key it cannot be told twice."""
    vault: Vault | None = request.app.state.vault
    return None if vault is None else outside(request, f"/stand/{vault.status_token(idea.idea_id)}")


@router.post("/intern/idee/{idea_id}")
async def do_with_idea(
    request: Request, database: Db, visit: Visiting, idea_id: IdeaId
) -> Response:
    """Move, rate, publish, merge or adopt an idea, as the form says; the page tells what is refused."""
    form = await form_of(request, visit)
    action, reason = text_of(form, "action"), text_of(form, "reason")
    if action == "rate":
        refusal = await _rate(request, database, visit, idea_id, form)
    elif not is_reason(reason):
        refusal = Refusal(422, tell("reason_needed", language_of(request)))
    else:
        into = {"merge": "into", "adopt": "measure", "release": "measure"}.get(action)
        target = action if into is None else f"{action}:{text_of(form, into)}"
        refusal = await _attempt(request, database, visit, idea_id, target, form)
    if refusal is not None:
        typed = {name: text_of(form, name) for name in form}
        return await idea_page(request, database, visit, idea_id, refusal=refusal, typed=typed)
    return gone_back(request, idea_id, "getan")


async def _attempt(
    request: Request, database: Database, visit: Visit, idea_id: str, target: str, form: FormData
) -> Refusal | None:
    try:
        where = where_in(form)
    except ValidationFailed as problem:
        async with database.connection() as connection:
            return refusal_of(problem, await city_of(connection), language_of(request))
    return await attempt(
        request, database, visit, idea_id, target,
        reason=text_of(form, "reason"), expected=version_in(text_of(form, "version")),
        seen=version_in(text_of(form, "seen")), where=where, confirmed="confirmed" in form,
    )  # fmt: skip


def gone_back(request: Request, idea_id: str, done: str) -> Response:
    """Show an idea after something was done with it."""
    site: Site = request.app.state.site
    path = f"/intern/idee/{idea_id}"
    return RedirectResponse(site.href(path, language_of(request), getan=done), 303)


async def _rate(
    request: Request, database: Database, visit: Visit, idea_id: str, form: FormData
) -> Refusal | None:
    """Store what a rater says anew, of what they have seen; what is as it was leaves no trace."""
    language, seen = language_of(request), version_in(text_of(form, "seen"))
    async with database.connection() as connection:
        city = await city_of(connection)
    try:
        async with database.transaction() as connection:
            if not visit.may(Role.RATER):
                raise ScopeMissing("registry:rate")
            idea = await taken_up(connection, idea_id, None)
            await unseen_by_rater(connection, idea_id, seen, visit.author.name)
            votes = (await ratings.of(connection, [idea_id]))[idea_id]
            for criterion_id, rating, comment in _said(form, votes, visit.author.name, city):
                deed = Deed(visit.author, utc_now(), comment)
                idea = await rate_idea(
                    connection, idea, city, deed, criterion_id=criterion_id, rating=rating
                )
    except Problem as problem:
        return await why_not(database, problem, (idea_id, seen), city, language)
    return None


def _said(
    form: FormData, votes: list[Vote], rater: str, city: City
) -> list[tuple[str, Rating, str]]:
    """Return what a form says otherwise than this rater's votes on the criteria as they are worded now."""
    said = []
    before = {each.criterion_id: each for each in votes if each.rater == rater}
    for each in city.catalogue.criteria:
        rating = text_of(form, f"rating-{each.criterion_id}")
        comment = text_of(form, f"comment-{each.criterion_id}")[:LONGEST_COMMENT]
        old = before.get(each.criterion_id)
        if rating not in set(Rating) or "\0" in comment:
            continue
        is_same = old is not None and (old.rating, old.comment) == (rating, comment)
        if old is None or not is_same or old.catalogue_version < each.since:
            said.append((each.criterion_id, Rating(rating), comment))
    return said


@router.get("/intern/idee/{idea_id}/anhang/{number}")
async def staff_attachment(
    request: Request,
    database: Db,
    visit: Visiting,
    idea_id: IdeaId,
    number: Annotated[int, Path(ge=1, le=10_000)],
) -> Response:
    """Hand out a file, to be saved and not shown; a scan to editors only, and the history notes who looked."""
    vault: Vault | None = request.app.state.vault
    deed = Deed(visit.author, utc_now())
    try:
        async with database.transaction() as connection:
            found = await files.handed_out(connection, vault, idea_id, number, deed)
            if found is None:
                raise NotFound
    except ScopeMissing as error:
        raise RoleLacking from error
    headers = {
        "content-disposition": f'attachment; filename="{idea_id}-{found.name(number)}"',
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "no-store",
    }
    return Response(found.content, headers=headers, media_type=found.media_type)
