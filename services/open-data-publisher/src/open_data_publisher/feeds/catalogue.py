"""All feeds: where each is found, what it is made of, who renders it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from open_data_publisher.domain.publication import Publication
from open_data_publisher.domain.states import Kind
from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds import datex2_light, datex2_v2, datex2_v3, parkapi

XML = "application/xml"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed; `is_static` ones change with the standing data only."""

    feed_id: str
    path: str
    media_type: str
    title: str
    kinds: frozenset[Kind]
    render: Callable[[Truth, Publication], bytes]
    is_static: bool = False


_PARKING: frozenset[Kind] = frozenset({"lot", "bay"})
_LOTS: frozenset[Kind] = frozenset({"lot"})
_BAYS: frozenset[Kind] = frozenset({"bay"})

FEEDS: tuple[Feed, ...] = (
    Feed(
        "datex2-v2-parking-table",
        "/feeds/datex2/v2/parking-table.xml",
        XML,
        "Car parks and bays, DATEX II v2.3 parking table",
        _PARKING,
        datex2_v2.parking_table,
        is_static=True,
    ),
    Feed(
        "datex2-v2-parking-status",
        "/feeds/datex2/v2/parking-status.xml",
        XML,
        "Occupancy of car parks and bays, DATEX II v2.3 parking status",
        _PARKING,
        datex2_v2.parking_status,
    ),
    Feed(
        "datex2-v3-parking-table",
        "/feeds/datex2/v3/parking-table.xml",
        XML,
        "Car parks and bays, DATEX II 3.6 parking table",
        _PARKING,
        datex2_v3.parking_table,
        is_static=True,
    ),
    Feed(
        "datex2-v3-parking-status",
        "/feeds/datex2/v3/parking-status.xml",
        XML,
        "Occupancy of car parks and bays, DATEX II 3.6 parking status",
        _PARKING,
        datex2_v3.parking_status,
    ),
    Feed(
        "datex2-light",
        "/feeds/datex2/light.json",
        JSON,
        "Car parks and bays with their occupancy, DATEX II Light",
        _PARKING,
        datex2_light.light,
    ),
    Feed(
        "parkapi-v3-parking-sites",
        "/feeds/parkapi/v3/parking-sites",
        JSON,
        "Car parks with their occupancy, ParkAPI v3",
        _LOTS,
        parkapi.parking_sites,
    ),
    Feed(
        "parkapi-v3-parking-spots",
        "/feeds/parkapi/v3/parking-spots",
        JSON,
        "Bays with their occupancy, ParkAPI v3",
        _BAYS,
        parkapi.parking_spots,
    ),
)
BY_ID = {feed.feed_id: feed for feed in FEEDS}
