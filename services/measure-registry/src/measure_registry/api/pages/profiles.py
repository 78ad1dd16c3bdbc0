# SPDX-License-Identifier: EUPL-1.2
"""The Steckbrief of each published idea, measure and sub-project: a page and a PDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.effects import effect_of
from measure_registry.api.pages.effect import shown_effect
from measure_registry.api.pages.shown import show, way
from measure_registry.api.texts import IDEA_ID
from measure_registry.desk.problems import not_found
from measure_registry.domain.criteria import judge
from measure_registry.domain.idea import Idea
from measure_registry.domain.undertaking import Kind, Undertaking
from measure_registry.profiles.idea import Around, sheet_of_idea
from measure_registry.profiles.print import Printer
from measure_registry.profiles.sheet import Sheet
from measure_registry.profiles.undertaking import MOST_CHANGES, Related, sheet_of_undertaking
from measure_registry.profiles.wording import Wording
from measure_registry.site.frame import Site, language_of
from measure_registry.storage import (
    changes,
    ideas,
    indicators,
    lineage,
    ratings,
    sources,
    undertakings,
)
from measure_registry.storage.city import City
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.problem import NotFound

router = APIRouter(tags=["pages"])
Name = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9-]+$")]
IdeaName = Annotated[str, Path(pattern=IDEA_ID)]
_PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
    404: {"description": "There is no such thing, or it is not public"},
}


@router.get("/idee/{idea_id}.pdf", responses=_PDF, response_class=Response)
async def idea_pdf(request: Request, database: Db, idea_id: IdeaName) -> Response:
    """Answer with the Steckbrief of a published idea as PDF/UA; English with `?lang=en`."""
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await _idea_sheet(connection, request, city, idea_id)
    if found is None:
        raise not_found("idea", idea_id)
    return await _printed(request, city, found)


@router.get("/massnahme/{name}.pdf", responses=_PDF, response_class=Response)
async def measure_pdf(request: Request, database: Db, name: Name) -> Response:
    """Answer with the Steckbrief of a measure as PDF/UA; English with `?lang=en`."""
    return await _undertaking_pdf(request, database, Kind.MEASURE, name)


@router.get("/teilprojekt/{name}.pdf", responses=_PDF, response_class=Response)
async def subproject_pdf(request: Request, database: Db, name: Name) -> Response:
    """Answer with the Steckbrief of a sub-project as PDF/UA; English with `?lang=en`."""
    return await _undertaking_pdf(request, database, Kind.SUBPROJECT, name)


@router.get("/idee/{idea_id}", include_in_schema=False)
async def idea_page(request: Request, database: Db, idea_id: IdeaName) -> Response:
    """Show a published idea."""
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await _idea_sheet(connection, request, city, idea_id)
    if found is None:
        raise NotFound
    return _shown(request, city, found, "menu_ideas", None)


@router.get("/massnahme/{name}", include_in_schema=False)
async def measure_page(request: Request, database: Db, name: Name) -> Response:
    """Show a measure with its sub-projects."""
    return await _undertaking_page(request, database, Kind.MEASURE, name)


@router.get("/teilprojekt/{name}", include_in_schema=False)
async def subproject_page(request: Request, database: Db, name: Name) -> Response:
    """Show a sub-project and the measures it belongs to."""
    return await _undertaking_page(request, database, Kind.SUBPROJECT, name)


async def _idea_sheet(connection: Any, request: Request, city: City, idea_id: str) -> Sheet | None:
    """Return the Steckbrief of an idea that everybody may see."""
    wording = Wording(city, language_of(request))
    idea = await ideas.one(connection, idea_id)
    if idea is None or not idea.is_public:
        return None
    votes = (await ratings.of(connection, [idea_id]))[idea_id]
    found = await lineage.of(connection, [idea_id])
    onwards = {link.target_id for link in found if link.source_id == idea_id}
    linked = {name for link in found for name in (link.source_id, link.target_id)} - {idea_id}
    around = Around(
        await way(connection, city, idea, wording.language),
        judge(city.catalogue, votes),
        await _took_up(connection, idea_id),
        await _public(connection, sorted(linked - onwards)),
        await _public(connection, sorted(onwards)),
        await sources.of(connection, idea_id),
    )
    return sheet_of_idea(idea, around, wording)


async def _took_up(connection: Any, idea_id: str) -> list[Undertaking]:
    found = [
        await undertakings.one(connection, kind, name)
        for kind, name in await undertakings.of_idea(connection, idea_id)
    ]
    return [each for each in found if each is not None]


async def _public(connection: Any, names: Sequence[str]) -> list[Idea]:
    """Return those of some ideas that everybody may see."""
    found = [await ideas.one(connection, name) for name in names]
    return [each for each in found if each is not None and each.is_public]


async def _undertaking_sheet(
    connection: Any, request: Request, city: City, found: Undertaking
) -> Sheet:
    name, kind = found.undertaking_id, found.kind
    if kind is Kind.MEASURE:
        others = await undertakings.subprojects(connection, name)
    else:
        every = await undertakings.every(connection, Kind.MEASURE)
        others = [each for each in every if each.undertaking_id in found.definition["measures"]]
    taken = await undertakings.ideas_of(connection, kind, name)
    related = Related(
        others,
        [each for each in taken if each["public"]],
        await changes.newest(connection, kind.value, name, limit=MOST_CHANGES),
        await indicators.names(connection) or {},
    )
    return sheet_of_undertaking(found, related, Wording(city, language_of(request)))


async def _undertaking_page(request: Request, database: Db, kind: Kind, name: str) -> Response:
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await undertakings.one(connection, kind, name)
        if found is None:
            raise NotFound
        sheet = await _undertaking_sheet(connection, request, city, found)
        effect = await effect_of(connection, found)
    wording = Wording(city, language_of(request))
    portal: str = request.app.state.settings.portal_url.rstrip("/")
    shown = shown_effect(effect, wording, portal)
    return _shown(request, city, sheet, "menu_measures", shown)


async def _undertaking_pdf(request: Request, database: Db, kind: Kind, name: str) -> Response:
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await undertakings.one(connection, kind, name)
        if found is None:
            raise not_found(kind.value, name)
        sheet = await _undertaking_sheet(connection, request, city, found)
    return await _printed(request, city, sheet)


def _shown(
    request: Request, city: City, sheet: Sheet, active: str, effect: dict[str, Any] | None
) -> Response:
    site: Site = request.app.state.site
    pdf = site.href(f"{sheet.path}.pdf", language_of(request))
    return show(
        request,
        city,
        "profile.html",
        title=sheet.title,
        active=active,
        sheet=sheet,
        pdf=pdf,
        effect=effect,
    )


async def _printed(request: Request, city: City, sheet: Sheet) -> Response:
    site: Site = request.app.state.site
    printer: Printer = request.app.state.printer
    address = site.absolute(sheet.path) if site.public_url else ""
    made = await printer.printed(sheet, zone=city.intake.timezone, address=address)
    headers = {
        "cache-control": "no-cache",
        "content-language": sheet.language,
        "content-disposition": f'inline; filename="steckbrief-{sheet.name}-v{sheet.version}.pdf"',
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    }
    return respond(
        request,
        made.body,
        last_modified=sheet.changed_at,
        media_type="application/pdf",
        etag=f'"{made.tag}"',
        headers=headers,
    )
