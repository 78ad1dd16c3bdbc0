# SPDX-License-Identifier: EUPL-1.2
"""What a city allows to be told: closed by default, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType

from open_data_publisher.domain.columns import Column
from open_data_publisher.domain.licences import Licence
from open_data_publisher.domain.sources import Source


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages."""

    de: str
    en: str


@dataclass(frozen=True, slots=True)
class Protection:
    """Where any count of a row is below `least`, what it says of so few is withheld: one beside would tell the other."""

    least: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What a dataset's page draws: a number, or how many rows there are, a line for each `by`.

    Rows of one time and line are combined to their mean, or to their sum where `adds_up`. `only`
    leaves out rows that have another value in a column.
    """

    value: str | None = None
    by: str | None = None
    adds_up: bool = False
    only: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which licence, and who is to be named."""

    licence: Licence
    attribution: str | None


@dataclass(frozen=True)
class Dataset:
    """One public dataset: what of its source is told, how soon, and under which terms."""

    dataset_id: str
    source: Source
    title: Words
    description: Words
    measured: Words
    fields: tuple[str, ...]
    aggregation: str
    protection: Protection | None
    delay: timedelta
    terms: Terms
    keywords: tuple[str, ...] = ()
    chart: Chart | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Return the columns that are told, in the order of the source."""
        return tuple(column for column in self.source.columns if column.name in self.fields)

    @property
    def width(self) -> timedelta:
        """Return the stretch of time that a row stands for."""
        return self.source.width(self.aggregation)

    @property
    def has_position(self) -> bool:
        """Tell whether rows can be drawn on a map."""
        return self.source.position is not None and all(
            name in self.fields for name in self.source.position
        )

    @cached_property
    def rules(self) -> str:
        """Return what identifies the rules by which rows are made; texts and licence are no part."""
        said = (
            self.source.source_id,
            [(column.name, column.type) for column in self.columns],
            self.aggregation,
            self.protection,
            self.delay.total_seconds(),
        )
        return blake2b(repr(said).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class StatePolicy:
    """Which fields of one kind of live state the feeds may tell, and under which terms."""

    kind: str
    fields: frozenset[str]
    terms: Terms


@dataclass(frozen=True, slots=True)
class Policy:
    """All that is public; what is not named here is not. `origins` is whose other data is told beside, under which terms."""

    states: Mapping[str, StatePolicy] = field(default_factory=lambda: MappingProxyType({}))
    datasets: Mapping[str, Dataset] = field(default_factory=lambda: MappingProxyType({}))
    origins: Mapping[str, Terms] = field(default_factory=lambda: MappingProxyType({}))

    def terms_of(self, kinds: Iterable[str], origins: Iterable[str] = ()) -> list[Terms]:
        """Return the terms of public states of some kinds and of data of some origins, each once."""
        own = [self.states[kind].terms for kind in kinds if kind in self.states]
        others = [self.origins[origin] for origin in origins if origin in self.origins]
        return list(dict.fromkeys((*own, *others)))


CLOSED = Policy()
