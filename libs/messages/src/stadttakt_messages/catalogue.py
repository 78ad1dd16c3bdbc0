# SPDX-License-Identifier: EUPL-1.2
"""The catalogue of the platform's topics: which message goes where, from whom to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stadttakt_messages.base import WireModel
from stadttakt_messages.envelope import CloudEvent, event_type, schema_urn
from stadttakt_messages.examples import EXAMPLES
from stadttakt_messages.notices import Alert, IndicatorValue, RegistryEvent
from stadttakt_messages.observations import (
    AxleLoad,
    BayOccupancy,
    DevicePresence,
    Environment,
    PassengerCount,
    TripAssignment,
    VehicleCount,
    VehiclePosition,
)
from stadttakt_messages.states import BayState, LotState, SignState, TripState, VehicleState

DECODER = "uplink-decoder"
PARKING = "parking-occupancy"
TRANSIT = "vehicle-occupancy"
KPI = "kpi-aggregator"
PUBLISHER = "open-data-publisher"
REGISTRY = "measure-registry"
PARTNERS = "partners"
OPERATORS = "operators"


@dataclass(frozen=True, slots=True)
class TopicEntry:
    """One topic: its pattern below the root, its message, who writes and who reads it."""

    name: str
    pattern: str
    data: type[WireModel]
    retained: bool
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    description: str
    version: int = 1

    @property
    def event(self) -> type[CloudEvent[Any]]:
        """Return the event model of the topic."""
        return CloudEvent[self.data]  # type: ignore[name-defined]

    @property
    def type(self) -> str:
        """Return the CloudEvents type of the topic."""
        return event_type(self.name, self.version)

    @property
    def dataschema(self) -> str:
        """Return the URN of the message's schema."""
        return schema_urn(self.name, self.version)

    @property
    def example(self) -> Mapping[str, Any]:
        """Return an example event as it goes over the wire."""
        return EXAMPLES[self.name]


def _entry(
    name: str,
    pattern: str,
    data: type[WireModel],
    *,
    producers: tuple[str, ...],
    consumers: tuple[str, ...],
    description: str,
) -> TopicEntry:
    return TopicEntry(
        name=name,
        pattern=pattern,
        data=data,
        retained=pattern.startswith(("state/", "alert/", "restricted/")),
        producers=producers,
        consumers=consumers,
        description=description,
    )


TOPICS: tuple[TopicEntry, ...] = (
    _entry(
        "bay-occupancy",
        "observation/bay-occupancy/{bay_id}",
        BayOccupancy,
        producers=(DECODER, PARTNERS),
        consumers=(PARKING,),
        description="A sensor saw that a bay is occupied or free.",
    ),
    _entry(
        "vehicle-count",
        "observation/vehicle-count/{lot_id}/{gate}",
        VehicleCount,
        producers=(DECODER, PARTNERS),
        consumers=(PARKING,),
        description="A gate of a lot counted vehicles in and out.",
    ),
    _entry(
        "passenger-count",
        "observation/passenger-count/{vehicle_id}/{door}",
        PassengerCount,
        producers=(DECODER, PARTNERS),
        consumers=(TRANSIT,),
        description="A door of a vehicle counted passengers in and out.",
    ),
    _entry(
        "device-presence",
        "observation/device-presence/{vehicle_id}",
        DevicePresence,
        producers=(DECODER, PARTNERS),
        consumers=(TRANSIT,),
        description="How many radio devices a vehicle's sensor saw; counts only.",
    ),
    _entry(
        "axle-load",
        "observation/axle-load/{vehicle_id}",
        AxleLoad,
        producers=(PARTNERS,),
        consumers=(TRANSIT,),
        description="What a vehicle's axles carry.",
    ),
    _entry(
        "environment",
        "observation/environment/{asset_id}",
        Environment,
        producers=(DECODER, PARTNERS),
        consumers=(PUBLISHER, KPI),
        description="Named quantities with units, measured by one asset.",
    ),
    _entry(
        "vehicle-position",
        "input/vehicle-position/{vehicle_id}",
        VehiclePosition,
        producers=(PARTNERS,),
        consumers=(TRANSIT,),
        description="The control centre says where a vehicle is.",
    ),
    _entry(
        "trip-assignment",
        "input/trip-assignment/{vehicle_id}",
        TripAssignment,
        producers=(PARTNERS,),
        consumers=(TRANSIT,),
        description="The control centre says which trip a vehicle serves.",
    ),
    _entry(
        "bay-state",
        "state/bay/{bay_id}",
        BayState,
        producers=(PARKING,),
        consumers=(PUBLISHER, OPERATORS),
        description="What a bay is now.",
    ),
    _entry(
        "lot-state",
        "state/lot/{lot_id}",
        LotState,
        producers=(PARKING,),
        consumers=(PUBLISHER, KPI, OPERATORS),
        description="What a lot is now, with its interval of free spaces.",
    ),
    _entry(
        "sign-state",
        "state/sign/{sign_id}",
        SignState,
        producers=(PARKING,),
        consumers=(PUBLISHER, OPERATORS),
        description="What a guidance sign shows, and until when.",
    ),
    _entry(
        "vehicle-state",
        "state/vehicle/{vehicle_id}",
        VehicleState,
        producers=(TRANSIT,),
        consumers=(PUBLISHER, KPI, OPERATORS),
        description="How full a vehicle is now, as everybody may know it: its level, no numbers.",
    ),
    _entry(
        "trip-state",
        "state/trip/{trip_key}",
        TripState,
        producers=(TRANSIT,),
        consumers=(PUBLISHER, OPERATORS),
        description="How full a trip will be at its stops, as forecast the day before: levels.",
    ),
    _entry(
        "vehicle-load",
        "restricted/vehicle-load/{vehicle_id}",
        VehicleState,
        producers=(TRANSIT,),
        consumers=(OPERATORS,),
        description="How full a vehicle is now, with its numbers; the broker lets in the entitled.",
    ),
    _entry(
        "alert",
        "alert/{kind}/{alert_id}",
        Alert,
        producers=(DECODER, PARKING, TRANSIT, KPI, PUBLISHER, REGISTRY),
        consumers=(OPERATORS,),
        description="Something wants attention; an empty payload clears it.",
    ),
    _entry(
        "registry-event",
        "event/registry/{entity}/{entity_id}",
        RegistryEvent,
        producers=(REGISTRY,),
        consumers=(KPI, PUBLISHER),
        description="An idea or measure was submitted, moved or changed.",
    ),
    _entry(
        "indicator-value",
        "event/kpi/{indicator_id}",
        IndicatorValue,
        producers=(KPI,),
        consumers=(PUBLISHER, REGISTRY, OPERATORS),
        description="The value of an indicator's period is another one, with the cause.",
    ),
)

BY_NAME: Mapping[str, TopicEntry] = {entry.name: entry for entry in TOPICS}
