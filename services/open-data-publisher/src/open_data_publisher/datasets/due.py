# SPDX-License-Identifier: EUPL-1.2
"""Which days of a dataset are to be compared with their source: young ones often, old ones seldom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from open_data_publisher.datasets.rows import end_of
from open_data_publisher.domain.policy import Dataset

LONGEST_WAIT = timedelta(minutes=15)
"""For a day that goes on, or has just ended."""


def due_days(  # noqa: PLR0913 (all by name)
    dataset: Dataset,
    checked: Mapping[date, tuple[str, datetime]],
    *,
    first: date,
    now: datetime,
    zone: ZoneInfo,
    every: timedelta,
    revise: timedelta,
) -> Sequence[date]:
    """Return the days that are due, the newest first.

    A day that was complete and public some time ago is looked at again after a 24th of that time,
    until `revise` is over: late data come, but ever more seldom. After a change of the rules all
    days are due.
    """
    today = now.astimezone(zone).date()
    due = []
    for back in range((today - first).days + 1):
        day = today - timedelta(days=back)
        known = checked.get(day)
        if known is None or known[0] != dataset.rules:
            due.append(day)
            continue
        age = now - end_of(day, zone) - dataset.delay
        if age <= revise and now - known[1] >= _pause(dataset, age, every):
            due.append(day)
    return due


def _pause(dataset: Dataset, age: timedelta, every: timedelta) -> timedelta:
    shortest = max(every, min(dataset.width / 5, LONGEST_WAIT))
    return max(shortest, age / 24)
