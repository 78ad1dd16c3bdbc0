# SPDX-License-Identifier: EUPL-1.2
"""Where a path leads: `Things('lot:ratshof')/Datastreams`, one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from open_data_publisher.sensorthings.catalogue import Catalogue
from open_data_publisher.sensorthings.errors import NothingThereError
from open_data_publisher.sensorthings.model import OBSERVATIONS, TYPES, Entity, EntityType

LONGEST = 1000
REF, VALUE = "$ref", "$value"
_SEGMENT = re.compile(r"(\$?[A-Za-z]+)(?:\('((?:[^']|'')*)'\))?(?:/|$)")


@dataclass(frozen=True, slots=True)
class Many:
    """A set of entities, all or those that one belongs to; observations are not in memory."""

    type: EntityType
    entities: tuple[Entity, ...] = ()
    of: Entity | None = None
    only_links: bool = False


@dataclass(frozen=True, slots=True)
class One:
    """One entity."""

    entity: Entity


@dataclass(frozen=True, slots=True)
class OneObservation:
    """An observation by its id, and what of it is asked for."""

    observation_id: str
    rest: str


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an entity."""

    name: str
    value: Any
    only_value: bool = False


Target = Many | One | OneObservation | Property


def find(catalogue: Catalogue, path: str) -> Target:
    """Return where a path leads.

    Raises NothingThereError.
    """
    name, key, rest = _segment(path)
    entity_type = TYPES.get(name)
    if entity_type is None:
        raise NothingThereError(f"there is no {name}; there are {', '.join(TYPES)}")
    if key is None:
        entities = tuple(catalogue.sets[name].values())
        return Many(entity_type, entities, only_links=_is_ref(name, rest))
    if name == OBSERVATIONS:
        return OneObservation(key, rest)
    entity = catalogue.find(name, key)
    if entity is None:
        raise NothingThereError(f"there is no {name}('{key}')")
    return follow(catalogue, entity, rest)


def follow(catalogue: Catalogue, entity: Entity, path: str) -> Target:
    """Return where a path leads from an entity."""
    while path:
        name, key, path = _segment(path)
        if name in entity.properties and key is None and path in {"", VALUE}:
            return Property(name, entity.properties[name], only_value=path == VALUE)
        relation = entity.type.relations.get(name)
        if relation is None:
            raise NothingThereError(f"{entity.type.name} have no {name}")
        if relation.to == OBSERVATIONS:
            return _observations(entity, key, path)
        related = catalogue.related(entity, name)
        if relation.is_many and key is None:
            links = _is_ref(name, path)
            return Many(TYPES[relation.to], tuple(related), entity, only_links=links)
        found = [each for each in related if key is None or each.id == key]
        if not found:
            raise NothingThereError(f"there is no {name}('{key}') of {entity.id}")
        entity = found[0]
    return One(entity)


def _observations(entity: Entity, key: str | None, path: str) -> Target:
    if key is not None:
        if not key.startswith(f"{entity.id}@"):
            raise NothingThereError(f"there is no Observations('{key}') of {entity.id}")
        return OneObservation(key, path)
    return Many(TYPES[OBSERVATIONS], (), entity, only_links=_is_ref(OBSERVATIONS, path))


def _is_ref(name: str, path: str) -> bool:
    """Tell whether the links of a set are asked for; of a set nothing else can be."""
    if path not in {"", REF}:
        raise NothingThereError(f"of all {name} nothing but {REF} can be asked for by the path")
    return path == REF


def _segment(path: str) -> tuple[str, str | None, str]:
    match = _SEGMENT.match(path) if len(path) <= LONGEST else None
    if match is None:
        raise NothingThereError("the path cannot be read")
    key = match[2].replace("''", "'") if match[2] is not None else None
    return match[1], key, path[match.end() :]
