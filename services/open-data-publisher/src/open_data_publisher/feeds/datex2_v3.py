# SPDX-License-Identifier: EUPL-1.2
"""DATEX II 3.6: parking table and parking status, each in its message container.

Source: DATEX II 3.6, `DATEXII_3_Parking.xsd`, `…_Facilities.xsd`, `…_MessageContainer.xsd`. Lots are
places on layer 0, bays spaces below them on layer 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache, partial

from lxml import etree

from open_data_publisher.domain.publication import Publication, SiteType
from open_data_publisher.domain.truth import Published, Truth
from open_data_publisher.feeds import datex2_hours
from open_data_publisher.feeds.datex2_groups import add_v3, groups_of_bay, groups_of_lot
from open_data_publisher.feeds.pieces import pieces
from open_data_publisher.feeds.words import (
    SITE_STATUS,
    TRENDS,
    information_status,
    occupied_percentage,
    time_text,
    version_text,
)
from open_data_publisher.feeds.xml import Template, Writer, document, hole, markup, splice, written
from stadttakt_messages.states import BayState, BayStatus, LotState, SiteStatus

BASE = "http://datex2.eu/schema/3"
CONTAINER = f"{BASE}/messageContainer"
PREFIXES: Mapping[str | None, str] = {
    "con": CONTAINER,
    "ex": f"{BASE}/exchangeInformation",
    "com": f"{BASE}/common",
    "prk": f"{BASE}/parking",
    "fac": f"{BASE}/facilities",
    "loc": f"{BASE}/locationReferencing",
}
WRITER = Writer(f"{BASE}/parking", PREFIXES)
add = WRITER.add

LAYOUTS = {
    SiteType.OPEN_SPACE: "openSpace",
    SiteType.CAR_PARK: "building",
    SiteType.UNDERGROUND: "building",
}


def parking_table(truth: Truth, publication: Publication) -> bytes:
    """Return the standing data of lots and bays."""
    root, payload = _container(truth, publication, "prk:ParkingTablePublication")
    _header(payload, truth)
    since = truth.static_since
    table = add(payload, "parkingTable", id=_table_id(publication), version=version_text(since))
    _text(table, "name", publication.city_name, publication)
    add(table, "versionTime", time_text(since))
    splice(table)
    places = pieces(truth.lots, "datex2-v3-place", lambda lot: written(_place(lot, publication)))
    return document(_finished(root, truth, publication), [*places, *_spaces(truth, publication)])


def parking_status(truth: Truth, publication: Publication) -> bytes:
    """Return the live data of lots and bays.

    A space must say whether it is occupied; one of which that is not known is left out.
    """
    root, payload = _container(truth, publication, "prk:ParkingStatusPublication")
    add(
        payload,
        "parkingTableReference",
        id=_table_id(publication),
        version=version_text(truth.static_since),
        targetClass="prk:ParkingTable",
    )
    _header(payload, truth)
    splice(payload)
    places = pieces(truth.lots, "datex2-v3-place-status", lambda lot: written(_place_status(lot)))
    return document(_finished(root, truth, publication), [*places, *_space_statuses(truth)])


def _container(
    truth: Truth, publication: Publication, kind: str
) -> tuple[etree._Element, etree._Element]:
    root = WRITER.root("con:messageContainer", modelBaseVersion="3")
    payload = add(root, "con:payload", type_=kind, lang=publication.language, modelBaseVersion="3")
    add(payload, "com:publicationTime", time_text(truth.at))
    _identifier(add(payload, "com:publicationCreator"), publication)
    return root, payload


def _finished(root: etree._Element, truth: Truth, publication: Publication) -> etree._Element:
    exchange = add(root, "con:exchangeInformation", modelBaseVersion="3")
    context = add(exchange, "ex:exchangeContext")
    add(context, "ex:codedExchangeProtocol", f"snapshot{publication.exchange.value}")
    add(context, "ex:exchangeSpecificationVersion", "3.6")
    supplier = add(context, "ex:supplierOrCisRequester")
    _identifier(add(supplier, "ex:internationalIdentifier"), publication)
    dynamic = add(exchange, "ex:dynamicInformation")
    add(dynamic, "ex:exchangeStatus", "online")
    add(dynamic, "ex:messageGenerationTimestamp", time_text(truth.at))
    return root


def _identifier(parent: etree._Element, publication: Publication) -> None:
    add(parent, "com:country", publication.country)
    add(parent, "com:nationalIdentifier", publication.national_identifier)


def _header(payload: etree._Element, truth: Truth) -> None:
    header = add(payload, "headerInformation")
    add(header, "com:confidentiality", "noRestriction")
    add(header, "com:informationStatus", information_status(truth))


def _table_id(publication: Publication) -> str:
    return f"{publication.city_id}-parking"


def _place(lot: Published[LotState], publication: Publication) -> etree._Element:
    state = lot.state
    version, since = version_text(lot.static_since), time_text(lot.static_since)
    place = _element(WRITER.root("parent"), "prk:Place", state.lot_id, version)
    _text(place, "fac:name", state.name, publication)
    add(place, "fac:lastUpdated", since)
    if (url := publication.details(state.lot_id).public_url) is not None:
        add(add(place, "fac:informationWebsite"), "com:urlLinkAddress", url)
    datex2_hours.add_v3(WRITER, place, state.opening, (state.lot_id, version, since))
    _location(place, state.lat, state.lon)
    add(place, "layer", 0)
    add(place, "type", "place")
    _supply(place, state.capacity)
    if (layout := LAYOUTS.get(publication.details(state.lot_id).site_type)) is not None:
        add(place, "layout", layout)
    stay = [] if state.max_stay_min is None else [((), state.max_stay_min)]
    assignments = stay + [((group,), None) for group in groups_of_lot(state)]
    if assignments:
        _assignments(add(place, "commonComponents"), "applicableFor", assignments)
    return place


def _spaces(truth: Truth, publication: Publication) -> list[bytes]:
    versions = {lot.state.lot_id: version_text(lot.static_since) for lot in truth.lots}
    # A city has few kinds of bays.
    template = lru_cache(maxsize=512)(partial(_space_template, publication))

    def write(bay: Published[BayState]) -> bytes:
        state = bay.state
        values = {
            "id": markup(state.bay_id),
            "version": version_text(bay.static_since),
            "since": time_text(bay.static_since),
            "lat": state.lat,
            "lon": state.lon,
            "lot_id": markup(state.lot_id),
            "lot_version": versions.get(state.lot_id),
        }
        has_lot = state.lot_id in versions
        return template(groups_of_bay(state), state.max_stay_min, has_lot=has_lot).fill(values)

    return pieces(
        truth.bays, "datex2-v3-space", write, about=lambda bay: versions.get(bay.state.lot_id)
    )


def _space_template(
    publication: Publication,
    groups: tuple[str, ...],
    max_stay_min: int | None,
    *,
    has_lot: bool,
) -> Template:
    space = _element(WRITER.root("parent"), "prk:Space", hole("id"), hole("version"))
    _text(space, "fac:name", hole("id"), publication)
    add(space, "fac:lastUpdated", hole("since"))
    _location(space, hole("lat"), hole("lon"))
    add(space, "layer", 1)
    add(space, "type", "space")
    if has_lot:
        _reference(space, "parentId", hole("lot_id"), hole("lot_version"))
    _supply(space, 1)
    if groups or max_stay_min is not None:
        _assignments(space, "exclusivelyAssignedFor", [(groups, max_stay_min)])
    return Template(space)


def _assignments(
    parent: etree._Element, name: str, several: Iterable[tuple[tuple[str, ...], int | None]]
) -> None:
    """Say for which groups places are, and how many minutes one may stay."""
    more = add(parent, "additionalCharacteristics")
    for groups, max_stay_min in several:
        assignment = add(more, "assignment")
        if max_stay_min is not None:
            add(assignment, "maximumParkingDuration", 60 * max_stay_min)
        if groups:
            add_v3(WRITER, assignment, name, groups)


def _element(table: etree._Element, kind: str, identifier: str, version: str) -> etree._Element:
    return add(table, "hierarchyElementGeneral", type_=kind, id=identifier, version=version)


def _location(element: etree._Element, lat: object, lon: object) -> None:
    location = add(element, "fac:locationReference", type_="loc:PointLocation")
    coordinates = add(add(location, "loc:pointByCoordinates"), "loc:pointCoordinates")
    add(coordinates, "loc:latitude", lat)
    add(coordinates, "loc:longitude", lon)


def _supply(element: etree._Element, quantity: int) -> None:
    supply = add(element, "supply")
    add(supply, "quantity", quantity)
    add(supply, "viewType", "vehicleView")


def _text(parent: etree._Element, name: str, text: str, publication: Publication) -> None:
    values = add(add(parent, name), "com:values")
    add(values, "com:value", text, lang=publication.language)


def _reference(parent: etree._Element, name: str, identifier: str, version: str) -> None:
    add(parent, name, id=identifier, version=version, targetClass="fac:FacilityObject")


def _place_status(lot: Published[LotState]) -> etree._Element:
    state = lot.state
    status = add(WRITER.root("parent"), "parkingStatusInformation", type_="prk:PlaceStatus")
    _reference(status, "fac:reference", state.lot_id, version_text(lot.static_since))
    add(status, "fac:lastUpdated", time_text(state.measured_at or state.computed_at))
    add(status, "fac:openingStatus", _opening_status(state))
    usable = state.capacity - state.out_of_service
    if state.free is not None:
        occupancy = add(status, "occupancy")
        add(occupancy, "numberOfSpacesOverride", usable)
        add(occupancy, "numberOfVacantSpaces", state.free)
        add(occupancy, "numberOfOccupiedSpaces", usable - state.free)
        if (percentage := occupied_percentage(state)) is not None:
            add(occupancy, "occupancy", percentage)
        add(occupancy, "occupancyTrend", TRENDS[state.trend])
    validity = add(status, "statusValidity", type_="prk:ValidityByTime")
    add(validity, "statusTime", time_text(state.valid_until))
    add(status, "status", SITE_STATUS[state.state])
    return status


def _opening_status(state: LotState) -> str:
    if state.state is SiteStatus.UNKNOWN:
        return "statusUnknown"
    if state.state is SiteStatus.CLOSED:
        return "closed" if state.closed_by == "hours" else "temporarilyClosed"
    return "open"


def _space_statuses(truth: Truth) -> list[bytes]:
    templates = {
        (is_free, is_heard): _space_status_template(is_free=is_free, is_heard=is_heard)
        for is_free in (True, False)
        for is_heard in (True, False)
    }

    def write(bay: Published[BayState]) -> bytes:
        state = bay.state
        if state.state not in {BayStatus.FREE, BayStatus.OCCUPIED}:
            return b""
        heard_at = state.measured_at
        values = {
            "id": markup(state.bay_id),
            "version": version_text(bay.static_since),
            "heard_at": time_text(heard_at) if heard_at else None,
        }
        return templates[state.state is BayStatus.FREE, heard_at is not None].fill(values)

    return pieces(truth.bays, "datex2-v3-space-status", write)


def _space_status_template(*, is_free: bool, is_heard: bool) -> Template:
    parent = WRITER.root("parent")
    status = add(parent, "parkingStatusInformation", type_="prk:SpaceStatus")
    _reference(status, "fac:reference", hole("id"), hole("version"))
    if is_heard:
        add(status, "fac:lastUpdated", hole("heard_at"))
    add(status, "fac:openingStatus", "open")
    occupancy = add(status, "occupancy")
    add(occupancy, "numberOfSpacesOverride", 1)
    add(occupancy, "numberOfVacantSpaces", int(is_free))
    add(occupancy, "numberOfOccupiedSpaces", int(not is_free))
    add(status, "occupied", "false" if is_free else "true")
    if is_heard:
        add(status, "measurementOrCalculationTime", hole("heard_at"))
    return Template(status)
