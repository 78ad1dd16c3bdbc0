# SPDX-License-Identifier: EUPL-1.2
"""For whom places are, in both versions of DATEX II."""

from typing import Any

import pytest
from lxml import etree

from open_data_publisher.feeds import datex2_v2, datex2_v3
from open_data_publisher.feeds.datex2_groups import GROUPS, groups_of_bay
from support.open_data import PUBLICATION, bay, lot, truth

NAMESPACES = {
    "d": datex2_v2.NAMESPACE,
    "p": f"{datex2_v3.BASE}/parking",
    "f": f"{datex2_v3.BASE}/facilities",
}
ALWAYS = {"type": "women"}
AT_HOURS = {"type": "charging", "hours": "Mo-Fr 08:00-18:00"}


def v2(**more: Any) -> etree._Element:
    return etree.fromstring(datex2_v2.parking_table(truth(**more), PUBLICATION))


def v3(**more: Any) -> etree._Element:
    return etree.fromstring(datex2_v3.parking_table(truth(**more), PUBLICATION))


def texts(root: etree._Element, path: str) -> list[str]:
    return [str(text) for text in root.xpath(path, namespaces=NAMESPACES)]


@pytest.mark.parametrize(
    ("more", "groups"),
    [
        ({}, ()),
        ({"kind": "disabled"}, ("disabled",)),
        ({"kind": "women", "restrictions": [AT_HOURS]}, ()),
        ({"restrictions": [ALWAYS]}, ("women",)),
        ({"restrictions": [ALWAYS, AT_HOURS]}, ()),
        ({"restrictions": [ALWAYS, {"type": "general"}]}, ()),
    ],
)
def test_a_bay_is_for_a_group_only_where_it_is_so_at_all_hours(
    more: dict[str, Any], groups: tuple[str, ...]
) -> None:
    assert groups_of_bay(bay(**more)) == groups


def test_a_bay_for_disabled_people_says_so_in_both_versions() -> None:
    some = {"bays": [bay(), bay("b-2", kind="disabled", max_stay_min=120)]}
    record = "//d:parkingRecord[@id='b-2']"
    assert texts(v2(**some), f"{record}/d:onlyAssignedParking/d:applicableForUser/text()") == [
        "registeredDisabledUsers"
    ]
    permits = f"{record}/d:onlyAssignedParking/d:parkingPermit/d:parkingPermitType/text()"
    assert texts(v2(**some), permits) == ["disabledPermit"]
    assert texts(v2(**some), f"{record}/d:maximumParkingDuration/text()") == ["7200"]
    assert not v2(**some).xpath(
        "//d:parkingRecord[@id='markt-01']/d:onlyAssignedParking", namespaces=NAMESPACES
    )
    space = "//p:hierarchyElementGeneral[@id='b-2']//p:assignment"
    assert texts(v3(**some), f"{space}//f:userGroup/text()") == ["registeredDisabledUsers"]
    assert texts(v3(**some), f"{space}/p:maximumParkingDuration/text()") == ["7200"]


def test_a_lot_says_how_many_places_are_for_which_group() -> None:
    some = {"lots": [lot(max_stay_min=60)], "bays": []}
    group = "//d:groupOfParkingSpaces/d:parkingSpaceBasics"
    assert texts(v2(**some), f"{group}/d:parkingNumberOfSpaces/text()") == ["3", "2"]
    assert texts(v2(**some), f"{group}//d:fuelType/text()") == ["battery"]
    assert texts(v3(**some), "//p:commonComponents//f:userGroup/text()") == [
        "registeredDisabledUsers"
    ]
    assert texts(v3(**some), "//p:commonComponents//p:maximumParkingDuration/text()") == ["3600"]


def test_places_of_persons_are_no_group_of_a_lot() -> None:
    personal = {kind: lot().by_kind["general"] for kind in ("resident", "disabled_assigned")}
    some = {"lots": [lot(by_kind=personal)], "bays": []}
    for root in (v2(**some), v3(**some)):
        assert not root.xpath(
            "//d:groupOfParkingSpaces | //p:commonComponents", namespaces=NAMESPACES
        )


@pytest.mark.parametrize("kind", [*GROUPS, "something_new"])
def test_no_kind_of_bay_is_told_as_one_for_all(kind: str) -> None:
    some = {"bays": [bay(kind=kind)]}
    (assigned,) = v2(**some).xpath("//d:parkingRecord/d:onlyAssignedParking", namespaces=NAMESPACES)
    (only,) = v3(**some).xpath("//p:exclusivelyAssignedFor/f:qualification", namespaces=NAMESPACES)
    assert len(assigned)
    assert len(only)
