# SPDX-License-Identifier: EUPL-1.2
"""Reports as the bodies and events that leave the service; reads no clock."""

from __future__ import annotations

import orjson

from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_messages.states import VehicleCapacity, VehicleState
from vehicle_occupancy.domain.report import Report
from vehicle_occupancy.entity import Entity, View

SOURCE = "/stadttakt/vehicle-occupancy"
_NAMES: dict[View, str] = {"vehicle": "vehicle-state", "vehicle-load": "vehicle-load"}


def vehicle_state(report: Report) -> VehicleState:
    """Return a vehicle as its message."""
    serves, places, place = report.serves, report.vehicle.rules, report.place
    return VehicleState(
        vehicle_id=report.vehicle.vehicle_id,
        line=serves.line,
        direction=serves.direction,
        trip_id=serves.trip_id,
        start_date=serves.start_date,
        stop_id=serves.stop_id,
        load=report.load,
        load_min=report.load_min,
        load_max=report.load_max,
        capacity=VehicleCapacity(seats=places.seats, standing=places.standing),
        percentage=report.percentage,
        level=report.level.value if report.level else None,
        occupancy_status=report.status.value,
        confidence=report.confidence,
        measured_at=report.measured_at,
        valid_until=report.valid_until,
        simulated=report.simulated,
        lat=place.lat if place else None,
        lon=place.lon if place else None,
        bearing_deg=place.bearing_deg if place else None,
        speed_mps=place.speed_mps if place else None,
        position_at=place.observed_at if place else None,
    )


def body(report: Report) -> bytes:
    """Return a report as JSON."""
    return vehicle_state(report).model_dump_json().encode()


def event(entity: Entity, report: Report, version: int, traceparent: str | None = None) -> bytes:
    """Return a state as a CloudEvent; the same version is the same event, however often sent."""
    name = _NAMES[entity.view]
    fields = {
        "specversion": "1.0",
        "id": f"{entity.view}/{entity.id}/{version}",
        "source": SOURCE,
        "type": event_type(name),
        "subject": f"vehicle/{entity.id}",
        "time": report.measured_at or report.computed_at,
        "datacontenttype": "application/json",
        "dataschema": schema_urn(name),
        "data": orjson.Fragment(body(report)),
    }
    if report.simulated:
        fields["simulated"] = True
    if traceparent is not None:
        fields["traceparent"] = traceparent
    return orjson.dumps(fields, option=orjson.OPT_UTC_Z)
