# SPDX-License-Identifier: EUPL-1.2
"""The frame around every page, and how a page is answered."""

from __future__ import annotations

import gzip
from functools import partial
from typing import Any, Literal

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from kpi_aggregator.pages import figures
from kpi_aggregator.pages.assets import ASSETS
from kpi_aggregator.pages.texts import LANGUAGES, Language, words_in
from stadttakt_runtime.http.conditional import strong_etag
from stadttakt_runtime.login.rooms import up

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
GZIP_LEVEL = 5
LEGAL = (
    ("imprint", "impressum"),
    ("privacy", "datenschutz"),
    ("accessibility", "barrierefreiheit"),
)
Active = Literal["scorecard", "reports", "entry"]

_TEMPLATES = Environment(
    loader=PackageLoader("kpi_aggregator.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language_of(request: Request) -> Language:
    """Return the language that the address names; any other word means German."""
    asked = request.query_params.get("lang")
    return next((each for each in LANGUAGES if each == asked), LANGUAGES[0])


def page(
    request: Request,
    template: str,
    *,
    city: str,
    active: Active | None,
    status: int = 200,
    staff: bool = False,
    **values: Any,
) -> Response:
    """Return a page as an answer: compressed where taken, 304 where the browser has it.

    What staff see is kept by nobody.
    """
    language = language_of(request)
    frame = _frame(request, language) | {
        "city": city,
        "active": active,
        "staff": staff,
    }
    body = _TEMPLATES.get_template(template).render(frame | values).encode()
    headers = {
        "content-security-policy": POLICY,
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cache-control": "no-store" if staff or active == "entry" else "no-cache",
        "content-language": language,
        "vary": "accept-encoding, authorization, cookie",
        "etag": strong_etag(body),
    }
    if _takes_gzip(request):
        headers |= {"content-encoding": "gzip", "etag": strong_etag(b"gzip" + body)}
        body = gzip.compress(body, GZIP_LEVEL, mtime=0)
    if status == 200 and request.headers.get("if-none-match") == headers["etag"]:
        headers.pop("content-encoding", None)
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, media_type="text/html; charset=utf-8")


def _frame(request: Request, language: Language) -> dict[str, Any]:
    """Return what every page needs of the request, and how it writes numbers and days."""
    return {
        "language": language,
        "others": [(other, _here(request, other)) for other in LANGUAGES if other != language],
        "t": words_in(language),
        "number": partial(figures.number, language=language),
        "day": partial(figures.day, language=language),
        "period": partial(figures.period, language=language),
        "share": partial(figures.share, language=language),
        "root": up(request),
        "link": partial(link, request),
        "asset": lambda name: f"{up(request)}{ASSETS.address_of(name)}",
        "legal": _legal(request),
        "simulated": False,
        "footer": "footer",
        "scripts": (),
    }


def link(request: Request, path: str, **query: str | None) -> str:
    """Return a way to another page of this service, in the same language."""
    language = language_of(request)
    given = {name: value for name, value in query.items() if value}
    if language != LANGUAGES[0]:
        given["lang"] = language
    asked = "&".join(f"{name}={value}" for name, value in given.items())
    return f"{up(request)}{path}" + (f"?{asked}" if asked else "")


def _here(request: Request, language: Language) -> str:
    kept = [part for part in request.url.query.split("&") if part and not part.startswith("lang=")]
    if language != LANGUAGES[0]:
        kept.append(f"lang={language}")
    return "?" + "&".join(kept)


def _legal(request: Request) -> list[tuple[str, str]]:
    portal: str = request.app.state.portal_url.rstrip("/")
    return [(key, f"{portal}/{path}") for key, path in LEGAL] if portal else []


def _takes_gzip(request: Request) -> bool:
    parts = [
        part.replace(" ", "").lower()
        for part in request.headers.get("accept-encoding", "").split(",")
    ]
    return any(
        part == "gzip" or (part.startswith("gzip;q=") and part != "gzip;q=0") for part in parts
    )
