# SPDX-License-Identifier: EUPL-1.2
"""What all pages need of a request: the city, its time zone, and words for ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import Request, Response

from measure_registry.domain.idea import Idea
from measure_registry.site.frame import Language, page, tell
from measure_registry.storage import changes
from measure_registry.storage.city import City


def show(  # noqa: PLR0913  # all by name
    request: Request,
    city: City,
    template: str,
    *,
    title: str,
    active: str | None = None,
    status: int = 200,
    private: bool = False,
    **values: Any,
) -> Response:
    """Return a page of a city."""
    return page(
        request,
        template,
        title=title,
        city_name=city.intake.city_name,
        zone=city.intake.timezone,
        status=status,
        private=private,
        active=active,
        words=city.vocabulary,
        places=city.places,
        legal=legal_pages(request, city),
        **values,
    )


LEGAL = {"imprint": "impressum", "privacy": "datenschutz", "accessibility": "barrierefreiheit"}


def legal_pages(request: Request, city: City | None) -> dict[str, str]:
    """Return where the city's legal pages are: as it says, else beside the portal; none where nobody says it."""
    portal: str = request.app.state.settings.portal_url.rstrip("/")
    beside = {name: f"{portal}/{path}" for name, path in LEGAL.items()} if portal else {}
    return {**beside, **(city.intake.legal_pages if city else {})}


def titles(city: City, kind: str, terms: Sequence[str], language: Language) -> list[str]:
    """Return the names of words."""
    return [city.vocabulary.title(kind, term, language) for term in terms]


ONWARDS = {"divided": "state_split", "merged": "state_merged"}
"""What ends the way of an idea that goes on in others, by what was done."""


async def way(
    connection: Any, city: City, idea: Idea, language: Language
) -> list[tuple[datetime, str]]:
    """Return when an idea came to which state, the first first."""
    found = await changes.actions(
        connection, "idea", [idea.idea_id], ["submitted", "moved", "split", "divided", "merged"]
    )
    came = [(idea.submitted_at, city.workflow.title(city.workflow.initial, language))]
    for each in found:
        if each.action in ONWARDS:
            came.append((each.at, tell(ONWARDS[each.action], language)))
        elif each.action != "submitted" and each.to_state is not None:
            came.append((each.at, city.workflow.title(each.to_state, language)))
    return came
