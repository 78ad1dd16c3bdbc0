# SPDX-License-Identifier: EUPL-1.2
"""In which language a page is: German, or English where the address asks for it."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from fastapi import Request

from open_data_publisher.domain.portal import LANGUAGES, Language

PARAMETER = "lang"
FIRST: Language = LANGUAGES[0]


def language_of(request: Request) -> Language:
    """Return the language that the address names; any other word means the first one.

    What the browser prefers is not looked at: one address shows one page, in every cache.
    """
    asked = request.query_params.get(PARAMETER)
    return next((language for language in LANGUAGES if language == asked), FIRST)


def localised(address: str, language: Language) -> str:
    """Return an address of this server so that it shows a language."""
    if language == FIRST:
        return address
    parts = urlsplit(address)
    query = "&".join(filter(None, [parts.query, f"{PARAMETER}={language}"]))
    return urlunsplit(parts._replace(query=query))


def in_language(request: Request, language: Language) -> str:
    """Return the address of the same page in a language."""
    kept = [
        part
        for part in request.url.query.split("&")
        if part and part.partition("=")[0] != PARAMETER
    ]
    query = "&".join(kept)
    return localised(f"{request.url.path}?{query}" if query else request.url.path, language)
