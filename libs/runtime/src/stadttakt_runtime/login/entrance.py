# SPDX-License-Identifier: EUPL-1.2
"""Logging in and out of a service's pages: through the city's provider, or with an API key or token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Unavailable
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.login import storage as logins
from stadttakt_runtime.login.flow import LASTS, safe_path
from stadttakt_runtime.login.provider import LoginRefused
from stadttakt_runtime.login.rooms import (
    FormForged,
    Rooms,
    back_to,
    begun,
    door_of,
    forget,
    form_of,
    keep,
    outside,
    principal_of,
    sent_to,
    takes_keys,
    visit_of,
)

Why = Literal["", "abgelehnt", "rolle", "weg", "falsch", "viele"]
"""Why an attempt did not do: refused by the provider, no role, provider away, no such key, too many."""
Back = Annotated[str | None, Query(alias="zurueck", max_length=500)]
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ways:
    """What the entrance offers; where it has neither the provider nor keys, no access is set up yet.

    `back` is the page to go on to. Who has just left is told so, and where the provider's own session, if
    there is one, is ended.
    """

    has_provider: bool
    takes_keys: bool
    back: str
    why: Why = ""
    has_left: bool = False
    end_url: str | None = None

    @property
    def status(self) -> int:
        """The status of the page."""
        if not self.why:
            return 200
        return 429 if self.why == "viele" else 403


Show = Callable[[Request, Ways], Awaitable[Response]]
"""Returns the page where one logs in."""


def entrance_router(rooms: Rooms, show: Show) -> APIRouter:
    """Return the ways in and out of the rooms of a service."""
    router = APIRouter(include_in_schema=False)
    arrival = f"{rooms.entrance}/zurueck"

    @router.get(rooms.entrance)
    async def entrance(
        request: Request, why: Annotated[Why, Query(alias="grund")] = "", back: Back = None
    ) -> Response:
        """Show the ways in."""
        return await show(request, await _ways(request, back, why=why))

    @router.get(f"{rooms.home}/abgemeldet")
    async def left(request: Request, konto: str = "") -> Response:
        """Say that a session is over."""
        end_url = await _end_url(request) if konto else None
        return await show(request, await _ways(request, None, has_left=True, end_url=end_url))

    @router.get(f"{rooms.entrance}/konto")
    async def depart(request: Request, back: Back = None) -> Response:
        """Send somebody to the city's provider."""
        login = door_of(request).login
        if login is None:
            return sent_to(request, rooms.entrance)
        try:
            departure = await login.depart(
                outside(request, arrival), back_to(request, back), utc_now()
            )
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


async def _ways(request: Request, back: str | None, **more: Any) -> Ways:
    door = door_of(request)
    return Ways(
        has_provider=door.login is not None,
        takes_keys=await takes_keys(request),
        back=safe_path(back, door.rooms.home),
        **more,
    )


async def _end_url(request: Request) -> str | None:
    """Return where one leaves the provider; nothing where there is none, or it does not answer."""
    door = door_of(request)
    if door.login is None:
        return None
    try:
        return await door.login.end_url(outside(request, f"{door.rooms.home}/abgemeldet"))
    except Unavailable as error:
        log.warning("login_provider_away", reason=str(error))
        return None


async def log_in(request: Request) -> Response:
    """Begin a session for somebody with a key or token that may do something here."""
    door = door_of(request)
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise FormForged
    form = await form_of(request)
    asked = safe_path(form.get("zurueck"), door.rooms.home)
    back = None if asked == door.rooms.home else asked
    again = partial(sent_to, request, door.rooms.entrance, zurueck=back)
    if not door.attempts.takes(request.client.host if request.client else ""):
        return again(grund="viele")
    key = form.get("key", "").strip()
    principal = await principal_of(request, key) if key else None
    if principal is None:
        log.warning("login_refused", reason="no such key")
        return again(grund="falsch")
    if not door.rooms.let_in(principal):
        log.warning("login_refused", reason="no role", who=str(principal))
        return again(grund="rolle")
    log.info("logged_in", who=str(principal), to=door.rooms.home)
    return begun(request, door.sessions.of_key(key, utc_now()), back_to(request, back))


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
            log.info("logged_in", who=str(arrival.principal), to=door.rooms.home)
            cookie = door.sessions.of_principal(arrival.principal, utc_now())
            answer = begun(request, cookie, arrival.back)
        else:
            log.warning("login_refused", reason="no role", who=str(arrival.principal))
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
    came_by_provider = visit is not None and visit.session.principal is not None
    answer = sent_to(request, f"{rooms.home}/abgemeldet", konto="1" if came_by_provider else "")
    forget(request, answer, rooms.cookie)
    return answer
