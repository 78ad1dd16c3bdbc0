# SPDX-License-Identifier: EUPL-1.2
"""Assets with their place and their environment series: open data, what the city lists.

Bays and vehicles are no assets here: only `assets.csv` makes something public.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, StringConstraints

from stadttakt_messages.base import PlainId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from stadttakt_runtime.http.parameters import made_of
from stadttakt_runtime.http.problem import NotFound
from uplink_decoder.api.series_answer import (
    CSV,
    SeriesPage,
    bucket_items,
    raw_items,
    series_response,
)
from uplink_decoder.api.window import (
    BboxText,
    BucketWidth,
    From,
    Time,
    To,
    read_bbox,
    read_period,
)
from uplink_decoder.codecs.quantities import QUANTITY_PATTERN
from uplink_decoder.domain.series import valid_until
from uplink_decoder.storage import assets as storage

router = APIRouter(prefix="/v1/assets", tags=["assets"])

Name = Annotated[str, StringConstraints(pattern=QUANTITY_PATTERN)]
AssetId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:-]{1,128}$", max_length=128)]
SeriesLimit = Annotated[int, Query(ge=1, le=10_000, description="at most so many items")]
CACHE = {"cache-control": "public, max-age=60"}


class NewestView(BaseModel):
    """The newest good value of one quantity; it holds until `valid_until`."""

    quantity: str
    value: float
    unit: str
    observed_at: datetime
    valid_until: datetime
    simulated: bool


class AssetPageView(BaseModel):
    """One place where quantities are measured."""

    asset_id: str
    kind: str
    name: str
    lat: float
    lon: float
    height_m: float | None
    description: str
    newest: list[NewestView]


class SeriesQuery:
    """Which part of a series is asked for, and how wide its buckets are."""

    def __init__(
        self,
        quantity: Annotated[str | None, Query(pattern=QUANTITY_PATTERN)] = None,
        since: From = None,
        to: To = None,
        bucket: BucketWidth | None = None,
    ) -> None:
        self.quantity = quantity
        self.bucket = bucket
        self.now = utc_now()
        self.period = read_period(since, to, self.now)


class _AfterAsset(BaseModel):
    asset_id: PlainId


class _AfterValue(BaseModel):
    quantity: Name
    observed_at: Time
    event_id: Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,200}$")]


class _AfterBucket(BaseModel):
    quantity: Name
    start: Time


@router.get("", response_model=Page[AssetPageView])
async def list_assets(
    request: Request,
    kind: Literal["environment"] | None = None,
    bbox: BboxText = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """List assets by id, each with its place and newest values."""
    area = read_bbox(bbox)
    position = decode_cursor(cursor, _AfterAsset)
    now = utc_now()
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.list_assets(
            connection,
            now=now,
            after=position.asset_id if position else "",
            kind=kind,
            bbox=area,
            limit=limit + 1,
        )
    items = [_asset(row) for row in rows[:limit]]
    following = None
    if len(rows) > limit:
        following = encode_cursor(_AfterAsset(asset_id=items[-1].asset_id))
    body = Page[AssetPageView](items=items, next_cursor=following).model_dump_json().encode()
    return respond(request, body, last_modified=now, headers=CACHE)


@router.get("/{asset_id}", response_model=AssetPageView)
async def get_asset(request: Request, asset_id: AssetId) -> Response:
    """Return one asset with its place and newest values."""
    now = utc_now()
    database: Database = request.app.state.database
    async with database.connection() as connection:
        row = await storage.get_asset(connection, now=now, asset_id=asset_id)
    if row is None:
        raise NotFound(f"there is no asset {asset_id}")
    body = _asset(row).model_dump_json().encode()
    return respond(request, body, last_modified=now, headers=CACHE)


@router.get(
    "/{asset_id}/observations",
    response_model=SeriesPage,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
async def list_observations(
    request: Request,
    asset_id: AssetId,
    query: Annotated[SeriesQuery, made_of(SeriesQuery)],
    limit: SeriesLimit = 1000,
    cursor: Cursor = None,
) -> Response:
    """Return an asset's series: single values, or with `bucket` roll-ups whose start is in the period.

    Series after series, each in the order of time; as CSV for `Accept: text/csv`, then with the
    next page as `Link`.
    """
    window = storage.Window(asset_id, query.quantity, *query.period)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        if not await storage.is_listed(connection, asset_id):
            raise NotFound(f"there is no asset {asset_id}")
        if query.bucket is None:
            items, following = await _raw(connection, window, cursor, limit)
        else:
            items, following = await _buckets(connection, window, query.bucket, cursor, limit)
    return series_response(
        request,
        SeriesPage(asset_id=asset_id, bucket=query.bucket, items=items, next_cursor=following),
        now=query.now,
        headers=CACHE,
    )


async def _raw(
    connection: Any, window: storage.Window, cursor: str | None, limit: int
) -> tuple[list[Any], str | None]:
    position = decode_cursor(cursor, _AfterValue)
    after = (
        (position.quantity, position.observed_at, position.event_id)
        if position
        else ("", window.since, "")
    )
    rows = await storage.raw_values(connection, window, after=after, limit=limit + 1)
    if len(rows) <= limit:
        return raw_items(rows), None
    last = rows[limit - 1]
    following = _AfterValue(
        quantity=last["quantity"], observed_at=last["observed_at"], event_id=last["event_id"]
    )
    return raw_items(rows[:limit]), encode_cursor(following)


async def _buckets(
    connection: Any,
    window: storage.Window,
    bucket: BucketWidth,
    cursor: str | None,
    limit: int,
) -> tuple[list[Any], str | None]:
    position = decode_cursor(cursor, _AfterBucket)
    after = (position.quantity, position.start) if position else ("", window.since)
    rows = await storage.buckets(
        connection, window, width_s=bucket.seconds, after=after, limit=limit + 1
    )
    expected = await storage.intervals(connection, window.asset_id)
    width = timedelta(seconds=bucket.seconds)
    items = bucket_items(rows[:limit], width=width, now=utc_now(), intervals=expected)
    if len(rows) <= limit:
        return items, None
    last = rows[limit - 1]
    return items, encode_cursor(_AfterBucket(quantity=last["quantity"], start=last["start"]))


def _asset(row: Any) -> AssetPageView:
    newest = []
    for each in orjson.loads(row["newest"]) if row["newest"] else []:
        observed_at = datetime.fromisoformat(each.pop("observed_at"))
        until = valid_until(observed_at, row["interval_s"])
        newest.append(NewestView(**each, observed_at=observed_at, valid_until=until))
    return AssetPageView(
        **{name: row[name] for name in _AS_STORED},
        newest=newest,
    )


_AS_STORED = ("asset_id", "kind", "name", "lat", "lon", "height_m", "description")
