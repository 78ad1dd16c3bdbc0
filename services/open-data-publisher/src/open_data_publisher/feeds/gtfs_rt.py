# SPDX-License-Identifier: EUPL-1.2
"""GTFS-Realtime 2.0: vehicles and trips with their occupancy.

Trips are told of without times: nobody forecasts them here. The specification has a form for that
(`StopTimeUpdate.departure_occupancy_status`): `NO_DATA` as schedule relationship, with the stop's
sequence. `occupancy_percentage` is never told: what is public are levels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from google.protobuf import json_format, text_format
from google.transit import gtfs_realtime_pb2 as pb

from open_data_publisher.domain.publication import Publication
from open_data_publisher.domain.truth import Published, Truth
from stadttakt_messages.states import TripState, VehicleState

AHEAD = timedelta(hours=6)
"""Trips that begin later are left out: consumers ask for hours, not days."""
GONE_AFTER = timedelta(minutes=30)
"""A vehicle of which nothing was heard for so long is no more on the road."""
VERSION = "2.0"
_STATUSES: Mapping[str, Any] = dict(pb.VehiclePosition.OccupancyStatus.items())


def vehicle_positions(truth: Truth, publication: Publication) -> bytes:
    """Return all vehicles that are on the road."""
    del publication
    feed = _feed(truth.at)
    for each in truth.vehicles:
        if is_on_the_road(each.state, truth.at):
            _vehicle(feed.entity.add(), each.state)
    return _bytes(feed)


def trip_updates(truth: Truth, publication: Publication) -> bytes:
    """Return the trips of the next hours with what is expected at the stops still to come."""
    del publication
    feed = _feed(truth.at)
    serving = {
        (each.state.start_date, each.state.trip_id): each.state.vehicle_id
        for each in truth.vehicles
        if is_on_the_road(each.state, truth.at)
    }
    for each in truth.trips:
        state = each.state
        stops = [stop for stop in state.stops if stop.at >= truth.at]
        if stops and state.stops[0].at < truth.at + AHEAD:
            update = _trip_update(feed, each, serving.get((state.start_date, state.trip_id)))
            for stop in stops:
                update.stop_time_update.add(
                    stop_sequence=stop.stop_sequence,
                    stop_id=stop.stop_id,
                    schedule_relationship=pb.TripUpdate.StopTimeUpdate.NO_DATA,
                    departure_occupancy_status=_status(stop.occupancy_status),
                )
    return _bytes(feed)


def as_json(feed: bytes) -> bytes:
    """Return a feed for reading, in the JSON of protobuf with the names of the specification."""
    message = pb.FeedMessage.FromString(feed)
    return json_format.MessageToJson(
        message, preserving_proto_field_name=True, indent=1, ensure_ascii=False
    ).encode()


def as_text(feed: bytes) -> bytes:
    """Return a feed for reading, in the text format of protobuf."""
    return text_format.MessageToString(pb.FeedMessage.FromString(feed), as_utf8=True).encode()


READABLE: Mapping[str, tuple[str, Callable[[bytes], bytes]]] = {
    "json": ("application/json", as_json),
    "text": ("text/plain; charset=utf-8", as_text),
}
"""Forms for people, by the value of `format`: media type and how it is made."""


def is_on_the_road(state: VehicleState, at: datetime) -> bool:
    """Tell whether a vehicle is to be told of: it has a place or a trip, and was heard of lately."""
    is_somewhere = state.lat is not None or state.trip_id is not None
    return is_somewhere and at - state.valid_until < GONE_AFTER


def _feed(at: datetime) -> pb.FeedMessage:
    header = pb.FeedHeader(
        gtfs_realtime_version=VERSION,
        incrementality=pb.FeedHeader.FULL_DATASET,
        timestamp=int(at.timestamp()),
    )
    return pb.FeedMessage(header=header)


def _bytes(feed: pb.FeedMessage) -> bytes:
    return bytes(feed.SerializeToString(deterministic=True))


def _vehicle(entity: pb.FeedEntity, state: VehicleState) -> None:
    entity.id = state.vehicle_id
    vehicle = entity.vehicle
    vehicle.vehicle.id = state.vehicle_id
    if state.trip_id is not None:
        _describe(vehicle.trip, state.trip_id, state.start_date, state.direction)
    if state.lat is not None and state.lon is not None:
        vehicle.position.latitude = state.lat
        vehicle.position.longitude = state.lon
        if state.bearing_deg is not None:
            vehicle.position.bearing = state.bearing_deg
        if state.speed_mps is not None:
            vehicle.position.speed = state.speed_mps
    told_at = state.position_at or state.measured_at
    if told_at is not None:
        vehicle.timestamp = int(told_at.timestamp())
    vehicle.occupancy_status = _status(state.occupancy_status)


def _trip_update(
    feed: pb.FeedMessage, trip: Published[TripState], vehicle_id: str | None
) -> pb.TripUpdate:
    state = trip.state
    update = feed.entity.add(id=state.trip_key).trip_update
    _describe(update.trip, state.trip_id, state.start_date, state.direction)
    if vehicle_id is not None:
        update.vehicle.id = vehicle_id
    update.timestamp = int(state.issued_at.timestamp())
    return update


def _describe(
    trip: pb.TripDescriptor, trip_id: str, start_date: str | None, direction: int | None
) -> None:
    trip.trip_id = trip_id
    trip.schedule_relationship = pb.TripDescriptor.SCHEDULED
    if start_date is not None:
        trip.start_date = start_date
    if direction is not None:
        trip.direction_id = direction


def _status(name: str) -> Any:
    """Return an occupancy status; a word that the specification does not have says nothing."""
    return _STATUSES.get(name, pb.VehiclePosition.NO_DATA_AVAILABLE)
