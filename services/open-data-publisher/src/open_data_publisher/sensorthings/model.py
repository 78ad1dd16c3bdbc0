# SPDX-License-Identifier: EUPL-1.2
"""Entities and how they belong together: the part of the data model that parking and environment need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from open_data_publisher.sensorthings.errors import OptionError
from open_data_publisher.sensorthings.syntax import Path


class Form(StrEnum):
    """What a property holds."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    PLACE = "place"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a navigation property leads; `name` is how it is called there."""

    name: str
    to: str
    is_many: bool


@dataclass(frozen=True, slots=True)
class EntityType:
    """An entity set with its properties and relations, by name."""

    name: str
    properties: Mapping[str, Form]
    relations: Mapping[str, Relation]


def _many(name: str) -> Relation:
    return Relation(name, name, is_many=True)


def _one(name: str, to: str) -> Relation:
    return Relation(name, to, is_many=False)


def _type(name: str, properties: Mapping[str, Form], *relations: Relation) -> EntityType:
    by_name = {relation.name: relation for relation in relations}
    return EntityType(name, {"id": Form.TEXT, **properties}, by_name)


_NAMED = {"name": Form.TEXT, "description": Form.TEXT}

TYPES: Mapping[str, EntityType] = {
    each.name: each
    for each in (
        _type(
            "Things",
            {**_NAMED, "properties": Form.ANY},
            _many("Locations"),
            _many("HistoricalLocations"),
            _many("Datastreams"),
        ),
        _type(
            "Locations",
            {**_NAMED, "encodingType": Form.TEXT, "location": Form.PLACE},
            _many("Things"),
            _many("HistoricalLocations"),
        ),
        # Nothing here moves, so there are none; but clients follow the link.
        _type(
            "HistoricalLocations",
            {"time": Form.TIME},
            _one("Thing", "Things"),
            _many("Locations"),
        ),
        _type(
            "Datastreams",
            {
                **_NAMED,
                "observationType": Form.TEXT,
                "unitOfMeasurement": Form.ANY,
                "properties": Form.ANY,
            },
            _one("Thing", "Things"),
            _one("Sensor", "Sensors"),
            _one("ObservedProperty", "ObservedProperties"),
            _many("Observations"),
        ),
        _type(
            "Sensors",
            {**_NAMED, "encodingType": Form.TEXT, "metadata": Form.TEXT},
            _many("Datastreams"),
        ),
        _type("ObservedProperties", {**_NAMED, "definition": Form.TEXT}, _many("Datastreams")),
        _type(
            "Observations",
            {
                "phenomenonTime": Form.TIME,
                "resultTime": Form.TIME,
                "validTime": Form.ANY,
                "result": Form.ANY,
                "parameters": Form.ANY,
            },
            _one("Datastream", "Datastreams"),
        ),
    )
}
OBSERVATIONS = "Observations"


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity: its properties without the id, and the ids of those it belongs to."""

    type: EntityType
    id: str
    properties: Mapping[str, Any]
    related: Mapping[str, tuple[str, ...]]


def resolve(
    option: str, path: Path, start: EntityType
) -> tuple[tuple[Relation, ...], tuple[str, ...], Form]:
    """Return the relations that a path crosses, the parts of its property, and what that holds.

    Raises OptionError where there is no such property. A path crosses one relation to many at most.
    """
    crossed: list[Relation] = []
    here = start
    for index, part in enumerate(path.parts):
        if part in here.properties:
            if sum(relation.is_many for relation in crossed) > 1:
                message = "a path crosses one relation to many at most"
                raise OptionError(option, path.at, message)
            form = here.properties[part]
            if index + 1 < len(path.parts) and form is not Form.ANY:
                raise OptionError(option, path.at, f"{part} of {here.name} has no parts")
            return tuple(crossed), path.parts[index:], form
        relation = here.relations.get(part)
        if relation is None:
            raise OptionError(option, path.at, f"{here.name} have no {part}; {known_names(here)}")
        if relation.to == OBSERVATIONS:
            raise OptionError(option, path.at, "observations are not looked into from elsewhere")
        crossed.append(relation)
        here = TYPES[relation.to]
    raise OptionError(option, path.at, f"a property is expected; {known_names(here)}")


def known_names(entity_type: EntityType) -> str:
    """Return what a type has, for an error's text."""
    return f"there are {', '.join(sorted({*entity_type.properties, *entity_type.relations}))}"
