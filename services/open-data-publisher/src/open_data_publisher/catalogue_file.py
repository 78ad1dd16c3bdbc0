# SPDX-License-Identifier: EUPL-1.2
"""Reads how a city stands in catalogues: `opendata/catalogue.yaml`; without it there is no catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from open_data_publisher.both_languages import Text, WordsEntry
from open_data_publisher.domain.catalogue import CatalogueCity, Contact
from open_data_publisher.domain.licences import LICENCES
from stadttakt_runtime.city_files import read_yaml_list_and_block
from stadttakt_runtime.plugins import CityError

CATALOGUE_FILE = Path("opendata") / "catalogue.yaml"
Iri = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"{}|\\^`]+$", max_length=300)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s<>]+@[^@\s<>]+$", max_length=200)]
Key = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AgentEntry(_Entry):
    """Who publishes."""

    name: Text
    url: Iri


class ContactEntry(_Entry):
    """Whom to ask."""

    name: Text
    email: Email
    url: Iri | None = None


class CatalogueEntry(_Entry):
    """The whole block."""

    title: WordsEntry
    description: WordsEntry
    publisher: AgentEntry
    contact: ContactEntry
    contributor_id: Iri
    municipality_key: Key
    availability: Literal["AVAILABLE", "EXPERIMENTAL", "STABLE", "TEMPORARY"] = "AVAILABLE"
    licence: str = "dl-zero-de/2.0"


def read_catalogue(city: Path) -> CatalogueCity | None:
    """Return how a city stands in catalogues, nothing where it has no such file.

    Raises CityError with file, line and reason.
    """
    file = city / CATALOGUE_FILE
    if not file.is_file():
        return None
    _, located = read_yaml_list_and_block(file, "", "catalogue")
    if located is None:
        raise CityError(file, "has no block `catalogue`", line=1)
    entry = located.parse(CatalogueEntry)
    if entry.licence not in LICENCES:
        raise located.error(f"there is no licence {entry.licence}", ("licence",))
    return CatalogueCity(
        title=entry.title.words,
        description=entry.description.words,
        publisher=entry.publisher.name,
        publisher_url=entry.publisher.url,
        contact=Contact(entry.contact.name, entry.contact.email, entry.contact.url),
        contributor_id=entry.contributor_id,
        municipality_key=entry.municipality_key,
        availability=entry.availability,
        licence_id=entry.licence,
    )
