# SPDX-License-Identifier: EUPL-1.2
"""What pages refuse, and how that and every other problem is told as a page."""

from __future__ import annotations

from fastapi import Request, Response

from measure_registry.api.asked import city_of
from measure_registry.api.pages.shown import legal_pages
from measure_registry.site.frame import Site, language_of, page, tell
from measure_registry.storage.city import City
from stadttakt_runtime.http.problem import ContentTooLarge, NotFound, Problem
from stadttakt_runtime.http.problem_pages import Said, Told, unless_away

ENTRANCE = "/intern/anmelden"
STAFF = "/intern"


class LoginNeeded(Problem):
    """Nobody is logged in, or not any more; the way in is where to go."""

    status, code, title = 303, "login_needed", "Log in first"


class LoginOver(Problem):
    """A form came after its session; the browser still has it and can send it again."""

    status, code, title = 401, "login_over", "Log in again, then send the form again"


class RoleLacking(Problem):
    """Somebody of staff at a page that is for others."""

    status, code, title = 403, "role_lacking", "This page is for another role"


def _told(code: str) -> Told:
    german, english = (
        Said(tell(f"problem_{code}", language), tell(f"problem_{code}_text", language))
        for language in ("de", "en")
    )
    return Told(german, english)


OWN = {each.code: _told(each.code) for each in (NotFound, ContentTooLarge, LoginOver, RoleLacking)}
"""Of these problems people are told in words of this service."""


async def show_problem(request: Request, problem: Problem, told: Told) -> Response:
    """Return the page of a problem, with the city's name if the database tells it."""

    async def city_now() -> City:
        async with request.app.state.database.connection() as connection:
            return await city_of(connection)

    city = await unless_away(problem, city_now)
    language = language_of(request)
    said = told.en if language == "en" else told.de
    site: Site = request.app.state.site
    path, is_again = request.scope["path"], problem.status == ContentTooLarge.status
    start = STAFF if f"{path}/".startswith(f"{STAFF}/") else "/"
    return page(
        request,
        "problem.html",
        title=said.title,
        said=said.text,
        city_name=city.intake.city_name if city else "",
        zone=city.intake.timezone if city else "UTC",
        legal=legal_pages(request, city),
        active=None,
        private=True,
        entrance=site.href(ENTRANCE, language) if isinstance(problem, LoginOver) else None,
        is_again=is_again,
        back=site.href(path if is_again else start, language),
    )
