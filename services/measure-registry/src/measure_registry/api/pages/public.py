"""Published ideas and measures, for everybody: lists with filters and a map."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.shown import show
from measure_registry.domain.idea import Idea
from measure_registry.domain.undertaking import Kind
from measure_registry.site.frame import Language, Site, language_of, tell
from measure_registry.storage import ideas, undertakings
from measure_registry.storage.city import City
from measure_registry.storage.ideas import Asked
from stadttakt_runtime.http.paging import HIGHEST_NUMBER

router = APIRouter(include_in_schema=False)
PER_PAGE = 24
IN_FEED = 50
MAP_WIDTH = 800
ATOM = "http://www.w3.org/2005/Atom"
Word = Annotated[str, Query(max_length=80, pattern=r"^[a-z0-9-]*$")]
Name = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9-]+$")]


@router.get("/liste")
async def ideas_page(  # noqa: PLR0913, PLR0917  # query parameters
    request: Request,
    database: Db,
    q: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
    feld: Word = "",
    stand: Word = "",
    prio: Annotated[str, Query(pattern=r"^[ABC]?$")] = "",
    vor: Annotated[int, Query(ge=1, le=HIGHEST_NUMBER)] = HIGHEST_NUMBER,
) -> Response:
    """List published ideas."""
    language = language_of(request)
    asked = Asked(
        only_public=True,
        state=stand or None,
        handlungsfeld=feld or None,
        priority=prio or None,
        words=q.strip() or None,
    )
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await ideas.newest(connection, asked, before=vor, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    points = _points(shown, city)
    further = None
    if len(found) > PER_PAGE:
        given = {"q": q, "feld": feld, "stand": stand, "prio": prio, "vor": shown[-1].number}
        site: Site = request.app.state.site
        base = site.href("/liste", language)
        given_query = urlencode({name: value for name, value in given.items() if value})
        further = f"{base}{'&' if '?' in base else '?'}{given_query}"
    return show(
        request,
        city,
        "ideas.html",
        title=tell("ideas_page", language),
        active="menu_ideas",
        asked={"q": q, "feld": feld, "stand": stand, "prio": prio},
        selects=_selects(city, language),
        cards=[_card(each, city, language, points) for each in shown],
        points=points,
        map_height=_map_height(city),
        further=further,
    )


def _selects(city: City, language: Language) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        ("feld", [(each.term, each.title[language]) for each in city.vocabulary.handlungsfelder]),
        ("stand", [(each.state, each.title[language]) for each in city.workflow.states]),
        ("prio", [(each, each) for each in "ABC"]),
    ]


def _card(
    idea: Idea, city: City, language: Language, points: list[dict[str, Any]]
) -> dict[str, Any]:
    field = idea.steckbrief.handlungsfeld
    return {
        "idea": idea,
        "field": city.vocabulary.title("handlungsfelder", field, language),
        "state": city.workflow.title(idea.state, language),
        "number": next((each["number"] for each in points if each["id"] == idea.idea_id), None),
    }


def _map_height(city: City) -> int:
    west, south, east, north = city.intake.bbox
    # a degree of longitude is shorter by the cosine of the latitude, at 51.5 degrees 0.62
    return max(200, min(800, round(MAP_WIDTH * (north - south) / ((east - west) * 0.62))))


def _points(shown: list[Idea], city: City) -> list[dict[str, Any]]:
    """Return where ideas lie on the sketch, numbered; those outside of the city are left out."""
    west, south, east, north = city.intake.bbox
    inside = []
    for idea in shown:
        lat, lon = idea.steckbrief.place.lat, idea.steckbrief.place.lon
        if lat is not None and lon is not None and south <= lat <= north and west <= lon <= east:
            inside.append((idea, lat, lon))
    return [
        {
            "id": idea.idea_id,
            "number": number,
            "title": idea.steckbrief.title,
            "x": round((lon - west) / (east - west) * MAP_WIDTH, 1),
            "y": round((north - lat) / (north - south) * _map_height(city), 1),
        }
        for number, (idea, lat, lon) in enumerate(inside, 1)
    ]


@router.get("/massnahmen")
async def measures_page(request: Request, database: Db) -> Response:
    """List the measures."""
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await undertakings.every(connection, Kind.MEASURE)
    title = tell("measures_page", language_of(request))
    return show(request, city, "measures.html", title=title, active="menu_measures", measures=found)
