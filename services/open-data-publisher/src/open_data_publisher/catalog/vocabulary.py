# SPDX-License-Identifier: EUPL-1.2
"""The words that catalogues share: themes, frequencies, standards; of DCAT-AP.de and mobilityDCAT-AP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rdflib import Namespace

AUTHORITY = "http://publications.europa.eu/resource/authority/"
MOBILITY = "https://w3id.org/mobilitydcat-ap/"
DCATDE = Namespace("http://dcat-ap.de/def/dcatde/")
DCATAP = Namespace("http://data.europa.eu/r5r/")
# The shapes of mobilityDCAT-AP 1.1 name its properties with `http`, its vocabularies with `https`.
MOBILITYDCATAP = Namespace("http://w3id.org/mobilitydcat-ap#")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
LOCN = Namespace("http://www.w3.org/ns/locn#")


@dataclass(frozen=True, slots=True)
class Topic:
    """What a dataset is about: the EU's theme and the mobility themes, general before special."""

    theme: str
    label: str
    mobility: tuple[str, ...]
    modes: tuple[str, ...] = ()


_PARKING = ("parking-service-and-rest-area-information", "car-parking-availability")
_SITES = ("parking-service-and-rest-area-information", "car-parking-locations-and-conditions")
_TRANSIT = ("public-transport-scheduled-transport",)
LIVE_PARKING = Topic("TRAN", "Verkehr", _PARKING, ("car",))
PARKING_SITES = Topic("TRAN", "Verkehr", _SITES, ("car",))
LIVE_TRANSIT = Topic("TRAN", "Verkehr", _TRANSIT, ("bus", "tram"))
LIVE_ENVIRONMENT = Topic("ENVI", "Umwelt", ("other",))
_GOVERNMENT = Topic("GOVE", "Regierung und öffentlicher Sektor", ("other",))
TOPICS: Mapping[str, Topic] = {
    "lot-history": LIVE_PARKING,
    "kind-hour": LIVE_PARKING,
    "stay-day": LIVE_PARKING,
    "departure-level": LIVE_TRANSIT,
    "departure-hour": LIVE_TRANSIT,
    "environment": LIVE_ENVIRONMENT,
    "indicators": _GOVERNMENT,
    "ideas": _GOVERNMENT,
    "measures": _GOVERNMENT,
}
FREQUENCIES: Mapping[str, str] = {
    "5m": "5MIN",
    "15m": "15MIN",
    "1h": "HOURLY",
    "1d": "DAILY",
    "departure": "UPDATE_CONT",
    "none": "IRREG",
}
STANDARDS: Mapping[str, str] = {
    "datex2": "datex-II",
    "gtfs": "gtfs-rt",
    "siri": "siri",
    "parkapi": "other",
    "sensorthings": "other",
}
"""By how ids of feeds begin."""
FILE_TYPES: Mapping[str, str] = {
    "application/xml": "XML",
    "application/json": "JSON",
    "application/x-protobuf": "BIN",
}


def standard_of(feed_id: str) -> str:
    """Return the mobility data standard of a feed."""
    return STANDARDS[feed_id.split("-", 1)[0]]


def file_type_of(media_type: str) -> str:
    """Return the EU's name of a feed's format."""
    return FILE_TYPES[media_type]
