# SPDX-License-Identifier: EUPL-1.2
"""The frame around every page: language, links below the public address, security headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from importlib.resources import files
from typing import Any, Literal, cast
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import yaml
from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from stadttakt_runtime.http.assets import Assets

Language = Literal["de", "en"]
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
SCRIPTED = f"{POLICY}; script-src 'self'; connect-src 'self'"
"""Of the pages that bring a script; the others may run none."""
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
_FOLDER = files("measure_registry.site")
TEXTS: Mapping[str, Mapping[str, str]] = {
    key: text
    for name in (
        "texts.yaml",
        "profile_texts.yaml",
        "rights_texts.yaml",
        "staff_texts.yaml",
        "undertaking_texts.yaml",
    )
    for key, text in yaml.safe_load((_FOLDER / name).read_text(encoding="utf-8")).items()
}
ASSETS = Assets("measure_registry.site", "stadttakt_runtime.http.city_map")
_TEMPLATES = Environment(
    loader=PackageLoader("measure_registry.site"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Site:
    """Where the pages are reached from outside; kept as `app.state.site`."""

    public_url: str

    @property
    def prefix(self) -> str:
        """The path below which a reverse proxy shows the pages."""
        return urlsplit(self.public_url).path.rstrip("/")

    def href(self, path: str, language: Language, **query: str | None) -> str:
        """Return the address of a page in a language, below the prefix."""
        return self.address(path, language, query)

    def address(self, path: str, language: Language, query: Mapping[str, str | None]) -> str:
        """Return it with a query of any names, as somebody else may have written it."""
        given = {name: value for name, value in query.items() if value}
        if language != "de":
            given["lang"] = language
        return self.prefix + path + (f"?{urlencode(given)}" if given else "")

    def absolute(self, path: str) -> str:
        """Return a page's address for mails and feeds."""
        return self.public_url.rstrip("/") + path


def language_of(request: Request) -> Language:
    """Return the language that the address names, German if none."""
    asked = request.query_params.get("lang")
    return cast(Language, asked) if asked in {"de", "en"} else "de"


def tell(key: str, language: str, **values: Any) -> str:
    """Return a text; raises KeyError for an unknown key."""
    return TEXTS[key][language].format(**values)


def day(value: date | datetime | str | None, language: str, zone: str) -> str:
    """Return a day as people write it, a moment's by the city's clock."""
    if value is None:
        return ""
    if isinstance(value, str):
        value = date.fromisoformat(value)
    local = value.astimezone(ZoneInfo(zone)) if isinstance(value, datetime) else value
    return local.strftime("%d.%m.%Y" if language == "de" else "%d/%m/%Y")


def moment(value: datetime, language: str, zone: str) -> str:
    """Return day and time as people write them, by the city's clock."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{day(local, language, zone)}, {local:%H:%M}"


def page(  # noqa: PLR0913  # all by name
    request: Request,
    template: str,
    *,
    title: str,
    city_name: str,
    zone: str,
    status: int = 200,
    private: bool = False,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
    **values: Any,
) -> Response:
    """Return a page; a private one is kept by nobody and found by no search engine.

    `scripts` and `styles` name files beside the one that all pages have.
    """
    site: Site = request.app.state.site
    language = language_of(request)
    other: Language = "en" if language == "de" else "de"
    query = {name: value for name, value in request.query_params.items() if name != "lang"}
    body = _TEMPLATES.get_template(template).render(
        title=title,
        city_name=city_name,
        site=tell("site", language, city=city_name) if city_name else tell("site_alone", language),
        language=language,
        other=other,
        other_href=site.address(request.url.path, other, query),
        t=partial(tell, language=language),
        href=partial(site.href, language=language),
        day=partial(day, language=language, zone=zone),
        moment=partial(moment, language=language, zone=zone),
        styles=[_address(site, name) for name in ("registry.css", *styles)],
        scripts=[_address(site, name) for name in scripts],
        asset=partial(_address, site),
        private=private,
        **values,
    )
    headers = {
        "content-security-policy": SCRIPTED if scripts else POLICY,
        "permissions-policy": PERMISSIONS,
        "content-language": language,
        "cache-control": "no-store" if private else "no-cache",
    }
    if private:
        headers["x-robots-tag"] = "noindex"
    return Response(body, status, headers, media_type="text/html; charset=utf-8")


def _address(site: Site, name: str) -> str:
    return f"{site.prefix}/{ASSETS.address_of(name)}"
