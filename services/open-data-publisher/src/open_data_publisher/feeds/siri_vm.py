# SPDX-License-Identifier: EUPL-1.2
"""SIRI-VM 2.1 (CEN/TS 15531-3): vehicles with their places and occupancy.

References are name tokens there: characters that one may not have are replaced by `_`.
"""

from __future__ import annotations

import re
from datetime import datetime

from lxml import etree

from open_data_publisher.domain.publication import Publication
from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds.gtfs_rt import is_on_the_road
from open_data_publisher.feeds.words import time_text
from open_data_publisher.feeds.xml import Writer, document
from stadttakt_messages.states import VehicleState

NAMESPACE = "http://www.siri.org.uk/siri"
VERSION = "2.1"
OCCUPANCY = {
    "EMPTY": "empty",
    "MANY_SEATS_AVAILABLE": "manySeatsAvailable",
    "FEW_SEATS_AVAILABLE": "fewSeatsAvailable",
    "STANDING_ROOM_ONLY": "standingRoomOnly",
    "CRUSHED_STANDING_ROOM_ONLY": "crushedStandingRoomOnly",
    "FULL": "full",
    "NOT_ACCEPTING_PASSENGERS": "notAcceptingPassengers",
}
"""GTFS-Realtime's words in SIRI 2.1; all others are `unknown`."""
_NO_TOKEN = re.compile(r"[^\w.:-]")
_WRITER = Writer(NAMESPACE, {None: NAMESPACE})
_add = _WRITER.add


def vehicle_monitoring(truth: Truth, publication: Publication) -> bytes:
    """Return all vehicles that are on the road, as the answer to a request for all."""
    root = _WRITER.root("Siri", version=VERSION)
    service = _add(root, "ServiceDelivery")
    _add(service, "ResponseTimestamp", time_text(truth.at))
    _add(service, "ProducerRef", _token(publication.national_identifier))
    _add(service, "Status", "true")
    delivery = _add(service, "VehicleMonitoringDelivery", version=VERSION)
    _add(delivery, "ResponseTimestamp", time_text(truth.at))
    _add(delivery, "Status", "true")
    for each in truth.vehicles:
        if is_on_the_road(each.state, truth.at):
            _activity(delivery, each.state, truth.at)
    return document(root)


def _activity(delivery: etree._Element, state: VehicleState, at: datetime) -> None:
    activity = _add(delivery, "VehicleActivity")
    _add(activity, "RecordedAtTime", time_text(state.position_at or state.measured_at or at))
    _add(activity, "ItemIdentifier", _token(state.vehicle_id))
    _add(activity, "ValidUntilTime", time_text(max(state.valid_until, at)))
    _add(activity, "VehicleMonitoringRef", _token(state.vehicle_id))
    _journey(_add(activity, "MonitoredVehicleJourney"), state)


def _journey(journey: etree._Element, state: VehicleState) -> None:
    if state.line is not None:
        _add(journey, "LineRef", _token(state.line))
    if state.direction is not None:
        _add(journey, "DirectionRef", state.direction)
    if state.trip_id is not None and state.start_date is not None:
        framed = _add(journey, "FramedVehicleJourneyRef")
        day = state.start_date
        _add(framed, "DataFrameRef", f"{day[:4]}-{day[4:6]}-{day[6:]}")
        _add(framed, "DatedVehicleJourneyRef", _token(state.trip_id))
    if state.line is not None:
        _add(journey, "PublishedLineName", state.line)
    _progress(journey, state)
    _add(journey, "VehicleRef", _token(state.vehicle_id))


def _progress(journey: etree._Element, state: VehicleState) -> None:
    if state.lat is None or state.lon is None:
        _add(journey, "Monitored", "false")
        _add(journey, "MonitoringError", "GPS")
    else:
        _add(journey, "Monitored", "true")
        location = _add(journey, "VehicleLocation")
        _add(location, "Longitude", state.lon)
        _add(location, "Latitude", state.lat)
        if state.position_at is not None:
            _add(journey, "LocationRecordedAtTime", time_text(state.position_at))
        if state.bearing_deg is not None:
            _add(journey, "Bearing", state.bearing_deg)
    _add(journey, "Occupancy", OCCUPANCY.get(state.occupancy_status, "unknown"))


def _token(text: str) -> str:
    return _NO_TOKEN.sub("_", text) or "_"
