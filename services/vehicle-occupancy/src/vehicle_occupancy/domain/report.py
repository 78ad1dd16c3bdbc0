# SPDX-License-Identifier: EUPL-1.2
"""What is shown of a vehicle, to everybody and to the entitled, and until when that holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from vehicle_occupancy.domain.departures import Leg, next_stop
from vehicle_occupancy.domain.levels import public_status
from vehicle_occupancy.domain.load.estimate import LoadEstimate
from vehicle_occupancy.domain.load.level import Level, OccupancyStatus
from vehicle_occupancy.domain.publication import Published
from vehicle_occupancy.domain.reading import Assignment, Position
from vehicle_occupancy.domain.vehicle import Vehicle

HOLD = timedelta(seconds=120)
LEAST_HOLD = timedelta(seconds=1)
BLUR = timedelta(minutes=1)
"""What everybody is told ends at full minutes."""
LONGEST_ASSIGNMENT = timedelta(hours=12)
"""A trip that says nothing of its end is over by then."""
_RENEW_BELOW = 0.6
PLACE_HOLDS = timedelta(minutes=5)
"""An older position is not told: the vehicle may be anywhere."""
PLACE_EVERY = timedelta(seconds=15)
"""A vehicle that moves is shown anew so often."""


@dataclass(frozen=True, slots=True)
class Serves:
    """The trip that a vehicle serves, as far as it is known."""

    line: str | None = None
    direction: int | None = None
    trip_id: str | None = None
    start_date: str | None = None
    stop_id: str | None = None


NO_TRIP = Serves()


@dataclass(frozen=True, slots=True)
class Report:
    """One vehicle at `computed_at`; numbers are None where nobody knows or nobody may."""

    vehicle: Vehicle
    serves: Serves
    load: int | None
    load_min: int | None
    load_max: int | None
    percentage: float | None
    level: Level | None
    status: OccupancyStatus
    confidence: float | None
    measured_at: datetime | None
    computed_at: datetime
    renewed_at: datetime
    """When `valid_until` was set, which a vehicle that only moves leaves as it is."""
    valid_until: datetime
    simulated: bool
    known_until: datetime | None = None
    """When its load is not known any more if nothing is heard; told to nobody."""
    place: Position | None = None


def serves(assignment: Assignment | None, leg: Leg | None, now: datetime) -> Serves:
    """Return the trip of an assignment that holds."""
    if assignment is None or not _holds(assignment, now):
        return NO_TRIP
    return Serves(
        assignment.line,
        assignment.direction,
        assignment.trip_id,
        assignment.start_date,
        next_stop(assignment, leg)[0],
    )


def in_force(assignment: Assignment | None, now: datetime) -> Assignment | None:
    """Return an assignment where it holds."""
    return assignment if assignment is not None and _holds(assignment, now) else None


def _holds(assignment: Assignment, now: datetime) -> bool:
    until = assignment.valid_until or assignment.observed_at + LONGEST_ASSIGNMENT
    return now < until


def assess(
    vehicle: Vehicle,
    found: LoadEstimate | None,
    assignment: Assignment | None,
    leg: Leg | None,
    now: datetime,
) -> Report:
    """Return a vehicle now, with all numbers; no data where nobody knows its load."""
    serving = serves(assignment, leg, now)
    ends = [now + HOLD]
    if serving is not NO_TRIP and assignment is not None and assignment.valid_until is not None:
        ends.append(assignment.valid_until)
    if found is not None and found.valid_until is not None and found.load is not None:
        ends.append(found.valid_until)
    if found is None or min(ends) <= now:
        found = None
    return Report(
        vehicle=vehicle,
        serves=serving,
        load=found.load if found else None,
        load_min=found.load_min if found else None,
        load_max=found.load_max if found else None,
        percentage=found.percentage if found else None,
        level=found.level if found else None,
        status=found.status if found else OccupancyStatus.NO_DATA_AVAILABLE,
        confidence=_rounded(found.confidence) if found else None,
        measured_at=found.measured_at if found else None,
        computed_at=now,
        renewed_at=now,
        valid_until=max(min(ends), now + LEAST_HOLD),
        simulated=found.simulated if found else False,
        known_until=found.valid_until if found else None,
    )


def _rounded(confidence: float | None) -> float | None:
    return None if confidence is None else round(confidence, 2)


def no_data(
    vehicle: Vehicle,
    serving: Serves,
    measured_at: datetime | None,
    *,
    simulated: bool,
    now: datetime,
) -> Report:
    """Return a vehicle of whose load nobody knows anything."""
    return Report(
        vehicle=vehicle,
        serves=serving,
        load=None,
        load_min=None,
        load_max=None,
        percentage=None,
        level=None,
        status=OccupancyStatus.NO_DATA_AVAILABLE,
        confidence=None,
        measured_at=measured_at,
        computed_at=now,
        renewed_at=now,
        valid_until=now + HOLD,
        simulated=simulated,
    )


def at_place(report: Report, position: Position | None) -> Report:
    """Return a report with where the vehicle is, as long as that tells of now.

    A simulated place makes a vehicle of which nothing is counted simulated, and is not told of one
    that is real.
    """
    if position is None or report.computed_at - position.observed_at >= PLACE_HOLDS:
        return report
    if position.simulated and not report.simulated:
        if report.load is not None:
            return report
        report = replace(report, simulated=True)
    return replace(report, place=position)


def moved(fresh: Report, shown: Report) -> Report | None:
    """Return the shown report at its vehicle's new place, if that is to be told.

    Nothing else of it changes: what is told of the load must not depend on when a vehicle moves. An
    old place goes with the next renewal, since whatever message came by now would be told of.
    """
    new, old = fresh.place, shown.place
    if new is None:
        return None
    if old is not None and (
        new.observed_at - old.observed_at < PLACE_EVERY or _place(new) == _place(old)
    ):
        return None
    return replace(shown, place=new, computed_at=fresh.computed_at)


def _place(position: Position) -> tuple[float, float]:
    return position.lat, position.lon


def public(report: Report, told: Published) -> Report:
    """Return what everybody may know: what was told at the last departure, no number.

    Without data there is no level either; when somebody was counted last is not told.
    """
    level = told.level if report.load is not None else None
    ends = report.valid_until
    if report.known_until is not None:
        ends = min(ends, _blurred(report.known_until, report.vehicle.rules.stale_after))
    if ends <= report.computed_at:
        level, ends = None, report.computed_at + HOLD
    return replace(
        report,
        load=None,
        load_min=None,
        load_max=None,
        percentage=None,
        confidence=None,
        level=level,
        status=public_status(level),
        measured_at=told.departure.at if level else None,
        valid_until=ends,
        known_until=None,
    )


def _blurred(ends: datetime, stale_after: timedelta) -> datetime:
    """Return an end that does not follow the last count to the second, which would tell of it."""
    step = min(BLUR, stale_after / 10)
    return ends - (ends - datetime.min.replace(tzinfo=UTC)) % step


def replaces(fresh: Report, shown: Report | None, *, may_renew: bool = True) -> bool:
    """Return whether a report takes the place of the shown one: it says more, or for longer.

    When something was measured is no news by itself: it would tell of every single passenger.
    """
    if shown is None or _content(fresh) != _content(shown):
        return True
    if fresh.valid_until < shown.valid_until:
        return True
    left = shown.valid_until - fresh.computed_at
    return may_renew and left <= HOLD * _RENEW_BELOW and fresh.valid_until > shown.valid_until


def _content(report: Report) -> Report:
    same = report.computed_at.min
    return replace(
        report,
        measured_at=None,
        computed_at=same,
        renewed_at=same,
        valid_until=same,
        known_until=None,
        place=None,
    )


def as_of(report: Report, now: datetime) -> Report:
    """Return a report that is valid now: itself, or no data where it is over."""
    if now < report.valid_until:
        return report
    return no_data(
        report.vehicle, report.serves, report.measured_at, simulated=report.simulated, now=now
    )
