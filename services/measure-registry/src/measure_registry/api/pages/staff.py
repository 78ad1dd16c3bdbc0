"""The staff pages: board, search, several at once, and one idea with its ratings and moves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.entrance import Visit, Visiting, form_of
from measure_registry.api.pages.shown import missing, show
from measure_registry.api.texts import IDEA_ID
from measure_registry.desk.author import Deed
from measure_registry.desk.casework import move_idea, publish_idea, rate_idea, taken_up
from measure_registry.desk.combining import merge
from measure_registry.domain.criteria import Rating, judge
from measure_registry.domain.idea import Idea
from measure_registry.domain.roles import Role
from measure_registry.site.frame import Language, Site, language_of, tell
from measure_registry.storage import attachments, changes, ideas, ratings
from measure_registry.storage.city import City
from measure_registry.storage.ideas import Asked
from stadttakt_runtime.auth.authenticator import ScopeMissing
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import HIGHEST_NUMBER
from stadttakt_runtime.http.problem import Problem

router = APIRouter(include_in_schema=False)
PER_COLUMN, MOST_FOUND, MOST_AT_ONCE, SHORTEST_REASON = 20, 100, 200, 3
IdeaId = Annotated[str, Path(pattern=IDEA_ID)]
Doing = Callable[[Any, Idea, City, Deed], Awaitable[object]]


@router.get("/intern")
async def board_page(
    request: Request,
    database: Db,
    visit: Visiting,
    q: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
) -> Response:
    """Show the board, or what a search finds."""
    return await _board(request, database, visit, words=q.strip())


async def _board(
    request: Request,
    database: Database,
    visit: Visit,
    *,
    words: str = "",
    done: list[tuple[str, str | None]] | None = None,
) -> Response:
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        found, totals = await ideas.board(connection, PER_COLUMN)
        hits = None
        if words:
            asked = Asked(only_public=False, words=words)
            hits = await ideas.newest(connection, asked, before=HIGHEST_NUMBER, limit=MOST_FOUND)
    states = [each.state for each in city.workflow.states]
    states += sorted(set(totals) - set(states))
    columns = [
        {
            "title": city.workflow.title(state, language),
            "total": totals.get(state, 0),
            "ideas": [each for each in found if each.state == state],
        }
        for state in states
    ]
    return show(
        request,
        city,
        "board.html",
        title=tell("board", language),
        private=True,
        visit=visit,
        columns=columns,
        hits=hits,
        q=words,
        actions=_actions(city, visit, language),
        done=done,
    )


def _actions(city: City, visit: Visit, language: Language) -> list[tuple[str, str]]:
    """Return what this caller may do with several ideas at once."""
    moves = [
        (f"move:{each.state}", tell("move_to", language, state=each.title[language]))
        for each in city.workflow.states
        if any(
            move.target == each.state and not visit.author.roles.isdisjoint(move.roles)
            for move in city.workflow.transitions
        )
    ]
    if Role.EDITOR not in visit.author.roles:
        return moves
    return [
        *moves,
        ("publish", tell("publish", language)),
        ("withdraw", tell("withdraw", language)),
    ]


@router.post("/intern/sammel")
async def do_several(request: Request, database: Db, visit: Visiting) -> Response:
    """Do the same with several ideas, each for itself; tell what became of each."""
    form = await form_of(request, visit)
    chosen = [each for each in form.getlist("idea") if isinstance(each, str)][:MOST_AT_ONCE]
    action, reason = str(form.get("action", "")), str(form.get("reason", "")).strip()
    done = [
        (idea_id, await _try(database, visit, idea_id, reason, _doing(action)))
        for idea_id in chosen
    ]
    return await _board(request, database, visit, done=done)


def _doing(action: str, *, rating: Rating | None = None, criterion_id: str = "") -> Doing:
    kind, _, target = action.partition(":")

    async def do(connection: Any, idea: Idea, city: City, deed: Deed) -> object:
        if kind == "move":
            return await move_idea(connection, idea, city, deed, to=target)
        if kind == "rate" and rating is not None:
            _need(deed, Role.RATER)
            return await rate_idea(
                connection, idea, city, deed, criterion_id=criterion_id, rating=rating
            )
        _need(deed, Role.EDITOR)
        if kind == "merge":
            return await merge(connection, idea, target, deed)
        return await publish_idea(connection, idea, deed, public=kind == "publish")

    return do


def _need(deed: Deed, role: Role) -> None:
    if role not in deed.author.roles:
        raise ScopeMissing("registry:rate" if role is Role.RATER else "registry:write")


async def _try(  # an idea and what is done with it
    database: Database,
    visit: Visit,
    idea_id: str,
    reason: str,
    doing: Doing,
    expected: int | None = None,
) -> str | None:
    """Do something with an idea in one transaction; return why it could not be done."""
    try:
        async with database.transaction() as connection:
            city = await city_of(connection)
            idea = await taken_up(connection, idea_id, expected)
            await doing(connection, idea, city, Deed(visit.author, utc_now(), reason))
    except Problem as problem:
        allowed: list[str] = problem.members.get("allowed", [])
        return f"{problem} ({', '.join(allowed)})" if allowed else str(problem)
    return None


@router.get("/intern/idee/{idea_id}")
async def staff_idea_page(
    request: Request, database: Db, visit: Visiting, idea_id: IdeaId
) -> Response:
    """Show an idea with all that staff may see and do."""
    return await _idea(request, database, visit, idea_id)


async def _idea(
    request: Request, database: Database, visit: Visit, idea_id: str, *, refused: str | None = None
) -> Response:
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        idea = await ideas.one(connection, idea_id)
        if idea is None:
            return missing(request, city)
        votes = (await ratings.of(connection, [idea_id]))[idea_id]
        history = await changes.of(connection, "idea", idea_id, after=0, limit=500)
        alike = await ideas.alike(connection, idea.steckbrief, only_public=False, but=idea_id)
        files = await attachments.of(connection, idea_id)
    return show(
        request,
        city,
        "staff_idea.html",
        title=idea.steckbrief.title,
        private=True,
        status=200 if refused is None else 409,
        visit=visit,
        idea=idea,
        state=city.workflow.title(idea.state, language),
        judged=judge(city.catalogue, votes),
        own={each.criterion_id: each for each in votes if each.rater == visit.author.name},
        moves=[
            (each.target, city.workflow.title(each.target, language))
            for each in city.workflow.leaving(idea.state, visit.author.roles)
        ],
        may_rate=Role.RATER in visit.author.roles,
        may_edit=Role.EDITOR in visit.author.roles,
        similar=[each for each, _ in alike],
        files=files,
        history=history,
        refused=refused,
    )


@router.post("/intern/idee/{idea_id}")
async def do_with_idea(
    request: Request, database: Db, visit: Visiting, idea_id: IdeaId
) -> Response:
    """Move, rate, publish or merge an idea, as the form says; the page tells where that is refused."""
    form = await form_of(request, visit)

    def told(name: str) -> str:
        value = form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    version, reason = told("version"), told("reason")
    expected = int(version) if version.isascii() and version.isdigit() else None
    refused = None
    for action in [each for each in form.getlist("action") if isinstance(each, str)]:
        if action == "rate":
            refused = await _rate(database, visit, idea_id, form)
        elif len(reason) < SHORTEST_REASON:
            refused = tell("reason_needed", language_of(request))
        else:
            target = f"merge:{told('into')}" if action == "merge" else action
            refused = await _try(database, visit, idea_id, reason, _doing(target), expected)
    if refused is not None:
        return await _idea(request, database, visit, idea_id, refused=refused)
    site: Site = request.app.state.site
    return RedirectResponse(site.href(f"/intern/idee/{idea_id}", language_of(request)), 303)


async def _rate(database: Database, visit: Visit, idea_id: str, form: Any) -> str | None:
    """Store the words that were given to criteria; those left alone stay as they are."""
    for name, value in form.multi_items():
        if not name.startswith("rating-") or value not in set(Rating):
            continue
        criterion_id = name.removeprefix("rating-")
        comment = str(form.get(f"comment-{criterion_id}", "")).strip()[:2000]
        doing = _doing("rate", rating=Rating(value), criterion_id=criterion_id)
        refused = await _try(database, visit, idea_id, comment, doing)
        if refused is not None:
            return refused
    return None


@router.get("/intern/idee/{idea_id}/anhang/{number}")
async def staff_attachment(
    request: Request,
    database: Db,
    visit: Visiting,
    idea_id: IdeaId,
    number: Annotated[int, Path(ge=1, le=10_000)],
) -> Response:
    """Hand out a file, to be saved and not shown."""
    del visit
    async with database.connection() as connection:
        found = await attachments.one(connection, idea_id, number)
        if found is None:
            return missing(request, await city_of(connection))
    headers = {
        "content-disposition": f'attachment; filename="{idea_id}-{found.name(number)}"',
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "no-store",
    }
    return Response(found.content, headers=headers, media_type=found.media_type)
