# SPDX-License-Identifier: EUPL-1.2
"""Logging in and out of the staff pages: through the city's provider, or with an API key or token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.refusals import (
    ENTRANCE,
    LoginNeeded,
    LoginOver,
    RoleLacking,
)
from measure_registry.api.pages.shown import show
from measure_registry.api.staff import SCOPES, author_of
from measure_registry.desk.author import Author
from measure_registry.domain.roles import Role
from measure_registry.site.frame import Site, language_of, tell
from stadttakt_runtime.auth.authenticator import Authenticator, Unauthenticated
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.problem import NotFound, Unavailable
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.login import storage as logins
from stadttakt_runtime.login.flow import Login, safe_path
from stadttakt_runtime.login.provider import LoginRefused
from stadttakt_runtime.login.rooms import FormForged, takes_keys
from stadttakt_runtime.login.session import Session, Sessions

router = APIRouter(include_in_schema=False)
COOKIE = "stadttakt_registry"
HOME = "/intern"
ARRIVAL = f"{ENTRANCE}/zurueck"
ATTEMPT_S = 600
Back = Annotated[str | None, Query(alias="zurueck", max_length=500)]
Why = Annotated[str, Query(alias="grund", pattern=r"^(|abgelehnt|rolle|weg)$")]
log = get_logger(__name__)


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
    sessions: Sessions = request.app.state.sessions
    session = sessions.session(request.cookies.get(COOKIE), utc_now())
    author = None if session is None else await _author_in(request, session)
    if session is not None and author is not None:
        return Visit(author, session)
    if request.method == "POST":
        raise LoginOver
    wanted = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    site: Site = request.app.state.site
    back = safe_path(wanted, HOME)
    to = site.href(ENTRANCE, language_of(request), zurueck=None if back == HOME else back)
    raise LoginNeeded(headers={"location": to})


Visiting = Annotated[Visit, Depends(_visit)]


async def _author_in(request: Request, session: Session) -> Author | None:
    async with request.app.state.database.connection() as connection:
        if await logins.is_ended(connection, session.login_id):
            return None
    if session.principal is not None:
        return author_of(session.principal)
    return await _author(request, session.credentials or "")


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
    """Return a form of a page of this caller; raises FormForged for any other."""
    form = await request.form(max_files=0, max_fields=1000)
    if not visit.session.owns(form.get("form_token")):
        raise FormForged
    return form


@router.get(ENTRANCE)
async def entrance(
    request: Request, database: Db, zurueck: Back = None, grund: Why = ""
) -> Response:
    """Show the ways in."""
    said = {"abgelehnt": "login_refused", "rolle": "login_no_role", "weg": "login_away"}.get(grund)
    return await _entrance(request, database, back=zurueck, said=said)


async def _entrance(
    request: Request,
    database: Any,
    *,
    back: str | None = None,
    said: str | None = None,
    status: int = 403,
) -> Response:
    async with database.connection() as connection:
        city = await city_of(connection)
    language = language_of(request)
    return show(
        request,
        city,
        "login.html",
        title=tell("login", language),
        private=True,
        status=200 if said is None else status,
        said=None if said is None else tell(said, language),
        has_provider=request.app.state.login is not None,
        takes_keys=await takes_keys(request, SCOPES.values()),
        back=safe_path(back, HOME),
    )


@router.post(ENTRANCE)
async def log_in(request: Request, database: Db) -> Response:
    """Begin a session for somebody with a key or token that has a role."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise FormForged
    form = await request.form(max_files=0, max_fields=5)
    told = {name: form.get(name) for name in ("key", "zurueck")}
    key, back = (each.strip() if isinstance(each, str) else "" for each in told.values())
    if not request.app.state.logins.takes(request.client.host if request.client else ""):
        answer = await _entrance(request, database, back=back, said="login_too_often", status=429)
        answer.headers["retry-after"] = "3600"
        return answer
    if await _author(request, key) is None:
        return await _entrance(request, database, back=back, said="login_wrong")
    sessions: Sessions = request.app.state.sessions
    return _begun(request, sessions.of_key(key, utc_now()), back)


def _begun(request: Request, cookie: str, back: str) -> Response:
    """Go where somebody wanted to; the cookie is lax, so that links in mails find the session."""
    site: Site = request.app.state.site
    sessions: Sessions = request.app.state.sessions
    path = safe_path(back, HOME)
    to = site.href(HOME, language_of(request)) if path == HOME else site.prefix + path
    answer = RedirectResponse(to, 303)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(sessions.lasts.total_seconds()),
        path=f"{site.prefix}{HOME}",
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )
    return answer


def _is_secure(request: Request) -> bool:
    site: Site = request.app.state.site
    return site.public_url.startswith("https://") or request.url.scheme == "https"


def outside(request: Request, path: str) -> str:
    """Return the address of a page as browsers and the provider reach it."""
    site: Site = request.app.state.site
    return site.absolute(path) if site.public_url else str(request.base_url).rstrip("/") + path


@router.get(f"{ENTRANCE}/konto")
async def depart(request: Request, zurueck: Back = None) -> Response:
    """Send somebody to the city's provider."""
    login: Login | None = request.app.state.login
    if login is None:
        raise NotFound
    site: Site = request.app.state.site
    home = site.href(HOME, language_of(request)).removeprefix(site.prefix)
    back = home if safe_path(zurueck, HOME) == HOME else safe_path(zurueck, HOME)
    try:
        departure = await login.depart(outside(request, ARRIVAL), back, utc_now())
    except Unavailable:
        return _turned_back(request, "weg")
    answer = RedirectResponse(departure.url, 303)
    answer.set_cookie(
        departure.cookie_name,
        departure.cookie,
        max_age=ATTEMPT_S,
        path=f"{site.prefix}{ENTRANCE}",
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )
    return answer


def _turned_back(request: Request, why: str) -> RedirectResponse:
    site: Site = request.app.state.site
    return RedirectResponse(site.href(ENTRANCE, language_of(request), grund=why), 303)


@router.get(ARRIVAL)
async def arrive(request: Request) -> Response:
    """Begin a session for who comes back from the provider, if it gave them a role here."""
    login: Login | None = request.app.state.login
    if login is None:
        return _turned_back(request, "abgelehnt")
    query = dict(request.query_params)
    try:
        arrival = await login.arrive(query, request.cookies, utc_now())
    except LoginRefused as error:
        log.warning("login_refused", reason=str(error))
        answer: Response = _turned_back(request, "abgelehnt")
    except Unavailable as error:
        log.warning("login_provider_away", reason=str(error))
        answer = _turned_back(request, "weg")
    else:
        sessions: Sessions = request.app.state.sessions
        if author_of(arrival.principal) is None:
            answer = _turned_back(request, "rolle")
        else:
            cookie = sessions.of_principal(arrival.principal, utc_now())
            answer = _begun(request, cookie, arrival.back)
    site: Site = request.app.state.site
    answer.delete_cookie(login.cookie_to_forget(query), path=f"{site.prefix}{ENTRANCE}")
    return answer


@router.post("/intern/abmelden")
async def log_out(request: Request, database: Db, visit: Visiting) -> Response:
    """End a session; its cookie opens nothing more, wherever it was copied to."""
    await form_of(request, visit)
    async with database.transaction() as connection:
        await logins.end(connection, visit.session.login_id, visit.session.ends_at, utc_now())
    site: Site = request.app.state.site
    came_by = "1" if visit.session.principal is not None else None
    to = site.href("/intern/abgemeldet", language_of(request), konto=came_by)
    answer = RedirectResponse(to, 303)
    answer.delete_cookie(COOKIE, path=f"{site.prefix}{HOME}")
    return answer


@router.get("/intern/abgemeldet")
async def left(request: Request, database: Db, konto: str = "") -> Response:
    """Say that a session is over, and where the provider's own, if there is one, is ended."""
    login: Login | None = request.app.state.login
    end_url = None
    if login is not None and konto:
        try:
            end_url = await login.end_url(outside(request, "/intern/abgemeldet"))
        except Unavailable as error:
            log.warning("login_provider_away", reason=str(error))
    async with database.connection() as connection:
        city = await city_of(connection)
    title = tell("logged_out", language_of(request))
    return show(request, city, "left.html", title=title, private=True, end_url=end_url)
