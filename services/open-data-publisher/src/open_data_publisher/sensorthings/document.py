# SPDX-License-Identifier: EUPL-1.2
"""Answers as JSON: entities with their links, and what is expanded of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from open_data_publisher.sensorthings.catalogue import Catalogue
from open_data_publisher.sensorthings.evaluate import choose
from open_data_publisher.sensorthings.model import OBSERVATIONS, TYPES, Entity
from open_data_publisher.sensorthings.options import Options

MOST_EXPANDED, MOST_LOOKED_AT = 20_000, 200_000
ObservationPage = tuple[list[Entity], int | None, bool]
"""Observations of a datastream, their number if asked for, whether there are more."""


class TooMuchError(Exception):
    """More is to be expanded than an answer may hold."""


@dataclass(slots=True)
class Budget:
    """What one answer may cost: entities that are written, and those that are looked at for it."""

    written: int = 0
    looked_at: int = 0

    def spend(self, *, written: int = 0, looked_at: int = 0) -> None:
        """Count; raises TooMuchError where it is more than an answer may cost."""
        self.written += written
        self.looked_at += looked_at
        if self.written > MOST_EXPANDED or self.looked_at > MOST_LOOKED_AT:
            raise TooMuchError


@dataclass(slots=True)
class Answer:
    """One answer being written; `observations` by options and datastream, as asked for before."""

    catalogue: Catalogue
    base_url: str
    observations: Mapping[tuple[int, str], ObservationPage] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    def entity(self, entity: Entity, options: Options) -> dict[str, Any]:
        """Return an entity with what is selected and expanded."""
        link = self.link(entity)
        chosen = set(options.select)
        written: dict[str, Any] = {}
        if not chosen or "id" in chosen:
            written = {"@iot.id": entity.id, "@iot.selfLink": link}
        written |= {
            name: value for name, value in entity.properties.items() if not chosen or name in chosen
        }
        for name in entity.type.relations:
            if name in options.expand:
                self._expand(written, entity, name, options.expand[name])
            elif not chosen or name in chosen:
                written[f"{name}@iot.navigationLink"] = f"{link}/{name}"
        return written

    def reference(self, entity: Entity) -> dict[str, Any]:
        """Return where an entity is found, and nothing of it (`$ref`)."""
        return {"@iot.selfLink": self.link(entity)}

    def link(self, entity: Entity) -> str:
        """Return where an entity is found."""
        key = quote(entity.id.replace("'", "''"), safe="!$&*+,:;=@~")
        return f"{self.base_url}/{entity.type.name}('{key}')"

    def _expand(self, written: dict[str, Any], entity: Entity, name: str, options: Options) -> None:
        relation = entity.type.relations[name]
        link = f"{self.link(entity)}/{name}"
        if relation.to == OBSERVATIONS:
            found, count, more = self.observations[id(options), entity.id]
        elif not relation.is_many:
            related = self.catalogue.related(entity, name)
            written[name] = self.entity(related[0], options) if related else None
            self.budget.spend(written=1)
            return
        else:
            found, total = related_page(self.catalogue, entity, name, options, self.budget)
            count = total if options.count else None
            more = options.skip + len(found) < total
        self.budget.spend(written=len(found))
        if count is not None:
            written[f"{name}@iot.count"] = count
        written[name] = [self.entity(each, options) for each in found]
        if more and options.top:
            query = urlencode({"$skip": options.skip + options.top, "$top": options.top})
            written[f"{name}@iot.nextLink"] = f"{link}?{query}"


def related_page(
    catalogue: Catalogue, entity: Entity, name: str, options: Options, budget: Budget
) -> tuple[list[Entity], int]:
    """Return what is asked for of the entities that one is related to, and how many there are."""
    budget.spend(looked_at=len(entity.related.get(name, ())))
    related = catalogue.related(entity, name)
    return choose(catalogue, related, TYPES[entity.type.relations[name].to], options)


def expanded_datastreams(
    catalogue: Catalogue, entities: Iterable[Entity], options: Options
) -> Iterator[tuple[Options, Entity]]:
    """Yield the datastreams of whose observations some are to be expanded, and which.

    Raises TooMuchError.
    """
    budget = Budget()
    for wanted, datastream in _walk(catalogue, entities, options, budget):
        budget.spend(written=max(1, wanted.top))
        yield wanted, datastream


def _walk(
    catalogue: Catalogue, entities: Iterable[Entity], options: Options, budget: Budget
) -> Iterator[tuple[Options, Entity]]:
    for entity in entities:
        for name, inner in options.expand.items():
            if entity.type.relations[name].to == OBSERVATIONS:
                yield inner, entity
            elif inner.expand:
                found, _ = related_page(catalogue, entity, name, inner, budget)
                yield from _walk(catalogue, found, inner, budget)


def next_link(url: str, pairs: Iterable[tuple[str, str]], options: Options) -> str:
    """Return where the next page of a set is found: the same request, further on."""
    kept = [(name, value) for name, value in pairs if name not in {"$skip", "$top"}]
    place = [("$top", str(options.top)), ("$skip", str(options.skip + options.top))]
    return f"{url}?{urlencode([*kept, *place])}"
