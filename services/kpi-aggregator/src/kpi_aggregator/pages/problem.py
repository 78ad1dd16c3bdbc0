# SPDX-License-Identifier: EUPL-1.2
"""How a problem is told as a page."""

from __future__ import annotations

from fastapi import Request, Response

from kpi_aggregator.pages.city import CityNow, city_now
from kpi_aggregator.pages.frame import language_of, page
from kpi_aggregator.pages.texts import words_in
from stadttakt_runtime.http.problem import Problem
from stadttakt_runtime.http.problem_pages import Said, Told, unless_away


def _told(code: str) -> Told:
    german, english = words_in("de"), words_in("en")
    title, text = f"problem_{code}", f"problem_{code}_text"
    return Told(Said(german(title), german(text)), Said(english(title), english(text)))


OWN = {code: _told(code) for code in ("period_not_over",)}
"""Of these problems people are told in words of this service."""


async def show_problem(request: Request, problem: Problem, told: Told) -> Response:
    """Return the page of a problem, with the city's name if the database tells it."""

    async def known() -> CityNow:
        return await city_now(request)

    city = await unless_away(problem, known)
    said = told.en if language_of(request) == "en" else told.de
    return page(
        request,
        "problem.html",
        city=city.name if city else "",
        active=None,
        title=said.title,
        said=said.text,
        has_entrance=problem.status in {401, 403},
    )
