# SPDX-License-Identifier: EUPL-1.2
"""The form of a dataset's page: leads to the file that is meant, or says what is wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from open_data_publisher.api.dataset_pages import dataset_page
from open_data_publisher.api.lookup import find_dataset, zone_of
from open_data_publisher.datasets.formats.catalogue import FORMATS
from open_data_publisher.datasets.then import summary_of
from open_data_publisher.domain.asked import PeriodError
from open_data_publisher.domain.choice import Choice, Now, query_of
from open_data_publisher.domain.policy import Dataset
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database

router = APIRouter(include_in_schema=False)
Written = Annotated[str, Query(max_length=40)]


async def _choice(
    monat: Written = "",
    tag: Written = "",
    von: Written = "",
    bis: Written = "",
    stand: Written = "",
    format_: Annotated[str, Query(alias="format", max_length=40)] = "csv",
) -> Choice:
    return Choice(monat, tag, von, bis, stand, format_)


@router.get("/datasets/{dataset_id}/auswahl")
async def choose(
    request: Request, dataset_id: str, choice: Annotated[Choice, Depends(_choice)]
) -> Response:
    """Lead to the file of a period, a day's state and a format."""
    dataset = find_dataset(request, dataset_id)
    try:
        query = _query(request, dataset, choice)
        await _refuse_nothing(request, dataset, query.get("at"))
    except PeriodError as error:
        return await dataset_page(request, dataset, choice=choice, fault=error.code)
    path = f"/datasets/{quote(dataset.dataset_id)}/data.{choice.ending}"
    address = f"{path}?{urlencode(query)}" if query else path
    return RedirectResponse(address, status_code=303, headers={"cache-control": "no-store"})


async def _refuse_nothing(request: Request, dataset: Dataset, at: str | None) -> None:
    """Raise PeriodError where nothing of a dataset was public at a moment: its file would be empty."""
    if at is None:
        return
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await summary_of(connection, dataset, datetime.fromisoformat(at), zone_of(request))
    if found is None:
        raise PeriodError("nothing_public_then", "nothing of the dataset was public then")


def _query(request: Request, dataset: Dataset, choice: Choice) -> dict[str, str]:
    made_as = FORMATS.get(choice.ending)
    if made_as is None or not made_as.suits(dataset):
        raise PeriodError("no_format", "not in this format")
    kept = timedelta(days=request.app.state.settings.history_days)
    now = Now(utc_now(), zone_of(request), kept)
    return query_of(choice, now, has_days=dataset.source.time is not None)
