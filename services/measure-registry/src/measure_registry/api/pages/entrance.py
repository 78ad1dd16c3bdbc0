"""Logging in and out of the staff pages, with an API key or an OIDC access token."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.shown import show
from measure_registry.api.staff import author_of
from measure_registry.desk.author import Author
from measure_registry.session import COOKIE, LASTS, Session, Sessions
from measure_registry.site.frame import Site, language_of, tell
from stadttakt_runtime.auth.authenticator import Authenticator, Unauthenticated
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.problem import Problem, Unavailable

router = APIRouter(include_in_schema=False)
ENTRANCE = "/intern/anmelden"


class LoginNeeded(Problem):
    """Nobody is logged in, or not any more; the way in is where to go."""

    status, code, title = 303, "login_needed", "Log in first"


class FormForged(Problem):
    """A form that does not come from a page of this session."""

    status, code, title = 403, "form_forged", "This form is not of your session; load the page anew"


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody of staff at a page."""

    author: Author
    session: Session


async def _visit(request: Request) -> Visit:
    sessions: Sessions = request.app.state.sessions
    session = sessions.session(request.cookies.get(COOKIE), utc_now())
    author = None if session is None else await _author(request, session.credentials)
    if session is None or author is None:
        site: Site = request.app.state.site
        raise LoginNeeded(headers={"location": site.href(ENTRANCE, language_of(request))})
    return Visit(author, session)


Visiting = Annotated[Visit, Depends(_visit)]


async def _author(request: Request, credentials: str) -> Author | None:
    """Return who a key or token is; nobody where it is not valid, or has no role here."""
    authenticator: Authenticator | None = getattr(request.app.state, "authenticator", None)
    if authenticator is None:
        raise Unavailable("keys cannot be checked yet")
    try:
        return author_of(await authenticator.principal(credentials))
    except Unauthenticated:
        return None


async def form_of(request: Request, visit: Visit) -> FormData:
    """Return a form of a page of this session; raises FormForged for any other."""
    form = await request.form(max_files=0, max_fields=1000)
    token = form.get("form_token")
    if not isinstance(token, str) or not hmac.compare_digest(
        token.encode(), visit.session.form_token.encode()
    ):
        raise FormForged
    return form


@router.get(ENTRANCE)
async def entrance(request: Request, database: Db) -> Response:
    """Show the login."""
    return await _entrance(request, database)


async def _entrance(request: Request, database: Any, *, is_wrong: bool = False) -> Response:
    async with database.connection() as connection:
        city = await city_of(connection)
    title = tell("login", language_of(request))
    return show(
        request, city, "login.html", title=title, private=True, is_wrong=is_wrong,
        status=403 if is_wrong else 200,
    )  # fmt: skip


@router.post(ENTRANCE)
async def log_in(request: Request, database: Db) -> Response:
    """Begin a session for somebody with a role."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise FormForged
    if not request.app.state.logins.takes(request.client.host if request.client else ""):
        return await _entrance(request, database, is_wrong=True)
    form = await request.form(max_files=0, max_fields=5)
    given = form.get("key")
    key = given.strip() if isinstance(given, str) else ""
    if await _author(request, key) is None:
        return await _entrance(request, database, is_wrong=True)
    site: Site = request.app.state.site
    sessions: Sessions = request.app.state.sessions
    answer = RedirectResponse(site.href("/intern", language_of(request)), 303)
    answer.set_cookie(
        COOKIE,
        sessions.cookie(key, utc_now()),
        max_age=int(LASTS.total_seconds()),
        path=f"{site.prefix}/intern",
        httponly=True,
        samesite="strict",
        secure=site.public_url.startswith("https://") or request.url.scheme == "https",
    )
    return answer


@router.post("/intern/abmelden")
async def log_out(request: Request, visit: Visiting) -> Response:
    """End a session."""
    await form_of(request, visit)
    site: Site = request.app.state.site
    answer = RedirectResponse(site.href(ENTRANCE, language_of(request)), 303)
    answer.delete_cookie(COOKIE, path=f"{site.prefix}/intern")
    return answer
