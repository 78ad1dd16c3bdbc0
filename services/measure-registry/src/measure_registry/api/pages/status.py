# SPDX-License-Identifier: EUPL-1.2
"""`/stand/…`: where an idea stands, for who submitted it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.shown import show, way
from measure_registry.profiles.wording import Wording
from measure_registry.sealing import token_hash
from measure_registry.site.frame import Site, language_of, tell
from measure_registry.storage import ideas, lineage
from stadttakt_runtime.http.problem import NotFound

router = APIRouter(include_in_schema=False)
Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{20,60}$")]


@router.get("/stand/{token}")
async def status_page(request: Request, database: Db, token: Token, neu: str = "") -> Response:
    """Show who submitted an idea where it stands."""
    language = language_of(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        idea = await ideas.by_token(connection, token_hash(token))
        if idea is None:
            raise NotFound
        steps = await way(connection, city, idea, language)
        onwards = await lineage.onwards(connection, idea.idea_id)
        alike = []
        if neu:
            alike = await ideas.alike(
                connection, idea.steckbrief, only_public=True, but=idea.idea_id
            )
    site: Site = request.app.state.site
    return show(
        request,
        city,
        "status.html",
        title=tell("status_page", language),
        private=True,
        idea=idea,
        state=Wording(city, language).state_of(idea),
        timeline=steps,
        onwards=[(each, city.workflow.title(each["state"], language)) for each in onwards],
        fresh=bool(neu),
        link=shown_link(request, site.href(f"/stand/{token}", language)),
        similar=[each for each, _ in alike],
    )


def shown_link(request: Request, href: str) -> str:
    """Return an address that can be copied, the public one where it is known."""
    site: Site = request.app.state.site
    if site.public_url:
        return site.absolute(href.removeprefix(site.prefix))
    return str(request.base_url).rstrip("/") + href
