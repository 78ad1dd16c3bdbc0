# SPDX-License-Identifier: EUPL-1.2
"""DATEX II Light JSON: `parkingPublicationLight` (DATEX II 3.4, light profile).

No official schema is published beside it: members, their words and plain names are those that its readers and ParkenDD's
Park API have (decision 0098).
"""

from __future__ import annotations

from typing import Any

import orjson

from open_data_publisher.domain.publication import Publication, SiteDetails, SiteType
from open_data_publisher.domain.truth import Published, Truth
from open_data_publisher.feeds.json import OPTIONS, json_item, json_list
from open_data_publisher.feeds.pieces import pieces
from open_data_publisher.feeds.words import TRENDS, information_status
from stadttakt_messages.states import BayState, BayStatus, LotState, SiteStatus

AVAILABILITY = {
    BayStatus.FREE: "available",
    BayStatus.OCCUPIED: "occupied",
    BayStatus.OUT_OF_SERVICE: "closed",
    BayStatus.UNKNOWN: "unknown",
}
SITE_TYPES = {
    SiteType.ON_STREET: "onStreet",
    SiteType.OPEN_SPACE: "offStreetParkingGround",
    SiteType.CAR_PARK: "carPark",
    SiteType.UNDERGROUND: "carPark",
}


def light(truth: Truth, publication: Publication) -> bytes:
    """Return lots and bays in one document; `availableSpaces` is null where it is not known."""
    sites = pieces(truth.lots, "light-site", lambda lot: json_item(_site(lot, publication)))
    spaces = pieces(truth.bays, "light-space", lambda bay: json_item(_space(bay)))
    document = {
        "_version": "3.4",
        "_modelBaseVersion": "3",
        "parkingPublicationLight": {
            "name": publication.city_name,
            "lang": publication.language,
            "headerInformation": {
                "confidentiality": "noRestriction",
                "informationStatus": information_status(truth),
            },
            "publicationTime": truth.at,
            "parkingSite": orjson.Fragment(json_list(sites)),
            "parkingSpace": orjson.Fragment(json_list(spaces)),
        },
    }
    return orjson.dumps(document, option=OPTIONS)


def _site(lot: Published[LotState], publication: Publication) -> dict[str, Any]:
    state = lot.state
    is_closed = state.state is SiteStatus.CLOSED
    is_known = state.state is not SiteStatus.UNKNOWN
    details = publication.details(state.lot_id)
    return {
        "_id": state.lot_id,
        "type": SITE_TYPES[details.site_type],
        "locationAndDimension": {
            "coordinatesForDisplay": {"latitude": state.lat, "longitude": state.lon},
            **_given(locationDescriptor=details.address),
        },
        "name": state.name,
        "numberOfSpaces": state.capacity,
        **_standing(state, details),
        "availableSpaces": state.free,
        "isOpenNow": not is_closed if is_known else None,
        "temporaryClosed": is_closed and state.closed_by != "hours",
        "occupancyTrend": TRENDS[state.trend],
        "lastUpdate": state.measured_at or state.computed_at,
    }


def _standing(state: LotState, details: SiteDetails) -> dict[str, Any]:
    """Return what the city says of a lot, where it says it; hours as OSM writes them, times in seconds."""
    for_transit = {"typeOfAssignment": "allowedFor", "user": "parkAndRideUsers"}
    return _given(
        openingTimesDescription=[state.opening] if state.opening else None,
        maximumParkingDuration=_seconds(state.max_stay_min),
        operatorInformation=[details.operator] if details.operator else None,
        freeParking=None if details.has_fee is None else not details.has_fee,
        tariffDescription=[details.fee_description] if details.fee_description else None,
        urlLinkAddress=details.public_url,
        assignedFor=[for_transit] if details.is_park_and_ride else None,
    )


def _seconds(minutes: int | None) -> int | None:
    return None if minutes is None else 60 * minutes


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _space(bay: Published[BayState]) -> dict[str, Any]:
    state = bay.state
    return {
        "_id": state.bay_id,
        "availability": AVAILABILITY[state.state],
        "locationAndDimension": {
            "coordinatesForDisplay": {"latitude": state.lat, "longitude": state.lon}
        },
        "lastUpdate": state.measured_at,
        **_given(maximumParkingDuration=_seconds(state.max_stay_min)),
    }
