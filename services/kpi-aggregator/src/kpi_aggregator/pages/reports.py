# SPDX-License-Identifier: EUPL-1.2
"""`/berichte`: what is reported to whom, with the files of the newest reports."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from kpi_aggregator.api.visible import SeesAll
from kpi_aggregator.domain.report import ReportDefinition
from kpi_aggregator.pages.city import city_now
from kpi_aggregator.pages.frame import language_of, page
from kpi_aggregator.pages.texts import Language, words_in
from kpi_aggregator.reporting.words import span_words
from kpi_aggregator.storage import reports
from kpi_aggregator.storage.reports import Edition, Wanted
from stadttakt_runtime.database import Database

router = APIRouter(include_in_schema=False)

MOST_EDITIONS = 24
FORMS = ("html", "pdf", "xlsx", "csv")


@router.get("/berichte")
async def all_reports(request: Request, sees_all: SeesAll) -> Response:
    """Show the reports in force and their newest editions."""
    city, language = await city_now(request), language_of(request)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        listed = [
            _report(each, await _editions(connection, each, sees_all=sees_all), language)
            for each in await reports.definitions(connection)
            if each.public or sees_all
        ]
    return page(
        request,
        "reports.html",
        city=city.name,
        active="reports",
        title=words_in(language)("reports_title"),
        listed=listed,
        forms=FORMS,
    )


async def _editions(
    connection: Any, definition: ReportDefinition, *, sees_all: bool
) -> list[Edition]:
    found = await reports.newest(connection, definition.report_id, Wanted(), limit=MOST_EDITIONS)
    return [each for each in found if each.definition.public or sees_all]


def _report(
    definition: ReportDefinition, editions: list[Edition], language: Language
) -> dict[str, Any]:
    return {
        "report_id": definition.report_id,
        "title": definition.title[language],
        "recipient": definition.recipient[language],
        "every": definition.every.value,
        "public": definition.public,
        "editions": [
            {
                "name": each.span.name,
                "period": span_words(each.span),
                "number": each.number,
                "made": each.produced_at.date(),
            }
            for each in editions
        ],
    }
