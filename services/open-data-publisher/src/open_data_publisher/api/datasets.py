# SPDX-License-Identifier: EUPL-1.2
"""The data of datasets as files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from open_data_publisher.api.feeds import PAST, At
from open_data_publisher.api.lookup import check_at, find_dataset, zone_of
from open_data_publisher.datasets.files import File
from open_data_publisher.datasets.formats.catalogue import FORMATS, FileFormat
from open_data_publisher.domain.asked import Asked, PeriodError, Wanted, asked_for
from open_data_publisher.domain.policy import Dataset
from open_data_publisher.storage import editions
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.encodings import takes_gzip
from stadttakt_runtime.http.problem import Problem

router = APIRouter(tags=["datasets"])

FRESH = "public, max-age=60"
NEVER = datetime(2020, 1, 1, tzinfo=UTC)
"""Stands for when a file changed that no row is in: told to nobody."""

Moment = AwareDatetime | date
DayAsked = Annotated[date | None, Query(alias="day", description="one day of the city")]
MonthAsked = Annotated[str | None, Query(alias="month", description="one month, as 2026-11")]
From = Annotated[Moment | None, Query(alias="from", description="a day or time, inclusive")]
To = Annotated[Moment | None, Query(alias="to", description="a day or time, exclusive")]
Ending = Annotated[str, Path(description="csv, json, geojson or parquet")]


@router.get(
    "/datasets/{dataset_id}/data.{ending}",
    response_class=Response,
    responses={
        200: {
            "content": {each.media_type: {} for each in FORMATS.values()},
            "description": "The file; without a period the 31 days before now or `at`, of registers all",
        },
        304: {"description": "Unchanged"},
        404: {"description": "No public dataset of this name, not in this format, or not kept"},
    },
)
async def dataset_file(  # noqa: PLR0913, PLR0917 (the query's own words)
    request: Request,
    dataset_id: str,
    ending: Ending,
    day: DayAsked = None,
    month: MonthAsked = None,
    begin: From = None,
    end: To = None,
    at: At = None,
) -> Response:
    """Return the rows of a period as a file; with `at` those that were public then."""
    dataset = find_dataset(request, dataset_id)
    made_as = _format(dataset, ending)
    now = utc_now()
    check_at(request, at, now)
    asked = _asked(request, dataset, Wanted(day, month, begin, end), at or now)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        days = await editions.days(
            connection, dataset.dataset_id, dataset.rules, first=asked.first, last=asked.last
        )
    file = File(dataset, made_as, asked, at, days)
    return _answer(request, file, database)


def _format(dataset: Dataset, ending: str) -> FileFormat:
    found = FORMATS.get(ending)
    if found is None or not found.suits(dataset):
        there = ", ".join(each.ending for each in FORMATS.values() if each.suits(dataset))
        raise Problem(
            f"{dataset.dataset_id} comes as {there}",
            status=404,
            code="no_such_format",
            title="Not in this format",
        )
    return found


def _asked(request: Request, dataset: Dataset, wanted: Wanted, now: datetime) -> Asked:
    try:
        return asked_for(
            wanted,
            zone=zone_of(request),
            now=now,
            all_by_default=dataset.source.small,
            has_days=dataset.source.time is not None,
        )
    except PeriodError as error:
        raise Problem(error.detail, status=422, code=error.code, title="No such period") from error


def _answer(request: Request, file: File, database: Database) -> Response:
    zipped = not file.format.is_compressed and takes_gzip(
        request.headers.get("accept-encoding", "")
    )
    headers = {"cache-control": FRESH if file.at is None else PAST, "vary": "accept-encoding"}
    changed = max((day.changed_at for day in file.days), default=NEVER)
    bare = respond(
        request, b"", last_modified=changed, etag=file.etag(zipped=zipped), headers=headers
    )
    if not file.days:
        del bare.headers["last-modified"]
    if bare.status_code == 304:
        return bare
    told = ("etag", "last-modified")
    headers |= {name: bare.headers[name] for name in told if name in bare.headers}
    headers["content-disposition"] = f'attachment; filename="{_name(file)}"'
    headers["link"] = f'<{file.dataset.terms.licence.url}>; rel="license"'
    if zipped:
        headers["content-encoding"] = "gzip"
    body: AsyncIterator[bytes] = file.stream(database, zipped=zipped)
    return StreamingResponse(body, headers=headers, media_type=file.format.media_type)


def _name(file: File) -> str:
    period = "-".join(
        day.strftime("%Y%m%d") for day in (file.asked.first, file.asked.last) if day is not None
    )
    stem = f"{file.dataset.dataset_id}-{period}" if period else file.dataset.dataset_id
    return f"{stem}.{file.format.ending}"
