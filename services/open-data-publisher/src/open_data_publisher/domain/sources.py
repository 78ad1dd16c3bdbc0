# SPDX-License-Identifier: EUPL-1.2
"""What datasets can be made of: views of the services, their columns, and what must be kept of whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from open_data_publisher.domain.columns import Column, ColumnType


@dataclass(frozen=True, slots=True)
class Source:
    """One view, as far as it may ever be published.

    `time` is the column that says to which day a row belongs; without it the source is a register,
    all of which is told at once. `aggregations` are the widths a city may choose from, by name.
    `counts` are columns that say of how many a row speaks; `sensitive` is what is withheld where one of these is too few:
    they themselves and all that they could be reckoned from; nothing: the whole row. A city must protect at least `least_protected`.
    A row whose column `told_by` is empty has no value to tell, only why.
    Of a source with people's own words nothing that was replaced is kept: `keeps_former` is False.
    """

    source_id: str
    view: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time: str | None
    aggregations: Mapping[str, timedelta] = field(default_factory=lambda: MappingProxyType({}))
    counts: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    least_protected: int = 0
    position: tuple[str, str] | None = None
    small: bool = False
    published_at: str | None = None
    keeps_former: bool = True
    told_by: str | None = None

    @property
    def by_name(self) -> Mapping[str, Column]:
        """Return the columns by their names."""
        return {column.name: column for column in self.columns}

    @property
    def must_be_told(self) -> frozenset[str]:
        """Return the columns without which rows mean nothing, or are taken for measured."""
        needed = {*self.key}
        if self.time is not None:
            needed.add(self.time)
        if "simulated" in self.by_name:
            needed.add("simulated")
        return frozenset(needed)

    def width(self, aggregation: str) -> timedelta:
        """Return how long after its time a row is complete, if it is of a stretch of time."""
        return self.aggregations.get(aggregation, timedelta())

    @property
    def is_by_day(self) -> bool:
        """Tell whether a row is of a whole day, and so is complete when the day is over."""
        return self.time is not None and self.by_name[self.time].type is ColumnType.DATE
