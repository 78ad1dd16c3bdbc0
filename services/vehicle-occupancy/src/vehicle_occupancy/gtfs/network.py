# SPDX-License-Identifier: EUPL-1.2
"""Agency, stops, routes and shapes of a feed."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vehicle_occupancy.domain.geometry import Place
from vehicle_occupancy.gtfs.feed import Feed, Row
from vehicle_occupancy.gtfs.report import Report
from vehicle_occupancy.gtfs.values import Values

STOPPING = 0
"""The `location_type` at which vehicles stop; empty means the same."""
NEAR_DEGREES = 1.0
"""How far beyond the city's box a regional feed's stops may lie without a word: some 100 km."""
COLOUR_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Region:
    """The city's box: west, south, east, north in degrees."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, place: Place, margin: float = 0.0) -> bool:
        """Tell whether a place lies in the box, or near it."""
        return (
            self.south - margin <= place.lat <= self.north + margin
            and self.west - margin <= place.lon <= self.east + margin
        )


@dataclass(frozen=True, slots=True)
class FeedStop:
    """A line of stops.txt."""

    stop_id: str
    name: str
    place: Place
    kind: int
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class FeedRoute:
    """A line of routes.txt; `line` is what passengers call it."""

    route_id: str
    line: str
    long_name: str
    mode: int
    colour: str | None
    text_colour: str | None


@dataclass(frozen=True, slots=True)
class Shape:
    """The points of a shape, packed: a feed may have millions."""

    lats: array[float]
    lons: array[float]
    sequence: array[int]


@dataclass(frozen=True)
class Network:
    """What does not depend on the day."""

    timezone: str
    stops: Mapping[str, FeedStop] = field(default_factory=dict)
    routes: Mapping[str, FeedRoute] = field(default_factory=dict)
    shapes: Mapping[str, Shape] = field(default_factory=dict)


def read_network(
    feed: Feed, report: Report, region: Region | None, chosen: Collection[str] = ()
) -> Network:
    """Read the files, noting what is wrong.

    With `chosen`, ids or names of agencies, the routes of all others are left out. A line's name
    must then belong to one agency: two lines of one name would become one.
    """
    timezone, agencies = _agencies(feed, report)
    taken = _chosen(agencies, chosen, report)
    stops = _stops(feed, report, region)
    routes, owners = _routes(feed, report, agencies, taken)
    _check_owners(owners, agencies, report)
    wanted = _shapes_of(feed, routes) if chosen else None
    return Network(timezone, stops, routes, _shapes(feed, report, wanted))


def _agencies(feed: Feed, report: Report) -> tuple[str, dict[str, str]]:
    values, zones, names = Values("agency.txt", report), set(), dict[str, str]()
    for row in feed.rows("agency.txt", report):
        names[row.text("agency_id")] = values.required(row, "agency_name") or ""
        zone = values.required(row, "agency_timezone")
        if zone is not None and _is_zone(zone):
            zones.add(zone)
        elif zone is not None:
            values.wrong(row, "agency_timezone", f"there is no time zone {zone!r}", kind="zone")
    if len(zones) > 1:
        text = f"agencies of one feed share a time zone; there are {', '.join(sorted(zones))}"
        report.error("agency.txt", text, field="agency_timezone", kind="zones")
    if not zones:
        report.error("agency.txt", "no agency tells its time zone", kind="no zone")
    return min(zones, default="UTC"), names


def _chosen(agencies: Mapping[str, str], wanted: Collection[str], report: Report) -> set[str]:
    known = {*agencies, *agencies.values()}
    for each in sorted(set(wanted) - known):
        told = ", ".join(sorted(f"{key} ({name})" for key, name in agencies.items()))
        text = f"{each!r} is no agency's id or name; there are {told}"
        report.error("agency.txt", text, field="agency_id", kind="chosen")
    return {key for key, name in agencies.items() if not wanted or key in wanted or name in wanted}


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _stops(feed: Feed, report: Report, region: Region | None) -> dict[str, FeedStop]:
    values, found, lines = Values("stops.txt", report), dict[str, FeedStop](), dict[str, Row]()
    for row in feed.rows("stops.txt", report):
        stop_id = values.key(row, "stop_id", found)
        kind = values.whole(row, "location_type", range(5), default=STOPPING)
        if stop_id is None or kind is None:
            values.leave_out(stop_id)
            continue
        name = values.required(row, "stop_name") if kind <= 2 else values.optional(row, "stop_name")
        if kind > 2 and not row.text("stop_lat"):
            continue  # nodes and boarding areas need no place, and no vehicle stops there
        lat, lon = values.degrees(row, "stop_lat", 90), values.degrees(row, "stop_lon", 180)
        if name is None or lat is None or lon is None:
            values.leave_out(stop_id)
            continue
        place = Place(lat, lon)
        _check_place(values, row, place, region)
        parent = row.text("parent_station") or None
        found[stop_id], lines[stop_id] = FeedStop(stop_id, name, place, kind, parent), row
    for stop_id, stop in found.items():
        if (
            stop.parent_id is not None
            and stop.parent_id not in found
            and (("stops.txt", stop.parent_id) not in report.left_out)
        ):
            text = f"{stop.parent_id!r} is not in stops.txt"
            values.wrong(lines[stop_id], "parent_station", text, kind="reference")
    _check_region(found, report, region)
    return found


def _check_place(values: Values, row: Row, place: Place, region: Region | None) -> None:
    if abs(place.lat) < 0.1 and abs(place.lon) < 0.1:
        values.wrong(row, "stop_lat", "lies at 0, 0 in the Atlantic", kind="null island")
    elif region is not None and not region.holds(place, NEAR_DEGREES):
        if region.holds(Place(place.lon, place.lat), NEAR_DEGREES):
            text = "latitude and longitude are swapped: the other way round it is near the city"
            values.wrong(row, "stop_lat", text, kind="swapped")
        else:
            text = f"{place.lat:.4f}, {place.lon:.4f} lies far outside the city's region"
            values.doubtful(row, "stop_lat", text, kind="outside")


def _check_region(stops: Mapping[str, FeedStop], report: Report, region: Region | None) -> None:
    if region is None or not stops:
        return
    near = sum(region.holds(stop.place, NEAR_DEGREES) for stop in stops.values())
    if not any(region.holds(stop.place) for stop in stops.values()) or 2 * near < len(stops):
        text = (
            f"this is not the city's feed: {near} of {len(stops)} stops lie within some 100 km of "
            "its region (bbox in city.yaml)"
        )
        report.error("stops.txt", text, kind="region")


def _routes(
    feed: Feed, report: Report, agencies: Mapping[str, str], taken: set[str]
) -> tuple[dict[str, FeedRoute], dict[str, set[str]]]:
    """Return the routes of the agencies that are taken, and by line whose it is."""
    values, found = Values("routes.txt", report), dict[str, FeedRoute]()
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for row in feed.rows("routes.txt", report):
        route_id = values.key(row, "route_id", found)
        mode = values.whole(row, "route_type", range(1800))
        short, long = (
            values.optional(row, "route_short_name"),
            values.optional(row, "route_long_name"),
        )
        if not short and not long:
            values.wrong(row, "route_short_name", "has neither a short nor a long name")
        agency = _agency(values, row, agencies)
        if agency is not None and agency not in taken:
            values.leave_out(route_id)
        elif route_id is not None and mode is not None and (short or long):
            owners[short or long].add(agency or "")
            found[route_id] = FeedRoute(
                route_id,
                short or long,
                long,
                mode,
                _colour(values, row, "route_color"),
                _colour(values, row, "route_text_color"),
            )
        else:
            values.leave_out(route_id)
    return found, owners


def _agency(values: Values, row: Row, agencies: Mapping[str, str]) -> str | None:
    """Return whose a route is; a feed's only agency need not be named."""
    agency = row.text("agency_id")
    if not agency and len(agencies) == 1:
        return next(iter(agencies))
    if (agency or len(agencies) > 1) and agency not in agencies:
        text = f"{agency!r} is not in agency.txt"
        values.wrong(row, "agency_id", text, kind="reference")
        return None
    return agency


def _check_owners(
    owners: Mapping[str, set[str]], agencies: Mapping[str, str], report: Report
) -> None:
    for line, keys in owners.items():
        if len(keys) > 1:
            names = " and of ".join(sorted(agencies.get(key) or key for key in keys))
            text = (
                f"line {line!r} is of {names}, which would become one: choose whose timetable it shall "
                "be (--agency); if they run it together, give its routes one agency_id in routes.txt"
            )
            report.error("routes.txt", text, field="route_short_name", kind="agencies")


def _colour(values: Values, row: Row, field: str) -> str | None:
    text = row.text(field).upper().removeprefix("#")
    if text and (len(text) != COLOUR_DIGITS or set(text) - set("0123456789ABCDEF")):
        values.doubtful(row, field, f"{text[:20]!r} is no colour RRGGBB, ignored", kind="colour")
        return None
    return text or None


def _shapes_of(feed: Feed, routes: Collection[str]) -> set[str]:
    """Return the shapes of trips on these routes: a feed of a whole country has those of thousands of others."""
    return {
        row.text("shape_id") for row in feed.peek("trips.txt") if row.text("route_id") in routes
    }


def _shapes(feed: Feed, report: Report, wanted: Collection[str] | None) -> dict[str, Shape]:
    """Return shapes by id; all where nothing says which are wanted."""
    values, found = Values("shapes.txt", report), dict[str, Shape]()
    for row in feed.rows("shapes.txt", report):
        if wanted is not None and row.text("shape_id") not in wanted:
            continue
        shape_id = values.required(row, "shape_id")
        lat, lon = (
            values.degrees(row, "shape_pt_lat", 90),
            values.degrees(row, "shape_pt_lon", 180),
        )
        sequence = values.whole(row, "shape_pt_sequence", range(2**31))
        if shape_id is None or lat is None or lon is None or sequence is None:
            continue
        shape = found.get(shape_id)
        if shape is None:
            shape = found[shape_id] = Shape(array("d"), array("d"), array("i"))
        shape.lats.append(lat)
        shape.lons.append(lon)
        shape.sequence.append(sequence)
    for shape_id, shape in found.items():
        if len(set(shape.sequence)) < len(shape.sequence):
            text = f"shape {shape_id!r} has two points of the same number"
            report.error("shapes.txt", text, field="shape_pt_sequence", kind="twice")
    return found


def way_of(shape: Shape) -> list[Place]:
    """Return a shape's points in their order."""
    order = sorted(range(len(shape.sequence)), key=shape.sequence.__getitem__)
    return [Place(shape.lats[index], shape.lons[index]) for index in order]
