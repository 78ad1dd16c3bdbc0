# SPDX-License-Identifier: EUPL-1.2
"""How a city publishes: its names in the feeds, and what it adds to a car park's live state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType

from open_data_publisher.domain.catalogue import CatalogueCity
from open_data_publisher.domain.policy import CLOSED, Policy
from open_data_publisher.domain.truth import STANDING_FIELDS, Truth


class SiteType(StrEnum):
    """What kind of car park a lot is."""

    ON_STREET = "on_street"
    OPEN_SPACE = "open_space"
    CAR_PARK = "car_park"
    UNDERGROUND = "underground"


class Exchange(StrEnum):
    """How what is rendered comes to who reads it."""

    PULL = "Pull"
    PUSH = "Push"


@dataclass(frozen=True, slots=True)
class SiteDetails:
    """What only a feed tells of a lot; `address` is one line, `is_park_and_ride` for transit.

    `same_places_as` is another lot with the same places, which sums count there.
    """

    site_type: SiteType = SiteType.OPEN_SPACE
    address: str | None = None
    operator: str | None = None
    public_url: str | None = None
    has_fee: bool | None = None
    fee_description: str | None = None
    is_park_and_ride: bool = False
    same_places_as: str | None = None


_NOTHING_SAID = SiteDetails()


@dataclass(frozen=True, slots=True)
class Publication:
    """Who publishes, in which language, under which name.

    `country` is an ISO 3166-1 alpha-2 code in lower case, `national_identifier` the supplier's name
    at the national access point, `base_url` where the publisher is reached from outside. In production
    nothing simulated is told.
    """

    city_id: str
    city_name: str
    country: str
    national_identifier: str
    language: str
    base_url: str
    sites: Mapping[str, SiteDetails] = field(default_factory=lambda: MappingProxyType({}))
    timezone: str = "UTC"
    bbox: tuple[float, float, float, float] = (-180.0, -90.0, 180.0, 90.0)
    policy: Policy = CLOSED
    catalogue: CatalogueCity | None = None
    tells_simulated: bool = True
    exchange: Exchange = Exchange.PULL

    def details(self, lot_id: str) -> SiteDetails:
        """Return what the city says of a lot, else the defaults."""
        return self.sites.get(lot_id, _NOTHING_SAID)

    def told(self, truth: Truth) -> Truth:
        """Return what public feeds tell of what may be told."""
        return truth if self.tells_simulated else truth.without_simulated()


def standing_rules(publication: Publication) -> bytes:
    """Name by what rules static feeds are made, beside the states: which fields they may tell, and what the city adds."""
    fields = [
        (kind, sorted(allowed.fields & STANDING_FIELDS[kind]))
        for kind, allowed in sorted(publication.policy.states.items())
        if kind in STANDING_FIELDS
    ]
    names = (publication.city_id, publication.city_name, publication.language)
    supplier = (publication.country, publication.national_identifier)
    said = (fields, names, supplier, sorted(publication.sites.items()))
    return blake2b(repr(said).encode(), digest_size=16).digest()
