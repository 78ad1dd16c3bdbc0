# SPDX-License-Identifier: EUPL-1.2
"""What feeds of the open-data publisher say of lots and bays, read as an importer reads them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from lxml import etree

DATEX, PARKAPI = "/feeds/datex2/v3/parking-status.xml", "/feeds/parkapi/v3/parking-sites"
SPOTS, LIGHT = "/feeds/parkapi/v3/parking-spots", "/feeds/datex2/light.json"
_NS = {"prk": "http://datex2.eu/schema/3/parking", "fac": "http://datex2.eu/schema/3/facilities"}
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


class Place(NamedTuple):
    """What a feed says of a lot; none where it does not say it."""

    lot_id: str
    free: int | None
    measured_at: str | None
    valid_until: str | None


def datex_lots(body: bytes) -> list[Place]:
    """Return the lots of a DATEX II 3.6 parking status."""
    return [
        Place(
            _of(status),
            None
            if (free := _text(status, "prk:occupancy/prk:numberOfVacantSpaces")) is None
            else int(free),
            _text(status, "fac:lastUpdated"),
            _text(status, "prk:statusValidity/prk:statusTime"),
        )
        for status in _statuses(body, "PlaceStatus")
    ]


def datex_bays(body: bytes) -> dict[str, str]:
    """Return the bays of a DATEX II 3.6 parking status; those of which nothing is known are not in it."""
    return {
        _of(status): "occupied" if _text(status, "prk:occupied") == "true" else "free"
        for status in _statuses(body, "SpaceStatus")
    }


def parkapi_lots(body: bytes) -> list[Place]:
    """Return the sites of ParkAPI v3, which does not say until when they hold."""
    return [
        Place(
            site["uid"], site.get("realtime_free_capacity"), site["realtime_data_updated_at"], None
        )
        for site in orjson.loads(body)["items"]
    ]


def parkapi_bays(body: bytes) -> dict[str, tuple[str, datetime]]:
    """Return the spots of ParkAPI v3 that are known to be taken or not, and since when that is known."""
    words = {"AVAILABLE": "free", "TAKEN": "occupied"}
    return {
        spot["uid"]: (
            words[spot["realtime_status"]],
            datetime.fromisoformat(spot["realtime_data_updated_at"]),
        )
        for spot in orjson.loads(body)["items"]
        if spot["realtime_status"] in words
    }


def light_lots(body: bytes) -> list[Place]:
    """Return the sites of DATEX II Light, of which only the free places are read."""
    sites = orjson.loads(body)["parkingPublicationLight"]["parkingSite"]
    return [Place(site["_id"], site["availableSpaces"], None, None) for site in sites]


READ = {DATEX: datex_lots, PARKAPI: parkapi_lots}
"""The feeds that are watched."""


def _statuses(body: bytes, kind: str) -> Iterator[Any]:
    for status in etree.fromstring(body).iterfind(".//prk:parkingStatusInformation", _NS):
        if status.get(_TYPE, "").endswith(kind):
            yield status


def _of(status: Any) -> str:
    return str(status.find("fac:reference", _NS).get("id"))


def _text(status: Any, path: str) -> str | None:
    found: str | None = status.findtext(path, namespaces=_NS)
    return found
