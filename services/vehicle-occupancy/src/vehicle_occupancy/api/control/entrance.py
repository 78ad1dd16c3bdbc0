# SPDX-License-Identifier: EUPL-1.2
"""Logging in and out of `/leitstelle`: through the city's provider, or with an API key or token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Unavailable
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.login import storage as logins
from stadttakt_runtime.login.flow import LASTS, Login
from stadttakt_runtime.login.provider import LoginRefused
from stadttakt_runtime.login.session import Sessions
from vehicle_occupancy.api.control.frame import answer_of, entrance_page
from vehicle_occupancy.api.control.visit import (
    COOKIE,
    ENTRANCE,
    HOME,
    FormForged,
    begun,
    form_of,
    here,
    kept,
    outside,
    principal_of,
    sent_to,
    visit_of,
    works_here,
)

router = APIRouter(include_in_schema=False)
ARRIVAL = f"{ENTRANCE}/zurueck"
SAID = {
    "abgelehnt": ("Die Anmeldung wurde nicht angenommen.", "The login was not accepted."),
    "rolle": (
        "Ihr Konto oder Schlüssel hat hier keine Rolle.",
        "Your account or key has no role here.",
    ),
    "weg": ("Die Anmeldung der Stadt antwortet nicht.", "The city's login does not answer."),
    "falsch": ("Diesen Schlüssel gibt es nicht.", "There is no such key."),
    "viele": (
        "Zu viele Versuche von dieser Adresse: bitte später wieder.",
        "Too many attempts from this address: please try later.",
    ),
}
Why = Annotated[str, Query(alias="grund", pattern=rf"^({'|'.join(SAID)})?$")]
log = get_logger(__name__)


@router.get(ENTRANCE)
async def entrance(request: Request, grund: Why = "") -> Response:
    """Show the ways in."""
    page = entrance_page(request, SAID.get(grund), has_provider=request.app.state.login is not None)
    return answer_of(page, status=403 if grund else 200)


@router.post(ENTRANCE)
async def log_in(request: Request) -> Response:
    """Begin a session for somebody with a key or token that may see something here."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise FormForged
    if not request.app.state.attempts.takes(request.client.host if request.client else ""):
        return sent_to(request, ENTRANCE, grund="viele")
    key = (await form_of(request)).get("key", "").strip()
    principal = await principal_of(request, key) if key else None
    if principal is None:
        return sent_to(request, ENTRANCE, grund="falsch")
    if not works_here(principal):
        return sent_to(request, ENTRANCE, grund="rolle")
    sessions: Sessions = request.app.state.sessions
    return begun(request, sessions.of_key(key, utc_now()))


@router.get(f"{ENTRANCE}/konto")
async def depart(request: Request) -> Response:
    """Send somebody to the city's provider."""
    login: Login | None = request.app.state.login
    if login is None:
        return sent_to(request, ENTRANCE)
    try:
        departure = await login.depart(outside(request, ARRIVAL), HOME, utc_now())
    except Unavailable:
        return sent_to(request, ENTRANCE, grund="weg")
    answer = Response(status_code=303, headers={"location": departure.url})
    lasts_s = int(LASTS.total_seconds())
    kept(request, answer, departure.cookie_name, departure.cookie, lasts_s)
    return answer


@router.get(ARRIVAL)
async def arrive(request: Request) -> Response:
    """Begin a session for who comes back from the provider, if it gave them a role here."""
    login: Login | None = request.app.state.login
    if login is None:
        return sent_to(request, ENTRANCE)
    query = dict(request.query_params)
    sessions: Sessions = request.app.state.sessions
    try:
        arrival = await login.arrive(query, request.cookies, utc_now())
    except LoginRefused as error:
        log.warning("login_refused", reason=str(error))
        answer: Response = sent_to(request, ENTRANCE, grund="abgelehnt")
    except Unavailable as error:
        log.warning("login_provider_away", reason=str(error))
        answer = sent_to(request, ENTRANCE, grund="weg")
    else:
        if works_here(arrival.principal):
            answer = begun(request, sessions.of_principal(arrival.principal, utc_now()))
        else:
            answer = sent_to(request, ENTRANCE, grund="rolle")
    answer.delete_cookie(login.cookie_to_forget(query), path=here(request, HOME))
    return answer


@router.post(f"{HOME}/abmelden")
async def log_out(request: Request) -> Response:
    """End a session; its cookie opens nothing more, wherever it was copied to."""
    visit = await visit_of(request)
    if visit is not None:
        if not visit.session.owns((await form_of(request)).get("form_token")):
            raise FormForged
        database: Database = request.app.state.database
        async with database.transaction() as connection:
            session = visit.session
            await logins.end(connection, session.login_id, session.ends_at, utc_now())
    answer = sent_to(request, ENTRANCE)
    answer.delete_cookie(COOKIE, path=here(request, HOME))
    return answer
