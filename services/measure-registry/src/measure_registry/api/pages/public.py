# SPDX-License-Identifier: EUPL-1.2
"""Published ideas and measures, for everybody: lists with filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.filters import Filtered, Sought, Word, selects
from measure_registry.api.pages.shown import show
from measure_registry.domain.idea import Idea
from measure_registry.domain.undertaking import Kind, Reifegrad, Undertaking
from measure_registry.profiles.wording import Wording
from measure_registry.site.frame import Language, Site, language_of, tell
from measure_registry.storage import ideas, undertakings
from measure_registry.storage.city import City
from stadttakt_runtime.http.paging import HIGHEST_NUMBER

router = APIRouter(include_in_schema=False)
PER_PAGE = 24
Name = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9-]+$")]


@router.get("/liste")
async def ideas_page(
    request: Request,
    database: Db,
    filters: Filtered,
    vor: Annotated[int, Query(ge=1, le=HIGHEST_NUMBER)] = HIGHEST_NUMBER,
) -> Response:
    """List published ideas."""
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await ideas.newest(connection, filters.asked, before=vor, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    site: Site = request.app.state.site
    given = filters.given
    further = None
    if len(found) > PER_PAGE:
        further = site.href("/liste", language, **given, vor=str(shown[-1].number))
    return show(
        request,
        city,
        "ideas.html",
        title=tell("ideas_page", language),
        active="menu_ideas",
        asked=given,
        selects=selects(city, language),
        cards=[_card(each, city, language) for each in shown],
        on_map=site.href("/karte", language, **given),
        further=further,
        is_whole=vor == HIGHEST_NUMBER and further is None,
    )


def _card(idea: Idea, city: City, language: Language) -> dict[str, Any]:
    field = idea.steckbrief.handlungsfeld
    return {
        "idea": idea,
        "field": city.vocabulary.title("handlungsfelder", field, language),
        "state": Wording(city, language).state_of(idea),
    }


@router.get("/datenschutz")
async def privacy_page(request: Request, database: Db) -> Response:
    """Tell what is kept of who submits an idea, and which rights they have (Art. 13 DSGVO)."""
    async with database.connection() as connection:
        city = await city_of(connection)
    return show(
        request,
        city,
        "privacy.html",
        title=tell("rights_page", language_of(request)),
        privacy=city.intake.privacy,
        responsible=city.intake.responsible,
    )


@router.get("/massnahmen")
async def measures_page(
    request: Request,
    database: Db,
    q: Sought = "",
    feld: Word = "",
    reif: Word = "",
) -> Response:
    """List the measures, each with its sub-projects; of both those that are asked for."""
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await undertakings.every(connection, Kind.MEASURE)
        parts = await undertakings.every(connection, Kind.SUBPROJECT)
    given = {"q": q, "feld": feld, "reif": reif}
    wanted = [each for each in parts if _is_wanted(each, given, language)]
    listed = []
    for each in found:
        own = [one for one in wanted if each.undertaking_id in one.definition["measures"]]
        if own or _is_wanted(each, given, language):
            listed.append((each, own))
    stages = [(each.value, tell(f"reifegrad_{each}", language)) for each in Reifegrad]
    return show(
        request,
        city,
        "measures.html",
        title=tell("measures_page", language),
        active="menu_measures",
        asked=given,
        selects=[selects(city, language)[0], ("reif", stages)],
        measures=listed,
    )


def _is_wanted(found: Undertaking, given: Mapping[str, str], language: Language) -> bool:
    said = found.definition
    text = f"{said['title'][language]} {said['summary'][language]}".casefold()
    return (
        given["feld"] in {"", *said["handlungsfelder"]}
        and given["reif"] in {"", said["reifegrad"]}
        and all(word in text for word in given["q"].casefold().split())
    )
