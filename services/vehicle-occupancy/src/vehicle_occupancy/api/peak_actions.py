# SPDX-License-Identifier: EUPL-1.2
"""What the control centre did about a peak, kept with what advice expected of it at that moment."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Request, Response

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.paging import HIGHEST_NUMBER
from stadttakt_runtime.http.problem import NotFound, Problem, ValidationFailed
from stadttakt_runtime.log import get_logger
from vehicle_occupancy.api.peak_documents import ActionBody, PeakView
from vehicle_occupancy.api.peak_views import present_at
from vehicle_occupancy.api.peaks import NOT_THERE, PeakId, view_in
from vehicle_occupancy.domain.peaks.advice import advise
from vehicle_occupancy.domain.peaks.day import PlannedDay, planned_day
from vehicle_occupancy.domain.peaks.peak import Peak, is_expected
from vehicle_occupancy.domain.peaks.promise import Promise, chosen, promise_of
from vehicle_occupancy.domain.peaks.rules import PeakRules
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.storage import (
    forecast_settings,
    forecasts,
    peaks,
    timetable,
)
from vehicle_occupancy.storage.peaks import StoredPeak

router = APIRouter(prefix="/v1", tags=["peaks"])
log = get_logger(__name__)
_AHEAD = timedelta(minutes=5)
"""By so much clocks of callers may be fast."""
_BEFORE = timedelta(days=1)
"""So long before a peak was issued something may have been done about it."""


class UnknownTrip(Problem):
    """The trip that was acted on does not run on the peak's service day."""

    status, code, title = 422, "unknown_trip", "There is no such trip on this service day"


class AlreadyMeasured(Problem):
    """What was done about a peak stays once it was measured with it."""

    status, code, title = 409, "already_measured", "The peak was measured"


@router.post("/peaks/{peak_id}/actions", status_code=201, response_model=PeakView)
async def act(
    request: Request,
    once: Idempotent,
    peak_id: PeakId,
    body: ActionBody,
    author: Annotated[Principal, require("transit:write")],
) -> Response:
    """Record what was done about a peak, so that its outcome can be told from days without.

    What advice expects of it now is kept with it, if the peak is still to come and advice names it;
    of the same kind and trip the newest holds. 422 `unknown_trip`: it does not run on that day;
    `validation_failed`: `taken_at` lies ahead, or more than a day before the peak was issued.
    """
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        repeated = await once.recall(connection)
        if repeated is not None:
            return repeated
        await record(connection, peak_id, body, author)
        return await once.answer(connection, await view_in(connection, peak_id), 201)


@router.delete("/peaks/{peak_id}/actions/{action_id}", response_model=PeakView)
async def undo(
    request: Request,
    peak_id: PeakId,
    action_id: Annotated[int, Path(ge=1, le=HIGHEST_NUMBER)],
    author: Annotated[Principal, require("transit:write")],
) -> PeakView:
    """Take back what was recorded by mistake; 409 `already_measured` once the peak was measured."""
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        await take_back(connection, peak_id, action_id, author)
        return await view_in(connection, peak_id)


async def record(connection: Any, peak_id: str, body: ActionBody, author: Principal) -> None:
    """Store what was done about a peak; raises NotFound, ValidationFailed and UnknownTrip."""
    now = utc_now()
    known = await peaks.one(connection, peak_id)
    if known is None:
        raise NotFound(NOT_THERE)
    taken_at = body.taken_at or now
    if not known.issued_at - _BEFORE <= taken_at <= now + _AHEAD:
        raise _no_such_time()
    if body.trip_id is not None and not await _runs(connection, known.peak, body.trip_id):
        raise UnknownTrip(f"no trip of {known.peak.day} has this trip_id")
    action = peaks.Action(
        0, peak_id, body.kind, body.trip_id, body.note, str(author),
        taken_at, await _promise(connection, known, body, now),
    )  # fmt: skip
    await peaks.act(connection, action)


def _no_such_time() -> ValidationFailed:
    detail = "must lie neither ahead of now nor more than a day before the peak was issued"
    return ValidationFailed(
        [{"in": "body", "field": "taken_at", "detail": detail, "code": "out_of_range"}]
    )


async def take_back(connection: Any, peak_id: str, action_id: int, author: Principal) -> None:
    """Delete what was recorded about a peak; raises NotFound and AlreadyMeasured."""
    known = await peaks.one(connection, peak_id)
    if known is None:
        raise NotFound(NOT_THERE)
    if known.measured_at is not None:
        raise AlreadyMeasured("its outcome was reckoned with this action")
    if not await peaks.take_back(connection, peak_id, action_id):
        raise NotFound("there is no action of this number")
    log.info("peak_action_taken_back", peak_id=peak_id, action_id=action_id, author=str(author))


async def _runs(connection: Any, peak: Peak, trip_id: str) -> bool:
    """Return whether a trip is forecast or planned on a peak's service day."""
    if await forecasts.of_trips(connection, peak.day, [trip_id]):
        return True
    return await timetable.load_trip(connection, peak.day, trip_id) is not None


async def _promise(
    connection: Any, known: StoredPeak, body: ActionBody, now: datetime
) -> Promise | None:
    """Return what advice expects of an action; None of a peak that is over, withheld, or not advised."""
    present = await present_at(connection, now)
    if not present.is_to_come(known) or not present.tells(known):
        return None
    settings = await forecast_settings.read(connection)
    stored = await forecasts.of_day(connection, known.peak.day)
    now_s = ServiceDay(known.peak.day, ZoneInfo(settings.timezone)).seconds(now)

    def promised() -> Promise | None:
        day = planned_day((present.running_as(each) for each in stored), now_s)
        return _promised(known.peak, body, day, settings.peaks)

    # Beside the event loop, which live traffic shares.
    return await asyncio.to_thread(promised)


def _promised(peak: Peak, body: ActionBody, day: PlannedDay, rules: PeakRules) -> Promise | None:
    trip = day.trips.get(peak.trip_id)
    if trip is None or not is_expected(peak, trip, rules):
        return None
    option = chosen(advise(peak, day, rules).options, body.kind, body.trip_id)
    return None if option is None else promise_of(peak, option, trip)
