# SPDX-License-Identifier: EUPL-1.2
"""What a staff page says, as a page, when it does nothing: no login, another's form, no role."""

from __future__ import annotations

from typing import cast

from fastapi import FastAPI, Request, Response

from measure_registry.api.asked import city_of
from measure_registry.api.pages.shown import show
from measure_registry.site.frame import Site, language_of, tell
from stadttakt_runtime.http.problem import Problem

ENTRANCE = "/intern/anmelden"


class LoginNeeded(Problem):
    """Nobody is logged in, or not any more; the way in is where to go."""

    status, code, title = 303, "login_needed", "Log in first"


class PageRefused(Problem):
    """Something that a page refuses, in words of the page `refused_<code>`."""


class LoginOver(PageRefused):
    """A form came after its session; the browser still has it and can send it again."""

    status, code, title = 401, "login_over", "Log in again, then send the form again"


class FormForged(PageRefused):
    """A form that does not come from a page of this caller."""

    status, code, title = 403, "form_forged", "This form is not of your session; load the page anew"


class RoleLacking(PageRefused):
    """Somebody of staff at a page that is for others."""

    status, code, title = 403, "role_lacking", "This page is for another role"


def install(app: FastAPI) -> None:
    """Let refusals of pages be pages."""
    app.add_exception_handler(PageRefused, _page)


async def _page(request: Request, error: Exception) -> Response:
    refused = cast(PageRefused, error)
    async with request.app.state.database.connection() as connection:
        city = await city_of(connection)
    language = language_of(request)
    site: Site = request.app.state.site
    return show(
        request,
        city,
        "refused.html",
        title=tell(f"refused_{refused.code}", language),
        status=refused.status,
        private=True,
        said=tell(f"refused_{refused.code}_text", language),
        entrance=site.href(ENTRANCE, language) if isinstance(refused, LoginOver) else None,
    )
