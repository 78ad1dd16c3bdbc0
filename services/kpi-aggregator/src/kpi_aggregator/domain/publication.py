# SPDX-License-Identifier: EUPL-1.2
"""What the public is told of an indicator: fields, delay, periods, decimals, no small counts; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from kpi_aggregator.domain.means import Means, persons_of
from kpi_aggregator.domain.periods import Period


class Field(StrEnum):
    """What may be told of a value beside the number itself and how complete it is."""

    PARTS = "parts"
    SOURCE = "source"
    EVIDENCE = "evidence"


ALL_FIELDS = tuple(Field)


@dataclass(frozen=True, slots=True)
class Publication:
    """The policy of one indicator; counts from 1 to below `least_count` are not told.

    With `least_period` only periods of that length or longer are told, and when they are over. With
    `decimals` numbers are rounded, and nothing is told that they could be computed from.
    """

    fields: tuple[Field, ...] = ALL_FIELDS
    delay_days: int = 0
    least_count: int = 1
    least_period: Period | None = None
    decimals: int | None = None

    @property
    def tells_sums(self) -> bool:
        """Tell whether what a number is computed from is told: sums, bounds, days."""
        return self.decimals is None and self.least_period is None

    @property
    def is_coarse(self) -> bool:
        """Tell whether no more is told than whole numbers of months or longer, without parts."""
        return (
            self.least_period is not None
            and self.is_long(Period.MONTH, self.least_period)
            and self.decimals == 0
            and Field.PARTS not in self.fields
        )

    def withholds(self, period: Period, *, provisional: bool) -> bool:
        """Tell whether a period is too short to be told, or not over where short ones are not told."""
        least = self.least_period
        return least is not None and (provisional or not self.is_long(least, period))

    @staticmethod
    def is_long(least: Period, period: Period) -> bool:
        """Tell whether a period is as long as the least one or longer."""
        lengths = tuple(Period)
        return lengths.index(period) >= lengths.index(least)

    def rounded(self, value: float | None) -> float | None:
        """Return a number as it is told, a half away from zero as the view does it."""
        if value is None or self.decimals is None:
            return value
        step = Decimal(1).scaleb(-self.decimals)
        return float(Decimal(repr(float(value))).quantize(step, ROUND_HALF_UP)) + 0.0

    def holds_back(self, period_end: date, today: date) -> bool:
        """Tell whether a period that ended before `period_end` is not to be told yet."""
        return period_end + timedelta(days=self.delay_days) > today and self.delay_days > 0

    def is_small(self, value: float | None, *, whole: bool) -> bool:
        """Tell whether a count is of too few to be told."""
        return whole and value is not None and 0 < value < self.least_count

    def parts(
        self, parts: Mapping[str, int] | None, total: float | None = None
    ) -> dict[str, int] | None:
        """Return the parts that may be told beside what they are parts of, where that is told.

        What is too small could be told from the total and the others, so the smallest of these are
        left out too. Who is in no part is a part as well, of which only the sum tells.
        """
        if parts is None or Field.PARTS not in self.fields:
            return None
        left_out = self._left_out(parts, 0 if total is None else int(total) - sum(parts.values()))
        return {name: count for name, count in parts.items() if name not in left_out}

    def _left_out(self, parts: Mapping[str, int], rest: int) -> set[str]:
        """Return the parts that are too small, and so many others that their sum decides nothing."""
        found = {name for name, count in parts.items() if 0 < count < self.least_count}
        if not found and not 0 < rest < self.least_count:
            return found
        hidden = [parts[name] for name in found] + ([rest] if rest > 0 else [])
        for count in sorted({each for each in parts.values() if each >= self.least_count}):
            if self._decides_nothing(hidden):
                break
            # All of a size: which of them would be left out, were one enough, is no secret.
            alike = {name for name, each in parts.items() if each == count}
            hidden += [count] * len(alike)
            found |= alike
        return found

    def _decides_nothing(self, hidden: Sequence[int]) -> bool:
        """Tell whether nothing follows from the sum of what is left out.

        One of it is large enough, nobody knows which; and the sum is more than the least that they
        could be, each but that one being 1.
        """
        return (
            len(hidden) > 1
            and max(hidden) >= self.least_count
            and sum(hidden) >= self.least_count + len(hidden)
        )

    def means(self, means: Means | None, total: float | None = None) -> Means | None:
        """Return the means of groups that may be told: of those whose number of persons may be."""
        told = self.parts(persons_of(means), total)
        return None if means is None or told is None else {each: means[each] for each in told}

    def hidden(
        self, parts: Mapping[str, int] | None, total: float | None = None
    ) -> tuple[str, ...]:
        """Return the groups that are left out of the parts, since too few are in them or in others."""
        told = self.parts(parts, total)
        return () if parts is None or told is None else tuple(sorted({*parts} - {*told}))


OPEN = Publication()


def publication_of(fields: Mapping[str, object] | None) -> Publication:
    """Return a policy from its definition; without one all is told at once."""
    if fields is None:
        return OPEN
    named = fields["fields"]
    least, decimals = fields.get("least_period"), fields.get("decimals")
    return Publication(
        tuple(Field(each) for each in named) if isinstance(named, list | tuple) else ALL_FIELDS,
        int(str(fields["delay_days"])),
        int(str(fields["least_count"])),
        None if least is None else Period(str(least)),
        None if decimals is None else int(str(decimals)),
    )
