"""The measures, as the registry publishes them; a page that says so while it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from open_data_publisher.portal.frame import page
from open_data_publisher.portal.language import language_of
from open_data_publisher.portal.words import words_in
from open_data_publisher.upstream import MEASURES, AwayError, MissingError, Upstream

router = APIRouter(include_in_schema=False)


@router.get("/massnahmen")
async def measures(request: Request) -> Response:
    """Show the measures."""
    words = words_in(language_of(request))
    upstream: Upstream = request.app.state.upstream
    try:
        found, is_away = (await upstream.read_items(MEASURES)).body, False
    except (AwayError, MissingError):
        found, is_away = [], True
    return page(
        request,
        "measures.html",
        active="measures",
        title=words("measures.title"),
        measures=[_measure(each, language_of(request)) for each in found],
        is_away=is_away,
    )


def _measure(measure: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return what the page shows; the registry tells a text as one or by language."""

    def told(value: Any) -> Any:
        return value.get(language, "") if isinstance(value, Mapping) else value

    subprojects = measure.get("subprojects") or ()
    return {
        "title": told(measure["title"]),
        "fields": [told(each) for each in measure.get("handlungsfelder") or ()],
        "maturity": told(measure.get("reifegrad")),
        "state": told(measure.get("state")),
        "subprojects": [
            told(each.get("title", "")) if isinstance(each, Mapping) else each
            for each in subprojects
        ],
    }
