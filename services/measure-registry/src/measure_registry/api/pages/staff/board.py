# SPDX-License-Identifier: EUPL-1.2
"""The board by states, search in all ideas, and the same done with several at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.entrance import Visit, Visiting, form_of
from measure_registry.api.pages.filters import Sought
from measure_registry.api.pages.staff.deeds import attempt, is_reason, version_in
from measure_registry.api.pages.staff.fields import text_of
from measure_registry.api.pages.staff.shown import show
from measure_registry.api.pages.staff.told import Refusal
from measure_registry.domain.idea import Idea
from measure_registry.domain.roles import Role
from measure_registry.site.frame import Language, Site, language_of, tell
from measure_registry.storage import ideas
from measure_registry.storage.city import City
from measure_registry.storage.ideas import Asked
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import HIGHEST_NUMBER

router = APIRouter(include_in_schema=False)
PER_COLUMN, PER_PAGE, MOST_AT_ONCE = 20, 50, 200
Wanted = Annotated[str, Query(max_length=80, pattern=r"^[A-Za-z0-9-]*$")]
Before = Annotated[int, Query(alias="vor", ge=0, le=HIGHEST_NUMBER)]
FILTERS = ("q", "stand", "feld", "prio", "aufruf")


@dataclass(frozen=True, slots=True)
class Search:
    """What the address of the board asks for; nothing where it shows all states."""

    asked: Mapping[str, str]
    before: int


async def _searched(  # query parameters
    q: Sought = "",
    stand: Wanted = "",
    feld: Wanted = "",
    prio: Wanted = "",
    aufruf: Wanted = "",
    vor: Before = HIGHEST_NUMBER,
) -> Search:
    values = (q.strip(), stand, feld, prio, aufruf)
    return Search(dict(zip(FILTERS, values, strict=True)), vor)


Searched = Annotated[Search, Depends(_searched)]


@router.get("/intern")
async def board_page(request: Request, database: Db, visit: Visiting, search: Searched) -> Response:
    """Show the board, or the ideas that are asked for."""
    return await _board(request, database, visit, search)


async def _board(
    request: Request, database: Database, visit: Visit, search: Search, **told: Any
) -> Response:
    language = language_of(request)
    hits: list[Idea] | None = None
    columns: list[dict[str, Any]] = []
    async with database.connection() as connection:
        city = await city_of(connection)
        if any(search.asked.values()):
            wish = _wish(search.asked)
            hits = await ideas.newest(connection, wish, before=search.before, limit=PER_PAGE + 1)
        else:
            columns = await _columns(connection, city, language)
    site: Site = request.app.state.site
    further = None
    if hits is not None and len(hits) > PER_PAGE:
        last = str(hits[PER_PAGE - 1].number)
        further = site.href("/intern", language, **search.asked, vor=last)
    return show(
        request,
        city,
        "board.html",
        title=tell("board", language),
        active="staff_board",
        visit=visit,
        columns=columns,
        hits=None if hits is None else hits[:PER_PAGE],
        further=further,
        asked=search.asked,
        here=site.href("/intern", language, **search.asked, vor=request.query_params.get("vor")),
        selects=_selects(city, language),
        actions=_actions(city, visit, language),
        state_titles={each.state: each.title[language] for each in city.workflow.states},
        **{"done": (), "not_done": (), "refusal": None, "typed": {}, **told},
    )


def _wish(asked: Mapping[str, str]) -> Asked:
    return Asked(
        only_public=False,
        state=asked["stand"] or None,
        handlungsfeld=asked["feld"] or None,
        priority=asked["prio"] or None,
        call_id=asked["aufruf"] or None,
        words=asked["q"] or None,
    )


async def _columns(connection: Any, city: City, language: Language) -> list[dict[str, Any]]:
    found, totals = await ideas.board(connection, PER_COLUMN)
    states = [each.state for each in city.workflow.states]
    return [
        {
            "state": state,
            "title": city.workflow.title(state, language),
            "total": totals.get(state, 0),
            "ideas": [each for each in found if each.state == state],
        }
        for state in (*states, *sorted(set(totals) - set(states)))
    ]


def _selects(
    city: City, language: Language
) -> Sequence[tuple[str, str, Sequence[tuple[str, str]]]]:
    """Return what the search can be narrowed by: name, label, and the choices."""
    return (
        ("stand", tell("filter_stand", language),
         [(each.state, each.title[language]) for each in city.workflow.states]),
        ("feld", tell("filter_feld", language),
         [(each.term, each.title[language]) for each in city.vocabulary.handlungsfelder]),
        ("prio", tell("filter_prio", language), [(each, each) for each in ("A", "B", "C")]),
        ("aufruf", tell("filter_call", language),
         [(each.call_id, each.title[language]) for each in city.intake.calls]),
    )  # fmt: skip


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
    if not visit.may(Role.EDITOR):
        return moves
    return [
        *moves,
        ("publish", tell("publish", language)),
        ("withdraw", tell("withdraw", language)),
    ]


@router.post("/intern")
async def do_several(request: Request, database: Db, visit: Visiting, search: Searched) -> Response:
    """Do the same with several ideas, each for itself and as it was seen; tell what became of each, first of those refused."""
    form = await form_of(request, visit)
    chosen = [each for each in form.getlist("idea") if isinstance(each, str)]
    typed: dict[str, Any] = {name: text_of(form, name) for name in ("action", "reason")}
    if key := _fault(chosen, **typed):
        refusal = Refusal(422, tell(key, language_of(request)))
        kept = {**typed, "idea": frozenset(chosen)}
        return await _board(request, database, visit, search, refusal=refusal, typed=kept)
    done: list[str] = []
    not_done: dict[str, Refusal] = {}
    for each in chosen:
        idea_id, _, version = each.partition("@")
        refused = await attempt(
            request, database, visit, idea_id, typed["action"],
            reason=typed["reason"], expected=version_in(version),
        )  # fmt: skip
        if refused is None:
            done.append(idea_id)
        else:
            not_done[idea_id] = refused
    if not not_done:
        return await _board(request, database, visit, search, done=done)
    all_in_all = tell("several_refused", language_of(request), count=len(not_done), all=len(chosen))
    status = 200 if done else next(iter(not_done.values())).status
    return await _board(
        request, database, visit, search, done=done, not_done=not_done.items(),
        refusal=Refusal(status, all_in_all), typed={**typed, "idea": frozenset(not_done)},
    )  # fmt: skip


def _fault(chosen: Sequence[str], action: str, reason: str) -> str | None:
    """Return the text that tells what is missing in an order, if anything is."""
    if not chosen:
        return "none_chosen"
    if len(chosen) > MOST_AT_ONCE:
        return "too_many_chosen"
    if not action:
        return "action_needed"
    return None if is_reason(reason) else "reason_needed"
