# SPDX-License-Identifier: EUPL-1.2
"""The measures, as the registry publishes them; a page that says so while it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from open_data_publisher.api.lookup import city_terms
from open_data_publisher.domain.portal import Language
from open_data_publisher.portal.frame import page
from open_data_publisher.portal.language import language_of
from open_data_publisher.portal.words import TEXTS, Words, words_in
from open_data_publisher.upstream import MEASURES, AwayError, MissingError, Upstream

router = APIRouter(include_in_schema=False)
NOT_GIVEN = "nicht_angegeben"
"""The registry's word where a measure has no maturity or status: nothing that a page has to say."""


@router.get("/massnahmen")
async def measures(request: Request) -> Response:
    """Show the measures."""
    language = language_of(request)
    words = words_in(language)
    upstream: Upstream = request.app.state.upstream
    try:
        found, is_away = (await upstream.read_items(MEASURES)).body, False
    except (AwayError, MissingError):
        found, is_away = [], True
    fields = await city_terms(request, "handlungsfelder", language) if found else {}
    return page(
        request,
        "measures.html",
        active="measures",
        title=words("measures.title"),
        measures=[_measure(each, language, words, fields) for each in found],
        is_away=is_away,
    )


def _measure(
    measure: Mapping[str, Any], language: Language, words: Words, fields: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the page shows; the registry tells a text as one or by language, and words by their keys."""

    def told(value: Any) -> Any:
        return value.get(language, "") if isinstance(value, Mapping) else value

    def named(group: str, key: str | None) -> str | None:
        if key == NOT_GIVEN:
            return None
        name = f"measures.{group}_{key}"
        return words(name) if name in TEXTS else key

    def standing(each: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "title": told(each["title"]),
            "maturity": named("maturity", each.get("reifegrad")),
            "state": named("state", each.get("state")),
        }

    return {
        **standing(measure),
        "summary": told(measure.get("summary")),
        "fields": [fields.get(each, each) for each in measure.get("handlungsfelder") or ()],
        "subprojects": [standing(each) for each in measure.get("subprojects") or ()],
    }
