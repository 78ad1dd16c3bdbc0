"""What the public is told of an indicator: which fields, how late, and no small counts; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Field(StrEnum):
    """What may be told of a value beside the number itself and how complete it is."""

    PARTS = "parts"
    SOURCE = "source"
    EVIDENCE = "evidence"


ALL_FIELDS = tuple(Field)


@dataclass(frozen=True, slots=True)
class Publication:
    """The policy of one indicator; counts from 1 to below `least_count` are not told."""

    fields: tuple[Field, ...] = ALL_FIELDS
    delay_days: int = 0
    least_count: int = 1

    def holds_back(self, period_end: date, today: date) -> bool:
        """Tell whether a period that ended before `period_end` is not to be told yet."""
        return period_end + timedelta(days=self.delay_days) > today and self.delay_days > 0

    def is_small(self, value: float | None, *, whole: bool) -> bool:
        """Tell whether a count is of too few to be told."""
        return whole and value is not None and 0 < value < self.least_count

    def parts(self, parts: Mapping[str, int] | None) -> dict[str, int] | None:
        """Return the parts that may be told.

        Where a single one is too small it could be told from the sum and the others: the smallest
        of these is left out too.
        """
        if parts is None or Field.PARTS not in self.fields:
            return None
        small = [name for name, count in parts.items() if 0 < count < self.least_count]
        others = [name for name, count in parts.items() if count > 0 and name not in small]
        if len(small) == 1 and others:
            small.append(min(others, key=lambda name: (parts[name], name)))
        return {name: count for name, count in parts.items() if name not in small}


OPEN = Publication()


def publication_of(fields: Mapping[str, object] | None) -> Publication:
    """Return a policy from its definition; without one all is told at once."""
    if fields is None:
        return OPEN
    named = fields["fields"]
    return Publication(
        tuple(Field(each) for each in named) if isinstance(named, list | tuple) else ALL_FIELDS,
        int(str(fields["delay_days"])),
        int(str(fields["least_count"])),
    )
