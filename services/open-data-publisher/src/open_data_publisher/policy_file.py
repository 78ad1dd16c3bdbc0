# SPDX-License-Identifier: EUPL-1.2
"""Reads what a city allows to be told: `opendata/policy.yaml`, each error with file and line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from open_data_publisher.both_languages import Text, WordsEntry
from open_data_publisher.domain.columns import ColumnType
from open_data_publisher.domain.disclosure import NEVER, is_withholdable
from open_data_publisher.domain.known_sources import SOURCES
from open_data_publisher.domain.licences import LICENCES
from open_data_publisher.domain.policy import (
    Chart,
    Dataset,
    Policy,
    Protection,
    StatePolicy,
    Terms,
)
from open_data_publisher.domain.sources import Source
from open_data_publisher.domain.states import MODELS, Kind
from stadttakt_runtime.city_files import Located, read_yaml_lists

NUMBERS = {ColumnType.INTEGER, ColumnType.NUMBER}
TOLD_TOGETHER = (("lot", "bay"), ("vehicle", "trip"))
POLICY_FILE = Path("opendata") / "policy.yaml"
Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProtectionEntry(_Entry):
    """Small counts are withheld: where one of the source's counts is below `least`."""

    least: int = Field(ge=2, le=1000)


class ChartEntry(_Entry):
    """What the page draws."""

    value: Name | None = None
    by: Name | None = None
    adds_up: bool = False
    only: dict[Name, Name] = {}


class OriginEntry(_Entry):
    """Whose data some columns are, and what their licence demands."""

    origin: Name
    licence: Name
    attribution: Text


class StateEntry(_Entry):
    """What feeds may tell of one kind of live state."""

    kind: Kind
    fields: list[Name] = Field(min_length=1)
    licence: Name
    attribution: Text | None = None


class DatasetEntry(_Entry):
    """What of a source is told as a dataset."""

    dataset_id: Id
    source: Name
    title: WordsEntry
    description: WordsEntry
    measured: WordsEntry
    fields: list[Name] = Field(min_length=1)
    aggregation: Name | None = None
    protection: ProtectionEntry | None = None
    delay_min: int = Field(default=0, ge=0, le=60 * 24 * 400)
    licence: Name
    attribution: Text | None = None
    keywords: list[Name] = []
    chart: ChartEntry | None = None


def read_policy(city: Path) -> Policy:
    """Return what a city allows to be told; without the file that is nothing.

    Raises CityError with file, line and reason.
    """
    file = city / POLICY_FILE
    if not file.is_file():
        return Policy()
    lists = read_yaml_lists(file, ("states", "origins", "datasets"))
    origins = _origins(lists["origins"])
    return Policy(_states(lists["states"]), _datasets(lists["datasets"], origins), origins)


def _origins(located: list[Located]) -> Mapping[str, Terms]:
    found: dict[str, Terms] = {}
    for each in located:
        entry = each.parse(OriginEntry)
        found[entry.origin] = _terms(each, entry.licence, entry.attribution)
    return found


def _states(located: list[Located]) -> Mapping[str, StatePolicy]:
    found: dict[str, StatePolicy] = {}
    for each in located:
        entry = each.parse(StateEntry)
        if entry.kind in found:
            raise each.error(f"{entry.kind} is given twice", ("kind",))
        _check_state_fields(each, entry)
        terms = _terms(each, entry.licence, entry.attribution)
        found[entry.kind] = StatePolicy(entry.kind, frozenset(entry.fields), terms)
    for one, other in TOLD_TOGETHER:
        if one in found and other in found and found[one].terms != found[other].terms:
            message = f"{one} and {other} stand in the same feeds, so they need the same licence"
            raise located[-1].error(message, ("licence",))
    return found


def _check_state_fields(located: Located, entry: StateEntry) -> None:
    known = MODELS[entry.kind].model_fields
    for index, name in enumerate(entry.fields):
        if name not in known:
            raise located.error(f"a {entry.kind} has no field {name}", ("fields", index))
        if name in NEVER[entry.kind]:
            raise located.error(f"{name} is for the entitled and in no feed", ("fields", index))
    for name in known:
        if name not in entry.fields and not is_withholdable(entry.kind, name):
            raise located.error(f"without {name} no feed can tell of a {entry.kind}", ("fields",))


def _datasets(located: list[Located], origins: Mapping[str, Terms]) -> Mapping[str, Dataset]:
    found: dict[str, Dataset] = {}
    for each in located:
        dataset = _dataset(each, origins)
        if dataset.dataset_id in found:
            raise each.error(f"{dataset.dataset_id} is given twice", ("dataset_id",))
        found[dataset.dataset_id] = dataset
    return found


def _dataset(located: Located, origins: Mapping[str, Terms]) -> Dataset:
    entry = located.parse(DatasetEntry)
    source = SOURCES.get(entry.source)
    if source is None:
        raise located.error(
            f"there is no source {entry.source}; there are {', '.join(SOURCES)}", ("source",)
        )
    _check_fields(located, entry, source)
    terms = _terms(located, entry.licence, entry.attribution)
    _check_origins(located, entry, terms, origins)
    return Dataset(
        dataset_id=entry.dataset_id,
        source=source,
        title=entry.title.words,
        description=entry.description.words,
        measured=entry.measured.words,
        fields=tuple(entry.fields),
        aggregation=_aggregation(located, entry, source),
        protection=_protection(located, entry, source),
        delay=timedelta(minutes=entry.delay_min),
        terms=terms,
        keywords=tuple(entry.keywords),
        chart=_chart(located, entry, source),
    )


def _check_fields(located: Located, entry: DatasetEntry, source: Source) -> None:
    for index, name in enumerate(entry.fields):
        if name not in source.by_name:
            known = ", ".join(source.by_name)
            raise located.error(
                f"{source.source_id} has no {name}; it has {known}", ("fields", index)
            )
        if name in entry.fields[:index]:
            raise located.error(f"{name} is given twice", ("fields", index))
    missing = sorted(source.must_be_told - set(entry.fields))
    if missing:
        message = f"rows of {source.source_id} mean nothing without {', '.join(missing)}"
        raise located.error(message, ("fields",))


def _aggregation(located: Located, entry: DatasetEntry, source: Source) -> str:
    offered = tuple(source.aggregations)
    if entry.aggregation is None and len(offered) <= 1:
        return offered[0] if offered else "none"
    if entry.aggregation not in offered:
        choices = ", ".join(offered) or "none, so leave it out"
        raise located.error(f"{source.source_id} comes as {choices}", ("aggregation",))
    return entry.aggregation


def _protection(located: Located, entry: DatasetEntry, source: Source) -> Protection | None:
    given = entry.protection
    if given is None:
        if source.least_protected:
            message = (
                f"{source.source_id} needs a protection of small counts "
                f"({', '.join(source.counts)}), least {source.least_protected}"
            )
            raise located.error(message)
        return None
    if not source.counts:
        raise located.error(f"{source.source_id} counts nothing", ("protection",))
    if given.least < source.least_protected:
        message = f"{source.source_id} needs at least {source.least_protected}"
        raise located.error(message, ("protection", "least"))
    return Protection(given.least)


def _chart(located: Located, entry: DatasetEntry, source: Source) -> Chart | None:
    if entry.chart is None:
        return None
    given = entry.chart
    for key, name in (("value", given.value), ("by", given.by), *(("only", n) for n in given.only)):
        if name is not None and name not in entry.fields:
            raise located.error(f"{name} is no field of this dataset", ("chart", key))
    if given.value is not None and source.by_name[given.value].type not in NUMBERS:
        raise located.error(f"{given.value} is no number", ("chart", "value"))
    if source.time is None:
        raise located.error(f"{source.source_id} is no time series", ("chart",))
    return Chart(given.value, given.by, given.adds_up, tuple(given.only.items()))


def _terms(located: Located, licence_id: str, attribution: str | None) -> Terms:
    licence = LICENCES.get(licence_id)
    if licence is None:
        known = ", ".join(LICENCES)
        raise located.error(f"there is no licence {licence_id}; there are {known}", ("licence",))
    if licence.needs_attribution and attribution is None:
        raise located.error(f"{licence_id} needs an attribution", ("licence",))
    return Terms(licence, attribution)


def _check_origins(
    located: Located, entry: DatasetEntry, terms: Terms, origins: Mapping[str, Terms]
) -> None:
    """Refuse to relicense what is not the city's own: share-alike stays, who must be named is named."""
    source = SOURCES[entry.source]
    for index, name in enumerate(entry.fields):
        origin = source.by_name[name].origin
        if origin is None:
            continue
        demanded = origins.get(origin)
        if demanded is None:
            message = f"{name} is data of the {origin}, of which `origins` names no licence"
            raise located.error(message, ("fields", index))
        if demanded.licence.share_alike and terms.licence != demanded.licence:
            message = f"{name} is under {demanded.licence.licence_id}, so the dataset must be, too"
            raise located.error(message, ("licence",))
        named = demanded.attribution or ""
        if demanded.licence.needs_attribution and named not in (terms.attribution or ""):
            raise located.error(f"{name} demands to name: {named}", ("attribution",))
