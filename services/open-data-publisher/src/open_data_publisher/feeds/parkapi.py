# SPDX-License-Identifier: EUPL-1.2
"""ParkAPI v3: parking sites and parking spots as JSON, as its importers read them.

Source: the models of ParkenDD's `parkapi-sources`, static and realtime input of a site and a spot.
Lengths of time are seconds, in restrictions ISO 8601 durations. Times are RFC 3339 UTC. An importer
refuses a whole record for one word that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from open_data_publisher.domain.publication import Publication, SiteDetails, SiteType
from open_data_publisher.domain.truth import Published, Truth
from open_data_publisher.feeds.json import json_item, json_list
from open_data_publisher.feeds.pieces import pieces
from stadttakt_messages.states import (
    BayRestriction,
    BayState,
    BayStatus,
    KindCount,
    LotState,
    SiteStatus,
)

SITE_TYPES = {
    SiteType.ON_STREET: "ON_STREET",
    SiteType.OPEN_SPACE: "OFF_STREET_PARKING_GROUND",
    SiteType.CAR_PARK: "CAR_PARK",
    SiteType.UNDERGROUND: "UNDERGROUND",
}
AUDIENCES = {
    "disabled": "DISABLED",
    "women": "WOMEN",
    "family": "FAMILY",
    "charging": "CHARGING",
    "carsharing": "CARSHARING",
    "truck": "TRUCK",
    "bus": "BUS",
    "taxi": "TAXI",
    "loading": "DELIVERY",
}
"""User groups that ParkAPI has a word for; others are places of the site and nothing more.

It has RESIDENT, too: their bays belong to persons, so nothing here tells of them.
"""
GENERAL = "general"
NOT_FOR_CARS = frozenset({"motorcycle"})
"""ParkAPI knows places for cars, bikes and items; a bay for none of these is no spot."""
ORIENTATIONS = {
    "parallel": "PARALLEL",
    "perpendicular": "PERPENDICULAR",
    "angled": "DIAGONAL",
}
SPOT_STATUS = {BayStatus.FREE: "AVAILABLE", BayStatus.OCCUPIED: "TAKEN"}


def parking_sites(truth: Truth, publication: Publication) -> bytes:
    """Return every lot; where it is unknown the live fields are absent, never an old number."""

    def write(lot: Published[LotState]) -> bytes:
        return json_item(_site(lot, publication.details(lot.state.lot_id)))

    return _items(pieces(truth.lots, "parkapi-site", write))


def parking_spots(truth: Truth, publication: Publication) -> bytes:
    """Return every public bay for cars."""
    del publication
    for_cars = (each for each in truth.bays if each.state.kind not in NOT_FOR_CARS)
    return _items(pieces(for_cars, "parkapi-spot", lambda bay: json_item(_spot(bay))))


def _items(items: Iterable[bytes]) -> bytes:
    return b'{"items":' + json_list(items) + b"}"


def _site(lot: Published[LotState], details: SiteDetails) -> dict[str, Any]:
    state = lot.state
    site: dict[str, Any] = {
        "uid": state.lot_id,
        "name": state.name,
        "type": SITE_TYPES[details.site_type],
        "purpose": "CAR",
        "lat": state.lat,
        "lon": state.lon,
        "capacity": state.capacity,
        "has_realtime_data": True,
        "static_data_updated_at": lot.static_since,
        "opening_hours": state.opening or None,
        "max_stay": None if state.max_stay_min is None else 60 * state.max_stay_min,
        "max_height": state.max_height_cm,
        "max_width": state.max_width_cm,
        "address": details.address,
        "operator_name": details.operator,
        "public_url": details.public_url,
        "has_fee": details.has_fee,
        "fee_description": details.fee_description,
        "park_and_ride_type": ["YES"] if details.is_park_and_ride else None,
        "restrictions": _restrictions(state) or None,
    }
    return _given({**site, **_site_now(state)})


def _site_now(state: LotState) -> dict[str, Any]:
    updated_at = _updated_at(state.measured_at, state.computed_at)
    if state.state is SiteStatus.CLOSED:
        return {"realtime_data_updated_at": updated_at, "realtime_opening_status": "CLOSED"}
    if state.free is None:
        return {"realtime_data_updated_at": updated_at, "realtime_opening_status": "UNKNOWN"}
    return {
        "realtime_data_updated_at": updated_at,
        "realtime_opening_status": "OPEN",
        "realtime_capacity": state.capacity - state.out_of_service,
        "realtime_free_capacity": state.free,
    }


def _updated_at(measured_at: datetime | None, computed_at: datetime) -> datetime:
    return measured_at or computed_at


def _restrictions(state: LotState) -> list[dict[str, Any]]:
    """Return who may park, as the lot says it, else by the kinds of its bays."""
    said = [each for each in state.restrictions if each.type in AUDIENCES and each.capacity]
    if said:
        return [
            {**_terms(each), **_places(each.capacity, state.by_group.get(each.type), state)}
            for each in said
        ]
    return [
        {"type": AUDIENCES[kind], **_places(count.capacity, count, state)}
        for kind, count in sorted(state.by_kind.items())
        if kind in AUDIENCES and count.capacity
    ]


def _places(capacity: int, count: KindCount | None, state: LotState) -> dict[str, int]:
    """Return places of a user group; with a bay in doubt nobody knows how many are free."""
    if count is None or count.unknown or state.state in {SiteStatus.UNKNOWN, SiteStatus.CLOSED}:
        return {"capacity": capacity}
    return {"capacity": capacity, "realtime_free_capacity": count.free}


def _terms(restriction: BayRestriction) -> dict[str, Any]:
    stay = restriction.max_stay_min
    return _given(
        {
            "type": AUDIENCES.get(restriction.type),
            "hours": restriction.hours,
            "max_stay": None if stay is None else f"PT{stay}M",
        }
    )


def _spot(bay: Published[BayState]) -> dict[str, Any]:
    state = bay.state
    known = [each for each in state.restrictions if each.type in {*AUDIENCES, GENERAL}]
    said = [terms for each in known if (terms := _terms(each))]
    if not said and state.kind in AUDIENCES:
        said = [{"type": AUDIENCES[state.kind]}]
    return _given(
        {
            "uid": state.bay_id,
            "parking_site_uid": state.lot_id,
            "purpose": "CAR",
            "lat": state.lat,
            "lon": state.lon,
            "orientation": ORIENTATIONS.get(state.orientation or ""),
            "has_realtime_data": True,
            "static_data_updated_at": bay.static_since,
            "restrictions": said or None,
            "realtime_status": SPOT_STATUS.get(state.state, "UNKNOWN"),
            # Demanded with live data; of a bay that was never heard, since when it is told of.
            "realtime_data_updated_at": state.measured_at or bay.static_since,
        }
    )


def _given(item: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not known: importers read an absent field, not each a null."""
    return {name: value for name, value in item.items() if value is not None}
