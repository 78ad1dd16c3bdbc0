# SPDX-License-Identifier: EUPL-1.2
"""Ideas: submitted by anybody, seen by everybody once moderated, by staff at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from measure_registry.api.asked import Db, IdeaId, Search, Wanted, city_of, visible
from measure_registry.api.bodies import IdeaBody
from measure_registry.api.staff import OptionalStaff, Reader
from measure_registry.api.versions import HELD, tagged
from measure_registry.api.views import (
    ChangeView,
    IdeaDetailView,
    IdeaView,
    SimilarView,
    SubmittedView,
    as_json,
    change_view,
    idea_fields,
    link_views,
    listed_fields,
    overview_fields,
    similar_views,
)
from measure_registry.desk.author import SUBMITTING
from measure_registry.desk.problems import TooMany
from measure_registry.desk.submission import Submission, Taken, take
from measure_registry.domain.criteria import Priority
from measure_registry.domain.idea import Idea
from measure_registry.domain.roles import Role
from measure_registry.storage import changes, ideas, lineage, ratings, sources
from measure_registry.storage.city import City
from measure_registry.storage.ideas import Asked
from stadttakt_runtime.auth.authenticator import ScopeMissing
from stadttakt_runtime.auth.dependencies import OPEN
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.paging import (
    HIGHEST_NUMBER,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)

router = APIRouter(prefix="/v1", tags=["ideas"])
HOUR = timedelta(hours=1)
NONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such idea"}}


class _Before(BaseModel):
    number: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


class _After(BaseModel):
    change_id: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


class ColumnView(BaseModel):
    """A state with its newest ideas."""

    state: str
    total: int
    items: list[IdeaView]


class BoardView(BaseModel):
    """All states in the workflow's order."""

    columns: list[ColumnView]


@router.post("/ideas", status_code=201, response_model=SubmittedView, openapi_extra=OPEN)
async def submit_idea(
    request: Request, once: Idempotent, database: Db, staff: OptionalStaff, body: IdeaBody
) -> Response:
    """Submit an idea; nobody but staff sees it before moderation. `status_token` is told this once."""
    on_paper = body.channel == "paper"
    if on_paper and (staff is None or Role.EDITOR not in staff.roles):
        raise ScopeMissing("registry:write")
    now, settings = utc_now(), request.app.state.settings
    submission = Submission(
        body.steckbrief(),
        body.channel,
        None if body.contact is None else body.contact.contact(),
        body.language,
        body.call_id,
    )
    async with database.transaction() as connection:
        known = await once.recall(connection)
        if known is not None:
            return known
        city = await city_of(connection)
        if staff is None:
            await _refuse_flood(request, connection, settings.intake_per_hour)
        taken = await take(
            connection,
            submission,
            city,
            author=staff or SUBMITTING,
            vault=request.app.state.vault,
            now=now,
        )
        view = _submitted(taken, city)
        return await once.answer(connection, view, 201, location=f"/v1/ideas/{taken.idea.idea_id}")


async def _refuse_flood(request: Request, connection: Any, per_hour: int) -> None:
    address = request.client.host if request.client else ""
    later = {"retry-after": "3600"}
    if not request.app.state.api_limiter.takes(address):
        raise TooMany("too many ideas came from this address within an hour", headers=later)
    if await ideas.count_since(connection, utc_now() - HOUR, "api") >= per_hour:
        raise TooMany("too many ideas came within an hour", headers=later)


def _submitted(taken: Taken, city: City) -> SubmittedView:
    return SubmittedView(
        **idea_fields(taken.idea, [], city.catalogue, for_staff=False),
        status_token=taken.token,
        similar=similar_views(taken.similar),
    )


OnlyDisputed = Annotated[
    bool, Query(description="only where raters contradict each other; for staff")
]


async def _wish(  # noqa: PLR0913  # query parameters
    staff: OptionalStaff,
    *,
    state: Wanted = None,
    handlungsfeld: Wanted = None,
    priority: Annotated[Priority | None, Query()] = None,
    call_id: Wanted = None,
    q: Search = None,
    disputed: OnlyDisputed = False,
) -> Asked:
    return Asked(
        only_public=staff is None,
        state=state,
        handlungsfeld=handlungsfeld,
        priority=priority,
        call_id=call_id,
        words=q,
        # whether raters contradict each other is for staff
        only_disputed=disputed and staff is not None,
    )


Wish = Annotated[Asked, Depends(_wish)]


@router.get("/ideas", responses=HELD, response_model=Page[IdeaView], openapi_extra=OPEN)
async def list_ideas(  # what FastAPI hands over
    request: Request,
    database: Db,
    staff: OptionalStaff,
    asked: Wish,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """List ideas, the newest first: the published ones, all of them with `registry:read`."""
    position = decode_cursor(cursor, _Before)
    async with database.connection() as connection:
        city = await city_of(connection)
        before = position.number if position else HIGHEST_NUMBER
        found = await ideas.newest(connection, asked, before=before, limit=limit + 1)
        items = await listed(connection, found[:limit], city, for_staff=staff is not None)
    last = encode_cursor(_Before(number=found[limit - 1].number)) if len(found) > limit else None
    return as_json(request, {"items": items, "next_cursor": last})


async def listed(
    connection: Any, found: Sequence[Idea], city: City, *, for_staff: bool
) -> list[dict[str, Any]]:
    """Return ideas as a list tells them, by one question for all: of single votes nobody but staff is told."""
    names, catalogue = [each.idea_id for each in found], city.catalogue
    if for_staff:
        said = await ratings.told(connection, names, catalogue.criteria)
        rows = [listed_fields(each, said[each.idea_id], catalogue) for each in found]
    else:
        verdicts = await ratings.verdicts(connection, names, catalogue.criteria)
        rows = [
            overview_fields(each, verdicts[each.idea_id], catalogue, for_staff=False)
            for each in found
        ]
    await add_targets(connection, rows, only_public=not for_staff)
    return rows


async def add_targets(
    connection: Any, rows: Sequence[dict[str, Any]], *, only_public: bool
) -> None:
    """Write into what is told of ideas in which others they go on, as far as the caller may see those."""
    going = [each["idea_id"] for each in rows if each["goes_on"]]
    found = await lineage.targets(connection, going, only_public=only_public)
    for row in rows:
        row["goes_on_in"] = found.get(row["idea_id"], [])
        if row["merged_into"] not in row["goes_on_in"]:
            row["merged_into"] = None


async def _rows(
    connection: Any, found: Sequence[Idea], city: City, *, for_staff: bool
) -> list[dict[str, Any]]:
    votes = await ratings.of(connection, [each.idea_id for each in found])
    rows = [
        idea_fields(each, votes[each.idea_id], city.catalogue, for_staff=for_staff)
        for each in found
    ]
    await add_targets(connection, rows, only_public=not for_staff)
    return rows


async def views_of(
    connection: Any, found: Sequence[Idea], city: City, *, for_staff: bool
) -> list[IdeaView]:
    """Return ideas with their ratings."""
    rows = await _rows(connection, found, city, for_staff=for_staff)
    return [IdeaView(**each) for each in rows]


@router.get("/board", responses=HELD, response_model=BoardView)
async def board(
    request: Request,
    database: Db,
    staff: Reader,
    *,
    limit: Limit = 50,
) -> Response:
    """Show how many ideas stand where, with the newest `limit` of each state."""
    del staff
    async with database.connection() as connection:
        city = await city_of(connection)
        found, totals = await ideas.board(connection, limit)
        ids, criteria = [each.idea_id for each in found], city.catalogue.criteria
        verdicts = await ratings.verdicts(connection, ids, criteria)
    rows = [
        overview_fields(each, verdicts[each.idea_id], city.catalogue, for_staff=True)
        for each in found
    ]
    known = [each.state for each in city.workflow.states]
    columns: dict[str, dict[str, Any]] = {
        state: {"state": state, "total": totals.get(state, 0), "items": []}
        for state in (*known, *sorted(set(totals) - set(known)))
    }
    for row in rows:
        columns[row["state"]]["items"].append(row)
    return as_json(request, {"columns": list(columns.values())})


@router.get(
    "/ideas/{idea_id}",
    responses={**NONE, **HELD},
    response_model=IdeaDetailView,
    openapi_extra=OPEN,
)
async def get_idea(
    request: Request, database: Db, staff: OptionalStaff, idea_id: IdeaId
) -> Response:
    """Answer with one idea; staff see where it may be moved, and who rated how."""
    async with database.connection() as connection:
        city = await city_of(connection)
        idea = await visible(connection, idea_id, sees_all=staff is not None)
        votes = (await ratings.of(connection, [idea_id]))[idea_id]
        links = link_views(idea_id, await lineage.of(connection, [idea_id]))
        source = await sources.of(connection, idea_id)
        if staff is None:
            others = [await ideas.one(connection, each.idea_id) for each in links]
            shown = {each.idea_id for each in others if each is not None and each.is_public}
            links = [each for each in links if each.idea_id in shown]
        fields = idea_fields(idea, votes, city.catalogue, for_staff=staff is not None)
        await add_targets(connection, [fields], only_public=staff is None)
    fields["source"] = None if source is None else asdict(source)
    moves = None
    if staff is not None:
        leaving = [] if idea.goes_on else city.workflow.leaving(idea.state, staff.roles)
        moves = [each.target for each in leaving]
    return tagged(IdeaDetailView(**fields, links=links, transitions=moves), idea.version, request)


@router.get("/ideas/{idea_id}/changes", responses=NONE)
async def list_changes(
    database: Db, staff: Reader, idea_id: IdeaId, limit: Limit = 100, cursor: Cursor = None
) -> Page[ChangeView]:
    """List all that was done with an idea, the oldest first."""
    del staff
    position = decode_cursor(cursor, _After)
    after = position.change_id if position else 0
    async with database.connection() as connection:
        await visible(connection, idea_id, sees_all=True)
        found = await changes.of(connection, "idea", idea_id, after=after, limit=limit + 1)
    shown = found[:limit]
    last = encode_cursor(_After(change_id=shown[-1].change_id)) if len(found) > limit else None
    return Page(items=[change_view(each) for each in shown], next_cursor=last)


@router.get("/ideas/{idea_id}/similar", responses=NONE)
async def list_similar(database: Db, staff: Reader, idea_id: IdeaId) -> Page[SimilarView]:
    """List up to ten ideas that say something alike, the likest first."""
    del staff
    async with database.connection() as connection:
        idea = await visible(connection, idea_id, sees_all=True)
        found = await ideas.alike(
            connection, idea.steckbrief, only_public=False, but=idea_id, limit=10
        )
    return Page(items=similar_views(found))
