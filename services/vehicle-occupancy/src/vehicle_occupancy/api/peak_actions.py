"""What the control centre did about a peak, kept with what advice expected of it at that moment."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound
from vehicle_occupancy.api.peak_documents import ActionBody, PeakView
from vehicle_occupancy.api.peaks import NOT_THERE, PeakId, expected, view_of
from vehicle_occupancy.domain.forecast.telling import Horizon
from vehicle_occupancy.domain.peaks.advice import advise
from vehicle_occupancy.domain.peaks.day import planned_day
from vehicle_occupancy.domain.peaks.promise import Promise, chosen, promise_of
from vehicle_occupancy.storage import forecast_scores, forecast_settings, forecasts, peaks
from vehicle_occupancy.storage.peaks import StoredPeak

router = APIRouter(prefix="/v1", tags=["peaks"])


@router.post("/peaks/{peak_id}/actions", status_code=201)
async def act(
    request: Request,
    peak_id: PeakId,
    body: ActionBody,
    author: Annotated[Principal, require("transit:write")],
) -> PeakView:
    """Record what was done about a peak, so that its outcome can be told from days without.

    What advice expects of it now is kept with it, if the peak is still to come and advice names it.
    """
    database: Database = request.app.state.database
    now = utc_now()

    async def record(connection: Any) -> None:
        known = await peaks.one(connection, peak_id)
        if known is None:
            raise NotFound(NOT_THERE)
        action = peaks.Action(
            0, peak_id, body.kind, body.trip_id, body.note, str(author),
            body.taken_at or now, await _promise(connection, known, body, now),
        )  # fmt: skip
        await peaks.act(connection, action)

    await database.persist(record)
    return await view_of(request, peak_id)


async def _promise(
    connection: Any, known: StoredPeak, body: ActionBody, now: datetime
) -> Promise | None:
    """Return what advice expects of an action; None of a peak that is over, withheld, or not advised."""
    if known.at <= now:
        return None
    peak = known.peak
    settings = await forecast_settings.read(connection)
    gone = await forecast_scores.withheld_on(connection, forecast_settings.local_day(settings, now))
    if not gone.tells((peak.line, peak.direction), Horizon(known.horizon)):
        return None
    stored = await forecasts.of_day(connection, peak.day)
    day = planned_day(expected(each, gone) for each in stored)
    if peak.trip_id not in day.trips:
        return None
    options = advise(peak, day, settings.peaks).options
    option = chosen(options, body.kind, body.trip_id)
    return None if option is None else promise_of(peak, option, day.trips[peak.trip_id])
