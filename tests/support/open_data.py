# SPDX-License-Identifier: EUPL-1.2
"""States of a small city at noon, and how it publishes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from open_data_publisher.domain.known_sources import LOT_HISTORY
from open_data_publisher.domain.licences import LICENCES
from open_data_publisher.domain.policy import Dataset, Terms, Words
from open_data_publisher.domain.publication import Publication, SiteDetails, SiteType
from open_data_publisher.domain.truth import Published, Truth, truth_at
from stadttakt_messages.states import (
    BayState,
    BayStatus,
    KindCount,
    LotState,
    SiteStatus,
    TripState,
    VehicleCapacity,
    VehicleState,
)

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SINCE = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
PUBLICATION = Publication(
    city_id="musterstadt",
    city_name="Musterstadt",
    country="de",
    national_identifier="DE-Musterstadt",
    language="de",
    base_url="https://daten.example",
    sites={
        "markt": SiteDetails(SiteType.UNDERGROUND, address="Markt 1, 00000 Musterstadt"),
        "pr-nord": SiteDetails(is_park_and_ride=True),
    },
)

OPEN_POLICY = """
states:
  - kind: lot
    fields: [lot_id, name, capacity, free, free_min, free_max, occupied, unknown, out_of_service, state,
             opening, opens_at, closes_at, closed_by, closed_reason, trend, detection, lat, lon, by_kind,
             by_group, max_stay_min, max_height_cm, max_width_cm, restrictions, measured_at, computed_at,
             valid_until, simulated]
    licence: dl-zero-de/2.0
  - kind: bay
    fields: [bay_id, lot_id, kind, state, reason, since, measured_at, valid_until, lat, lon, simulated,
             groups, orientation, max_stay_min, restrictions]
    licence: dl-zero-de/2.0
  - kind: vehicle
    fields: [vehicle_id, line, direction, trip_id, start_date, stop_id, capacity, level, occupancy_status,
             measured_at, valid_until, simulated, lat, lon, bearing_deg, speed_mps, position_at]
    licence: dl-zero-de/2.0
  - kind: trip
    fields: [trip_key, trip_id, start_date, line, direction, stops, issued_at, valid_until, simulated]
    licence: dl-zero-de/2.0
"""
"""A city's `opendata/policy.yaml` that opens all there is of live states."""


def lots_dataset(**more: Any) -> Dataset:
    """Return a dataset of lots over time with the least there is to tell."""
    words = Words("Wort", "word")
    values: dict[str, Any] = {
        "dataset_id": "lots",
        "source": LOT_HISTORY,
        "title": words,
        "description": words,
        "measured": words,
        "fields": ("lot_id", "start", "free_mean", "simulated"),
        "aggregation": "15m",
        "protection": None,
        "delay": timedelta(),
        "terms": Terms(LICENCES["dl-zero-de/2.0"], None),
    }
    return Dataset(**{**values, **more})


def lot(lot_id: str = "markt", **more: Any) -> LotState:
    values: dict[str, Any] = {
        "lot_id": lot_id,
        "name": "Tiefgarage Markt & Süd",
        "capacity": 40,
        "free": 12,
        "free_min": 11,
        "free_max": 13,
        "occupied": 27,
        "unknown": 0,
        "out_of_service": 1,
        "state": SiteStatus.FREE,
        "opening": "24/7",
        "trend": "rising",
        "detection": "single_bay",
        "lat": 51.48215,
        "lon": 11.9712,
        "by_kind": {
            "general": KindCount(capacity=40, free=12, occupied=27, unknown=0, out_of_service=1),
            "disabled": KindCount(capacity=2, free=1, occupied=1, unknown=0, out_of_service=0),
            "charging": KindCount(capacity=3, free=1, occupied=1, unknown=1, out_of_service=0),
        },
        "measured_at": NOON - timedelta(minutes=1),
        "computed_at": NOON - timedelta(seconds=30),
        "valid_until": NOON + timedelta(minutes=10),
    }
    return LotState.model_validate({**values, **more})


def bay(bay_id: str = "markt-01", **more: Any) -> BayState:
    values: dict[str, Any] = {
        "bay_id": bay_id,
        "lot_id": "markt",
        "kind": "general",
        "state": BayStatus.FREE,
        "since": NOON - timedelta(hours=1),
        "measured_at": NOON - timedelta(minutes=5),
        "valid_until": NOON + timedelta(hours=2),
        "lat": 51.4821,
        "lon": 11.9711,
    }
    return BayState.model_validate({**values, **more})


def vehicle(vehicle_id: str = "tram-601", **more: Any) -> VehicleState:
    values: dict[str, Any] = {
        "vehicle_id": vehicle_id,
        "line": "2",
        "direction": 0,
        "trip_id": "t-1",
        "start_date": "20261126",
        "stop_id": "s-1",
        "load": None,
        "load_min": None,
        "load_max": None,
        "capacity": VehicleCapacity(seats=60, standing=90),
        "percentage": None,
        "level": "medium",
        "occupancy_status": "FEW_SEATS_AVAILABLE",
        "confidence": 0.8,
        "measured_at": NOON - timedelta(seconds=20),
        "valid_until": NOON + timedelta(minutes=2),
    }
    return VehicleState.model_validate({**values, **more})


def trip(trip_id: str = "t-1", **more: Any) -> TripState:
    start_date = more.get("start_date", "20261126")
    levels = ["MANY_SEATS_AVAILABLE", "FEW_SEATS_AVAILABLE", "STANDING_ROOM_ONLY"]
    values: dict[str, Any] = {
        "trip_key": f"{start_date}:{trip_id}",
        "trip_id": trip_id,
        "start_date": start_date,
        "line": "2",
        "direction": 0,
        "stops": [
            {
                "stop_id": f"s-{number}",
                "stop_sequence": number,
                "at": NOON + timedelta(minutes=3 * number - 5),
                "level": level,
                "occupancy_status": status,
            }
            for number, (level, status) in enumerate(
                zip(["low", "medium", "high"], levels, strict=True), start=1
            )
        ],
        "issued_at": NOON - timedelta(hours=8),
        "valid_until": NOON + timedelta(minutes=5),
    }
    return TripState.model_validate({**values, **more})


def somewhere(**more: Any) -> dict[str, Any]:
    """Return where a vehicle is."""
    place = {"lat": 51.4826, "lon": 11.9697, "bearing_deg": 90.0, "speed_mps": 8.3}
    return {**place, "position_at": NOON - timedelta(seconds=12), **more}


LATER: dict[str, Any] = {
    "stops": [
        {
            "stop_id": "s-1",
            "stop_sequence": 1,
            "at": NOON + timedelta(hours=7),
            "level": "low",
            "occupancy_status": "MANY_SEATS_AVAILABLE",
        }
    ],
    "valid_until": NOON + timedelta(hours=8),
}
"""A trip that begins too late to be told of."""


def truth(
    lots: list[LotState] | None = None,
    bays: list[BayState] | None = None,
    vehicles: list[VehicleState] | None = None,
    trips: list[TripState] | None = None,
    *,
    at: datetime = NOON,
) -> Truth:
    """Return what is public of these; without any, of every kind of case at once."""
    if lots is None:
        lots = [
            lot(),
            lot("pr-nord", name="P+R Nord", free=0, free_min=0, free_max=0, occupied=39,
                state=SiteStatus.FULL, trend="falling", detection="balancing", by_kind={}),
            lot("zoo", state=SiteStatus.CLOSED, free=0, free_min=0, free_max=0,
                closed_by="hours", opening="Mo-Fr 08:00-18:00", trend=None, by_kind={}),
            lot("alt", valid_until=NOON - timedelta(seconds=1)),
        ]  # fmt: skip
    if bays is None:
        bays = [
            bay(),
            bay("markt-02", state=BayStatus.OCCUPIED, kind="disabled"),
            bay("markt-03", state=BayStatus.UNKNOWN, reason="silent", since=None),
            bay("markt-04", state=BayStatus.OUT_OF_SERVICE, reason="out_of_service",
                valid_until=None, measured_at=None, since=None),
            bay("markt-05", valid_until=NOON - timedelta(seconds=1)),
        ]  # fmt: skip
    if vehicles is None:
        vehicles = [
            vehicle(**somewhere()),
            vehicle("tram-602", trip_id=None, line=None, direction=None, start_date=None,
                level=None, occupancy_status="NO_DATA_AVAILABLE", measured_at=None,
                **somewhere(bearing_deg=None)),
            vehicle("tram-603", trip_id="t-3"),
            vehicle("tram-604", trip_id="t-4", valid_until=NOON - timedelta(seconds=1), **somewhere()),
            vehicle("tram-605", trip_id="t-5", valid_until=NOON - timedelta(hours=1), **somewhere()),
            vehicle("tram-606", trip_id=None),
        ]  # fmt: skip
    if trips is None:
        trips = [trip(), trip("t-over", valid_until=NOON), trip("t-later", **LATER)]
    return truth_at(
        at,
        [Published(each, SINCE) for each in lots],
        [Published(each, SINCE) for each in bays],
        [Published(each, SINCE) for each in vehicles],
        [Published(each, SINCE) for each in trips],
    )
