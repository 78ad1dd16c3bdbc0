# SPDX-License-Identifier: EUPL-1.2
"""Logging in and out of `/erfassen`: through the city's provider, or with an API key or token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from kpi_aggregator.pages.city import city_now
from kpi_aggregator.pages.form import fields_of
from kpi_aggregator.pages.frame import language_of, page
from kpi_aggregator.pages.texts import words_in
from kpi_aggregator.pages.visit import (
    COOKIE,
    ENTRANCE,
    HOME,
    FormForged,
    begun,
    cookie_path,
    is_secure,
    outside,
    prefix,
    principal_of,
    sent_to,
    visit_of,
    works_here,
)
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Unavailable
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.login import storage as logins
from stadttakt_runtime.login.flow import Login
from stadttakt_runtime.login.provider import LoginRefused
from stadttakt_runtime.login.session import Sessions

router = APIRouter(include_in_schema=False)
ARRIVAL = f"{ENTRANCE}/zurueck"
ATTEMPT_S = 600
SAID = {
    "abgelehnt": "login_refused",
    "rolle": "login_no_role",
    "weg": "login_away",
    "falsch": "login_wrong",
}
Why = Annotated[str, Query(alias="grund", pattern=r"^(|abgelehnt|rolle|weg|falsch)$")]
log = get_logger(__name__)


@router.get(ENTRANCE)
async def entrance(request: Request, grund: Why = "") -> Response:
    """Show the ways in."""
    language = language_of(request)
    said = SAID.get(grund)
    return page(
        request,
        "entrance.html",
        city=(await city_now(request)).name,
        active="entry",
        title=words_in(language)("login_title"),
        status=403 if said else 200,
        said=said and words_in(language)(said),
        has_provider=request.app.state.login is not None,
    )


@router.post(ENTRANCE)
async def log_in(request: Request) -> Response:
    """Begin a session for somebody with a key or token that may do something here."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise FormForged
    key = (await fields_of(request)).get("key", "").strip()
    principal = await principal_of(request, key) if key else None
    if principal is None:
        return sent_to(request, f"{ENTRANCE}?grund=falsch")
    if not works_here(principal):
        return sent_to(request, f"{ENTRANCE}?grund=rolle")
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
        return sent_to(request, f"{ENTRANCE}?grund=weg")
    answer = Response(status_code=303, headers={"location": departure.url})
    answer.set_cookie(
        departure.cookie_name,
        departure.cookie,
        max_age=ATTEMPT_S,
        path=f"{prefix(request)}{ENTRANCE}",
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )
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
        answer: Response = sent_to(request, f"{ENTRANCE}?grund=abgelehnt")
    except Unavailable as error:
        log.warning("login_provider_away", reason=str(error))
        answer = sent_to(request, f"{ENTRANCE}?grund=weg")
    else:
        if works_here(arrival.principal):
            answer = begun(request, sessions.of_principal(arrival.principal, utc_now()))
        else:
            answer = sent_to(request, f"{ENTRANCE}?grund=rolle")
    answer.delete_cookie(login.cookie_to_forget(query), path=f"{prefix(request)}{ENTRANCE}")
    return answer


@router.post("/erfassen/abmelden")
async def log_out(request: Request) -> Response:
    """End a session; its cookie opens nothing more, wherever it was copied to."""
    visit = await visit_of(request)
    if visit is not None:
        if not visit.session.owns((await fields_of(request)).get("form_token")):
            raise FormForged
        database: Database = request.app.state.database
        async with database.transaction() as connection:
            session = visit.session
            await logins.end(connection, session.login_id, session.ends_at, utc_now())
    answer = sent_to(request, ENTRANCE)
    answer.delete_cookie(COOKIE, path=cookie_path(request))
    return answer
