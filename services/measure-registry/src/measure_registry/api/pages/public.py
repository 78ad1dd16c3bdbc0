"""Published ideas and measures, for everybody: lists with filters and a sketch map, one page each, feeds."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.shown import missing, show, timeline, titles
from measure_registry.api.texts import IDEA_ID
from measure_registry.domain.criteria import judge
from measure_registry.domain.idea import Idea
from measure_registry.domain.undertaking import Kind
from measure_registry.site.frame import Language, Site, language_of, tell
from measure_registry.storage import ideas, ratings, undertakings
from measure_registry.storage.city import City
from measure_registry.storage.ideas import Asked
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import respond
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


@router.get("/idee/{idea_id}")
async def idea_page(
    request: Request, database: Db, idea_id: Annotated[str, Path(pattern=IDEA_ID)]
) -> Response:
    """Show a published idea."""
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        idea = await ideas.one(connection, idea_id)
        if idea is None or not idea.is_public:
            return missing(request, city)
        votes = (await ratings.of(connection, [idea_id]))[idea_id]
        steps = await timeline(connection, city, idea, language)
    brief = idea.steckbrief
    return show(
        request,
        city,
        "idea.html",
        title=brief.title,
        active="menu_ideas",
        idea=idea,
        field=city.vocabulary.title("handlungsfelder", brief.handlungsfeld, language),
        further=titles(city, "handlungsfelder", brief.further_fields, language),
        state=city.workflow.title(idea.state, language),
        lists=[
            (name, titles(city, name, getattr(brief, name), language))
            for name in ("mehrwerte", "leitsaetze", "target_groups")
        ],
        judged=judge(city.catalogue, votes),
        timeline=steps,
    )


@router.get("/massnahmen")
async def measures_page(request: Request, database: Db) -> Response:
    """List the measures."""
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await undertakings.every(connection, Kind.MEASURE)
    title = tell("measures_page", language_of(request))
    return show(request, city, "measures.html", title=title, active="menu_measures", measures=found)


@router.get("/massnahme/{name}")
async def measure_page(request: Request, database: Db, name: Name) -> Response:
    """Show a measure with its sub-projects."""
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await undertakings.one(connection, Kind.MEASURE, name)
        if found is None:
            return missing(request, city)
        parts = await undertakings.subprojects(connection, name)
        taken = await undertakings.ideas_of(connection, Kind.MEASURE, name)
    return _undertaking(
        request,
        city,
        found.definition,
        parts=[(each, "/teilprojekt/") for each in parts],
        parts_key="measure_parts",
        ideas=[each for each in taken if each["public"]],
    )


@router.get("/teilprojekt/{name}")
async def subproject_page(request: Request, database: Db, name: Name) -> Response:
    """Show a sub-project and the measures it belongs to."""
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await undertakings.one(connection, Kind.SUBPROJECT, name)
        if found is None:
            return missing(request, city)
        measures = await undertakings.every(connection, Kind.MEASURE)
        taken = await undertakings.ideas_of(connection, Kind.SUBPROJECT, name)
    own = [each for each in measures if each.undertaking_id in found.definition["measures"]]
    return _undertaking(
        request,
        city,
        found.definition,
        parts=[(each, "/massnahme/") for each in own],
        parts_key="measure_of",
        ideas=[each for each in taken if each["public"]],
    )


def _undertaking(  # all by name
    request: Request,
    city: City,
    said: Any,
    *,
    parts: list[tuple[Any, str]],
    parts_key: str,
    ideas: list[Any],
) -> Response:
    language = language_of(request)
    kinds = ("handlungsfelder", "mehrwerte", "leitsaetze", "target_groups")
    lists = [(kind, titles(city, kind, said[kind], language)) for kind in kinds]
    lists += [
        ("isek", said["isek"]),
        ("partners", [each["name"] for each in said["partners"]]),
        ("godparents", [each["body"] for each in said["godparents"]]),
    ]
    return show(
        request,
        city,
        "measure.html",
        title=said["title"][language],
        active="menu_measures",
        said={"priority": None, **said},
        lists=lists,
        parts=parts,
        parts_title=tell(parts_key, language),
        ideas=ideas,
    )


async def _newest(connection: Any) -> list[Idea]:
    return await ideas.newest(
        connection, Asked(only_public=True), before=HIGHEST_NUMBER, limit=IN_FEED
    )


@router.get("/feed.json")
async def json_feed(request: Request, database: Db) -> Response:
    """Answer with the newest published ideas as JSON Feed 1.1."""
    site: Site = request.app.state.site
    async with database.connection() as connection:
        city, found = await city_of(connection), await _newest(connection)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": tell("site", "de", city=city.intake.city_name),
        "home_page_url": site.absolute("/liste"),
        "feed_url": site.absolute("/feed.json"),
        "language": "de",
        "items": [
            {
                "id": each.idea_id,
                "url": site.absolute(f"/idee/{each.idea_id}"),
                "title": each.steckbrief.title,
                "content_text": each.steckbrief.summary,
                "date_published": each.published_at,
                "date_modified": each.changed_at,
                "tags": [city.workflow.title(each.state, "de")],
            }
            for each in found
        ],
    }
    changed = max((each.changed_at for each in found), default=utc_now())
    return respond(
        request, orjson.dumps(feed), last_modified=changed, media_type="application/feed+json"
    )


@router.get("/feed.atom")
async def atom_feed(request: Request, database: Db) -> Response:
    """Answer with the newest published ideas as Atom (RFC 4287)."""
    site: Site = request.app.state.site
    async with database.connection() as connection:
        city, found = await city_of(connection), await _newest(connection)
    changed = max((each.changed_at for each in found), default=utc_now())
    feed = ET.Element("feed", {"xmlns": ATOM})
    _add(feed, "id", site.absolute("/feed.atom"))
    _add(feed, "title", tell("site", "de", city=city.intake.city_name))
    _add(feed, "updated", changed.isoformat())
    ET.SubElement(feed, "link", {"rel": "self", "href": site.absolute("/feed.atom")})
    _add(ET.SubElement(feed, "author"), "name", city.intake.city_name)
    for each in found:
        entry = ET.SubElement(feed, "entry")
        _add(entry, "id", site.absolute(f"/idee/{each.idea_id}"))
        _add(entry, "title", each.steckbrief.title)
        _add(entry, "updated", each.changed_at.isoformat())
        _add(entry, "published", (each.published_at or each.changed_at).isoformat())
        _add(entry, "summary", each.steckbrief.summary)
        state = city.workflow.title(each.state, "de")
        ET.SubElement(entry, "category", {"term": each.state, "label": state})
        ET.SubElement(entry, "link", {"href": site.absolute(f"/idee/{each.idea_id}")})
    body = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return respond(request, body, last_modified=changed, media_type="application/atom+xml")


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text
