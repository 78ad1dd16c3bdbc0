# SPDX-License-Identifier: EUPL-1.2
"""Reads what the portal's pages need to know of a city: `city.yaml` and `opendata/portal.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from open_data_publisher.both_languages import WordsEntry
from open_data_publisher.catalogue_file import CATALOGUE_FILE
from open_data_publisher.city import FILE as PUBLICATION_FILE
from open_data_publisher.city import CityEntry, checked, read_names, read_publication
from open_data_publisher.domain.portal import (
    Accessibility,
    BaseMap,
    Blank,
    Conformance,
    Credit,
    PortalCity,
    Privacy,
    Responsible,
)
from open_data_publisher.domain.publication import Publication
from stadttakt_runtime.base_map import PORTAL_FILE, BaseMapEntry, Text
from stadttakt_runtime.plugins import CityError, CityFaultsError

FILE = PORTAL_FILE
NOBODYS = (".example", ".test", ".invalid", ".localhost")
"""Names that are nobody's (RFC 6761)."""
NO_KEY = "00000000"
Lines = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
Part = TypeVar("Part")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BlankEntry(_Entry):
    """A place that the city has yet to fill in."""

    fill_in: Text


Fillable = Lines | BlankEntry | None


class ResponsibleEntry(_Entry):
    """Who answers for the pages."""

    name: Fillable = None
    represented_by: Fillable = None
    address: Fillable = None
    phone: Fillable = None
    email: Fillable = None
    editor: Fillable = None
    supervision: Fillable = None
    vat_id: Text | None = None


class PrivacyEntry(_Entry):
    """What the city says of data protection."""

    officer: Fillable = None
    authority: Fillable = None
    legal_basis: Fillable = None
    server_log_days: Annotated[int, Field(ge=0, le=365)] | BlankEntry | None = None


class AccessibilityEntry(_Entry):
    """The accessibility statement."""

    conformance: Conformance | BlankEntry | None = None
    prepared_on: date | BlankEntry | None = None
    method: Literal["self", "external"] | BlankEntry | None = None
    email: Fillable = None
    phone: Fillable = None
    enforcement: Fillable = None
    gaps: tuple[WordsEntry, ...] = ()
    reviewed_on: date | None = None


class PortalEntry(_Entry):
    """`opendata/portal.yaml`; what it leaves out is yet to be filled in."""

    responsible: ResponsibleEntry = ResponsibleEntry()
    privacy: PrivacyEntry = PrivacyEntry()
    accessibility: AccessibilityEntry = AccessibilityEntry()
    base_map: BaseMapEntry = BaseMapEntry()


def read_portal(city: Path, names: CityEntry) -> PortalCity:
    """Return whose portal it is and what its legal pages say; the file may be absent.

    Raises CityError, naming the file and what is wrong in it.
    """
    file = city / FILE
    entry: PortalEntry = checked(file, PortalEntry) if file.exists() else PortalEntry()
    gaps = tuple({"de": gap.de, "en": gap.en} for gap in entry.accessibility.gaps)
    return PortalCity(
        names.name,
        names.timezone,
        _filled(Responsible, entry.responsible),
        _filled(Privacy, entry.privacy),
        _filled(Accessibility, entry.accessibility, gaps=gaps),
        _base_map(entry.base_map, file.parent),
    )


def refuse_unfinished(city: Path, portal: PortalCity, publication: Publication) -> None:
    """Raise CityFaultsError, with all at once, where blanks or an example's addresses are left."""
    found = [*_examples(city, portal, publication)]
    blanks = portal.blanks()
    if blanks:
        told = f"the city has yet to fill in {', '.join(blanks)}"
        found.insert(0, CityError(city / FILE, told))
    if found:
        raise CityFaultsError(found)


def _examples(city: Path, portal: PortalCity, publication: Publication) -> Iterator[CityError]:
    if not _is_reachable(publication.base_url):
        told = f"base_url {publication.base_url} is no https address that others reach"
        yield CityError(city / PUBLICATION_FILE, told)
    catalogue = publication.catalogue
    addresses: list[tuple[Path, object]] = []
    if catalogue is not None:
        contact = catalogue.contact
        told_by = (catalogue.publisher_url, contact.email, contact.url)
        addresses += [(city / CATALOGUE_FILE, each) for each in told_by]
        if catalogue.municipality_key == NO_KEY:
            told = f"municipality_key {NO_KEY} is no municipality's"
            yield CityError(city / CATALOGUE_FILE, told)
    addresses += [
        (city / FILE, each) for each in (portal.responsible.email, portal.accessibility.email)
    ]
    for file, address in addresses:
        if isinstance(address, str) and _is_example(address):
            yield CityError(file, f"{address} is an example's address")


def _is_example(address: str) -> bool:
    host = urlsplit(address).hostname if "://" in address else address.rpartition("@")[2].strip()
    return (host or "").casefold().rstrip(".").endswith(NOBODYS)


def _is_reachable(address: str) -> bool:
    parts = urlsplit(address)
    host = (parts.hostname or "").casefold().rstrip(".")
    if parts.scheme != "https" or host == "localhost" or host.endswith(NOBODYS):
        return False
    try:
        return not (ip_address(host).is_loopback or ip_address(host).is_unspecified)
    except ValueError:
        return bool(host)


def check_city(city: Path, *, production: bool) -> list[str]:
    """Check all that the publisher reads of a city, and tell what it found; raises CityError.

    In production no blank and no example's address may be left.
    """
    names = read_names(city)
    publication = read_publication(city, names)
    portal = read_portal(city, names)
    if production:
        refuse_unfinished(city, portal, publication)
    return [f"{len(publication.sites)} sites", f"{len(portal.blanks())} blanks on legal pages"]


def _filled(part: type[Part], entry: BaseModel, **more: Any) -> Part:
    """Return what an entry says, and the prompts of what it leaves out."""
    said: dict[str, Any] = {}
    for name in type(entry).model_fields:
        value = getattr(entry, name)
        if isinstance(value, BlankEntry):
            said[name] = Blank(value.fill_in)
        elif value is not None:
            said[name] = value
    return part(**{**said, **more})


def _base_map(entry: BaseMapEntry, folder: Path) -> BaseMap:
    return BaseMap(
        geojson=entry.collection(folder),
        tiles=entry.tiles.path if entry.tiles else None,
        tiles_max_zoom=entry.tiles.max_zoom if entry.tiles else 19,
        credits=tuple(Credit(each.text, each.url) for each in entry.credits),
    )
