# SPDX-License-Identifier: EUPL-1.2
"""Who comes in at `/leitstelle`, and what they are told when they do not."""

from __future__ import annotations

from fastapi import Request, Response

from stadttakt_runtime.login.entrance import Ways, Why
from stadttakt_runtime.login.rooms import Rooms, Visit
from vehicle_occupancy.api.control.frame import HOME, answer_of, entrance_page

ROOMS = Rooms(
    cookie="stadttakt_transit",
    home=HOME,
    below=HOME,
    roles={"leitstelle": "transit:write", "leitstelle-lesend": "transit:read"},
    scopes=frozenset({"transit:read", "transit:write"}),
)
SAID: dict[Why, tuple[str, str]] = {
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


async def show_entrance(request: Request, ways: Ways) -> Response:
    """Return the page where one logs in."""
    page = entrance_page(request, ways, SAID.get(ways.why), ROOMS.entrance)
    return answer_of(page, status=ways.status)


def records(visit: Visit) -> bool:
    """Tell whether somebody may record what was done."""
    return visit.principal.may("transit:write")
