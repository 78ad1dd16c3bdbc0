# SPDX-License-Identifier: EUPL-1.2
"""Who of staff comes in at `/intern`, in which roles, and the page where they log in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData

from measure_registry.api.asked import city_of
from measure_registry.api.pages.refusals import (
    ENTRANCE,
    STAFF,
    LoginNeeded,
    LoginOver,
    RoleLacking,
)
from measure_registry.api.pages.shown import show
from measure_registry.api.staff import ROLE_NAMES, SCOPES, author_of
from measure_registry.desk.author import Author
from measure_registry.domain.roles import Role
from measure_registry.site.frame import Site, language_of, tell
from stadttakt_runtime.http.multipart import must_be_readable, must_be_writable
from stadttakt_runtime.login.entrance import Ways, Why, entrance_router
from stadttakt_runtime.login.flow import safe_path
from stadttakt_runtime.login.rooms import FormForged, Rooms, visit_of
from stadttakt_runtime.login.session import Session

ROOMS = Rooms(
    cookie="stadttakt_registry",
    home=STAFF,
    below=STAFF,
    roles=ROLE_NAMES,
    scopes=frozenset(SCOPES.values()),
)
SAID: dict[Why, str] = {
    "abgelehnt": "login_refused",
    "rolle": "login_no_role",
    "weg": "login_away",
    "falsch": "login_wrong",
    "viele": "login_too_often",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody of staff at a page."""

    author: Author
    session: Session

    def may(self, role: Role) -> bool:
        """Tell whether somebody holds a role."""
        return role in self.author.roles

    def must(self, role: Role) -> None:
        """Refuse the page to who does not hold a role."""
        if not self.may(role):
            raise RoleLacking


async def _visit(request: Request) -> Visit:
    found = await visit_of(request)
    author = None if found is None else author_of(found.principal)
    if found is not None and author is not None:
        return Visit(author, found.session)
    if request.method == "POST":
        raise LoginOver
    wanted = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    site: Site = request.app.state.site
    back = safe_path(wanted, STAFF)
    to = site.href(ENTRANCE, language_of(request), zurueck=None if back == STAFF else back)
    raise LoginNeeded(headers={"location": to})


Visiting = Annotated[Visit, Depends(_visit)]


async def form_of(request: Request, visit: Visit) -> FormData:
    """Return a form of a page of this caller; raises FormForged for any other, or FormUnreadable."""
    must_be_readable(request)
    form = await request.form(max_files=0, max_fields=1000)
    if not visit.session.owns(form.get("form_token")):
        raise FormForged
    await must_be_writable(form)
    return form


async def _show(request: Request, ways: Ways) -> Response:
    language, said = language_of(request), SAID.get(ways.why)
    async with request.app.state.database.connection() as connection:
        city = await city_of(connection)
    return show(
        request,
        city,
        "left.html" if ways.has_left else "login.html",
        title=tell("logged_out" if ways.has_left else "login", language),
        private=True,
        status=ways.status,
        said=said and tell(said, language),
        ways=ways,
    )


router = entrance_router(ROOMS, _show)
