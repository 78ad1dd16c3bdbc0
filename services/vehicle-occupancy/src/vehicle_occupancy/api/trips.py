# SPDX-License-Identifier: EUPL-1.2
"""How full a trip left each of its stops: levels for everybody, counts for the entitled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from stadttakt_runtime.auth.dependencies import OPEN
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.problem import NotFound, ValidationFailed
from vehicle_occupancy.api.days import within
from vehicle_occupancy.api.present import CallersView
from vehicle_occupancy.domain.coupled import Part, level_of, together, total
from vehicle_occupancy.domain.levels import public_status
from vehicle_occupancy.domain.load.level import Level
from vehicle_occupancy.domain.timetable import DayTimetable, StopTime, TripId
from vehicle_occupancy.storage import visits
from vehicle_occupancy.storage.forecast_settings import service_day
from vehicle_occupancy.storage.timetable import load_trip

DATE = r"^[0-9]{8}$"
TOLD_FOR = timedelta(hours=2)
"""So long after a vehicle was last seen on a trip everybody may know which one it was, and when it was where."""
STATES: dict[int | str, dict[str, Any]] = {
    304: {"description": "Unchanged"},
    404: {"description": "Neither the timetable nor any vehicle knows the trip on that day"},
}

router = APIRouter(prefix="/v1/trips", tags=["trips"], responses=STATES)


class StopOccupancy(BaseModel):
    """One call of the trip; what is not known (yet), or not for the caller, is null."""

    stop_id: str
    stop_name: str | None
    stop_sequence: int | None
    planned_arrival: datetime | None
    planned_departure: datetime | None
    arrived_at: datetime | None = Field(
        description="this and which vehicle: two hours after the trip with `transit:read` alone"
    )
    departed_at: datetime | None
    vehicle_id: str | None
    vehicle_ids: list[str] | None = Field(
        description="all that left together, if they are coupled: counts and places are summed"
    )
    boarded: int | None = Field(description="as doors counted; with `transit:read`")
    alighted: int | None = Field(description="as doors counted; with `transit:read`")
    load: int | None = Field(description="on departure, 10 and 90 % bounds beside it")
    load_min: int | None
    load_max: int | None
    boarded_reconciled: float | None = Field(
        description="once the trip is over: doors' usual misses taken off, made to add up"
    )
    alighted_reconciled: float | None
    load_reconciled: float | None
    percentage: float | None = Field(description="of seats and standing places")
    level: Literal["low", "medium", "high"] | None
    occupancy_status: str
    confidence: float | None


class TripOccupancy(BaseModel):
    """A trip of a service day, stop by stop."""

    trip_id: str
    start_date: str
    line: str | None
    direction: int | None
    headsign: str | None
    served_by: Literal["assignment", "position"] | None = Field(
        description="who says that the vehicle drove this trip; null: no vehicle is known"
    )
    timing: Literal["position", "assignment", "planned"] | None = Field(
        description="what tells when the vehicle was at its stops"
    )
    simulated: bool
    computed_at: datetime | None
    stops: list[StopOccupancy]


@router.get(
    "/{trip_id}/occupancy",
    summary="How full a trip left each of its stops",
    response_model=TripOccupancy,
    openapi_extra=OPEN,
)
async def trip_occupancy(
    request: Request,
    view: CallersView,
    trip_id: Annotated[str, Path(max_length=300)],
    start_date: Annotated[
        str | None,
        Query(pattern=DATE, description="service day, YYYYMMDD; without it the last one it ran on"),
    ] = None,
) -> Response:
    """Everybody sees levels on departure, of which the first word holds; counts need `transit:read`."""
    if "\0" in trip_id:
        raise NotFound("there is no such trip")
    wanted = None if start_date is None else _day(start_date)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = start_date or await visits.last_date(connection, trip_id)
        day = wanted or (_day(found) if found else await service_day(connection, utc_now()))
        timetable = await load_trip(connection, day, trip_id)
        rows = await visits.of_trip(connection, trip_id, f"{day:%Y%m%d}")
    if timetable is None and not rows:
        raise NotFound(f"there is no trip {trip_id} on {day}")
    rows = _departures(rows)
    if view != "vehicle-load" and _is_over(rows, utc_now()):
        rows = [{**row, **_NOWHERE} for row in rows]
    answer = _answer(trip_id, day, timetable, rows, entitled=view == "vehicle-load")
    changed = answer.computed_at or utc_now() - timedelta(hours=1)
    cache = "no-store" if view == "vehicle-load" else "no-cache"
    return respond(
        request,
        orjson.dumps(answer.model_dump(mode="json")),
        last_modified=changed,
        headers={"cache-control": cache, "vary": "authorization"},
    )


def _day(text: str) -> date:
    try:
        return within(date(int(text[:4]), int(text[4:6]), int(text[6:8])))
    except ValueError as error:
        problem = {"in": "query", "field": "start_date", "detail": f"is no day YYYYMMDD: {error}"}
        raise ValidationFailed([{**problem, "code": "invalid_date"}]) from error


def _answer(
    trip_id: str, day: date, timetable: DayTimetable | None, rows: list[Any], *, entitled: bool
) -> TripOccupancy:
    trip = timetable.trips[TripId(trip_id)] if timetable else None
    visited = {row["call_index"]: row for row in rows}
    first = rows[0] if rows else None
    calls = dict(enumerate(trip.stop_times)) if trip else {}
    return TripOccupancy(
        trip_id=trip_id,
        start_date=f"{day:%Y%m%d}",
        line=trip.line if trip else first["line"] if first else None,
        direction=trip.direction if trip else first["direction"] if first else None,
        headsign=(trip.headsign or None) if trip else None,
        served_by=first["served_by"] if first else None,
        timing=first["timing"] if first else None,
        simulated=any(row["simulated"] for row in rows) or bool(timetable and timetable.simulated),
        computed_at=_computed_at(rows, entitled=entitled),
        stops=[
            _stop(timetable, calls.get(index), visited.get(index), entitled=entitled)
            for index in sorted(calls.keys() | visited.keys())
        ],
    )


_SUMMED = (
    *("boarded", "alighted", "load", "load_min", "load_max"),
    *("boarded_reconciled", "alighted_reconciled", "load_reconciled"),
)


def _departures(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return one row for each departure, of vehicles that left together their sum (decision 0117)."""
    found: list[Mapping[str, Any]] = []
    for _, of_call in groupby(rows, key=itemgetter("call_index")):
        parts = together((_part(row), row) for row in of_call)
        ids = [row["vehicle_id"] for row in parts]
        found.append({**(parts[0] if len(parts) == 1 else _joined(parts)), "vehicle_ids": ids})
    return found


def _part(row: Mapping[str, Any]) -> Part:
    is_known = row["is_told"] or row["load"] is not None
    return Part(row["vehicle_id"], row["departed_at"], row["simulated"], is_known)


def _joined(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    sums = {name: total(row[name] for row in parts) for name in _SUMMED}
    places, load = sum(row["places"] for row in parts), sums["load"]
    told = ((row["public_level"] if row["is_told"] else None, row["places"]) for row in parts)
    return {
        **parts[0],
        **sums,
        "level": level_of((row["level"], row["places"]) for row in parts),
        "public_level": level_of(told),
        "places": places,
        "percentage": round(100 * load / places, 1) if load is not None and places else None,
        "occupancy_status": None,
        "confidence": None,
        "is_told": all(row["is_told"] for row in parts),
        "arrived_at": min(row["arrived_at"] for row in parts),
        "departed_at": max(row["departed_at"] for row in parts),
        "computed_at": max(row["computed_at"] for row in parts),
    }


def _is_over(rows: Sequence[Mapping[str, Any]], now: datetime) -> bool:
    """Tell whether a trip is over for so long that its vehicle's way is nobody's any more.

    Beside a duty roster it would tell where a driver was (decision 0055); the levels stay.
    """
    seen = [row["departed_at"] or row["arrived_at"] for row in rows]
    return now - max(seen, default=now) > TOLD_FOR


_NOWHERE = {"vehicle_id": None, "vehicle_ids": None, "arrived_at": None, "departed_at": None}


def _computed_at(rows: list[Any], *, entitled: bool) -> datetime | None:
    """Return when a trip was counted; to everybody when it was at the last stop that is told of.

    It is counted anew for a late message: when that came would tell of it.
    """
    if entitled:
        return max((row["computed_at"] for row in rows), default=None)
    seen = (row["departed_at"] if row["is_told"] else row["arrived_at"] for row in rows)
    return max((at for at in seen if at is not None), default=None)


def _stop(
    timetable: DayTimetable | None,
    call: StopTime | None,
    row: Mapping[str, Any] | None,
    *,
    entitled: bool,
) -> StopOccupancy:
    # A visit by another version's stops is of no call of this one.
    if call is not None and row is not None and row["stop_id"] != call.stop_id:
        row = None
    seen: Mapping[str, Any] = row or {}
    counts: Mapping[str, Any] = seen if entitled else {}
    level = seen.get("level") if entitled else seen.get("public_level")
    stop_id = call.stop_id if call else str(seen["stop_id"])
    status = public_status(Level(level) if level else None).value
    stop = timetable.stops.get(call.stop_id) if timetable and call else None
    return StopOccupancy(
        stop_id=stop_id,
        stop_name=stop.name if stop else None,
        stop_sequence=call.sequence if call else None,
        planned_arrival=timetable.at(call.arrival_s) if timetable and call else None,
        planned_departure=timetable.at(call.departure_s) if timetable and call else None,
        arrived_at=seen.get("arrived_at"),
        departed_at=seen.get("departed_at"),
        vehicle_id=seen.get("vehicle_id"),
        vehicle_ids=seen.get("vehicle_ids"),
        boarded=counts.get("boarded"),
        alighted=counts.get("alighted"),
        load=counts.get("load"),
        load_min=counts.get("load_min"),
        load_max=counts.get("load_max"),
        boarded_reconciled=counts.get("boarded_reconciled"),
        alighted_reconciled=counts.get("alighted_reconciled"),
        load_reconciled=counts.get("load_reconciled"),
        percentage=counts.get("percentage"),
        level=level,
        occupancy_status=str(counts.get("occupancy_status") or status),
        confidence=counts.get("confidence"),
    )
