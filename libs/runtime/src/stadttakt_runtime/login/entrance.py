# SPDX-License-Identifier: EUPL-1.2
"""Logging in and out of a service's pages: through the city's provider, or with an API key or token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Unavailable
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.login import storage as logins
from stadttakt_runtime.login.flow import LASTS
from stadttakt_runtime.login.provider import LoginRefused
from stadttakt_runtime.login.rooms import (
    FormForged,
    Rooms,
    begun,
    door_of,
    forget,
    form_of,
    keep,
    outside,
    principal_of,
    sent_to,
    visit_of,
)

Why = Literal["", "abgelehnt", "rolle", "weg", "falsch", "viele"]
"""Why an attempt did not do: refused by the provider, no role, provider away, no such key, too many."""
Show = Callable[[Request, Why], Awaitable[Response]]
"""Returns the page where one logs in, 403 with a reason."""
log = get_logger(__name__)


def entrance_router(rooms: Rooms, show: Show) -> APIRouter:
    """Return the ways in and out of the rooms of a service."""
    router = APIRouter(include_in_schema=False)
    arrival = f"{rooms.entrance}/zurueck"

    @router.get(rooms.entrance)
    async def entrance(
        request: Request, why: Annotated[Why, Query(alias="grund")] = ""
    ) -> Response:
        """Show the ways in."""
        return await show(request, why)

    @router.get(f"{rooms.entrance}/konto")
    async def depart(request: Request) -> Response:
        """Send somebody to the city's provider."""
        login = door_of(request).login
        if login is None:
            return sent_to(request, rooms.entrance)
        try:
            departure = await login.depart(outside(request, arrival), rooms.home, utc_now())
        except Unavailable:
            return sent_to(request, rooms.entrance, grund="weg")
        answer = Response(status_code=303, headers={"location": departure.url})
        lasts_s = int(LASTS.total_seconds())
        keep(request, answer, departure.cookie_name, departure.cookie, lasts_s)
        return answer

    router.add_api_route(rooms.entrance, log_in, methods=["POST"])
    router.add_api_route(arrival, arrive, methods=["GET"])
    router.add_api_route(f"{rooms.home}/abmelden", log_out, methods=["POST"])
    return router


async def log_in(request: Request) -> Response:
    """Begin a session for somebody with a key or token that may do something here."""
    door = door_of(request)
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise FormForged
    if not door.attempts.takes(request.client.host if request.client else ""):
        return sent_to(request, door.rooms.entrance, grund="viele")
    key = (await form_of(request)).get("key", "").strip()
    principal = await principal_of(request, key) if key else None
    if principal is None:
        return sent_to(request, door.rooms.entrance, grund="falsch")
    if not door.rooms.let_in(principal):
        return sent_to(request, door.rooms.entrance, grund="rolle")
    return begun(request, door.sessions.of_key(key, utc_now()))


async def arrive(request: Request) -> Response:
    """Begin a session for who comes back from the provider, if it gave them a role here."""
    door = door_of(request)
    entrance, login = door.rooms.entrance, door.login
    if login is None:
        return sent_to(request, entrance)
    query = dict(request.query_params)
    try:
        arrival = await login.arrive(query, request.cookies, utc_now())
    except LoginRefused as error:
        log.warning("login_refused", reason=str(error))
        answer: Response = sent_to(request, entrance, grund="abgelehnt")
    except Unavailable as error:
        log.warning("login_provider_away", reason=str(error))
        answer = sent_to(request, entrance, grund="weg")
    else:
        if door.rooms.let_in(arrival.principal):
            answer = begun(request, door.sessions.of_principal(arrival.principal, utc_now()))
        else:
            answer = sent_to(request, entrance, grund="rolle")
    forget(request, answer, login.cookie_to_forget(query))
    return answer


async def log_out(request: Request) -> Response:
    """End a session; its cookie opens nothing more, wherever it was copied to."""
    rooms = door_of(request).rooms
    visit = await visit_of(request)
    if visit is not None:
        if not visit.session.owns((await form_of(request)).get("form_token")):
            raise FormForged
        database: Database = request.app.state.database
        async with database.transaction() as connection:
            session = visit.session
            await logins.end(connection, session.login_id, session.ends_at, utc_now())
    answer = sent_to(request, rooms.entrance)
    forget(request, answer, rooms.cookie)
    return answer
