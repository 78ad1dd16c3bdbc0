# SPDX-License-Identifier: EUPL-1.2
"""All feeds: where each is found, what it is made of, who renders it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from open_data_publisher.domain.policy import Words
from open_data_publisher.domain.publication import Publication
from open_data_publisher.domain.states import Kind
from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds import datex2_light, datex2_v2, datex2_v3, gtfs_rt, parkapi, siri_vm

XML = "application/xml"
JSON = "application/json"
PROTOBUF = "application/x-protobuf"
RENEW_AFTER_S = 25.0
"""GTFS-Realtime best practices want a feed not older than half a minute."""

_SUBJECTS: tuple[Kind, ...] = ("lot", "bay", "trip", "vehicle")


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed; `is_static` ones change with the standing data only.

    Some formats want a new time every `renew_after_s` though nothing changed, and some `may_be_empty`.
    """

    feed_id: str
    path: str
    media_type: str
    title: Words
    kinds: frozenset[Kind]
    render: Callable[[Truth, Publication], bytes]
    is_static: bool = False
    renew_after_s: float | None = None
    may_be_empty: bool = False

    @property
    def subject(self) -> Kind:
        """Return the kind without which there is nothing to tell; others are told beside it."""
        return next(kind for kind in _SUBJECTS if kind in self.kinds)


_PARKING: frozenset[Kind] = frozenset({"lot", "bay"})
_LOTS: frozenset[Kind] = frozenset({"lot"})
_BAYS: frozenset[Kind] = frozenset({"bay"})
_VEHICLES: frozenset[Kind] = frozenset({"vehicle"})
_TRIPS: frozenset[Kind] = frozenset({"vehicle", "trip"})

FEEDS: tuple[Feed, ...] = (
    Feed(
        "datex2-v2-parking-table",
        "/feeds/datex2/v2/parking-table.xml",
        XML,
        Words(
            "Parkplätze und Stellplätze, DATEX II v2.3 (Stammdaten)",
            "Car parks and bays, DATEX II v2.3 parking table",
        ),
        _PARKING,
        datex2_v2.parking_table,
        is_static=True,
    ),
    Feed(
        "datex2-v2-parking-status",
        "/feeds/datex2/v2/parking-status.xml",
        XML,
        Words(
            "Belegung der Parkplätze und Stellplätze, DATEX II v2.3 (aktuell)",
            "Occupancy of car parks and bays, DATEX II v2.3 parking status",
        ),
        _PARKING,
        datex2_v2.parking_status,
    ),
    Feed(
        "datex2-v3-parking-table",
        "/feeds/datex2/v3/parking-table.xml",
        XML,
        Words(
            "Parkplätze und Stellplätze, DATEX II 3.6 (Stammdaten)",
            "Car parks and bays, DATEX II 3.6 parking table",
        ),
        _PARKING,
        datex2_v3.parking_table,
        is_static=True,
    ),
    Feed(
        "datex2-v3-parking-status",
        "/feeds/datex2/v3/parking-status.xml",
        XML,
        Words(
            "Belegung der Parkplätze und Stellplätze, DATEX II 3.6 (aktuell)",
            "Occupancy of car parks and bays, DATEX II 3.6 parking status",
        ),
        _PARKING,
        datex2_v3.parking_status,
    ),
    Feed(
        "datex2-light",
        "/feeds/datex2/light.json",
        JSON,
        Words(
            "Parkplätze und Stellplätze mit Belegung, DATEX II Light",
            "Car parks and bays with their occupancy, DATEX II Light",
        ),
        _PARKING,
        datex2_light.light,
    ),
    Feed(
        "parkapi-v3-parking-sites",
        "/feeds/parkapi/v3/parking-sites",
        JSON,
        Words(
            "Parkplätze mit Belegung, ParkAPI v3",
            "Car parks with their occupancy, ParkAPI v3",
        ),
        _LOTS,
        parkapi.parking_sites,
    ),
    Feed(
        "parkapi-v3-parking-spots",
        "/feeds/parkapi/v3/parking-spots",
        JSON,
        Words(
            "Stellplätze mit Belegung, ParkAPI v3",
            "Bays with their occupancy, ParkAPI v3",
        ),
        _BAYS,
        parkapi.parking_spots,
    ),
    Feed(
        "gtfs-rt-vehicle-positions",
        "/feeds/gtfs-rt/vehicle-positions.pb",
        PROTOBUF,
        Words(
            "Fahrzeuge mit Ort und Besetztgrad, GTFS-Realtime",
            "Vehicles with their places and occupancy, GTFS-Realtime",
        ),
        _VEHICLES,
        gtfs_rt.vehicle_positions,
        renew_after_s=RENEW_AFTER_S,
        may_be_empty=True,
    ),
    Feed(
        "gtfs-rt-trip-updates",
        "/feeds/gtfs-rt/trip-updates.pb",
        PROTOBUF,
        Words(
            "Fahrten mit erwartetem Besetztgrad je Halt, GTFS-Realtime",
            "Trips with their expected occupancy stop by stop, GTFS-Realtime",
        ),
        _TRIPS,
        gtfs_rt.trip_updates,
        renew_after_s=RENEW_AFTER_S,
        may_be_empty=True,
    ),
    Feed(
        "siri-vm",
        "/feeds/siri/vm.xml",
        XML,
        Words(
            "Fahrzeuge mit Ort und Besetztgrad, SIRI-VM 2.1",
            "Vehicles with their places and occupancy, SIRI-VM 2.1",
        ),
        _VEHICLES,
        siri_vm.vehicle_monitoring,
        renew_after_s=RENEW_AFTER_S,
        may_be_empty=True,
    ),
)
FORMATS = MappingProxyType({XML: "XML", JSON: "JSON", PROTOBUF: "Protocol Buffers"})
"""What people call the media types."""
BY_ID = {feed.feed_id: feed for feed in FEEDS}
