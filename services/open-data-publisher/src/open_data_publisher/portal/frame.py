# SPDX-License-Identifier: EUPL-1.2
"""The frame around every page: menu, language, notice of simulated data, legal links."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from open_data_publisher.domain.portal import LANGUAGES, Language, PortalCity
from open_data_publisher.portal import formats
from open_data_publisher.portal.assets import address_of
from open_data_publisher.portal.language import in_language, language_of, localised
from open_data_publisher.portal.words import words_in
from open_data_publisher.shelf import Built
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import has_tag
from stadttakt_runtime.http.encodings import takes_gzip

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
MOST_KEPT = 256
MENU = (
    ("now", "/"),
    ("transit", "/bus-und-bahn"),
    ("kpi", "/kennzahlen"),
    ("measures", "/massnahmen"),
    ("datasets", "/datasets"),
)
LEGAL = (
    ("imprint", "/impressum"),
    ("privacy", "/datenschutz"),
    ("accessibility", "/barrierefreiheit"),
)

_TEMPLATES = Environment(
    loader=PackageLoader("open_data_publisher.portal"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals["asset"] = address_of


class Portal:
    """A city's pages; kept as `app.state.portal`. `ideas_url` is where those of ideas are, which another service serves; `made` is how many were rendered."""

    def __init__(self, city: PortalCity, ideas_url: str = "") -> None:
        self.city = city
        self._ideas_url = ideas_url
        self._kept: OrderedDict[Hashable, Built] = OrderedDict()
        self.made = 0

    def render(self, request: Request, template: str, **values: Any) -> str:
        """Return a template's text; it extends `frame.html` and gets what that needs."""
        return _TEMPLATES.get_template(template).render(self._frame(request) | values)

    def built(
        self, request: Request, template: str, values: Mapping[str, Any], once: Hashable
    ) -> Built:
        """Return a page as bytes; what is the same `once` at an address is rendered once."""
        key = (template, request.url.path, request.url.query, once)
        found = None if once is None else self._kept.get(key)
        if found is None:
            self.made += 1
            found = Built.of(self.render(request, template, **values).encode(), utc_now())
            if once is not None:
                self._kept[key] = found
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return found

    def _frame(self, request: Request) -> dict[str, Any]:
        language = language_of(request)
        zone = self.city.timezone
        return {
            "city": self.city,
            "language": language,
            "t": words_in(language),
            "href": partial(localised, language=language),
            "others": [(other, in_language(request, other)) for other in _others(language)],
            "number": partial(formats.number, language=language),
            "clock": partial(formats.clock, zone=zone),
            "day": partial(formats.day, language=language, zone=zone),
            "menu": MENU,
            "ideas_url": self._ideas_url,
            "legal": LEGAL,
            "active": None,
            "simulated": False,
            "scripts": (),
        }


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    max_age_s: int = 0,
    vary: str = "accept-encoding",
    once: Hashable = None,
    **values: Any,
) -> Response:
    """Return a page as an answer: compressed where taken, 304 where the browser has it.

    `title` names the page, `active` the menu's entry; `scripts` are names of assets;
    `simulated=True` shows the notice. A page that somebody waits for is asked for anew each
    time unless `max_age_s` says how long it holds. `vary` names what else the answer hangs on,
    `once` all that the page hangs on beside its address: rendered once while that is the same.
    """
    portal: Portal = request.app.state.portal
    built = portal.built(request, template, values, once)
    body = built.body
    headers = {
        "content-security-policy": POLICY,
        "permissions-policy": PERMISSIONS,
        "cache-control": f"public, max-age={max_age_s}" if max_age_s else "no-cache",
        "content-language": language_of(request),
        "vary": vary,
        "etag": built.etag,
    }
    if takes_gzip(request.headers.get("accept-encoding", "")):
        body, headers["etag"] = built.zipped, built.zipped_etag
        headers["content-encoding"] = "gzip"
    if status == 200 and has_tag(request, headers["etag"]):
        headers.pop("content-encoding", None)
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, media_type="text/html; charset=utf-8")


def _others(language: Language) -> list[Language]:
    return [other for other in LANGUAGES if other != language]
