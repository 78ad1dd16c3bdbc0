# SPDX-License-Identifier: EUPL-1.2
"""What is public, as entities that are related to each other; made anew when standing data change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from open_data_publisher.domain.policy import Policy, Terms
from open_data_publisher.domain.truth import Published, Truth
from open_data_publisher.sensorthings.model import TYPES, Entity
from open_data_publisher.sensorthings.vocabulary import (
    BAY_SERIES,
    LOT_SERIES,
    SENSORS,
    EnvironmentSeries,
    Series,
    of_environment,
)
from stadttakt_messages.states import BayState, LotState


@dataclass(frozen=True, slots=True)
class Source:
    """Where the observations of a datastream are found: kind and id of the entity, and which field."""

    kind: str
    entity_id: str
    field: str


@dataclass(slots=True)
class Catalogue:
    """Entities by set and id, and where each datastream's observations are."""

    sets: dict[str, dict[str, Entity]] = field(default_factory=lambda: {name: {} for name in TYPES})
    sources: dict[str, Source] = field(default_factory=dict)

    def find(self, name: str, entity_id: str) -> Entity | None:
        """Return an entity."""
        return self.sets[name].get(entity_id)

    def related(self, entity: Entity, relation: str) -> list[Entity]:
        """Return the entities that one belongs to, in their order."""
        to = self.sets[entity.type.relations[relation].to]
        return [to[entity_id] for entity_id in entity.related.get(relation, ())]


def make_catalogue(
    truth: Truth, policy: Policy, series: Iterable[EnvironmentSeries], terms: Terms | None
) -> Catalogue:
    """Return the entities of lots, bays and the places where the environment is measured.

    What the policy withholds has no datastream. `terms` are those of the environment.
    """
    maker = _Maker(policy)
    for lot in truth.lots:
        maker.lot(lot)
    for bay in truth.bays:
        maker.bay(bay)
    by_asset: defaultdict[str, list[EnvironmentSeries]] = defaultdict(list)
    for each in series:
        by_asset[each.asset_id].append(each)
    for some in by_asset.values():
        maker.asset(some, terms)
    return maker.finish()


class _Maker:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._made = Catalogue()
        self._of_sensor: defaultdict[str, list[str]] = defaultdict(list)
        self._of_property: defaultdict[str, list[str]] = defaultdict(list)
        self._series: dict[str, Series] = {}

    def lot(self, lot: Published[LotState]) -> None:
        state = lot.state
        more = {
            "kind": "lot",
            "lot_id": state.lot_id,
            "capacity": state.capacity,
            "opening_hours": state.opening or None,
            "max_stay_min": state.max_stay_min,
            "max_height_cm": state.max_height_cm,
            "max_width_cm": state.max_width_cm,
            "simulated": state.simulated,
        }
        thing = _Thing(f"lot:{state.lot_id}", state.name, "Car park", (state.lon, state.lat), more)
        self._add_states(thing, "lot", state.lot_id, LOT_SERIES, state.detection)

    def bay(self, bay: Published[BayState]) -> None:
        state = bay.state
        more = {
            "kind": "bay",
            "bay_id": state.bay_id,
            "lot_id": state.lot_id,
            "bay_kind": state.kind,
            "max_stay_min": state.max_stay_min,
            "simulated": state.simulated,
        }
        place = (state.lon, state.lat)
        thing = _Thing(f"bay:{state.bay_id}", state.bay_id, "Parking bay", place, more)
        self._add_states(thing, "bay", state.bay_id, BAY_SERIES, "single_bay")

    def asset(self, series: Sequence[EnvironmentSeries], terms: Terms | None) -> None:
        first = series[0]
        more = {
            "kind": "environment",
            "asset_id": first.asset_id,
            "height_m": first.height_m,
            "simulated": any(each.simulated for each in series),
        }
        place = None if first.lat is None or first.lon is None else (first.lon, first.lat)
        about = "Place where the environment is measured"
        thing = _Thing(f"asset:{first.asset_id}", first.name or first.asset_id, about, place, more)
        told = [of_environment(each) for each in series]
        self._add(thing, ("environment", first.asset_id), told, "environment", terms)

    def _add_states(
        self, thing: _Thing, kind: str, entity_id: str, series: Sequence[Series], sensor: str
    ) -> None:
        allowed = self._policy.states[kind]
        told = [each for each in series if each.field in allowed.fields]
        self._add(thing, (kind, entity_id), told, sensor, allowed.terms)

    def _add(
        self,
        thing: _Thing,
        entity: tuple[str, str],
        series: Sequence[Series],
        sensor: str,
        terms: Terms | None,
    ) -> None:
        sets = self._made.sets
        streams = tuple(f"{thing.id}:{each.field}" for each in series)
        sets["Things"][thing.id] = Entity(
            TYPES["Things"],
            thing.id,
            {"name": thing.name, "description": thing.about, "properties": _given(thing.more)},
            {"Locations": (thing.id,) if thing.place else (), "Datastreams": streams},
        )
        if thing.place is not None:
            sets["Locations"][thing.id] = _location(thing, thing.place)
        about = _given({"simulated": thing.more.get("simulated"), **_terms(terms)})
        for stream_id, each in zip(streams, series, strict=True):
            self._datastream((stream_id, thing), each, sensor, about)
            self._made.sources[stream_id] = Source(*entity, each.field)

    def _datastream(
        self, of: tuple[str, _Thing], series: Series, sensor: str, about: Mapping[str, Any]
    ) -> None:
        stream_id, thing = of
        self._made.sets["Datastreams"][stream_id] = Entity(
            TYPES["Datastreams"],
            stream_id,
            {
                "name": f"{thing.name}: {series.name}",
                "description": series.description,
                "observationType": series.observation_type,
                "unitOfMeasurement": series.unit,
                "properties": about,
            },
            {"Thing": (thing.id,), "Sensor": (sensor,), "ObservedProperty": (series.property_id,)},
        )
        self._of_sensor[sensor].append(stream_id)
        self._of_property[series.property_id].append(stream_id)
        self._series[series.property_id] = series

    def finish(self) -> Catalogue:
        """Return the catalogue with its sensors and observed properties, all sets in order."""
        sets = self._made.sets
        for sensor, streams in self._of_sensor.items():
            sets["Sensors"][sensor] = Entity(
                TYPES["Sensors"], sensor, SENSORS[sensor], {"Datastreams": tuple(streams)}
            )
        for property_id, streams in self._of_property.items():
            series = self._series[property_id]
            sets["ObservedProperties"][property_id] = Entity(
                TYPES["ObservedProperties"],
                property_id,
                {
                    "name": series.name,
                    "description": series.description,
                    "definition": series.definition,
                },
                {"Datastreams": tuple(streams)},
            )
        for name, entities in sets.items():
            sets[name] = dict(sorted(entities.items()))
        return self._made


@dataclass(frozen=True, slots=True)
class _Thing:
    id: str
    name: str
    about: str
    place: tuple[float, float] | None
    more: Mapping[str, Any]


def _location(thing: _Thing, place: tuple[float, float]) -> Entity:
    return Entity(
        TYPES["Locations"],
        thing.id,
        {
            "name": thing.name,
            "description": thing.about,
            "encodingType": "application/geo+json",
            "location": {"type": "Point", "coordinates": list(place)},
        },
        {"Things": (thing.id,)},
    )


def _terms(terms: Terms | None) -> Mapping[str, Any]:
    if terms is None:
        return {}
    return {"license": terms.licence.url, "attribution": terms.attribution}


def _given(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if value is not None}
