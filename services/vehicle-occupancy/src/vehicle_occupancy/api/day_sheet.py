# SPDX-License-Identifier: EUPL-1.2
"""The page of a day's peaks for the control centre."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.login.rooms import here
from vehicle_occupancy.api.control.frame import HOME
from vehicle_occupancy.api.day_sheet_page import CONTENT_POLICY, Sheet, to_page
from vehicle_occupancy.api.days import AskedDay
from vehicle_occupancy.api.peaks import PRIVATE, told_of_day
from vehicle_occupancy.domain.timetable_end import told_of_end
from vehicle_occupancy.storage import forecast_settings, timetable_versions

router = APIRouter(prefix="/v1", tags=["peaks"])
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}}
}


@router.get(
    "/peaks/day-sheet",
    summary="A service day's peaks as a page",
    dependencies=[require("transit:read")],
    response_class=Response,
    responses=_PAGE,
)
async def day_sheet(
    request: Request,
    day: AskedDay = None,
) -> Response:
    """What was expected, who did what and what that was to change, and once it is over what came of it."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        settings = await forecast_settings.read(connection)
        now = utc_now()
        today = forecast_settings.local_day(settings, now)
        wanted = day or today
        views, untold = await told_of_day(connection, wanted, now)
        runs = await timetable_versions.runs_on(connection, wanted)
        spans = await timetable_versions.spans(connection)
        ending = told_of_end(spans, wanted, today, runs=runs)
    home = here(request, HOME, tag=wanted)
    sheet = Sheet(wanted, ZoneInfo(settings.timezone), now, home)
    page = to_page(sheet, views, untold=untold, ending=ending)
    headers = {**PRIVATE, "content-security-policy": CONTENT_POLICY}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)
