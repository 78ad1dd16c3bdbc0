# SPDX-License-Identifier: EUPL-1.2
"""One example event for every topic of the catalogue, as it goes over the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stadttakt_messages.envelope import event_type, schema_urn

_TIME = "2026-11-01T08:15:00Z"
_UNTIL = "2026-11-01T08:17:00Z"


def _event(name: str, subject: str, source: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"example-{name}",
        "source": f"/stadttakt/{source}",
        "type": event_type(name),
        "subject": subject,
        "time": _TIME,
        "datacontenttype": "application/json",
        "dataschema": schema_urn(name),
        "data": data,
    }


_PLACE = {"lat": 51.4872, "lon": 11.9673}
_WHERE = {**_PLACE, "bearing_deg": 90.0, "speed_mps": 8.3, "position_at": _TIME}
_BAY = "friedemann-bach-platz-07"
_LOT = "friedemann-bach-platz"
_KIND = {"capacity": 44, "free": 11, "occupied": 32, "unknown": 1, "out_of_service": 0}
_CODEC = {"codec_id": "bosch-tps110", "codec_version": 1}

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "bay-occupancy": _event(
        "bay-occupancy",
        f"bay/{_BAY}",
        "uplink-decoder",
        {
            "occupied": True,
            "previous_duration_s": 2700,
            "battery_mv": 3580,
            "quality": "good",
            **_CODEC,
        },
    ),
    "vehicle-count": _event(
        "vehicle-count",
        "lot/holzplatz/gate/nord",
        "uplink-decoder",
        {"mode": "delta", "in": 3, "out": 1},
    ),
    "passenger-count": _event(
        "passenger-count",
        "vehicle/tram-614/door/2",
        "partner-apc",
        {
            "mode": "cumulative",
            "counts": [{"class": "adult", "in": 1204, "out": 1191}],
            "quality": "regular",
        },
    ),
    "device-presence": _event(
        "device-presence", "vehicle/tram-614", "uplink-decoder", {"wifi": 23, "ble": 17}
    ),
    "axle-load": _event(
        "axle-load", "vehicle/tram-614", "partner-apc", {"mass_kg": 43150.0, "gross": True}
    ),
    "environment": _event(
        "environment",
        "asset/klima-marktplatz",
        "uplink-decoder",
        {"quantities": [{"quantity": "air.temperature", "value": 8.4, "unit": "°C"}]},
    ),
    "vehicle-position": _event(
        "vehicle-position",
        "vehicle/tram-614",
        "control-centre",
        {"lat": 51.4826, "lon": 11.9697, "speed_mps": 8.3, "bearing_deg": 90.0},
    ),
    "trip-assignment": _event(
        "trip-assignment",
        "vehicle/tram-614",
        "control-centre",
        {
            "line": "7",
            "direction": 0,
            "trip_id": "trip-4711",
            "start_date": "20261101",
            "stop_id": "de:15002:8010159",
            "valid_until": "2026-11-01T09:00:00Z",
        },
    ),
    "bay-state": _event(
        "bay-state",
        f"bay/{_BAY}",
        "parking-occupancy",
        {
            "bay_id": _BAY,
            "lot_id": _LOT,
            "kind": "general",
            "state": "occupied",
            "reason": None,
            "since": _TIME,
            "measured_at": _TIME,
            "valid_until": "2026-11-01T10:15:00Z",
            **_PLACE,
            "simulated": False,
            "groups": ["general"],
            "orientation": "perpendicular",
            "max_stay_min": None,
            "restrictions": [
                {
                    "type": "general",
                    "max_stay_min": 120,
                    "hours": "Mo-Sa 08:00-20:00",
                    "active": True,
                }
            ],
        },
    ),
    "lot-state": _event(
        "lot-state",
        f"lot/{_LOT}",
        "parking-occupancy",
        {
            "lot_id": _LOT,
            "name": "Friedemann-Bach-Platz",
            "capacity": 44,
            "free": 11,
            "free_min": 11,
            "free_max": 12,
            "occupied": 32,
            "unknown": 1,
            "out_of_service": 0,
            "state": "free",
            "opening": "Mo-Sa 06:00-22:00; PH off",
            "opens_at": None,
            "closes_at": "2026-11-02T21:00:00Z",
            "closed_by": None,
            "closed_reason": None,
            "trend": "falling",
            "detection": "single_bay",
            **_PLACE,
            "by_kind": {"general": _KIND},
            "measured_at": _TIME,
            "computed_at": _TIME,
            "valid_until": _UNTIL,
            "simulated": False,
            "by_group": {"general": _KIND},
            "max_stay_min": 120,
            "max_height_cm": 210,
            "max_width_cm": None,
            "restrictions": [
                {
                    "type": "general",
                    "max_stay_min": 120,
                    "hours": None,
                    "active": True,
                    "capacity": 44,
                    "free": 11,
                }
            ],
        },
    ),
    "sign-state": _event(
        "sign-state",
        "sign/fbp-einfahrt",
        "parking-occupancy",
        {
            "sign_id": "fbp-einfahrt",
            "state": "free",
            "free": 11,
            "text": "11",
            "control": "auto",
            "detection": "single_bay",
            "overridden": False,
            "simulated": False,
            "alternative": None,
            "alternative_name": None,
            "alternative_state": None,
            "alternative_free": None,
            "sequence": 381,
            "measured_at": _TIME,
            "computed_at": _TIME,
            "valid_until": _UNTIL,
            "signature": None,
        },
    ),
    "vehicle-state": _event(
        "vehicle-state",
        "vehicle/tram-614",
        "vehicle-occupancy",
        {
            "vehicle_id": "tram-614",
            "line": "7",
            "direction": 0,
            "trip_id": "trip-4711",
            "start_date": "20261101",
            "stop_id": "de:15002:8010159",
            "load": None,
            "load_min": None,
            "load_max": None,
            "capacity": {"seats": 64, "standing": 92},
            "percentage": None,
            "level": "medium",
            "occupancy_status": "FEW_SEATS_AVAILABLE",
            "confidence": None,
            "measured_at": _TIME,
            "valid_until": _UNTIL,
            "simulated": False,
            **_WHERE,
        },
    ),
    "trip-state": _event(
        "trip-state",
        "trip/20261101:trip-4711",
        "vehicle-occupancy",
        {
            "trip_key": "20261101:trip-4711",
            "trip_id": "trip-4711",
            "start_date": "20261101",
            "line": "7",
            "direction": 0,
            "stops": [
                {
                    "stop_id": "de:15002:8010159",
                    "stop_sequence": 1,
                    "at": _TIME,
                    "level": "medium",
                    "occupancy_status": "FEW_SEATS_AVAILABLE",
                }
            ],
            "issued_at": _TIME,
            "valid_until": "2026-11-01T09:00:00Z",
            "simulated": False,
        },
    ),
    "vehicle-load": _event(
        "vehicle-load",
        "vehicle/tram-614",
        "vehicle-occupancy",
        {
            "vehicle_id": "tram-614",
            "line": "7",
            "direction": 0,
            "trip_id": "trip-4711",
            "start_date": "20261101",
            "stop_id": "de:15002:8010159",
            "load": 41,
            "load_min": 36,
            "load_max": 47,
            "capacity": {"seats": 64, "standing": 92},
            "percentage": 26.3,
            "level": "medium",
            "occupancy_status": "FEW_SEATS_AVAILABLE",
            "confidence": 0.8,
            "measured_at": _TIME,
            "valid_until": _UNTIL,
            "simulated": False,
            **_WHERE,
        },
    ),
    "alert": _event(
        "alert",
        "alert/device-silent/02a1b2c3d4e5f607",
        "uplink-decoder",
        {
            "alert_id": "02a1b2c3d4e5f607",
            "kind": "device-silent",
            "severity": "warning",
            "text": {"de": "Sensor meldet sich nicht", "en": "Sensor is silent"},
            "since": _TIME,
            "details": {"expected_interval_s": 3600},
        },
    ),
    "registry-event": _event(
        "registry-event",
        "idea/idea-0042",
        "measure-registry",
        {
            "entity": "idea",
            "entity_id": "idea-0042",
            "action": "moved",
            "from_state": "eingereicht",
            "to_state": "gesichtet",
        },
    ),
    "indicator-value": _event(
        "indicator-value",
        "indicator/auslastung-parkplaetze",
        "kpi-aggregator",
        {
            "indicator_id": "auslastung-parkplaetze",
            "period": "month",
            "period_start": "2026-10-01",
            "value": 71.4,
            "unit": "%",
            "reason": None,
            "completeness": 0.93,
            "provisional": False,
            "public": True,
            "version": 1,
            "cause": "late or corrected data",
        },
    ),
}
