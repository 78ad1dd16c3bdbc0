# SPDX-License-Identifier: EUPL-1.2
"""DATEX II v2.3 with the parking extension: what German importers read from the Mobilithek.

Source: DATEX II 2.3, `DATEXIISchema_2_2_3.xsd`. Each bay is a record of one space, in a table of its
own: that is how bays are published in practice. Percentages are of the places in use.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache, partial

from lxml import etree

from open_data_publisher.domain.publication import Publication, SiteDetails, SiteType
from open_data_publisher.domain.truth import Published, Truth
from open_data_publisher.feeds import datex2_hours
from open_data_publisher.feeds.datex2_groups import add_v2, groups_of_bay, groups_of_lot
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

NAMESPACE = "http://datex2.eu/schema/2/2_0"
WRITER = Writer(NAMESPACE, {None: NAMESPACE})
add = WRITER.add

LAYOUTS = {
    SiteType.ON_STREET: "openSpace",
    SiteType.OPEN_SPACE: "openSpace",
    SiteType.CAR_PARK: "multiStorey",
    SiteType.UNDERGROUND: "underground",
}
DETECTIONS = {
    "single_bay": ("singleSpaceDetection",),
    "balancing": ("balancing",),
    "mixed": ("singleSpaceDetection", "balancing"),
    "manual": ("manual",),
}


def parking_table(truth: Truth, publication: Publication) -> bytes:
    """Return the standing data of lots and bays."""
    root, payload = _frame(truth, publication, "ParkingTablePublication")
    table_publication = add(payload, "parkingTablePublication")
    _header(table_publication, truth)
    since = truth.static_since
    splice(_table(table_publication, since, publication, "lots"))
    records = [_lot_records(truth, publication)]
    if truth.bays:
        splice(_table(table_publication, since, publication, "bays"))
        records.append(_bay_records(truth, publication))
    return document(root, *records)


def parking_status(truth: Truth, publication: Publication) -> bytes:
    """Return the live data of lots and bays; where nothing is known the status says so."""
    root, payload = _frame(truth, publication, "ParkingStatusPublication")
    status = add(payload, "parkingStatusPublication")
    _header(status, truth)
    splice(status)
    return document(root, [*_lot_statuses(truth), *_bay_statuses(truth)])


def _frame(
    truth: Truth, publication: Publication, name: str
) -> tuple[etree._Element, etree._Element]:
    root = WRITER.root("d2LogicalModel", modelBaseVersion="2")
    _identifier(add(add(root, "exchange"), "supplierIdentification"), publication)
    payload = add(root, "payloadPublication", type_="GenericPublication", lang=publication.language)
    add(payload, "publicationTime", time_text(truth.at))
    _identifier(add(payload, "publicationCreator"), publication)
    add(payload, "genericPublicationName", name)
    return root, add(payload, "genericPublicationExtension")


def _identifier(parent: etree._Element, publication: Publication) -> None:
    add(parent, "country", publication.country)
    add(parent, "nationalIdentifier", publication.national_identifier)


def _header(parent: etree._Element, truth: Truth) -> None:
    header = add(parent, "headerInformation")
    add(header, "confidentiality", "noRestriction")
    add(header, "informationStatus", information_status(truth))


def _table(
    parent: etree._Element,
    since: datetime,
    publication: Publication,
    name: str,
) -> etree._Element:
    identifier = f"{publication.city_id}-{name}"
    table = add(parent, "parkingTable", id=identifier, version=version_text(since))
    _text(table, "parkingTableName", f"{publication.city_name}: {name}", publication)
    add(table, "parkingTableVersionTime", time_text(since))
    return table


def _lot_records(truth: Truth, publication: Publication) -> list[bytes]:
    return pieces(truth.lots, "datex2-v2-lot", lambda lot: written(_lot_record(lot, publication)))


def _lot_record(lot: Published[LotState], publication: Publication) -> etree._Element:
    state, details = lot.state, publication.details(lot.state.lot_id)
    version, since = version_text(lot.static_since), time_text(lot.static_since)
    record = _record(
        (state.lot_id, version, since),
        state.name,
        (state.capacity, state.max_stay_min),
        publication,
    )
    if details.public_url is not None:
        add(record, "urlLinkAddress", details.public_url)
    for detection in DETECTIONS[state.detection]:
        add(record, "parkingOccupanyDetectionType", detection)
    known_as = (state.lot_id, version)
    if details.operator is not None:
        operator = _contact(record, "operator", known_as)
        _text(operator, "contactOrganisationName", details.operator, publication)
    _location(record, state.lat, state.lon)
    _tariffs(record, details, publication)
    _groups(record, state)
    add(record, "parkingLayout", LAYOUTS[details.site_type])
    if details.address is not None:
        address = _contact(record, "parkingSiteAddress", known_as)
        _text(address, "contactDetailsAddress", details.address, publication)
    if details.is_park_and_ride:
        scenario = add(record, "parkingUsageScenario", scenarioIndex="1")
        add(add(scenario, "parkingUsageScenario"), "parkingUsageScenario", "parkAndRide")
    datex2_hours.add_v2(WRITER, record, state.opening, since)
    add(record, "urbanParkingSiteType", _site_type(details.site_type))
    return record


def _groups(record: etree._Element, state: LotState) -> None:
    for index, (group, spaces) in enumerate(groups_of_lot(state).items(), start=1):
        basics = add(record, "groupOfParkingSpaces", groupIndex=str(index))
        basics = add(basics, "parkingSpaceBasics", type_="GroupOfParkingSpaces")
        add_v2(WRITER, basics, "onlyAssignedParking", (group,))
        add(basics, "parkingNumberOfSpaces", spaces)
        add(basics, "parkingTypeOfGroup", "singleParameters")


def _contact(record: etree._Element, name: str, known_as: tuple[str, str]) -> etree._Element:
    identifier, version = known_as
    named = f"{identifier}-{name}"
    return add(record, name, type_="ContactDetails", id=named, version=version)


def _tariffs(record: etree._Element, details: SiteDetails, publication: Publication) -> None:
    """Say whether one pays, and how; nothing where the city does not say."""
    if details.has_fee is None and details.fee_description is None:
        return
    tariffs = add(record, "tariffsAndPayment")
    if details.fee_description is not None:
        _text(tariffs, "paymentAdditionalDescription", details.fee_description, publication)
    if details.has_fee is not None:
        add(tariffs, "freeOfCharge", "false" if details.has_fee else "true")


def _bay_records(truth: Truth, publication: Publication) -> list[bytes]:
    # A city has few kinds of bays.
    template = lru_cache(maxsize=512)(partial(_bay_template, publication))

    def write(bay: Published[BayState]) -> bytes:
        state = bay.state
        values = {
            "id": markup(state.bay_id),
            "version": version_text(bay.static_since),
            "since": time_text(bay.static_since),
            "lat": state.lat,
            "lon": state.lon,
        }
        site_type = publication.details(state.lot_id).site_type
        return template(site_type, groups_of_bay(state), state.max_stay_min).fill(values)

    return pieces(truth.bays, "datex2-v2-bay", write)


def _bay_template(
    publication: Publication,
    site_type: SiteType,
    groups: tuple[str, ...],
    max_stay_min: int | None,
) -> Template:
    known_as = (hole("id"), hole("version"), hole("since"))
    record = _record(known_as, hole("id"), (1, max_stay_min), publication)
    add(record, "parkingOccupanyDetectionType", "singleSpaceDetection")
    _location(record, hole("lat"), hole("lon"))
    if groups:
        add_v2(WRITER, record, "onlyAssignedParking", groups)
    add(record, "parkingLayout", LAYOUTS[site_type])
    add(record, "urbanParkingSiteType", _site_type(site_type))
    return Template(record)


def _record(
    known_as: tuple[str, str, str],
    name: str,
    places: tuple[int, int | None],
    publication: Publication,
) -> etree._Element:
    """Return a record; it is known as an id, a version and the time of that.

    `places` are how many, and how many minutes one may stay.
    """
    spaces, max_stay_min = places
    identifier, version, since = known_as
    record = WRITER.root("parkingRecord", id=identifier, version=version)
    record.set("{http://www.w3.org/2001/XMLSchema-instance}type", "UrbanParkingSite")
    _text(record, "parkingName", name, publication)
    add(record, "parkingRecordVersionTime", since)
    add(record, "parkingNumberOfSpaces", spaces)
    if max_stay_min is not None:
        add(record, "maximumParkingDuration", 60 * max_stay_min)
    return record


def _text(parent: etree._Element, name: str, text: str, publication: Publication) -> None:
    values = add(add(parent, name), "values")
    add(values, "value", text, lang=publication.language)


def _location(record: etree._Element, lat: object, lon: object) -> None:
    location = add(record, "parkingLocation", type_="Point")
    coordinates = add(add(location, "pointByCoordinates"), "pointCoordinates")
    add(coordinates, "latitude", lat)
    add(coordinates, "longitude", lon)


def _site_type(site_type: SiteType) -> str:
    return "onStreetParking" if site_type is SiteType.ON_STREET else "offStreetParking"


def _lot_statuses(truth: Truth) -> list[bytes]:
    template = lru_cache(maxsize=256)(_lot_status_template)

    def write(lot: Published[LotState]) -> bytes:
        state = lot.state
        percentage = occupied_percentage(state)
        usable = state.capacity - state.out_of_service
        values = {
            "id": markup(state.lot_id),
            "version": version_text(lot.static_since),
            "heard_at": time_text(state.measured_at or state.computed_at),
            "usable": usable,
            "free": state.free,
            "taken": None if state.free is None else usable - state.free,
            "percentage": percentage,
        }
        has_numbers = (state.free is not None, percentage is not None)
        return template(has_numbers, state.trend, state.state, _opening_status(state)).fill(values)

    return pieces(truth.lots, "datex2-v2-lot-status", write)


def _lot_status_template(
    has_numbers: tuple[bool, bool], trend: str | None, site_status: SiteStatus, opening: str
) -> Template:
    """Return a status of lots; `has_numbers` of free places, and of the share of places that are taken."""
    status = _status(WRITER.root("parent"), hole("id"), hole("version"))
    add(status, "parkingStatusOriginTime", hole("heard_at"))
    occupancy = add(status, "parkingOccupancy")
    has_free, has_percentage = has_numbers
    if has_free:
        add(occupancy, "parkingNumberOfSpacesOverride", hole("usable"))
        add(occupancy, "parkingNumberOfVacantSpaces", hole("free"))
        add(occupancy, "parkingNumberOfOccupiedSpaces", hole("taken"))
        if has_percentage:
            add(occupancy, "parkingOccupancy", hole("percentage"))
        add(occupancy, "parkingOccupancyTrend", TRENDS[trend])
    add(status, "parkingSiteStatus", SITE_STATUS[site_status])
    add(status, "parkingSiteOpeningStatus", opening)
    return Template(status)


def _opening_status(state: LotState) -> str:
    if state.state is SiteStatus.UNKNOWN:
        return "statusUnknown"
    if state.state is SiteStatus.CLOSED:
        return "closed" if state.closed_by == "hours" else "closedAbnormal"
    return "open"


def _bay_statuses(truth: Truth) -> list[bytes]:
    templates = {status: _bay_status_template(status) for status in BayStatus}

    def write(bay: Published[BayState]) -> bytes:
        state = bay.state
        values = {
            "id": markup(state.bay_id),
            "version": version_text(bay.static_since),
            "heard_at": time_text(state.measured_at or state.valid_until or bay.static_since),
        }
        return templates[state.state].fill(values)

    return pieces(truth.bays, "datex2-v2-bay-status", write)


def _bay_status_template(bay_status: BayStatus) -> Template:
    status = _status(WRITER.root("parent"), hole("id"), hole("version"))
    add(status, "parkingStatusOriginTime", hole("heard_at"))
    occupancy = add(status, "parkingOccupancy")
    if bay_status in {BayStatus.FREE, BayStatus.OCCUPIED}:
        is_free = bay_status is BayStatus.FREE
        add(occupancy, "parkingNumberOfSpacesOverride", 1)
        add(occupancy, "parkingNumberOfVacantSpaces", int(is_free))
        add(occupancy, "parkingNumberOfOccupiedSpaces", int(not is_free))
        add(status, "parkingSiteStatus", "spacesAvailable" if is_free else "full")
        add(status, "parkingSiteOpeningStatus", "open")
    elif bay_status is BayStatus.OUT_OF_SERVICE:
        add(status, "parkingSiteStatus", "other")
        add(status, "parkingSiteOpeningStatus", "closedAbnormal")
    else:
        add(status, "parkingSiteStatus", "unknown")
        add(status, "parkingSiteOpeningStatus", "statusUnknown")
    return Template(status)


def _status(parent: etree._Element, identifier: str, version: str) -> etree._Element:
    status = add(parent, "parkingRecordStatus", type_="ParkingSiteStatus")
    add(
        status,
        "parkingRecordReference",
        id=identifier,
        version=version,
        targetClass="ParkingRecord",
    )
    return status
