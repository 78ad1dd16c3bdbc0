# SPDX-License-Identifier: EUPL-1.2
"""Tells a problem to who reads in a browser as a page of the service, in words; programs read the document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from fastapi import FastAPI, Request, Response

from stadttakt_runtime.database import AWAY
from stadttakt_runtime.http.problem import Problem, Unavailable, ValidationFailed

API = "/v1/"
NO_PAGE = frozenset({404, 405, 422})
"""What the address of a page that is not there, or was cut, is answered with."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
Known = TypeVar("Known")


class Said(NamedTuple):
    """A page's title, and what to do next."""

    title: str
    text: str


class Told(NamedTuple):
    """What a problem is in both languages."""

    de: Said
    en: Said


MISSING = Told(
    Said("Diese Seite gibt es nicht", "Vielleicht ist der Link unvollständig, oder die Seite wurde umbenannt. Prüfen Sie die Adresse, oder beginnen Sie auf der ersten Seite."),
    Said("There is no such page", "Perhaps the link is incomplete, or the page was renamed. Check the address, or begin at the first page."),
)  # fmt: skip
FAILED = Told(
    Said("Das hat nicht geklappt", "Der Fehler liegt bei uns und ist festgehalten. Versuchen Sie es in einigen Minuten noch einmal. Bleibt es dabei, melden Sie es bitte mit Uhrzeit."),
    Said("This did not work", "The fault is ours and was recorded. Try again in a few minutes. If it stays, please report it with the time of day."),
)  # fmt: skip
REFUSED = Told(
    Said("Das war so nicht möglich", "Es wurde nichts gespeichert. Gehen Sie mit der Zurück-Taste Ihres Browsers zurück, laden Sie die Seite neu und versuchen Sie es noch einmal."),
    Said("This was not possible", "Nothing was stored. Go back with your browser's back button, load the page anew and try again."),
)  # fmt: skip
BY_STATUS: Mapping[int, Told] = {
    401: Told(
        Said("Bitte melden Sie sich an", "Diese Seite ist nur für Angemeldete, oder Ihre Anmeldung ist abgelaufen. Melden Sie sich an und versuchen Sie es noch einmal."),
        Said("Please log in", "This page is for who is logged in, or your login is over. Log in and try again."),
    ),
    403: Told(
        Said("Das ist hier nicht erlaubt", "Sie haben dafür keine Rolle. Bitte wenden Sie sich an die Stelle, die Ihnen den Zugang gab."),
        Said("This is not allowed here", "You have no role for it. Please ask those who gave you access."),
    ),
    404: MISSING,
    413: Told(
        Said("Das ist zu viel auf einmal", "Was Sie senden wollten, ist zu groß. Es wurde nichts gespeichert. Gehen Sie mit der Zurück-Taste Ihres Browsers zurück und senden Sie weniger."),
        Said("This is too much at once", "What you wanted to send is too large. Nothing was stored. Go back with your browser's back button and send less."),
    ),
    429: Told(
        Said("Das waren zu viele Versuche", "Bitte warten Sie eine Weile und versuchen Sie es dann noch einmal."),
        Said("These were too many attempts", "Please wait for a while and then try again."),
    ),
    503: Told(
        Said("Gerade nicht zu erreichen", "Bitte versuchen Sie es in einigen Minuten noch einmal: Laden Sie dann diese Seite neu."),
        Said("Not available at the moment", "Please try again in a few minutes: then load this page anew."),
    ),
}  # fmt: skip
BY_CODE: Mapping[str, Told] = {
    "form_unreadable": Told(
        Said("Dieses Formular ist nicht lesbar", "Es wurde nichts gespeichert: Das Formular enthält ein Zeichen, das nicht aufbewahrt werden kann, oder seine Zeichenkodierung ist unbekannt. Gehen Sie mit der Zurück-Taste Ihres Browsers zurück und schreiben Sie den Text neu, statt ihn einzufügen."),
        Said("This form cannot be read", "Nothing was stored: the form holds a character that cannot be kept, or its character encoding is not known. Go back with your browser's back button and type the text anew instead of pasting it."),
    ),
    "form_forged": Told(
        Said("Dieses Formular gehört nicht zu Ihrer Anmeldung", "Es wurde nichts gespeichert. Bitte laden Sie die Seite mit dem Formular neu."),
        Said("This form is not of your login", "Nothing was stored. Please load the page with the form anew."),
    ),
}  # fmt: skip

Show = Callable[[Request, Problem, Told], Awaitable[Response]]
"""Returns a page of the service around what is told; its status is set afterwards."""


@dataclass(frozen=True, slots=True)
class ProblemPages:
    """How a service tells problems to people; kept as `app.state.problem_pages`."""

    show: Show
    is_page: Callable[[str], bool]
    own: Mapping[str, Told] = field(default_factory=dict)

    def told(self, problem: Problem) -> Told:
        """Return the words for a problem: the service's own for its code, else ours."""
        words = {**BY_CODE, **self.own}.get(problem.code) or BY_STATUS.get(problem.status)
        return words or (FAILED if problem.status >= 500 else REFUSED)


def install(
    app: FastAPI,
    show: Show,
    *,
    is_page: Callable[[str], bool] = lambda _: True,
    own: Mapping[str, Told] | None = None,
) -> None:
    """Tell problems as pages, but never below `/v1/`; `is_page` tells at which other paths people read.

    `own` are the service's words by a problem's code.
    """
    app.state.problem_pages = ProblemPages(show, is_page, own or {})


async def answer(request: Request, problem: Problem) -> Response:
    """Return a page to who reads in a browser, else the document."""
    pages: ProblemPages | None = getattr(request.app.state, "problem_pages", None)
    if pages is None or problem.status < 400 or not _is_read_by_people(request, pages):
        return problem.response()
    told = _of_query(problem)
    if told is None and request.method in {"GET", "HEAD"} and problem.status in NO_PAGE:
        problem = Problem(status=404, code="not_found", headers=problem.headers)
    page = await pages.show(request, problem, told or pages.told(problem))
    page.status_code = problem.status
    page.headers.update(problem.headers)
    page.headers["cache-control"] = "no-store"
    return page


def _of_query(problem: Problem) -> Told | None:
    """Return what to say of what stands behind the question mark of an address; nothing of any other problem."""
    errors = problem.members.get("errors", ()) if isinstance(problem, ValidationFailed) else ()
    names = ", ".join(dict.fromkeys(each["field"] for each in errors if each["in"] == "query"))
    if not names:
        return None
    return Told(
        Said("In dieser Adresse steht etwas Falsches", f"Mit dem, was in der Adresse bei „{names}“ steht, kann diese Seite nichts anfangen: Es ist zu groß, zu klein, zu lang, oder es enthält ein Zeichen, das dort nicht vorkommt. Löschen Sie die Adresse ab dem Fragezeichen, oder beginnen Sie auf der ersten Seite."),
        Said("Something in this address is wrong", f"This page can do nothing with what the address says at “{names}”: it is too large, too small, too long, or holds a character that does not occur there. Delete the address from the question mark on, or begin at the first page."),
    )  # fmt: skip


async def unless_away(problem: Problem, read: Callable[[], Awaitable[Known]]) -> Known | None:
    """Return what the database knows, for a page; nothing while it does not answer."""
    if problem.status == Unavailable.status:
        return None
    try:
        return await read()
    except (*AWAY, Unavailable):
        return None


def _is_read_by_people(request: Request, pages: ProblemPages) -> bool:
    path = request.scope["path"]
    if path.startswith(API) or not pages.is_page(path):
        return False
    sent = request.headers.get("content-type", "")
    return "text/html" in request.headers.get("accept", "") or sent.startswith(FORMS)
