# SPDX-License-Identifier: EUPL-1.2
"""docs/mapping/outgoing.md says what the renderers write."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds import datex2_light, datex2_v2, datex2_v3, gtfs_rt, parkapi, siri_vm
from stadttakt_messages.states import BayStatus, SiteStatus
from support.open_data import PUBLICATION, bay, lot, truth, vehicle

PAGE = Path(__file__).parents[3] / "docs/mapping/outgoing.md"
Render = Callable[[Any, Any], bytes]
LOTS: Mapping[str, Render] = {
    "DATEX II v2.3": datex2_v2.parking_status,
    "DATEX II 3.6": datex2_v3.parking_status,
    "DATEX II Light": datex2_light.light,
    "ParkAPI v3": parkapi.parking_sites,
}
BAYS = {**LOTS, "ParkAPI v3": parkapi.parking_spots}
VEHICLES: Mapping[str, Render] = {
    "GTFS-Realtime": lambda all_, by: gtfs_rt.as_json(gtfs_rt.vehicle_positions(all_, by)),
    "SIRI-VM 2.1": siri_vm.vehicle_monitoring,
}
UNKNOWN = {"free": None, "free_min": None, "free_max": None, "occupied": 0, "unknown": 39}
STATES: Mapping[str, Truth] = {
    "`closed` by its hours": truth([lot(state=SiteStatus.CLOSED, closed_by="hours")], []),
    "`closed` otherwise": truth([lot(state=SiteStatus.CLOSED, closed_by="operator")], []),
    "`unknown`": truth([lot(state=SiteStatus.UNKNOWN, **UNKNOWN)], []),
}


def cells(heading: str) -> list[tuple[str, str, str]]:
    """Return the table below a heading as state, format and what stands there."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    formats = rows[0][1:]
    return [
        (row[0], name, cell)
        for row in rows[2:]
        for name, cell in zip(formats, row[1:], strict=True)
    ]


def says(rendered: bytes, cell: str) -> bool:
    """Tell whether all `name=value` of a cell stand in a feed, as elements or as members."""
    text = rendered.decode()
    pairs = re.findall(r"`(\w+)=(\w+)`", cell)
    found = [
        re.search(rf'(?:[<:]{name}>{value}<|"{name}": ?"?{value}"?[,}}\s])', text)
        for name, value in pairs
    ]
    return bool(pairs) and None not in found


def lots_then(state: str) -> Truth:
    name = state.strip("`")
    return STATES.get(state) or truth([lot(state=SiteStatus(name))], [])


@pytest.mark.parametrize(("state", "name", "cell"), cells("Car parks"))
def test_a_car_park_is_told_as_the_page_says(state: str, name: str, cell: str) -> None:
    assert says(LOTS[name](lots_then(state), PUBLICATION), cell)


@pytest.mark.parametrize(("state", "name", "cell"), cells("Bays"))
def test_a_bay_is_told_as_the_page_says(state: str, name: str, cell: str) -> None:
    told = truth([], [bay(state=BayStatus(state.strip("`")))])
    rendered = BAYS[name](told, PUBLICATION)
    assert b"SpaceStatus" not in rendered if cell == "no status" else says(rendered, cell)


@pytest.mark.parametrize(("state", "name", "cell"), cells("Vehicles"))
def test_a_vehicle_is_told_as_the_page_says(state: str, name: str, cell: str) -> None:
    told = truth([], [], [vehicle(occupancy_status=state.strip("`"))])
    assert says(VEHICLES[name](told, PUBLICATION), cell)


def test_the_page_has_every_state() -> None:
    lots = {re.findall(r"`(\w+)`", state)[0] for state, _, _ in cells("Car parks")}
    bays = {state.strip("`") for state, _, _ in cells("Bays")}
    vehicles = {state.strip("`") for state, _, _ in cells("Vehicles")}
    assert (lots, bays) == ({*SiteStatus}, {*BayStatus})
    assert {*siri_vm.OCCUPANCY} - {"NOT_ACCEPTING_PASSENGERS"} <= vehicles
