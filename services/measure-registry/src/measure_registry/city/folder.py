# SPDX-License-Identifier: EUPL-1.2
"""Reads the whole of `registry/` and checks what one entry alone cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson
import yaml
from pydantic import ValidationError

from measure_registry.city.entries import (
    AboutEntry,
    CallEntry,
    CatalogueEntry,
    CriterionEntry,
    Entry,
    GroupEntry,
    IntakeEntry,
    PlaceEntry,
    ResponsibleEntry,
    StateEntry,
    TermEntry,
    TransitionEntry,
)
from measure_registry.city.imports import ProfileEntry, read_profiles
from measure_registry.city.undertakings import Wish, read_undertakings
from measure_registry.domain.steckbrief import Term, Vocabulary
from measure_registry.domain.workflow import State, Transition, Workflow, faults
from stadttakt_runtime.base_map import PORTAL_FILE, read_base_map
from stadttakt_runtime.city_files import Located, read_yaml_list_and_block, read_yaml_lists
from stadttakt_runtime.plain_words import first_fault
from stadttakt_runtime.plugins import CityError

FOLDER, PLACES = "registry", "places.yaml"
VOCABULARY = ("handlungsfelder", "mehrwerte", "leitsaetze", "target_groups", "submitters")
One = TypeVar("One", bound=Entry)


@dataclass(frozen=True, slots=True)
class RegistryFolder:
    """What stands in a city's files, in their order."""

    workflow: Workflow
    vocabulary: dict[str, tuple[TermEntry, ...]]
    catalogue: CatalogueEntry
    groups: tuple[GroupEntry, ...]
    criteria: tuple[CriterionEntry, ...]
    calls: tuple[CallEntry, ...]
    intake: IntakeEntry
    about: AboutEntry
    undertakings: list[Wish]
    base_map: dict[str, Any]
    responsible: dict[str, str]
    profiles: tuple[ProfileEntry, ...]
    places: tuple[PlaceEntry, ...]


def read_folder(city: Path) -> RegistryFolder:
    """Return what a city folder says of the registry; raises CityError with file and line."""
    folder = city / FOLDER
    words = read_yaml_lists(folder / "vocabulary.yaml", VOCABULARY)
    catalogue, groups, criteria = _criteria(folder / "criteria.yaml")
    calls, intake = _intake(folder / "intake.yaml")
    about = _about(city / "city.yaml")
    vocabulary = {kind: all_of(words[kind], TermEntry, "term") for kind in VOCABULARY}
    return RegistryFolder(
        workflow=_workflow(folder / "process.yaml"),
        vocabulary=vocabulary,
        catalogue=catalogue,
        groups=groups,
        criteria=criteria,
        calls=calls,
        intake=intake,
        about=about,
        undertakings=read_undertakings(folder, _words(vocabulary)),
        base_map=_base_map(city),
        places=_places(folder / PLACES, about),
        responsible=_responsible(city / PORTAL_FILE),
        profiles=read_profiles(folder, _words(vocabulary), {each.call_id for each in calls}),
    )


def _places(file: Path, about: AboutEntry) -> tuple[PlaceEntry, ...]:
    """Return the places that forms offer; none where the file is absent."""
    if not file.exists():
        return ()
    located = read_yaml_lists(file, ("places",))["places"]
    places = all_of(located, PlaceEntry, "name")
    west, south, east, north = about.bbox
    for where, each in zip(located, places, strict=True):
        if not (south <= each.lat <= north and west <= each.lon <= east):
            raise where.error(f"{each.name} lies outside bbox of city.yaml", ("lat",))
    return places


def _base_map(city: Path) -> dict[str, Any]:
    """Return what lies under the map of ideas: that of the city's portal."""
    entry = read_base_map(city)
    collection = entry.collection(city / PORTAL_FILE.parent)
    return {
        "collection": None if collection is None else orjson.loads(collection),
        "tiles": None if entry.tiles is None else entry.tiles.model_dump(),
        "credits": [each.model_dump() for each in entry.credits],
    }


def _responsible(file: Path) -> dict[str, str]:
    """Return who answers for what is kept of people: the same as on the portal's legal pages."""
    if not file.exists():
        return {}
    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        parts = {**(said.get("responsible") or {}), **(said.get("privacy") or {})}
        return ResponsibleEntry.model_validate(parts).told()
    except (OSError, yaml.YAMLError) as error:
        raise CityError(file, f"cannot be read as YAML: {error}") from error
    except ValidationError as error:
        raise CityError(file, first_fault(error)) from error


def _words(vocabulary: dict[str, tuple[TermEntry, ...]]) -> Vocabulary:
    return Vocabulary(
        **{
            kind: tuple(Term(each.term, each.title.model_dump()) for each in terms)
            for kind, terms in vocabulary.items()
        }
    )


def all_of(located: Sequence[Located], model: type[One], key: str) -> tuple[One, ...]:
    """Return entries, none of which has the id of another."""
    found: dict[Any, One] = {}
    for each in located:
        entry = each.parse(model)
        name = getattr(entry, key)
        if name in found:
            raise each.error(f"{name} is given twice", (key,))
        found[name] = entry
    return tuple(found.values())


def _workflow(file: Path) -> Workflow:
    lists = read_yaml_lists(file, ("states", "transitions"))
    states = all_of(lists["states"], StateEntry, "state")
    moves = [each.parse(TransitionEntry) for each in lists["transitions"]]
    workflow = Workflow(
        tuple(
            State(each.state, each.title.model_dump(), initial=each.initial, final=each.final)
            for each in states
        ),
        tuple(
            Transition(origin, each.target, each.roles, each.needs, tells=each.tells)
            for each in moves
            for origin in each.origins
        ),
    )
    for fault in faults(workflow):
        raise CityError(file, fault)
    return workflow


def _criteria(
    file: Path,
) -> tuple[CatalogueEntry, tuple[GroupEntry, ...], tuple[CriterionEntry, ...]]:
    lists = read_yaml_lists(file, ("catalogue", "groups", "criteria"))
    if len(lists["catalogue"]) != 1:
        raise CityError(file, "catalogue: one entry is needed, and only one")
    catalogue = lists["catalogue"][0].parse(CatalogueEntry)
    groups = all_of(lists["groups"], GroupEntry, "group")
    criteria = all_of(lists["criteria"], CriterionEntry, "criterion_id")
    known = {each.group for each in groups}
    for located, criterion in zip(lists["criteria"], criteria, strict=True):
        if criterion.group not in known:
            raise located.error(f"there is no group {criterion.group}", ("group",))
    if not any(each.relevance for each in criteria):
        raise CityError(file, "no criterion asks for the relevance (relevance: true)")
    return catalogue, groups, criteria


def _about(file: Path) -> AboutEntry:
    try:
        return AboutEntry.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise CityError(file, f"cannot be read as YAML: {error}") from error
    except ValidationError as error:
        raise CityError(file, first_fault(error)) from error


def _intake(file: Path) -> tuple[tuple[CallEntry, ...], IntakeEntry]:
    entries, block = read_yaml_list_and_block(file, "calls", "intake")
    if block is None:
        raise CityError(file, "the block intake is missing")
    return all_of(entries, CallEntry, "call_id"), block.parse(IntakeEntry)
