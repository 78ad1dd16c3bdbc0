# SPDX-License-Identifier: EUPL-1.2
"""Who is at the control centre's page: a session by a sealed cookie, checked anew with each request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from stadttakt_runtime.auth.authenticator import Authenticator, Unauthenticated
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.limiter import Limiter
from stadttakt_runtime.http.problem import Problem, Unavailable
from stadttakt_runtime.login import storage as logins
from stadttakt_runtime.login.flow import Login
from stadttakt_runtime.login.sealed import key_of
from stadttakt_runtime.login.session import Session, Sessions
from vehicle_occupancy.settings import Settings

COOKIE = "stadttakt_transit"
HOME = "/leitstelle"
ENTRANCE = f"{HOME}/anmelden"
ROLE_NAMES: Mapping[str, Scope] = {
    "leitstelle": "transit:write",
    "leitstelle-lesend": "transit:read",
}
ATTEMPTS_PER_HOUR = 60
LONGEST_FORM = 16_384


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody of the control centre at a page."""

    principal: Principal
    session: Session

    @property
    def records(self) -> bool:
        """Tell whether they may record what was done."""
        return self.principal.may("transit:write")


class FormForged(Problem):
    """A request that no page of this caller has sent."""

    status, code = 403, "form_forged"
    title = "This form is not of a page of yours"


def install_login(app: FastAPI, settings: Settings) -> None:
    """Let people in; instances with the same client secret share sessions, others have their own."""
    secret = settings.oidc_client_secret
    key = key_of(None if secret is None else secret.get_secret_value())
    app.state.sessions = Sessions(key, settings.login_hours)
    app.state.attempts = Limiter(ATTEMPTS_PER_HOUR)
    app.state.public_url = settings.public_url
    has_provider = settings.oidc_client_id is not None
    app.state.login = Login(settings, key, ROLE_NAMES, COOKIE) if has_provider else None


async def visit_of(request: Request) -> Visit | None:
    """Return who is logged in; nobody whose session is over or ended, or who may see nothing here."""
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
    """Tell whether somebody may see the numbers of passengers."""
    return principal.may("transit:read") or principal.may("transit:write")


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a small form; what is larger is none of ours."""
    body = await request.body()
    if len(body) > LONGEST_FORM:
        return {}
    told = parse_qs(body.decode(errors="replace"), max_num_fields=50)
    return {name: each[0] for name, each in told.items()}


def here(request: Request, path: str, **query: Any) -> str:
    """Return the way to a page of ours within the same address."""
    asked = urlencode({name: value for name, value in query.items() if value})
    prefix = urlsplit(request.app.state.public_url).path.rstrip("/")
    return f"{prefix}{path}?{asked}" if asked else prefix + path


def outside(request: Request, path: str) -> str:
    """Return the address of a page as browsers and the provider reach it."""
    public_url: str = request.app.state.public_url or str(request.base_url)
    return public_url.rstrip("/") + path


def sent_to(request: Request, path: str, **query: Any) -> RedirectResponse:
    """Return the answer that sends a browser to another page of ours."""
    return RedirectResponse(here(request, path, **query), 303)


def begun(request: Request, cookie: str) -> Response:
    """Return the answer that begins a session."""
    sessions: Sessions = request.app.state.sessions
    answer = sent_to(request, HOME)
    lasts_s = int(sessions.lasts.total_seconds())
    kept(request, answer, COOKIE, cookie, lasts_s)
    return answer


def kept(request: Request, answer: Response, name: str, cookie: str, lasts_s: int) -> None:
    """Let the browser keep a cookie for the control centre's pages alone."""
    answer.set_cookie(
        name,
        cookie,
        max_age=lasts_s,
        path=here(request, HOME),
        httponly=True,
        samesite="lax",
        secure=outside(request, "").startswith("https://"),
    )
