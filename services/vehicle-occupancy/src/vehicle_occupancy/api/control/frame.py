# SPDX-License-Identifier: EUPL-1.2
"""The frame around the control centre's pages, and the page where one logs in."""

from __future__ import annotations

from html import escape

from fastapi import Request, Response

from stadttakt_runtime.http.problem import Problem
from stadttakt_runtime.http.problem_pages import Said, Told
from stadttakt_runtime.login.entrance import Ways
from stadttakt_runtime.login.rooms import here
from vehicle_occupancy.api.control.assets import ASSETS

HOME = "/leitstelle"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
    "content-language": "de",
}


def answer_of(page: str, *, status: int = 200) -> Response:
    """Return a page as an answer that nobody keeps."""
    return Response(page, status, _HEADERS, media_type="text/html; charset=utf-8")


def english(text: str) -> str:
    """Return English words as they stand beside German ones."""
    return f"<span lang='en'>{text}</span>"


def hint(german: str, said_in_english: str) -> str:
    """Return what somebody must know at once."""
    return f"<p class='hint' role='alert'>{escape(german)} {english(escape(said_in_english))}</p>"


CLOSED = (
    "Hier ist noch kein Zugang eingerichtet: Wer den Dienst betreibt, schließt die Anmeldung der Stadt an oder erzeugt einen Schlüssel.",
    "No access is set up yet: the city's login is not connected, and there is no valid key.",
)
BRAND = f"<p class='brand'>Leitstelle {english('control centre')}</p>"


def framed(request: Request, title: str, header: str, main: str) -> str:
    """Return a whole page; `header` and `main` are markup."""

    def asset(name: str) -> str:
        return here(request, f"{HOME}/{ASSETS.address_of(name)}")

    return (
        "<!doctype html><html lang='de'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><link rel='stylesheet' href='{asset('control.css')}'>"
        f"<link rel='icon' href='{asset('icon.svg')}' type='image/svg+xml'>"
        f"<script type='module' src='{asset('control.js')}'></script></head><body>"
        f"<a class='skip' href='#content'>Zum Inhalt springen</a><header><div class='bar'>{header}"
        "</div></header><p id='said' class='hint' role='status' hidden></p>"
        f"<main id='content' tabindex='-1'>{main}</main></body></html>"
    )


def entrance_page(request: Request, ways: Ways, said: tuple[str, str] | None, entrance: str) -> str:
    """Return the page where one logs in, with why an attempt did not do."""
    main = (
        f"<h1>Anmelden {english('log in')}</h1>"
        "<p>Für die Leitstelle: Spitzen, Rat und Wirkung. "
        f"{english('For the control centre: peaks, advice and effects.')}</p>"
        f"{hint(*said) if said else ''}{_left(ways)}"
    )
    if ways.has_provider:
        main += (
            f"<p><a class='button' href='{here(request, f'{entrance}/konto')}'>Mit dem Konto der Stadt "
            f"anmelden {english('log in with your account')}</a></p>"
        )
    if ways.takes_keys:
        main += (
            f"<form class='card' method='post' action='{here(request, entrance)}'>"
            f"<label for='key'>Zugangsschlüssel {english('API key')}</label>"
            "<input id='key' name='key' type='password' autocomplete='off' required>"
            f"<button>Anmelden {english('log in')}</button></form>"
        )
    elif not ways.has_provider:
        main += f"{hint(*CLOSED)}<p><code>stadttakt keys create --label … --scope transit:write</code></p>"
    return framed(request, "Anmelden – Leitstelle", BRAND, main)


def _left(ways: Ways) -> str:
    """Return what who has left is told, and where their session at the provider is ended."""
    if not ways.has_left:
        return ""
    end = ""
    if ways.end_url:
        end = (
            f" <a href='{escape(ways.end_url)}'>Auch am Konto der Stadt abmelden "
            f"{english('log out of your account as well')}</a>"
        )
    return f"<p role='status'>Sie sind abgemeldet. {english('You are logged out.')}{end}</p>"


async def show_problem(request: Request, _problem: Problem, told: Told) -> Response:
    """Return the page of a problem."""
    german, other = (Said(*map(escape, said)) for said in (told.de, told.en))
    main = (
        f"<h1>{german.title} {english(other.title)}</h1><p>{german.text} {english(other.text)}</p>"
        f"<p><a class='button' href='{here(request, HOME)}'>Zur Leitstelle "
        f"{english('to the control centre')}</a></p>"
    )
    return answer_of(framed(request, f"{told.de.title} – Leitstelle", BRAND, main))
