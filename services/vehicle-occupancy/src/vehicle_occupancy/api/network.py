# SPDX-License-Identifier: EUPL-1.2
"""Stops and lines of the timetable that holds today; public, small, cacheable."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from stadttakt_runtime.http.problem import ValidationFailed
from vehicle_occupancy.api.polled import UNCHANGED
from vehicle_occupancy.storage import forecast_settings
from vehicle_occupancy.storage import timetable as storage
from vehicle_occupancy.storage.timetable import Bbox
from vehicle_occupancy.storage.timetable_versions import Version, holds, versions

CACHE = {"cache-control": "public, max-age=300"}
EVERYWHERE = Bbox(-180.0, -90.0, 180.0, 90.0)
MODES = {0: "tram", 1: "metro", 2: "rail", 3: "bus", 4: "ferry", 7: "funicular", 11: "trolleybus"}
EXTENDED = {1: "rail", 2: "coach", 4: "metro", 7: "bus", 8: "trolleybus", 9: "tram", 10: "ferry"}

router = APIRouter(prefix="/v1", tags=["timetable"], responses=UNCHANGED)


class TimetableView(BaseModel):
    """The version that holds today; `publisher` is whom to name."""

    version_id: int
    name: str
    publisher: str
    valid_from: date
    valid_to: date
    simulated: bool


class StopView(BaseModel):
    """Where vehicles stop (WGS 84)."""

    stop_id: str
    name: str
    lat: float
    lon: float
    parent_id: str | None = Field(description="the station of a platform")
    lines: list[str]


class LineView(BaseModel):
    """What passengers know as a line; `ends` are the names of its usual last stops by direction."""

    line: str
    long_name: str
    mode: str
    colour: str | None = Field(description="RRGGBB")
    text_colour: str | None
    route_ids: list[str]
    ends: dict[int, str]


class StopPage(Page[StopView]):
    """Stops in the order of their id."""

    timetable: TimetableView | None = Field(description="null: there is none today")


class LineList(BaseModel):
    """All lines; there are few enough for one page."""

    items: list[LineView]
    next_cursor: None = None
    timetable: TimetableView | None = Field(description="null: there is none today")


class _After(BaseModel):
    model_config = ConfigDict(extra="forbid")
    after_id: str


async def _box(
    bbox: Annotated[
        str | None,
        Query(max_length=200, description="west,south,east,north in degrees (WGS 84)"),
    ] = None,
) -> Bbox:
    if bbox is None:
        return EVERYWHERE
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError as error:
        raise _wrong("four numbers are wanted") from error
    box = Bbox(west, south, east, north)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise _wrong("west <= east and south <= north, in degrees")
    return box


def _wrong(detail: str) -> ValidationFailed:
    return ValidationFailed(
        [{"in": "query", "field": "bbox", "detail": detail, "code": "invalid_bbox"}]
    )


@router.get("/stops", summary="Stops of the timetable", response_model=StopPage)
async def stops(
    request: Request,
    box: Annotated[Bbox, Depends(_box)],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Those where vehicles stop today's timetable long; none where there is no timetable."""
    position = decode_cursor(cursor, _After)
    after = position.after_id if position else ""
    database: Database = request.app.state.database
    rows: list[Any] = []
    async with database.connection() as connection:
        version = await _today(connection)
        if version is not None and "\0" not in after:
            rows = await storage.list_stops(
                connection, version.version_id, box, after=after, limit=limit + 1
            )
    shown = rows[:limit]
    more = len(rows) > limit
    page = StopPage(
        items=[StopView(**dict(row)) for row in shown],
        next_cursor=encode_cursor(_After(after_id=shown[-1]["stop_id"])) if more else None,
        timetable=_timetable(version),
    )
    return _respond(request, page, version)


@router.get("/lines", summary="Lines of the timetable", response_model=LineList)
async def lines(request: Request) -> Response:
    """All lines with their usual ends; none where there is no timetable today."""
    database: Database = request.app.state.database
    found: list[LineView] = []
    async with database.connection() as connection:
        version = await _today(connection)
        if version is not None:
            names = await storage.stop_names(connection, version.version_id)
            found = [
                LineView(
                    line=each.line,
                    long_name=each.long_name,
                    mode=_mode(each.mode),
                    colour=each.colour,
                    text_colour=each.text_colour,
                    route_ids=each.route_ids,
                    ends={way: names[stop] for way, stop in sorted(each.ends.items())},
                )
                for each in await storage.list_lines(connection, version.version_id)
            ]
    found.sort(key=lambda each: (len(each.line), each.line))
    return _respond(request, LineList(items=found, timetable=_timetable(version)), version)


async def _today(connection: Any) -> Version | None:
    """Return the version that holds on the city's service day."""
    day = await forecast_settings.service_day(connection, utc_now())
    return holds(await versions(connection), day)


def _mode(route_type: int) -> str:
    """Return the word for a GTFS `route_type`, an extended one (such as 900) too."""
    return MODES.get(route_type) or EXTENDED.get(route_type // 100, "other")


def _timetable(version: Version | None) -> TimetableView | None:
    if version is None:
        return None
    names = TimetableView.model_fields
    return TimetableView(**{name: getattr(version, name) for name in names})


def _respond(request: Request, answer: BaseModel, version: Version | None) -> Response:
    changed: datetime = utc_now()
    if version is not None:
        changed = max(version.imported_at, version.activated_at or version.imported_at)
    body = orjson.dumps(answer.model_dump(mode="json"), option=orjson.OPT_NON_STR_KEYS)
    return respond(request, body, last_modified=changed, headers=CACHE)
