# SPDX-License-Identifier: EUPL-1.2
"""What a line of a file of values would do to what is known of its period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kpi_aggregator.domain.periods import Period, last_day
from kpi_aggregator.domain.values import Proposal, Told


class Act(StrEnum):
    """What taking a line would do."""

    NEW = "new"
    CORRECTS = "corrects"
    SAME = "same"
    """It holds already, or waits for its approval: nothing is handed in."""
    EMPTY = "empty"
    """A line of the template that nobody filled in."""


Key = tuple[str, Period, date]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a period: all that was ever told, what holds, what waits for approval.

    `unconfirmed`: what holds was entered before the period ended, which is over. `unit` is that of what
    holds, by its own version of the indicator; `former` where that is not the version in force.
    """

    told: Sequence[Told] = ()
    holds: Proposal | None = None
    waiting: Sequence[Proposal] = ()
    unconfirmed: bool = False
    unit: str = ""
    former: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether a value is to be entered that is of the whole period."""
        return self.unconfirmed and not self.waiting


Held = Mapping[Key, Known]
"""What is known, by indicator and period."""


def key_of(proposal: Proposal) -> Key:
    """Return which period of which indicator a value is of."""
    return proposal.indicator_id, proposal.period, proposal.period_start


def act_of(proposal: Proposal, known: Known) -> Act:
    """Return what a value would do; who says it, and why, makes no other value of it.

    The same value again confirms one that was entered before its period ended, or by a former version.
    """
    said = _said(proposal)
    newest = list(known.waiting)
    if known.holds and not (known.waiting or known.unconfirmed or known.former):
        newest = [known.holds]
    if any(_said(each) == said for each in newest):
        return Act.SAME
    return Act.NEW if known.holds is None else Act.CORRECTS


def would_be_so_far(proposal: Proposal, known: Known, today: date) -> bool:
    """Tell whether a value handed in now is none of its whole period, as `kpi.is_so_far` says when it is stored."""
    last = last_day(proposal.period, proposal.period_start)
    if today <= last:
        return True
    return proposal.source_date < last and proposal.group_size is None and not known.told


def _said(proposal: Proposal) -> tuple[object, ...]:
    return (
        proposal.value,
        dict(proposal.parts or {}),
        dict(proposal.means or {}),
        proposal.group_size,
        proposal.source,
        proposal.source_date,
        proposal.evidence,
    )
