# SPDX-License-Identifier: EUPL-1.2
"""Who is at the pages of staff: a session by a sealed cookie, checked anew with each request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Header, Request, Response
from fastapi.responses import RedirectResponse

from kpi_aggregator.api.visible import SeesAll
from kpi_aggregator.pages.frame import root
from stadttakt_runtime.auth.authenticator import Authenticator, Unauthenticated
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Problem, Unavailable
from stadttakt_runtime.login import storage as logins
from stadttakt_runtime.login.session import Session, Sessions

COOKIE = "stadttakt_kpi"
HOME = "/erfassen"
ENTRANCE = "/erfassen/anmelden"


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody of staff at a page."""

    principal: Principal
    session: Session


class FormForged(Problem):
    """A request that no page of this caller has sent."""

    status, code = 403, "form_forged"
    title = "This form is not of a page of yours"


async def visit_of(request: Request) -> Visit | None:
    """Return who is logged in; nobody whose session is over or ended, or who may do nothing here."""
    sessions: Sessions = request.app.state.sessions
    session = sessions.session(request.cookies.get(COOKIE), utc_now())
    if session is None:
        return None
    database: Database = request.app.state.database
    async with database.connection() as connection:
        if await logins.is_ended(connection, session.login_id):
            return None
    principal = session.principal or await principal_of(request, session.credentials or "")
    return Visit(principal, session) if principal is not None and works_here(principal) else None


async def principal_of(request: Request, credentials: str) -> Principal | None:
    """Return whose key or token it is; nobody where it is not valid."""
    authenticator: Authenticator | None = getattr(request.app.state, "authenticator", None)
    if authenticator is None:
        raise Unavailable("keys cannot be checked yet")
    try:
        return await authenticator.principal(credentials)
    except Unauthenticated:
        return None


def works_here(principal: Principal) -> bool:
    """Tell whether somebody may enter values or decide on them."""
    return principal.may("kpi:write") or principal.may("kpi:approve")


async def _writing(request: Request, x_form_token: Annotated[str | None, Header()] = None) -> Visit:
    visit = await visit_of(request)
    if visit is None:
        raise Unauthenticated("the login is over: log in again")
    if not visit.session.owns(x_form_token):
        raise FormForged
    return visit


Writing = Annotated[Visit, Depends(_writing)]
"""Somebody logged in whose request comes from a page of theirs: other sites do not know its token."""


async def _is_staff(request: Request, sees_all: SeesAll) -> bool:
    return sees_all or await visit_of(request) is not None


Staff = Annotated[bool, Depends(_is_staff)]
"""Whether a page is read by staff, logged in or with a key: they see what is not public."""


def prefix(request: Request) -> str:
    """Return the path below which the pages are reached from outside."""
    public_url: str = request.app.state.public_url
    return urlsplit(public_url).path.rstrip("/")


def cookie_path(request: Request) -> str:
    """Return below which path a session counts: at all pages of this service, and at no other's."""
    return f"{prefix(request)}/"


def outside(request: Request, path: str) -> str:
    """Return the address of a page as browsers and the provider reach it."""
    public_url: str = request.app.state.public_url or str(request.base_url)
    return public_url.rstrip("/") + path


def is_secure(request: Request) -> bool:
    """Tell whether browsers reach the pages by TLS."""
    return outside(request, "").startswith("https://")


def sent_to(request: Request, path: str) -> RedirectResponse:
    """Return the answer that sends a browser to another page of this service, in its language.

    Where it is not known how the pages are reached, the way is told from the page that was asked for.
    """
    if request.query_params.get("lang") == "en":
        path += ("&" if "?" in path else "?") + "lang=en"
    if request.app.state.public_url:
        return RedirectResponse(prefix(request) + path, 303)
    return RedirectResponse(root(request) + path.removeprefix("/"), 303)


def begun(request: Request, cookie: str) -> Response:
    """Return the answer that begins a session."""
    sessions: Sessions = request.app.state.sessions
    answer = sent_to(request, HOME)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(sessions.lasts.total_seconds()),
        path=cookie_path(request),
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )
    return answer
