# SPDX-License-Identifier: EUPL-1.2
"""The forms of `registry/*.yaml`; docs/reference/city-folder.md tells them to people."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from measure_registry.domain.roles import Role
from measure_registry.domain.workflow import Need

IdText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


def _known_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"there is no time zone {zone}") from error
    return zone


class Entry(BaseModel):
    """The base of all forms: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AboutEntry(BaseModel):
    """What the registry needs of `city.yaml`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    city_name: Annotated[Title, Field(validation_alias="name")]
    timezone: Annotated[str, AfterValidator(_known_zone)]
    bbox: tuple[float, float, float, float]


class BlankEntry(Entry):
    """A place that the city has yet to fill in."""

    fill_in: Title


Fact = Words | BlankEntry | None


class ResponsibleEntry(BaseModel):
    """What the registry's pages tell of `responsible` and `privacy` of `opendata/portal.yaml`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: Fact = None
    address: Fact = None
    email: Fact = None
    phone: Fact = None
    officer: Fact = None
    authority: Fact = None

    def told(self) -> dict[str, str]:
        """Return what the city has filled in."""
        facts = ((name, getattr(self, name)) for name in ResponsibleEntry.model_fields)
        return {name: fact for name, fact in facts if isinstance(fact, str)}


class TitleEntry(Entry):
    """A name in German and English."""

    de: Title
    en: Title


class WordsEntry(Entry):
    """A text in German and English."""

    de: Words
    en: Words


class TermEntry(Entry):
    """A word to choose."""

    term: IdText
    title: TitleEntry


class PlaceEntry(Entry):
    """A place that everybody knows, with a point on the map."""

    name: Annotated[Title, Field(max_length=200)]
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class StateEntry(Entry):
    """Where an idea may stand."""

    state: IdText
    title: TitleEntry
    initial: bool = False
    final: bool = False


class TransitionEntry(Entry):
    """Moves to one state, out of each of some."""

    origins: Annotated[tuple[IdText, ...], Field(min_length=1)]
    target: IdText
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    needs: tuple[Need, ...] = ()
    tells: bool = True


class GroupEntry(Entry):
    """A group of criteria."""

    group: IdText
    title: TitleEntry


class CriterionEntry(Entry):
    """One question of the catalogue."""

    criterion_id: IdText
    group: IdText
    title: TitleEntry
    question: WordsEntry
    required: bool = True
    relevance: bool = False


class CatalogueEntry(Entry):
    """The version of the criteria, and their rule in words."""

    version: Annotated[int, Field(ge=1, le=10_000)]
    rule: WordsEntry


class CallEntry(Entry):
    """A call for ideas."""

    call_id: IdText
    title: TitleEntry
    text: WordsEntry
    opens_on: date
    closes_on: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.closes_on < self.opens_on:
            raise ValueError("closes_on: before opens_on")
        return self


Address = Annotated[str, StringConstraints(pattern=r"^(https?:/)?/[^\s/]\S*$", max_length=300)]


class LegalPagesEntry(Entry):
    """Where the city's legal pages are, if not beside the portal."""

    imprint: Address | None = None
    privacy: Address | None = None
    accessibility: Address | None = None


class IntakeEntry(Entry):
    """How ideas are taken, and what becomes of contact data."""

    purpose: WordsEntry
    legal_basis: Title
    days_after_end: Annotated[int, Field(ge=1, le=3650)]
    days_at_most: Annotated[int, Field(ge=1, le=7300)]
    draft_days: Annotated[int, Field(ge=1, le=365)] = 30
    needs_call: bool = False
    kept_since: date | None = None
    note: WordsEntry | None = None
    legal_pages: LegalPagesEntry = LegalPagesEntry()
