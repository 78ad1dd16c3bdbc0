# SPDX-License-Identifier: EUPL-1.2
"""The XML feeds against the official schemas, which are not part of this project.

That of SIRI has no licence that would let others keep it: whoever has the repository SIRI-CEN/SIRI at its tag v2.1
names the folder in `STADTTAKT_SIRI`. `siri_vm.xsd` beside this is always there: the part of it that the feed uses, stricter.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from open_data_publisher.domain.publication import Publication, SiteDetails
from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds import datex2_v2, datex2_v3, siri_vm
from open_data_publisher.feeds.datex2_groups import GROUPS
from support.open_data import PUBLICATION, bay, lot, truth, vehicle

CHECKOUT = Path(__file__).parents[3]
STANDARDS = Path(os.environ.get("STADTTAKT_STANDARDS", CHECKOUT.parent / "shared" / "standards"))
V2 = "datex2/v2.3/DATEXIISchema_2_2_3.xsd"
V3 = "datex2/v3.6/DATEXII_3_MessageContainer.xsd"
SIRI = "siri_vm.xsd"
OFFICIAL_SIRI = "xsd/siri.xsd"
V3_PARKING = "datex2/v3.6/DATEXII_3_Parking.xsd"

Render = Callable[[Truth, Publication], bytes]
CASES = {
    "v2 table": (V2, datex2_v2.parking_table),
    "v2 status": (V2, datex2_v2.parking_status),
    "v3 table": (V3, datex2_v3.parking_table),
    "v3 status": (V3, datex2_v3.parking_status),
    "siri vm": (SIRI, siri_vm.vehicle_monitoring),
    "siri vm, official": (OFFICIAL_SIRI, siri_vm.vehicle_monitoring),
}


@pytest.fixture(autouse=True)
def schema_is_there(name: str) -> None:
    if not path_of(name).exists():
        pytest.skip(f"the official schema is not at {path_of(name)}")


def path_of(name: str) -> Path:
    if name == OFFICIAL_SIRI:
        return Path(os.environ.get("STADTTAKT_SIRI", STANDARDS / "siri")) / name
    return Path(__file__).with_name(SIRI) if name == SIRI else STANDARDS / name


@cache
def schema(name: str) -> etree.XMLSchema:
    # The container's schema knows the parking publications only where both are imported.
    text = "".join(
        f'<xs:import namespace="{namespace}" schemaLocation="{path_of(file).as_uri()}"/>'
        for file, namespace in imports(name)
    )
    return etree.XMLSchema(
        etree.fromstring(
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{text}</xs:schema>'
        )
    )


def imports(name: str) -> list[tuple[str, str]]:
    if name == V2:
        return [(V2, datex2_v2.NAMESPACE)]
    if name in {SIRI, OFFICIAL_SIRI}:
        return [(name, siri_vm.NAMESPACE)]
    return [(V3, datex2_v3.CONTAINER), (V3_PARKING, f"{datex2_v3.BASE}/parking")]


def faults(name: str, feed: bytes) -> list[str]:
    checker = schema(name)
    checker.validate(etree.fromstring(feed))
    return [str(error.message) for error in checker.error_log]


@pytest.mark.parametrize(("name", "render"), CASES.values(), ids=CASES)
def test_every_kind_of_state_is_valid(name: str, render: Render) -> None:
    assert faults(name, render(truth(), PUBLICATION)) == []


@pytest.mark.parametrize(("name", "render"), CASES.values(), ids=CASES)
def test_a_city_without_single_bays_is_valid(name: str, render: Render) -> None:
    assert faults(name, render(truth(bays=[]), PUBLICATION)) == []


@pytest.mark.parametrize(("name", "render"), CASES.values(), ids=CASES)
def test_a_simulated_city_is_valid(name: str, render: Render) -> None:
    known = truth([lot(simulated=True)], [bay(simulated=True)], [vehicle(simulated=True)])
    assert faults(name, render(known, PUBLICATION)) == []


@pytest.mark.parametrize("name", [V2, V3])
@pytest.mark.parametrize(
    "opening", ["24/7", "Mo-Fr 08:00-20:00; Sa 09:00-24:00", "Mo-Fr 08:00-18:00; PH off", ""]
)
def test_all_that_a_city_says_of_a_lot_is_valid(name: str, opening: str) -> None:
    render = {V2: datex2_v2.parking_table, V3: datex2_v3.parking_table}[name]
    told = SiteDetails(
        address="Markt 1",
        operator="Stadtwerke",
        public_url="https://daten.example/markt",
        has_fee=True,
        fee_description="2 € je Stunde",
        is_park_and_ride=True,
    )
    city = replace(PUBLICATION, sites={"markt": told})
    assert faults(name, render(truth([lot(opening=opening)]), city)) == []


@pytest.mark.parametrize("name", [SIRI, OFFICIAL_SIRI])
def test_ids_that_are_no_name_tokens_are_valid_in_siri(name: str) -> None:
    state = vehicle("tram:1", trip_id="Fahrt 7 (Süd)/2", line="Linie 7")
    feed = siri_vm.vehicle_monitoring(truth(vehicles=[state]), PUBLICATION)
    assert faults(name, feed) == []


@pytest.mark.parametrize("name", [SIRI, OFFICIAL_SIRI])
def test_a_city_without_vehicles_on_the_road_is_valid_in_siri(name: str) -> None:
    assert faults(name, siri_vm.vehicle_monitoring(truth(vehicles=[]), PUBLICATION)) == []


@pytest.mark.parametrize("name", [V2, V3])
def test_bays_and_places_for_every_group_are_valid(name: str) -> None:
    render = {V2: datex2_v2.parking_table, V3: datex2_v3.parking_table}[name]
    kinds = [*GROUPS, "something_new"]
    bays = [bay(f"bay-{kind}", kind=kind, max_stay_min=30) for kind in kinds]
    both = [{"type": kind, "max_stay_min": 30} for kind in kinds]
    bays.append(bay("bay-all", restrictions=both))
    count = lot().by_kind["general"]
    lots = [lot(by_kind=dict.fromkeys(kinds, count), max_stay_min=90), lot("b", max_stay_min=30)]
    assert faults(name, render(truth(lots=lots, bays=bays), PUBLICATION)) == []


@pytest.mark.parametrize("name", [SIRI])
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"<Occupancy>fewSeatsAvailable</Occupancy>", b"<Occupancy>halfFull</Occupancy>"),
        (b"<Latitude>51.4826</Latitude>", b"<Latitude>151.4826</Latitude>"),
        (b"<ItemIdentifier>tram-602<", b"<ItemIdentifier>tram-601<"),
        (b"<MonitoringError>GPS</MonitoringError>", b""),
        (b"T12:00:00Z</ResponseTimestamp>", b"T12:00:00</ResponseTimestamp>"),
        (b"<LineRef>2</LineRef>", b"<LineRef>Linie 2</LineRef>"),
        (b"<VehicleRef>", b"<Load>27</Load><VehicleRef>"),
        (b"<Siri xmlns", b'<Siri load="27" xmlns'),
    ],
)  # fmt: skip
def test_every_fault_of_siri_is_found(name: str, right: bytes, wrong: bytes) -> None:
    feed = siri_vm.vehicle_monitoring(truth(), PUBLICATION)
    assert right in feed
    assert faults(name, feed.replace(right, wrong))


@pytest.mark.parametrize(("name", "render"), CASES.values(), ids=CASES)
def test_the_schema_would_have_found_a_fault(name: str, render: Render) -> None:
    feed = render(truth(), PUBLICATION)
    broken = feed.replace(b"publicationTime", b"publicationTim").replace(
        b"ValidUntilTime", b"Valid"
    )
    assert broken != feed
    assert faults(name, broken)
