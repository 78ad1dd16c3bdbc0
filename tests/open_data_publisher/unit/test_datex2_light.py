# SPDX-License-Identifier: EUPL-1.2
"""DATEX II Light: standing data beside live ones, in the words that its readers know.

Members and words are those of ParkenDD's Park API, which gives the same format out (`datex2_models.py`, MIT).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from open_data_publisher.domain.publication import SiteDetails, SiteType
from open_data_publisher.feeds import datex2_light
from support.open_data import PUBLICATION, bay, lot, truth

SITE_MEMBERS = {
    "_id", "assignedFor", "locationAndDimension", "availableSpaces", "description",
    "equipmentAndServices", "freeParking", "isOpenNow", "lastUpdate", "maximumParkingDuration", "name",
    "numberOfSpaces", "occupancyTrend", "openingTimesDescription", "operatorInformation", "security",
    "tariffDescription", "temporaryClosed", "type", "urlLinkAddress", "zoneDescription",
}  # fmt: skip
SPACE_MEMBERS = {
    "_id", "assignedFor", "locationAndDimension", "accessibility", "availability",
    "externalIdentifier", "lastUpdate", "maximumParkingDuration", "nextAvailableTimeSlot",
}  # fmt: skip
ALL_SAID = SiteDetails(
    SiteType.UNDERGROUND,
    address="Markt 1, 00000 Musterstadt",
    operator="Stadtwerke",
    public_url="https://daten.example/markt",
    has_fee=True,
    fee_description="2 € je Stunde",
    is_park_and_ride=True,
)


def told(details: SiteDetails, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    known = truth([lot(**more)], [bay(max_stay_min=30)])
    city = replace(PUBLICATION, sites={"markt": details})
    document = orjson.loads(datex2_light.light(known, city))["parkingPublicationLight"]
    (site,), (space,) = document["parkingSite"], document["parkingSpace"]
    return site, space


def test_all_that_a_city_says_of_a_lot_is_told() -> None:
    site, space = told(ALL_SAID, opening="Mo-Fr 08:00-20:00", max_stay_min=90)
    assert site.keys() <= SITE_MEMBERS
    assert space.keys() <= SPACE_MEMBERS
    assert site["name"] == lot().name
    assert site["locationAndDimension"]["locationDescriptor"] == "Markt 1, 00000 Musterstadt"
    assert site["openingTimesDescription"] == ["Mo-Fr 08:00-20:00"]
    assert (site["maximumParkingDuration"], space["maximumParkingDuration"]) == (5400, 1800)
    assert (site["operatorInformation"], site["freeParking"]) == (["Stadtwerke"], False)
    assert site["tariffDescription"] == ["2 € je Stunde"]
    assert site["urlLinkAddress"] == "https://daten.example/markt"
    assert [each["user"] for each in site["assignedFor"]] == ["parkAndRideUsers"]


def test_what_a_city_does_not_say_is_absent() -> None:
    site, _ = told(SiteDetails(), opening="", max_stay_min=None)
    unsaid = {"openingTimesDescription", "operatorInformation", "freeParking", "assignedFor"}
    assert not unsaid & site.keys()
    assert "locationDescriptor" not in site["locationAndDimension"]


@pytest.mark.parametrize(
    ("site_type", "word"),
    [
        (SiteType.ON_STREET, "onStreet"),
        (SiteType.OPEN_SPACE, "offStreetParkingGround"),
        (SiteType.CAR_PARK, "carPark"),
        (SiteType.UNDERGROUND, "carPark"),
    ],
)
def test_kinds_of_car_parks_have_the_words_that_readers_know(
    site_type: SiteType, word: str
) -> None:
    assert told(SiteDetails(site_type))[0]["type"] == word
