# SPDX-License-Identifier: EUPL-1.2
"""Reports as canonical observations: CloudEvents 1.0 in structured JSON mode, marked as simulated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from stadttakt_simulators.lorawan.dialects.model import Message
from stadttakt_simulators.transit.delivery import Delivered
from stadttakt_simulators.transit.reports import (
    AssignmentReport,
    AxleReport,
    DoorReport,
    PositionReport,
    PresenceReport,
)

ROOT = "takt/v1"
SOURCE = "/stadttakt/simulator"
_DEVICES, _AXLES = "observation/device-presence", "observation/axle-load"
_POSITIONS, _TRIPS = "input/vehicle-position", "input/trip-assignment"


def message_of(delivered: Delivered, root: str = ROOT) -> Message | None:
    """This function returns what goes over the wire; what is only true does not."""
    event = delivered.event
    vehicle = _level(event.vehicle_id)
    subject = f"vehicle/{event.vehicle_id}"
    match event:
        case DoorReport():
            counts = [{"class": "adult", "in": event.boarded, "out": event.alighted}]
            data: Mapping[str, Any] = {
                "mode": event.mode, "counts": counts, "quality": event.quality,
            }  # fmt: skip
            place = f"observation/passenger-count/{vehicle}/{_level(event.door)}"
            subject = f"{subject}/door/{event.door}"
        case PresenceReport():
            data, place = {"wifi": event.wifi, "ble": event.ble}, f"{_DEVICES}/{vehicle}"
        case AxleReport():
            data, place = {"mass_kg": event.mass_kg, "gross": True}, f"{_AXLES}/{vehicle}"
        case PositionReport():
            data, place = {"lat": event.lat, "lon": event.lon}, f"{_POSITIONS}/{vehicle}"
        case AssignmentReport():
            data, place = _trip(event), f"{_TRIPS}/{vehicle}"
        case _:
            return None
    name = place.split("/")[1]
    body = {
        "specversion": "1.0",
        "id": delivered.event_id,
        "source": SOURCE,
        "type": f"city.stadttakt.{name}.v1",
        "subject": subject,
        "time": _time(event.at),
        "datacontenttype": "application/json",
        "dataschema": f"urn:stadttakt:schema:{name}:v1",
        "data": data,
        "simulated": True,
    }
    topic = f"{root}/{place}"
    return Message(topic, orjson.dumps(body), "", name, delivered.event_id)


def _trip(report: AssignmentReport) -> dict[str, Any]:
    return {
        "line": report.line,
        "direction": report.direction,
        "trip_id": report.trip_id,
        "start_date": report.start_date,
        "stop_id": report.stop_id,
        "valid_until": _time(report.valid_until) if report.valid_until else None,
    }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _level(name: str) -> str:
    return quote(name, safe="")
