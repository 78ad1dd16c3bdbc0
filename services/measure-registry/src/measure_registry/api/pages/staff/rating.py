# SPDX-License-Identifier: EUPL-1.2
"""What raters have before them: ideas they have not rated, and ideas they disagree about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.entrance import Visit, Visiting
from measure_registry.api.pages.staff.board import Before
from measure_registry.api.pages.staff.raters import Named, raters_of
from measure_registry.api.pages.staff.shown import show
from measure_registry.domain.criteria import Judged, Verdict, judge
from measure_registry.domain.idea import Idea
from measure_registry.site.frame import Site, language_of, tell
from measure_registry.storage import ideas, ratings
from measure_registry.storage.city import City
from measure_registry.storage.ideas import Asked
from stadttakt_runtime.http.paging import HIGHEST_NUMBER

router = APIRouter(include_in_schema=False)
PER_PAGE = 25
Choice = Annotated[Literal["offen", "strittig", "alle"], Query(alias="auswahl")]


@dataclass(frozen=True, slots=True)
class Line:
    """An idea with how it is rated; `own` are the criteria that the one who looks has rated."""

    idea: Idea
    own: int
    open: int
    disputed: Sequence[Judged]
    raters: Named


@router.get("/intern/bewertung")
async def rating_page(
    request: Request,
    database: Db,
    visit: Visiting,
    *,
    auswahl: Choice = "offen",
    vor: Before = HIGHEST_NUMBER,
) -> Response:
    """Show what waits for one's own rating, what raters contradict each other about, or all."""
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await _found(connection, city, visit, choice=auswahl, before=vor)
        shown = found[:PER_PAGE]
        votes = await ratings.of(connection, [each.idea_id for each in shown])
        named = await raters_of(connection, votes, visit.author.name, language)
    lines = [
        _line(each, judge(city.catalogue, votes[each.idea_id]), visit, named[each.idea_id])
        for each in shown
    ]
    site: Site = request.app.state.site
    further = None
    if len(found) > PER_PAGE:
        last = str(shown[-1].number)
        further = site.href("/intern/bewertung", language, auswahl=auswahl, vor=last)
    return show(
        request,
        city,
        "rating.html",
        title=tell("rating_page", language),
        active="staff_rating",
        visit=visit,
        lines=lines,
        criteria=len(city.catalogue.criteria),
        rule=city.catalogue.rule[language],
        choice=auswahl,
        choices=[
            (each, tell(f"rating_{each}", language)) for each in ("offen", "strittig", "alle")
        ],
        further=further,
        state_titles={each.state: each.title[language] for each in city.workflow.states},
    )


async def _found(
    connection: Any, city: City, visit: Visit, *, choice: str, before: int
) -> list[Idea]:
    if choice == "offen":
        waiting = await ratings.waiting(
            connection,
            sorted(city.workflow.of_rating),
            visit.author.name,
            city.catalogue.criteria,
            before=before,
            limit=PER_PAGE + 1,
        )
        return await ideas.several(connection, waiting)
    asked = Asked(only_public=False)
    if choice == "strittig":
        # what nobody can settle any more waits for nobody
        unfinished = [each.state for each in city.workflow.states if not each.final]
        asked = Asked(only_public=False, only_disputed=True, states=unfinished)
    return await ideas.newest(connection, asked, before=before, limit=PER_PAGE + 1)


def _line(idea: Idea, judged: Sequence[Judged], visit: Visit, raters: Named) -> Line:
    own = sum(any(vote.rater == visit.author.name for vote in each.votes) for each in judged)
    return Line(
        idea,
        own,
        sum(each.verdict is Verdict.OPEN for each in judged),
        [each for each in judged if each.verdict is Verdict.DISPUTED],
        raters,
    )
