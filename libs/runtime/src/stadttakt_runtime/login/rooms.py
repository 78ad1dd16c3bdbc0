# SPDX-License-Identifier: EUPL-1.2
"""Pages of a service that one logs in to: a session by a sealed cookie, checked anew with each request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from stadttakt_runtime.auth import storage as keys
from stadttakt_runtime.auth.authenticator import Authenticator, Unauthenticated
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.limiter import Limiter
from stadttakt_runtime.http.problem import FormUnreadable, Problem, Unavailable
from stadttakt_runtime.login import storage as logins
from stadttakt_runtime.login.flow import Login, safe_path
from stadttakt_runtime.login.sealed import key_of
from stadttakt_runtime.login.session import Session, Sessions
from stadttakt_runtime.settings import ServiceSettings

ATTEMPTS_PER_HOUR = 60
LONGEST_FORM = 16_384
MOST_FIELDS = 50


@dataclass(frozen=True, slots=True)
class Rooms:
    """What is behind the door of one service, and who comes in."""

    cookie: str
    home: str
    """The page that a login leads to; `home`/anmelden is the entrance, `home`/abmelden and `home`/abgemeldet the way out."""
    below: str
    """A session counts at all pages below this path of the service."""
    roles: Mapping[str, Scope]
    """What the groups of the city's provider may do, by name; those of the settings go before."""
    scopes: frozenset[Scope]
    """Who may do one of these comes in."""

    @property
    def entrance(self) -> str:
        """Return the path of the page where one logs in."""
        return f"{self.home}/anmelden"

    def let_in(self, principal: Principal) -> bool:
        """Tell whether somebody may do anything here."""
        return any(principal.may(scope) for scope in self.scopes)


@dataclass(frozen=True, slots=True)
class Door:
    """What the running service knows of its rooms."""

    rooms: Rooms
    sessions: Sessions
    login: Login | None
    attempts: Limiter
    public_url: str


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is logged in, at a page."""

    principal: Principal
    session: Session


class FormForged(Problem):
    """A request that no page of this caller has sent."""

    status, code = 403, "form_forged"
    title = "This form is not of a page of yours"


def install_login(
    app: FastAPI,
    rooms: Rooms,
    settings: ServiceSettings,
    public_url: str,
    key: bytes | None = None,
) -> None:
    """Let people in; instances with the same `key`, else client secret, share sessions, others have their own.

    `public_url` is where browsers reach the service; empty: where they ask it.
    """
    if key is None:
        secret = settings.oidc_client_secret
        key = key_of(None if secret is None else secret.get_secret_value())
    has_provider = settings.oidc_client_id is not None
    app.state.door = Door(
        rooms=rooms,
        sessions=Sessions(key, settings.login_hours),
        login=Login(settings, key, rooms.roles, rooms.cookie) if has_provider else None,
        attempts=Limiter(ATTEMPTS_PER_HOUR),
        public_url=public_url.rstrip("/"),
    )


def door_of(request: Request) -> Door:
    """Return the door of the service that is asked."""
    door: Door = request.app.state.door
    return door


async def visit_of(request: Request) -> Visit | None:
    """Return who is logged in; nobody whose session is over or ended, or who may do nothing here."""
    door = door_of(request)
    session = door.sessions.session(request.cookies.get(door.rooms.cookie), utc_now())
    if session is None:
        return None
    database: Database = request.app.state.database
    async with database.connection() as connection:
        if await logins.is_ended(connection, session.login_id):
            return None
    principal = session.principal or await principal_of(request, session.credentials or "")
    if principal is None or not door.rooms.let_in(principal):
        return None
    return Visit(principal, session)


async def principal_of(request: Request, credentials: str) -> Principal | None:
    """Return whose key or token it is; nobody where it is not valid."""
    authenticator: Authenticator | None = getattr(request.app.state, "authenticator", None)
    if authenticator is None:
        raise Unavailable("keys cannot be checked yet")
    try:
        return await authenticator.principal(credentials)
    except Unauthenticated:
        return None


async def takes_keys(request: Request) -> bool:
    """Tell whether there is a key or a token that lets anybody in."""
    settings: ServiceSettings = request.app.state.settings
    database: Database = request.app.state.database
    if settings.oidc_jwks_url is not None:
        return True
    async with database.connection() as connection:
        return await keys.opens_any(connection, door_of(request).rooms.scopes, utc_now())


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a small form; what is larger, or no form, is none of ours; raises FormUnreadable."""
    body = await request.body()
    if len(body) > LONGEST_FORM:
        return {}
    try:
        fields = parse_qs(body.decode(errors="replace"), max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    if any("\0" in text for each in fields.values() for text in each):
        raise FormUnreadable("a field holds a character that cannot be kept")
    return {name: each[0] for name, each in fields.items()}


def up(request: Request) -> str:
    """Return the way up to the service's first page: a proxy may serve it below any path."""
    return "../" * (request.scope["path"].count("/") - 1) or "./"


def here(request: Request, path: str, **query: Any) -> str:
    """Return the way to a page of the service, in the language of the one that is asked.

    Where it is not known how browsers reach the service, the way is told from the page asked for.
    """
    if request.query_params.get("lang") == "en":
        query["lang"] = "en"
    asked = urlencode({name: value for name, value in query.items() if value})
    way = _way(request, path)
    return f"{way}?{asked}" if asked else way


def _way(request: Request, path: str) -> str:
    public_url = door_of(request).public_url
    return urlsplit(public_url).path + path if public_url else up(request) + path.removeprefix("/")


def back_to(request: Request, path: str | None) -> str:
    """Return the page to go on to after a login: one of ours that was asked for, else home in its language."""
    home = door_of(request).rooms.home
    back = safe_path(path, home)
    is_english = request.query_params.get("lang") == "en"
    return f"{home}?lang=en" if back == home and is_english else back


def outside(request: Request, path: str) -> str:
    """Return the address of a page as browsers and the provider reach it."""
    return (door_of(request).public_url or str(request.base_url).rstrip("/")) + path


def sent_to(request: Request, path: str, **query: Any) -> RedirectResponse:
    """Return the answer that sends a browser to another page of the service."""
    return RedirectResponse(here(request, path, **query), 303)


def begun(request: Request, cookie: str, back: str) -> Response:
    """Return the answer that begins a session and leads to a page of ours."""
    door = door_of(request)
    answer = RedirectResponse(_way(request, back), 303)
    keep(request, answer, door.rooms.cookie, cookie, int(door.sessions.lasts.total_seconds()))
    return answer


def keep(request: Request, answer: Response, name: str, cookie: str, lasts_s: int) -> None:
    """Let the browser keep a cookie for the pages behind the door alone."""
    answer.set_cookie(
        name,
        cookie,
        max_age=lasts_s,
        path=_below(request),
        httponly=True,
        samesite="lax",
        secure=outside(request, "").startswith("https://"),
    )


def forget(request: Request, answer: Response, name: str) -> None:
    """Let the browser forget a cookie of ours."""
    answer.delete_cookie(name, path=_below(request))


def _below(request: Request) -> str:
    door = door_of(request)
    return urlsplit(door.public_url).path + door.rooms.below
