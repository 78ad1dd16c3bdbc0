"""`/erfassen`: staff enter values and decide on those of others; the API does it, with their key."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from kpi_aggregator.pages.city import city_now
from kpi_aggregator.pages.frame import language_of, page
from kpi_aggregator.pages.texts import TEXTS, words_in

router = APIRouter(include_in_schema=False)


@router.get("/erfassen")
async def entry(request: Request) -> Response:
    """Show the form; who may use it, the API decides."""
    city, language = await city_now(request), language_of(request)
    told = {name: text[language] for name, text in TEXTS.items() if name.startswith("entry_")}
    return page(
        request,
        "entry.html",
        city=city.name,
        active="entry",
        title=words_in(language)("entry_title"),
        scripts=("entry.js",),
        script_words=told,
    )
