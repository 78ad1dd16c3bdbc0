# SPDX-License-Identifier: EUPL-1.2
"""For whom places are, in the words of DATEX II; version 2.3 and 3.6 differ in where they put them.

What holds at certain hours only is not told: said without its hours it would be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from open_data_publisher.feeds.xml import Writer
from stadttakt_messages.states import BayState, LotState

GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Group:
    """What distinguishes a user group: who they are, what they drive, which permit they have."""

    user: str | None = None
    fuel: str | None = None
    vehicle: str | None = None
    usage: str | None = None
    permit: str | None = None


OTHER = Group(user="other")
GROUPS: Mapping[str, Group] = {
    "disabled": Group(user="registeredDisabledUsers", permit="disabledPermit"),
    "women": Group(user="women"),
    "family": Group(user="families"),
    "charging": Group(fuel="battery"),
    "carsharing": Group(permit="carSharingPermit"),
    "truck": Group(vehicle="lorry"),
    "bus": Group(vehicle="bus"),
    "motorcycle": Group(vehicle="motorcycle"),
    "taxi": Group(usage="taxi"),
    "loading": OTHER,
}
CAR_SHARING = "carSharingPermit"
"""Version 3.6 knows it as a usage of vehicles, and no kinds of permits."""


def groups_of_bay(state: BayState) -> tuple[str, ...]:
    """Return for whom alone a bay is at all hours; empty where it is for all, or at some hours."""
    if not state.restrictions:
        return () if state.kind == GENERAL else (state.kind,)
    always = {each.type for each in state.restrictions if each.hours is None}
    is_limited_always = len(always) and all(each.hours is None for each in state.restrictions)
    return tuple(sorted(always)) if is_limited_always and GENERAL not in always else ()


def groups_of_lot(state: LotState) -> dict[str, int]:
    """Return how many places a lot has for which group alone."""
    return {
        kind: count.capacity
        for kind, count in sorted(state.by_kind.items())
        if kind != GENERAL and count.capacity
    }


def add_v2(writer: Writer, parent: etree._Element, name: str, groups: tuple[str, ...]) -> None:
    """Append a `ParkingAssignment` of version 2.3."""
    found = [GROUPS.get(group, OTHER) for group in groups]
    assignment = writer.add(parent, name)
    for user in dict.fromkeys(group.user for group in found if group.user):
        writer.add(assignment, "applicableForUser", user)
    for group in found:
        if group.fuel or group.vehicle or group.usage:
            _vehicle(writer, writer.add(assignment, "vehicleCharacteristics"), group, "")
    for group in found:
        if group.permit:
            permit = writer.add(assignment, "parkingPermit")
            writer.add(permit, "parkingPermitType", group.permit)


def add_v3(writer: Writer, parent: etree._Element, name: str, groups: tuple[str, ...]) -> None:
    """Append an `Eligibility` of version 3.6."""
    eligibility = writer.add(parent, name)
    for group in (GROUPS.get(each, OTHER) for each in groups):
        qualification = writer.add(eligibility, "fac:qualification")
        usage = "carSharing" if group.permit == CAR_SHARING else group.usage
        if group.fuel or group.vehicle or usage:
            vehicle = writer.add(qualification, "fac:vehicleCharacteristics")
            _vehicle(writer, vehicle, Group(None, group.fuel, group.vehicle, usage), "com:")
        if group.user:
            user = writer.add(qualification, "fac:userQualification")
            writer.add(user, "fac:userGroup", group.user)


def _vehicle(writer: Writer, parent: etree._Element, group: Group, prefix: str) -> None:
    for name, value in (
        ("fuelType", group.fuel),
        ("vehicleType", group.vehicle),
        ("vehicleUsage", group.usage),
    ):
        if value is not None:
            writer.add(parent, f"{prefix}{name}", value)
